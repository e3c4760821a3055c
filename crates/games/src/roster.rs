//! Who is in which game being played, remembered for a moment: relayed messages ask this thirty times a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{GameId, PlayerId, Timestamp};

use crate::model::Game;

/// Players still in a game that is being played.
pub type RelayRoster = Arc<[PlayerId]>;

/// How long an answer is believed. Relay is volatile, so a message let through a second late does no harm.
const BELIEVED_MS: i64 = 1_000;

/// More than the games whose players can be connected to one replica.
const MOST: usize = 8_192;

#[derive(Default)]
pub(crate) struct Rosters(Mutex<HashMap<GameId, (Timestamp, RelayRoster)>>);

impl Rosters {
    fn lock(&self) -> MutexGuard<'_, HashMap<GameId, (Timestamp, RelayRoster)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: GameId, now: Timestamp) -> Option<RelayRoster> {
        self.lock().get(&id).filter(|(until, _)| *until > now).map(|(_, roster)| Arc::clone(roster))
    }

    pub(crate) fn put(&self, game: &Game, now: Timestamp) -> RelayRoster {
        let there = game.people().filter(|player| player.status.engaged());
        let roster: RelayRoster = there.map(|player| player.player_id).collect();
        let until = now.plus_millis(BELIEVED_MS);
        let until = game.due_at.map_or(until, |due| until.min(due));
        let mut rosters = self.lock();
        if rosters.len() >= MOST {
            rosters.retain(|_, (until, _)| *until > now);
        }
        if rosters.len() < MOST {
            rosters.insert(game.id, (until, Arc::clone(&roster)));
        }
        roster
    }

    pub(crate) fn forget(&self, id: GameId) {
        self.lock().remove(&id);
    }
}
