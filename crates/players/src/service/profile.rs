use kernel::{PlayerId, Receipt, Riders, StoreError, Version};
use serde_json::json;

use super::{ATTEMPTS, Players};
use crate::{Error, Player, PlayerChange, ProfilePatch, decide};

impl Players {
    /// One player.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: PlayerId) -> Result<Player, Error> {
        self.ports.players.load(id).await.map_err(Error::at("reading the player"))?.ok_or(Error::NotFound)
    }

    /// Several players in the order asked, one for one; `None` for ids that aren't any.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn get_many(&self, ids: &[PlayerId]) -> Result<Vec<Option<Player>>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.ports.players.load_many(ids).await.map_err(Error::at("reading the players"))
    }

    /// Changes a profile. The receipt's outcome becomes `{"player": id}`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every bad field, [`Error::NotFound`].
    pub async fn update_profile(
        &self,
        id: PlayerId,
        patch: &ProfilePatch,
        receipt: Option<Receipt>,
    ) -> Result<Player, Error> {
        let receipt = receipt.map(|receipt| receipt.with_outcome(json!({ "player": id })));
        let mut left = ATTEMPTS;
        loop {
            let before = self.get(id).await?;
            let change = match decide::update_profile(&before, patch, &*self.ports.ids, self.ports.clock.now())? {
                Some(change) => change,
                None if receipt.is_none() => return Ok(before),
                // Nothing to change, but the key must be taken: a version without an event.
                None => touch(before),
            };
            let riders = Riders { receipt: receipt.clone(), ..change.riders };
            let change = PlayerChange { riders, ..change };
            let after = change.player.clone();
            left -= 1;
            match self.ports.players.commit(change).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Stale) if left > 0 => {}
                Err(error) => return Err(Error::at("storing the profile")(error)),
            }
        }
    }
}

fn touch(before: Player) -> PlayerChange {
    let expect: Version = before.version;
    PlayerChange {
        expect,
        player: Player { version: expect.next(), ..before },
        device: None,
        password: None,
        start: None,
        riders: Riders::default(),
    }
}
