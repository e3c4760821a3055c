//! Signs of life of players without a socket here: a call about a game is one. They are written now and then, not with
//! every call.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use games::{Game, Seen, Status};
use kernel::{GameId, PlayerId, Timestamp};

use crate::app::App;

/// Signs remembered at most; beyond that old ones are forgotten and written anew.
const MOST: usize = 16_384;
/// A sign is written at least this often while calls come, whatever the mode's grace, in milliseconds.
const AT_LEAST: i64 = 5_000;

/// When the last written sign of each player in each game was.
#[derive(Default)]
pub(crate) struct Attendance(Mutex<HashMap<(PlayerId, GameId), Timestamp>>);

impl Attendance {
    /// Whether a sign at `now` is worth writing: a quarter of the grace has passed since the one before.
    fn is_news(&self, player: PlayerId, game: GameId, grace_ms: i64, now: Timestamp) -> bool {
        let every = (grace_ms / 4).clamp(1, AT_LEAST);
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if written.get(&(player, game)).is_some_and(|at| now < at.plus_millis(every)) {
            return false;
        }
        if written.len() >= MOST {
            written.retain(|_, at| now < at.plus_millis(AT_LEAST));
        }
        if written.len() < MOST {
            written.insert((player, game), now);
        }
        true
    }
}

impl App {
    /// To be called when a player asked about, or did something in, this game.
    pub(crate) async fn noticed(&self, player: PlayerId, game: &Game) {
        if game.status != Status::InProgress || !game.holds(player) {
            return;
        }
        if game.player(player).is_some_and(|seat| seat.gone.is_some())
            && let Err(error) = self.games.player_back(player).await
        {
            tracing::debug!(%error, "a player's return waits for the database");
        }
        if self.hub.is_online(player) {
            return;
        }
        let now = self.clock.now();
        let grace = self.games.modes().get(&game.mode).map_or(AT_LEAST, |mode| mode.windows.grace_ms);
        if self.attendance.is_news(player, game.id, grace, now)
            && let Err(error) = self.games.seen(&[Seen { player, game: game.id, at: now }]).await
        {
            tracing::debug!(%error, "a sign of life waits for the database");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_written_once_per_quarter_of_the_grace() {
        let attendance = Attendance::default();
        let (player, game) = (PlayerId::new(uuid::Uuid::from_u128(1)), GameId::new(uuid::Uuid::from_u128(2)));
        let at = |millis| Timestamp::from_millis(millis);
        assert!(attendance.is_news(player, game, 1_000, at(0)));
        assert!(!attendance.is_news(player, game, 1_000, at(249)));
        assert!(attendance.is_news(player, game, 1_000, at(250)));
        assert!(attendance.is_news(player, game, 3_600_000, at(5_250)), "at least every five seconds");
    }
}
