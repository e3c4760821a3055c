//! What is kept beside the games: invitations' index, attendance, mode versions, lists for operators.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{Connections, GameId, InviteId, Page, PageLimit, PlayerId, Riders, StoreError, Timestamp};
use serde_json::Value;

use super::{MemoryGameStore, has};
use crate::model::Game;
use crate::store::{Attendance, AttendanceStore, CaseFilter, CaseStore, InviteStore, ModeStore, Seen};
use crate::words::Status;

#[async_trait]
impl InviteStore for MemoryGameStore {
    async fn game_of(&self, id: InviteId) -> Result<Option<GameId>, StoreError> {
        let state = self.current();
        let has = |game: &&Game| game.invites.iter().any(|invite| invite.id == id);
        Ok(state.games.values().find(has).map(|game| game.id))
    }

    async fn game_of_code(&self, code: &str) -> Result<Option<GameId>, StoreError> {
        let state = self.current();
        let has = |game: &&Game| game.invites.iter().any(|invite| invite.code.as_deref() == Some(code));
        Ok(state.games.values().find(has).map(|game| game.id))
    }

    async fn open_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Game>, StoreError> {
        let state = self.current();
        let open = |game: &&Game| {
            let mut invites = game.invites.iter().filter(|invite| invite.state.open());
            invites.any(|invite| invite.to == Some(player) || invite.from == player)
        };
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(state.games.values().rev().filter(open).take(limit).cloned().collect())
    }

    async fn open_links_of(&self, players: &[PlayerId]) -> Result<Vec<(PlayerId, GameId)>, StoreError> {
        let state = self.current();
        let links = state.games.values().flat_map(|game| game.invites.iter().map(move |invite| (game.id, invite)));
        let theirs = links.filter(|(_, link)| link.to.is_none() && link.state.open() && players.contains(&link.from));
        Ok(theirs.map(|(game, link)| (link.from, game)).collect())
    }

    async fn worded_by(&self, player: PlayerId, after: Option<GameId>, limit: i64) -> Result<Vec<GameId>, StoreError> {
        let state = self.current();
        let theirs = |game: &&Game| has(game, player) || game.invites.iter().any(|invite| invite.to == Some(player));
        let later = state.games.values().filter(|game| after.is_none_or(|after| game.id > after));
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(later.filter(theirs).take(limit).map(|game| game.id).collect())
    }
}

impl MemoryGameStore {
    async fn attending(&self, wanted: impl Fn(&Game) -> bool + Send) -> Result<Vec<Attendance>, StoreError> {
        let mut found = Vec::new();
        {
            let state = self.current();
            for game in state.games.values().filter(|game| wanted(game)) {
                for player in game.players.iter().filter(|player| game.holds(player.player_id)) {
                    let seen = state.seen.get(&(game.id, player.player_id)).copied();
                    let seen_at = seen.map_or(game.created_at, |seen| seen.max(game.created_at));
                    found.push(Attendance { player: player.player_id, game: game.id, connected: false, seen_at });
                }
            }
        }
        let players: Vec<_> = found.iter().map(|attendance| attendance.player).collect();
        for (attendance, connected) in found.iter_mut().zip(self.kernel.connected(&players).await?) {
            attendance.connected = connected;
        }
        Ok(found)
    }
}

#[async_trait]
impl AttendanceStore for MemoryGameStore {
    async fn seen(&self, signs: &[Seen]) -> Result<(), StoreError> {
        let mut state = self.current();
        for sign in signs {
            let at = state.seen.entry((sign.game, sign.player)).or_insert(sign.at);
            *at = sign.at.max(*at);
        }
        Ok(())
    }

    async fn of_game(&self, game: GameId) -> Result<Vec<Attendance>, StoreError> {
        let mut found = self.attending(|candidate| candidate.id == game).await?;
        found.sort_by_key(|attendance| attendance.player);
        Ok(found)
    }

    async fn unseen(&self, before: Timestamp, limit: i64) -> Result<Vec<Attendance>, StoreError> {
        let mut found = self.attending(|game| game.status == Status::InProgress).await?;
        let gone: BTreeMap<_, _> = {
            let state = self.current();
            let players = state.games.values().flat_map(|game| game.players.iter().map(move |p| (game.id, p)));
            players.map(|(game, player)| ((game, player.player_id), player.gone.is_some())).collect()
        };
        found.retain(|a| !a.connected && a.seen_at < before && gone.get(&(a.game, a.player)) == Some(&false));
        found.sort_by_key(|attendance| (attendance.seen_at, attendance.game, attendance.player));
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }
}

#[async_trait]
impl ModeStore for MemoryGameStore {
    async fn versions(&self) -> Result<Vec<Value>, StoreError> {
        Ok(self.lock().modes.values().cloned().collect())
    }

    async fn publish(&self, key: &str, version: i32, written: Value, riders: Riders) -> Result<(), StoreError> {
        self.kernel.commit(riders, || {
            let mut state = self.lock();
            let place = (key.to_owned(), version);
            if state.modes.contains_key(&place) {
                return Err(StoreError::Stale);
            }
            state.modes.insert(place, written);
            Ok(())
        })
    }
}

#[async_trait]
impl CaseStore for MemoryGameStore {
    async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<GameId>,
        limit: PageLimit,
    ) -> Result<Page<Game, GameId>, StoreError> {
        let state = self.current();
        let wanted = |game: &&Game| {
            after.is_none_or(|after| game.id < after)
                && filter.status.is_none_or(|status| game.status == status)
                && filter.mode.as_ref().is_none_or(|mode| game.mode == *mode)
                && filter.player.is_none_or(|player| has(game, player))
                && (!filter.needs_review || game.needs_review)
        };
        let limit = usize::from(limit.get());
        let mut items: Vec<_> = state.games.values().rev().filter(wanted).take(limit + 1).cloned().collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(|game| game.id) } else { None };
        Ok(Page { items, next })
    }
}
