//! What happens without a player's command: what lapsed, what is exported, what is erased.

use kernel::{PlayerId, StoreError};

use super::Friends;
use crate::change::Committed;
use crate::decide::{self, Decided};
use crate::error::Error;
use crate::model::{InviteLink, Relation};

/// What this crate knows of a player: for the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everything {
    /// What stands between the player and others. It holds the others' sides too: show the player's own.
    pub relations: Vec<Relation>,
    /// The player's links that work.
    pub links: Vec<InviteLink>,
}

/// More relations than this no export has: friends and outgoing requests are capped far below, and what others ask and
/// whom one blocks is bounded by their rates.
const MOST: i64 = 20_000;

/// How many relations one look of an erasure or a sweep takes.
const AT_ONCE: i64 = 100;

impl Friends {
    /// Puts down as lapsed what lapsed, at most `limit` relations; says how many. That frees the places of the askers.
    /// For a background task; any number of them may be at it.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn sweep(&self, limit: i64) -> Result<usize, Error> {
        let now = self.ports.clock.now();
        let lapsed = self.ports.relations.lapsed(now, limit).await.map_err(Error::at("reading what lapsed"))?;
        let mut ended = 0;
        for before in lapsed {
            let decided = decide::lapse(&before, now);
            ended += usize::from(self.put_down(before, decided).await?);
        }
        Ok(ended)
    }

    /// Deletes links that ended a while ago, at most `limit`; says how many went. For a background task.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn purge(&self, limit: i64) -> Result<usize, Error> {
        let before = self.ports.clock.now() - self.settings.links_kept;
        self.ports.links.purge_links(before, limit).await.map_err(Error::at("purging links"))
    }

    /// Everything this crate knows of a player.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn everything_of(&self, player: PlayerId) -> Result<Everything, Error> {
        let relations = self.ports.relations.all_of(player, MOST).await;
        let relations = relations.map_err(Error::at("reading relations"))?;
        Ok(Everything { relations, links: self.links_of(player).await? })
    }

    /// Ends everything that stands between an erased player and others, blocks and notes included, in commits of one
    /// pair each, and deletes the player's links; says how many pairs it was. A command that was under way while the
    /// player was erased may leave something behind: run it again a moment later. Any number of them may be at it.
    ///
    /// # Errors
    /// Only the store's; what is done stays done.
    pub async fn forget(&self, player: PlayerId) -> Result<usize, Error> {
        self.ports.links.forget_links(player).await.map_err(Error::at("deleting links"))?;
        let mut ended = 0;
        loop {
            let some = self.ports.relations.all_of(player, AT_ONCE).await.map_err(Error::at("reading relations"))?;
            if some.is_empty() {
                return Ok(ended);
            }
            let now = self.ports.clock.now();
            for before in some {
                let decided = decide::forget(&before, player, now);
                ended += usize::from(self.put_down(before, decided).await?);
            }
        }
    }

    /// Commits without anybody's command; `false` where somebody else was faster, who leaves it for the next look.
    async fn put_down(&self, before: Relation, decided: Decided) -> Result<bool, Error> {
        if decided.relation == before {
            return Ok(false);
        }
        let change = self.change(before, decided, None, self.ports.clock.now());
        match self.ports.relations.commit(change).await {
            Ok(committed) => Ok(committed == Committed::Done),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(Error::at("storing the relation")(error)),
        }
    }
}
