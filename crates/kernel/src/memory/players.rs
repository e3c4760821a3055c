//! What players are doing, whether they are there, and whom they keep away from.

use async_trait::async_trait;

use super::{MemoryKernel, State};
use crate::{
    Block, Blocks, Connections, Engagement, Engagements, Page, PageLimit, PlayerId, Reach, SilentReplica, StoreError,
    Timestamp,
};

#[async_trait]
impl Engagements for MemoryKernel {
    async fn current(&self, players: &[PlayerId]) -> Result<Vec<Engagement>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|id| state.engagements.get(id).copied().unwrap_or(Engagement::Idle)).collect())
    }

    async fn cooling(&self, players: &[PlayerId], now: Timestamp) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|id| state.cool_downs.get(id).copied().filter(|until| *until > now)).collect())
    }

    async fn purge_cooled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let over = state.cool_downs.iter().filter(|(_, until)| **until < before).map(|(player, _)| *player);
        let over: Vec<_> = over.take(limit).collect();
        for player in &over {
            state.cool_downs.remove(player);
        }
        Ok(over.len())
    }
}

#[async_trait]
impl Connections for MemoryKernel {
    async fn beat(&self, replica: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.lock().replicas.insert(replica.to_owned(), now);
        Ok(())
    }

    async fn report(&self, replica: &str, came: &[PlayerId], went: &[PlayerId]) -> Result<Vec<PlayerId>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        for player in came {
            if !state.is_connected(*player) {
                state.reached.insert(*player, now);
            }
            state.connections.insert((*player, replica.to_owned()), false);
        }
        for player in went {
            let stood = state.connections.remove(&(*player, replica.to_owned())).is_some();
            if stood && !state.is_connected(*player) {
                state.reached.insert(*player, now);
            }
        }
        Ok(went.iter().copied().filter(|player| !state.is_connected(*player)).collect())
    }

    async fn connected(&self, players: &[PlayerId]) -> Result<Vec<bool>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|player| state.is_connected(*player)).collect())
    }

    async fn set_away(&self, replica: &str, away: &[PlayerId], active: &[PlayerId]) -> Result<(), StoreError> {
        let mut state = self.lock();
        for (players, is_away) in [(away, true), (active, false)] {
            for player in players {
                if let Some(row) = state.connections.get_mut(&(*player, replica.to_owned())) {
                    *row = is_away;
                }
            }
        }
        Ok(())
    }

    async fn reach(&self, players: &[PlayerId]) -> Result<Vec<Reach>, StoreError> {
        let state = self.lock();
        let reach = |player: &PlayerId| {
            let mut rows = state.rows_of(*player).peekable();
            let online = rows.peek().is_some();
            Reach { online, away: online && rows.all(|away| away), changed_at: state.reached.get(player).copied() }
        };
        Ok(players.iter().map(reach).collect())
    }

    async fn players_of(&self, replica: &str, limit: i64) -> Result<Vec<PlayerId>, StoreError> {
        let state = self.lock();
        let here = state.connections.keys().filter(|(_, at)| at == replica).map(|(player, _)| *player);
        Ok(here.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    async fn silent(&self, before: Timestamp) -> Result<Vec<SilentReplica>, StoreError> {
        let state = self.lock();
        let silent = state.replicas.iter().filter(|(_, heard)| **heard < before);
        let mut silent: Vec<_> =
            silent.map(|(replica, heard_at)| SilentReplica { replica: replica.clone(), heard_at: *heard_at }).collect();
        silent.sort_by_key(|replica| replica.heard_at);
        Ok(silent)
    }

    async fn forget(&self, replica: &str) -> Result<(), StoreError> {
        let mut state = self.lock();
        if !state.connections.keys().any(|(_, at)| at == replica) {
            state.replicas.remove(replica);
        }
        Ok(())
    }
}

#[async_trait]
impl Blocks for MemoryKernel {
    async fn between(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Block>, StoreError> {
        let with =
            |block: &Block| [block.blocker, block.blocked].contains(&player) && others.contains(&block.other(player));
        Ok(self.lock().blocks().filter(with).collect())
    }

    async fn around(&self, players: &[PlayerId], limit: i64) -> Result<Vec<Block>, StoreError> {
        let state = self.lock();
        let around = state.blocks().filter(|b| players.contains(&b.blocker) || players.contains(&b.blocked));
        Ok(around.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    async fn page(
        &self,
        blocker: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<Block, (Timestamp, PlayerId)>, StoreError> {
        let place = |block: &Block| (block.at, block.blocked);
        let own = |block: &Block| block.blocker == blocker && after.is_none_or(|after| place(block) < after);
        let mut items: Vec<_> = self.lock().blocks().filter(own).collect();
        items.sort_by_key(|block| std::cmp::Reverse(place(block)));
        let more = items.len() > usize::from(limit.get());
        items.truncate(usize::from(limit.get()));
        let next = if more { items.last().map(place) } else { None };
        Ok(Page { items, next })
    }
}

impl State {
    /// For each replica with sockets of this player, whether nobody looks at them.
    fn rows_of(&self, player: PlayerId) -> impl Iterator<Item = bool> {
        let rows = self.connections.range((player, String::new())..);
        rows.take_while(move |((found, _), _)| *found == player).map(|(_, away)| *away)
    }

    fn is_connected(&self, player: PlayerId) -> bool {
        self.rows_of(player).next().is_some()
    }

    fn blocks(&self) -> impl Iterator<Item = Block> {
        self.blocks.iter().map(|((blocker, blocked), at)| Block { blocker: *blocker, blocked: *blocked, at: *at })
    }

    /// Two of these players with a block between them.
    pub(super) fn apart(&self, groups: &[Vec<PlayerId>]) -> Option<(PlayerId, PlayerId)> {
        let blocks = |a: &PlayerId, b: &PlayerId| self.blocks.contains_key(&(*a, *b));
        groups.iter().find_map(|players| {
            let mut pairs = players.iter().enumerate().flat_map(|(i, a)| players[..i].iter().map(move |b| (b, a)));
            pairs.find(|(a, b)| blocks(a, b) || blocks(b, a)).map(|(a, b)| (*a, *b))
        })
    }
}
