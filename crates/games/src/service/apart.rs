//! What other domains make happen: blocks and erasures.

use kernel::{GameId, PlayerId, StoreError};

use super::{Games, plain_outcome};
use crate::decide;
use crate::error::Error;
use crate::model::Game;

/// Games looked at in one go.
const AT_ONCE: i64 = 100;

/// Of a race between a command and what another domain made happen.
fn over(error: Error) -> Result<(), Error> {
    match error {
        error @ Error::Store(_) => Err(error),
        _ => Ok(()),
    }
}

impl Games {
    /// Two players have nothing to do with one another any more: open invitations between them run out.
    ///
    /// # Errors
    /// Only the store's; what is done stays done.
    pub async fn part(&self, one: PlayerId, other: PlayerId) -> Result<(), Error> {
        for game in self.ports.invites.open_of(one, AT_ONCE).await.map_err(Error::Store)? {
            let part = |game: &Game, mode: &_, now| decide::part(game, mode, one, other, now);
            self.command(game.id, None, plain_outcome, part).await.map(|_| ()).or_else(over)?;
        }
        Ok(())
    }

    /// An erased player leaves: invitations run out, a game that is being played is abandoned, and what the player said
    /// in their own words is blanked, but for what a review still waits for: answers whether there is such.
    ///
    /// # Errors
    /// Only the store's; what is done stays done, and doing it again does no harm.
    pub async fn forget(&self, player: PlayerId) -> Result<bool, Error> {
        loop {
            let open = self.ports.invites.open_of(player, AT_ONCE).await.map_err(Error::Store)?;
            for game in &open {
                let withdraw = |game: &Game, mode: &_, now| decide::withdraw(game, mode, player, now);
                self.command(game.id, None, plain_outcome, withdraw).await.map(|_| ()).or_else(over)?;
            }
            if open.len() < usize::try_from(AT_ONCE).unwrap_or(usize::MAX) {
                break;
            }
        }
        if let Some(game) = self.live_of(player).await? {
            self.abandon(player, game.id, None).await.map(|_| ()).or_else(over)?;
        }
        let (mut after, mut kept): (Option<GameId>, bool) = (None, false);
        loop {
            let ids = self.ports.invites.worded_by(player, after, AT_ONCE).await.map_err(Error::Store)?;
            let Some(last) = ids.last().copied() else { return Ok(kept) };
            for id in ids {
                kept |= self.blank_words(player, id).await?;
            }
            after = Some(last);
        }
    }

    /// Whether some have to stay for now.
    async fn blank_words(&self, player: PlayerId, id: GameId) -> Result<bool, Error> {
        loop {
            let now = self.ports.clock.now();
            let game = self.load(id).await?;
            let Some(change) = decide::blank_words(&game, player, now) else {
                return Ok(decide::has_words(&game, player));
            };
            match self.commit(change, None, now).await {
                Ok(_) => return Ok(false),
                Err(Error::Store(StoreError::Stale)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
