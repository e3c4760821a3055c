//! Replays: the log of a game that is over.

use kernel::{GameId, PlayerId};

use super::Games;
use crate::error::Error;
use crate::log::LogLine;

/// Lines on one page.
const PAGE: i64 = 500;

impl Games {
    /// The next lines of a game's log after line `after`, in order; none after the last. To its players and to anybody
    /// else once the game is over, and to nobody before: the log holds what a player may still keep to himself.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a live game of others, and [`Error::NotFinished`].
    pub async fn replay(&self, viewer: PlayerId, id: GameId, after: i64) -> Result<Vec<LogLine>, Error> {
        let game = self.get(viewer, id).await?;
        if game.finished_at.is_none() {
            return Err(Error::NotFinished { state: game.status });
        }
        self.ports.games.log(id, after, PAGE).await.map_err(Error::Store)
    }
}
