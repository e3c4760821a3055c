//! Lists.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use kernel::{Connections, Engagement, Page, PageLimit, PlayerId, Reach, StoreError, Timestamp};

use super::{MemoryFriendStore, State};
use crate::model::{Bond, FriendLine, ListChange, Relation, RequestLine};
use crate::store::{Direction, FriendLists, FriendPosition};

impl State {
    /// The player's friends with what the rows alone say of them.
    fn lines(&self, player: PlayerId) -> Vec<FriendLine> {
        let line = |relation: &Relation| {
            let Bond::Friends { since, met_in } = relation.bond else { return None };
            let side = relation.side(player);
            Some(FriendLine {
                open_seat: false,
                player: relation.pair.other(player),
                since,
                met_in,
                note: side.note.clone(),
                games_together: self.together.get(&relation.pair).map_or(0, |(games, _)| *games),
                reach: Reach::default(),
                engagement: Engagement::Idle,
                updated_at: side.updated_at.unwrap_or(since),
            })
        };
        self.of(player).filter_map(line).collect()
    }
}

/// Sorts by place, ascending, and cuts a page off.
fn page<T, P: Ord + Copy>(
    mut items: Vec<T>,
    place: impl Fn(&T) -> P,
    after: Option<P>,
    limit: PageLimit,
) -> (Vec<T>, Option<P>) {
    items.retain(|item| after.is_none_or(|after| place(item) > after));
    items.sort_by_key(&place);
    let more = items.len() > usize::from(limit.get());
    items.truncate(usize::from(limit.get()));
    let next = if more { items.last().map(place) } else { None };
    (items, next)
}

/// The same, newest first.
fn newest_first<T>(
    items: Vec<T>,
    place: impl Fn(&T) -> (Timestamp, PlayerId),
    after: Option<(Timestamp, PlayerId)>,
    limit: PageLimit,
) -> Page<T, (Timestamp, PlayerId)> {
    let (items, next) = page(items, |item| Reverse(place(item)), after.map(Reverse), limit);
    Page { items, next: next.map(|Reverse(next)| next) }
}

#[async_trait]
impl FriendLists for MemoryFriendStore {
    async fn friends(
        &self,
        player: PlayerId,
        as_of: Timestamp,
        after: Option<FriendPosition>,
        limit: PageLimit,
    ) -> Result<Page<FriendLine, FriendPosition>, StoreError> {
        let lines = self.lock().lines(player);
        let lines = self.with_presence(lines).await?;
        let place = |line: &FriendLine| Reverse((line.was_online_at(as_of), line.since, line.player));
        let after = after.map(|after| Reverse((after.online, after.since, after.player)));
        let (items, next) = page(lines, place, after, limit);
        let next = next.map(|Reverse((online, since, player))| FriendPosition { as_of, online, since, player });
        Ok(Page { items, next })
    }

    async fn changed_since(
        &self,
        player: PlayerId,
        since: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<ListChange, (Timestamp, PlayerId)>, StoreError> {
        let (lines, removed) = {
            let state = self.lock();
            let gone = |relation: &Relation| {
                let at = relation.side(player).updated_at.filter(|_| !relation.bond.is_friends())?;
                Some(ListChange::Removed { player: relation.pair.other(player), at })
            };
            (state.lines(player), state.of(player).filter_map(gone).collect::<Vec<_>>())
        };
        let lines = self.with_presence(lines).await?.into_iter().map(ListChange::Line);
        let changes = lines.chain(removed).filter(|change| change.place().0 >= since).collect();
        let (items, next) = page(changes, ListChange::place, after, limit);
        Ok(Page { items, next })
    }

    async fn mutual(
        &self,
        player: PlayerId,
        other: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<PlayerId, (Timestamp, PlayerId)>, StoreError> {
        let state = self.lock();
        let theirs: BTreeSet<_> = state.lines(other).into_iter().map(|line| line.player).collect();
        let both = state.lines(player).into_iter().filter(|line| theirs.contains(&line.player)).collect();
        let page = newest_first(both, |line| (line.since, line.player), after, limit);
        Ok(Page { items: page.items.into_iter().map(|line| line.player).collect(), next: page.next })
    }

    async fn requests(
        &self,
        player: PlayerId,
        direction: Direction,
        now: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<RequestLine, (Timestamp, PlayerId)>, StoreError> {
        let state = self.lock();
        let line = |relation: &Relation| {
            let other = relation.pair.other(player);
            let (from, at, expires_at) = match relation.bond.at(now) {
                Bond::Pending { from, at, expires_at } => (from, at, expires_at),
                Bond::Declined { from, at, expires_at: Some(expires_at), .. } if from == player => {
                    (from, at, expires_at)
                }
                _ => return None,
            };
            let wanted = (from == player) == (direction == Direction::Outgoing);
            wanted.then_some(RequestLine { player: other, at, expires_at })
        };
        let lines = state.of(player).filter_map(line).collect();
        Ok(newest_first(lines, |line| (line.at, line.player), after, limit))
    }
}

impl MemoryFriendStore {
    async fn with_presence(&self, mut lines: Vec<FriendLine>) -> Result<Vec<FriendLine>, StoreError> {
        let ids: Vec<_> = lines.iter().map(|line| line.player).collect();
        for (line, reach) in lines.iter_mut().zip(self.kernel.reach(&ids).await?) {
            line.reach = reach;
            line.engagement = self.kernel.engagement(line.player);
        }
        Ok(lines)
    }
}
