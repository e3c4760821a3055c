//! Playing once more.

use kernel::{GameId, PlayerId, Receipt, StoreError};

use super::private::busy;
use super::{Games, RETRIES, plain_outcome};
use crate::decide;
use crate::error::Error;
use crate::model::Game;

impl Games {
    /// The player wants to play once more with the same ones. The first to ask opens the next game and invites the
    /// others; who asks after that takes the own seat in it, ready, and with the last one it starts. A next game that
    /// came to nothing, or is over, makes room for another. A practice bot is always ready for one.
    ///
    /// # Errors
    /// As [`decide::others_of`], [`decide::open_rematch`], [`decide::practise_again`] and [`decide::join_rematch`]; [`Error::UnknownMode`], and the
    /// store's.
    pub async fn rematch(&self, by: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Game, Error> {
        let mut retries = 0;
        loop {
            let answer = self.try_rematch(by, id, receipt.clone()).await;
            match answer {
                // Another one was first, or the next game has just ended: look again.
                Err(Error::Store(StoreError::Stale | StoreError::Engaged { .. }) | Error::NotWaiting { .. })
                    if retries < RETRIES =>
                {
                    retries += 1;
                }
                answer => return answer.map_err(|error| busy(by, error)),
            }
        }
    }

    async fn try_rematch(&self, by: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Game, Error> {
        // A deadline that has passed is carried out first, as for every command.
        let old = self.command(id, None, plain_outcome, |_, _, _| Ok(None)).await?;
        let others = decide::others_of(&old, by)?;
        if let Some(next) = old.rematch {
            let next = self.command(next, None, plain_outcome, |_, _, _| Ok(None)).await?;
            if next.status.live() {
                let join = self.joining(by, next.id, receipt, |game, mode, joining, now| {
                    decide::join_rematch(game, mode, by, joining, now)
                });
                return join.await;
            }
        }
        let now = self.ports.clock.now();
        let modes = self.modes();
        let mode = modes.get(&old.mode).ok_or(Error::UnknownMode)?;
        let change = if old.is_practice() {
            decide::practise_again(&old, mode, &self.opening(by, Vec::new(), now).await?, now)?
        } else {
            let offers = self.offers(&others, now).await?;
            let opening = self.opening(by, offers, now).await?;
            decide::open_rematch(&old, mode, &opening, self.windows, now)?
        };
        let receipt = receipt.map(|receipt| receipt.with_outcome(plain_outcome(&change.game)));
        self.commit(change, receipt, now).await
    }
}
