//! Players, as far as friends need to know them.

use std::sync::Arc;

use async_trait::async_trait;
use friends::{Audience, People, Person};
use kernel::{BoxError, Clock, PlayerId};
use players::{Handle, Player, PlayerStore, Visibility};

/// The players of the database.
pub(super) struct StoredPeople {
    pub(super) players: Arc<dyn PlayerStore>,
    pub(super) clock: Arc<dyn Clock>,
}

const fn audience(choice: Visibility) -> Audience {
    match choice {
        Visibility::Everyone => Audience::Everyone,
        Visibility::Friends => Audience::Friends,
        Visibility::Nobody => Audience::Nobody,
    }
}

impl StoredPeople {
    fn person(&self, player: &Player) -> Option<Person> {
        player.erased_at.is_none().then(|| Person {
            id: player.id,
            requests: audience(player.privacy.requests),
            invites: audience(player.privacy.invites),
            presence: audience(player.privacy.presence),
            history: audience(player.privacy.history),
            suspended: player.suspended_at(self.clock.now()).is_some(),
        })
    }
}

#[async_trait]
impl People for StoredPeople {
    async fn people(&self, ids: &[PlayerId]) -> Result<Vec<Option<Person>>, BoxError> {
        let found = self.players.load_many(ids).await?;
        Ok(found.iter().map(|player| player.as_ref().and_then(|player| self.person(player))).collect())
    }

    async fn by_handle(&self, handle: &str) -> Result<Option<PlayerId>, BoxError> {
        // What is no handle is nobody's.
        let Ok(handle) = Handle::parse(handle) else { return Ok(None) };
        let found = self.players.by_handle_key(&handle.key()).await?;
        Ok(found.filter(|player| player.erased_at.is_none()).map(|player| player.id))
    }
}
