//! Who is there, as sockets and calls tell.

use std::sync::atomic::{AtomicBool, Ordering};

use kernel::{GameId, PlayerId, Receipt, StoreError, Timestamp};
use serde_json::Value;

use super::private::busy;
use super::{Games, plain_outcome};
use crate::decide::{self, Decided};
use crate::error::Error;
use crate::mode::Mode;
use crate::model::Game;
use crate::store::{Attendance, Seen};
use crate::words::{Claim, Status};

/// What one look for absent players did.
#[derive(Debug, Default)]
pub struct Unseen {
    /// Players who count as gone from now on.
    pub gone: Vec<Attendance>,
    /// Games in which that could not be written; they come up again.
    pub failed: Vec<(GameId, Error)>,
}

impl Games {
    /// A command of a player of the game, which also shows that the player is there: even one that is refused does.
    pub(super) async fn act(
        &self,
        by: PlayerId,
        id: GameId,
        receipt: Option<Receipt>,
        outcome: impl Fn(&Game) -> Value,
        decide: impl Fn(&Game, &Mode, Timestamp) -> Decided,
    ) -> Result<Game, Error> {
        let missed = AtomicBool::new(false);
        let answer = self.command(id, receipt, outcome, |game, mode, now| {
            let gone = game.player(by).is_some_and(|player| player.gone.is_some());
            missed.store(gone, Ordering::Relaxed);
            decide::as_present(game, by, decide(game, mode, now)?, now)
        });
        match answer.await.map_err(|error| busy(by, error)) {
            Err(error @ Error::Store(_)) => Err(error),
            Err(refused) if missed.load(Ordering::Relaxed) => {
                self.command(id, None, plain_outcome, |game, _, now| decide::back(game, by, now)).await?;
                Err(refused)
            }
            answer => answer,
        }
    }

    /// The player's last socket went at `at`, by itself or with its replica: grace runs in the game the player
    /// is in, if that is being played. Answers with the game if it is.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn player_gone(
        &self,
        player: PlayerId,
        at: Timestamp,
        with_replica: bool,
    ) -> Result<Option<Game>, Error> {
        let Some(game) = self.live_of(player).await?.filter(|game| game.status == Status::InProgress) else {
            return Ok(None);
        };
        self.seen(&[Seen { player, game: game.id, at }]).await?;
        self.mark_gone(player, game.id, at, with_replica).await
    }

    async fn mark_gone(
        &self,
        player: PlayerId,
        id: GameId,
        at: Timestamp,
        with_replica: bool,
    ) -> Result<Option<Game>, Error> {
        let decide = |game: &Game, mode: &_, now| decide::gone(game, mode, player, at, with_replica, now);
        unless_over(self.command(id, None, plain_outcome, decide).await)
    }

    /// The player is there again. Answers with the game the player is in, if that is being played.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn player_back(&self, player: PlayerId) -> Result<Option<Game>, Error> {
        let Some(game) = self.live_of(player).await?.filter(|game| game.status == Status::InProgress) else {
            return Ok(None);
        };
        self.seen(&[Seen { player, game: game.id, at: self.ports.clock.now() }]).await?;
        if game.player(player).is_none_or(|player| player.gone.is_none()) {
            return Ok(Some(game));
        }
        let decide = |game: &Game, _: &_, now| decide::back(game, player, now);
        unless_over(self.command(game.id, None, plain_outcome, decide).await)
    }

    /// Notes signs of life: calls about a game. May be given many at a time.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn seen(&self, signs: &[Seen]) -> Result<(), Error> {
        self.ports.attendance.seen(signs).await.map_err(Error::Store)
    }

    /// Marks up to `limit` players as gone who have no socket and made no call about their game for its mode's grace.
    /// They have had that grace already, so the others may claim at once. Who plays alone or against a bot, or has
    /// reported, lets nobody wait: they count as seen, so as not to come before those who do. Every replica may do this at any time.
    ///
    /// # Errors
    /// When the store can't be asked; failures of single games are in [`Unseen::failed`].
    pub async fn mark_unseen(&self, now: Timestamp, limit: i64) -> Result<Unseen, Error> {
        let modes = self.modes();
        let mut marked = Unseen::default();
        let Some(least) = modes.all().iter().map(|mode| mode.windows.grace_ms).min() else { return Ok(marked) };
        let unseen = self.ports.attendance.unseen(now.plus_millis(-least), limit).await.map_err(Error::Store)?;
        let ids: Vec<_> = unseen.iter().map(|attendance| attendance.game).collect();
        let games = self.ports.games.load_many(&ids).await.map_err(Error::Store)?;
        let mut awaited_by_nobody = Vec::new();
        for absent in unseen {
            let Some(game) = games.iter().find(|game| game.id == absent.game) else { continue };
            let seen = Seen { player: absent.player, game: absent.game, at: now };
            // A bot waits for as long as the game lasts.
            let Some(mode) = modes.get(&game.mode).filter(|_| !game.is_practice()) else {
                awaited_by_nobody.push(seen);
                continue;
            };
            // Nobody is missed before the game has lasted that long.
            let since = game.started_at.unwrap_or(now).max(absent.seen_at);
            if since.plus_millis(mode.windows.grace_ms) > now {
                continue;
            }
            match self.mark_gone(absent.player, absent.game, since, false).await {
                Ok(Some(game)) if game.player(absent.player).is_some_and(|player| player.gone.is_some()) => {
                    marked.gone.push(absent);
                }
                Ok(Some(_)) => awaited_by_nobody.push(seen),
                Ok(None) | Err(Error::Store(StoreError::Stale)) => {}
                Err(error @ Error::Store(StoreError::Unavailable(_))) => return Err(error),
                Err(error) => marked.failed.push((absent.game, error)),
            }
        }
        if !awaited_by_nobody.is_empty() {
            self.seen(&awaited_by_nobody).await?;
        }
        Ok(marked)
    }

    /// The player claims a win or a draw over others who are gone.
    ///
    /// # Errors
    /// As [`decide::claim`], and the store's.
    pub async fn claim(&self, by: PlayerId, id: GameId, claim: Claim, receipt: Option<Receipt>) -> Result<Game, Error> {
        let attendance = self.ports.attendance.of_game(id).await.map_err(Error::Store)?;
        let decide = |game: &Game, mode: &_, now| decide::claim(game, mode, &attendance, by, claim, now);
        self.act(by, id, receipt, plain_outcome, decide).await
    }
}

/// A game that ended in the meantime misses nobody.
fn unless_over(answer: Result<Game, Error>) -> Result<Option<Game>, Error> {
    match answer {
        Ok(game) => Ok(Some(game)),
        Err(error @ Error::Store(_)) => Err(error),
        Err(_) => Ok(None),
    }
}
