//! Lists.

use kernel::contract::Pace;
use kernel::{Page, PageLimit, PlayerId, StoreError, Timestamp};

use super::fixture::{FriendsFixture, at};
use crate::model::{Bond, FriendLine, ListChange, Relation, RequestLine};
use crate::store::{Direction, FriendPosition};

const ALL: u16 = 100;

fn limit(size: u16) -> PageLimit {
    PageLimit::new(size).expect("in range")
}

/// All pages of this size after one another.
async fn read<T, P: Copy>(size: u16, mut page: impl AsyncFnMut(Option<P>, PageLimit) -> Page<T, P>) -> Vec<T> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let Page { items, next } = page(after, limit(size)).await;
        assert!(items.len() <= usize::from(size), "a page is no longer than asked for");
        assert!(next.is_none() || items.len() == usize::from(size), "only full pages have a next one");
        all.extend(items);
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

impl FriendsFixture {
    async fn come(&self, came: &[PlayerId], went: &[PlayerId]) {
        while let Err(StoreError::Stale) = self.connections.report("a", came, went).await {}
    }

    async fn friends_of(&self, player: PlayerId, as_of: Timestamp, size: u16) -> Vec<FriendLine> {
        read(size, async |after, limit| self.lists.friends(player, as_of, after, limit).await.expect("readable")).await
    }

    /// The database's time once it has moved on.
    async fn later(&self, pace: Pace) -> Timestamp {
        let before = self.clock.now();
        // Databases tell milliseconds apart: what comes now falls into a later one.
        pace.until("a moment passes", async || self.clock.now() > before.plus_millis(2)).await;
        self.clock.now()
    }
}

fn ids(lines: &[FriendLine]) -> Vec<PlayerId> {
    lines.iter().map(|line| line.player).collect()
}

/// Then the newest friendship, then the higher id; with what the row says, and only one's own note.
pub async fn friends_are_listed_online_first_in_pages(f: &FriendsFixture, pace: Pace) {
    let ann = f.player();
    let mut friends = Vec::new();
    for n in 0..7 {
        let (friend, since) = (f.player(), at(n / 2));
        let mut relation = f.befriend(ann, friend, since).await;
        relation.side_mut(ann).note = Some(format!("note {n}"));
        relation.side_mut(ann).updated_at = Some(at(50 + n));
        relation.side_mut(friend).note = Some("what the friend thinks".to_owned());
        f.put(relation).await;
        friends.push((since, friend, n));
    }
    f.pending(ann, f.player(), at(1)).await;
    f.befriend(friends[0].1, f.player(), at(1)).await;
    let parted = f.befriend(ann, f.player(), at(1)).await;
    f.put(Relation { bond: Bond::None, ..parted }).await;
    f.come(&[friends[1].1, friends[4].1], &[]).await;
    f.connections.set_away("a", &[friends[4].1], &[]).await.expect("sets");
    let as_of = f.later(pace).await;
    friends.sort_by_key(|(since, friend, n)| std::cmp::Reverse(([1, 4].contains(n), *since, *friend)));
    for size in [1, 2, 3, 7, ALL] {
        let lines = f.friends_of(ann, as_of, size).await;
        assert_eq!(ids(&lines), friends.iter().map(|friend| friend.1).collect::<Vec<_>>(), "in pages of {size}");
        for (line, (since, _, n)) in lines.iter().zip(&friends) {
            assert_eq!((line.since, line.met_in, line.games_together), (*since, None, 0));
            assert_eq!((line.note.as_deref(), line.updated_at), (Some(&*format!("note {n}")), at(50 + n)));
            assert_eq!((line.reach.online, line.reach.away), ([1, 4].contains(n), *n == 4));
        }
    }
    assert_eq!(f.friends_of(f.player(), as_of, ALL).await, []);
}

/// A reader in the middle of it sees everybody once.
pub async fn a_list_keeps_its_order_while_presence_changes(f: &FriendsFixture, pace: Pace) {
    let ann = f.player();
    let friends: [PlayerId; 4] = f.players();
    for (friend, n) in friends.iter().zip(0..) {
        f.befriend(ann, *friend, at(n)).await;
    }
    let [first, second, third, fourth] = friends;
    f.come(&[first, second], &[]).await;
    let as_of = f.later(pace).await;
    let begun = f.lists.friends(ann, as_of, None, limit(1)).await.expect("readable");
    assert_eq!(ids(&begun.items), [second]);
    let place = FriendPosition { as_of, online: true, since: at(1), player: second };
    assert_eq!(begun.next, Some(place));
    f.later(pace).await;
    f.come(&[fourth], &[first]).await;
    let rest = f.lists.friends(ann, as_of, begun.next, limit(10)).await.expect("readable");
    assert_eq!(ids(&rest.items), [first, fourth, third], "as it was when the list was begun");
    assert_eq!(rest.items.iter().map(|line| line.reach.online).collect::<Vec<_>>(), [false, true, false]);
    let as_of = f.later(pace).await;
    assert_eq!(ids(&f.friends_of(ann, as_of, ALL).await), [fourth, second, third, first], "a new list");
}

/// From a moment on, that included; one's own side of it only; who was never a friend isn't in it.
pub async fn changes_are_listed_oldest_first(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let [ben, cem, dea, eve, fay] = f.players();
    f.befriend(ann, ben, at(1)).await;
    let with_cem = f.befriend(ann, cem, at(2)).await;
    let mut with_dea = f.befriend(ann, dea, at(3)).await;
    f.pending(ann, eve, at(4)).await;
    let mut blocked = Relation::new(crate::Pair::of(ann, fay).expect("two players"));
    blocked.side_mut(fay).blocks_since = Some(at(4));
    f.put(blocked).await;
    let mut parted = Relation { bond: Bond::None, ..with_cem };
    parted.low.updated_at = Some(at(6));
    parted.high.updated_at = Some(at(6));
    f.put(parted).await;
    with_dea.side_mut(dea).note = Some("of ann".to_owned());
    with_dea.side_mut(dea).updated_at = Some(at(8));
    f.put(with_dea).await;
    let changes = async |player, since, size| {
        let all = read(size, async |after, limit| {
            f.lists.changed_since(player, since, after, limit).await.expect("readable")
        });
        let all = all.await;
        assert!(all.is_sorted_by_key(ListChange::place), "{all:?}");
        let told = all.into_iter().map(|change| match change {
            ListChange::Line(line) => (line.player, true, line.updated_at, line.note),
            ListChange::Removed { player, at } => (player, false, at, None),
        });
        told.collect::<Vec<_>>()
    };
    let all = [(ben, true, at(1), None), (dea, true, at(3), None), (cem, false, at(6), None)];
    for size in [1, 2, ALL] {
        assert_eq!(changes(ann, at(0), size).await, all, "in pages of {size}");
    }
    assert_eq!(changes(ann, at(3), ALL).await, all[1..]);
    assert_eq!(changes(ann, at(6).plus_millis(1), ALL).await, []);
    assert_eq!(changes(dea, at(0), ALL).await, [(ann, true, at(8), Some("of ann".to_owned()))]);
    assert_eq!(changes(cem, at(0), ALL).await, [(ann, false, at(6), None)]);
    assert_eq!(changes(fay, at(0), ALL).await, []);
    f.befriend(ann, cem, at(9)).await;
    assert_eq!(changes(ann, at(6), ALL).await, [(cem, true, at(9), None)], "friends again");
}

/// By the newest friendship of who asks.
pub async fn mutual_friends_are_those_of_both(f: &FriendsFixture, _: Pace) {
    let [ann, ben, own, asked] = f.players();
    let mut both = Vec::new();
    for n in 0..5 {
        let (friend, since) = (f.player(), at(n / 2));
        f.befriend(ann, friend, since).await;
        f.befriend(ben, friend, at(9 - n)).await;
        both.push((since, friend));
    }
    f.befriend(ann, ben, at(1)).await;
    f.befriend(ann, own, at(1)).await;
    f.befriend(ann, asked, at(1)).await;
    f.pending(ben, asked, at(1)).await;
    both.sort_by_key(|place| std::cmp::Reverse(*place));
    let both: Vec<_> = both.into_iter().map(|(_, friend)| friend).collect();
    for size in [1, 2, 5, ALL] {
        let found =
            read(size, async |after, limit| f.lists.mutual(ann, ben, after, limit).await.expect("readable")).await;
        assert_eq!(found, both, "in pages of {size}");
    }
    let none = f.lists.mutual(own, asked, None, limit(ALL)).await.expect("readable");
    assert_eq!(none.items, [ann]);
    let none = f.lists.mutual(own, f.player(), None, limit(ALL)).await.expect("readable");
    assert_eq!((none.items, none.next), (vec![], None));
}

/// The asker goes on seeing what was declined, the one asked doesn't; nobody sees what has expired or was taken back.
pub async fn requests_are_listed_by_direction(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let (mut outgoing, mut incoming) = (Vec::new(), Vec::new());
    for n in 0..6 {
        let (to, from, since) = (f.player(), f.player(), at(n / 2));
        f.pending(ann, to, since).await;
        f.pending(from, ann, since).await;
        let expires_at = since.plus_millis(1_000_000);
        outgoing.push(RequestLine { player: to, at: since, expires_at });
        incoming.push(RequestLine { player: from, at: since, expires_at });
    }
    let declined = |from, expires_at| Bond::Declined { from, at: at(7), until: at(400), expires_at };
    let no = f.pending(ann, f.player(), at(7)).await;
    outgoing.push(RequestLine { player: no.pair.other(ann), at: at(7), expires_at: at(500) });
    f.put(Relation { bond: declined(ann, Some(at(500))), ..no }).await;
    let back = f.pending(ann, f.player(), at(7)).await;
    f.put(Relation { bond: declined(ann, None), ..back }).await;
    let refused = f.pending(f.player(), ann, at(7)).await;
    let asker = refused.pair.other(ann);
    f.put(Relation { bond: declined(asker, Some(at(500))), ..refused }).await;
    for from_ann in [true, false] {
        let old = f.pending(ann, f.player(), at(7)).await;
        let from = if from_ann { ann } else { old.pair.other(ann) };
        f.put(Relation { bond: Bond::Pending { from, at: at(7), expires_at: at(100) }, ..old }).await;
    }
    f.befriend(ann, f.player(), at(1)).await;
    for list in [&mut outgoing, &mut incoming] {
        list.sort_by_key(|line| std::cmp::Reverse((line.at, line.player)));
    }
    for size in [1, 4, ALL] {
        for (direction, expected) in [(Direction::Outgoing, &outgoing), (Direction::Incoming, &incoming)] {
            let found = read(size, async |after, limit| {
                f.lists.requests(ann, direction, at(100), after, limit).await.expect("readable")
            });
            assert_eq!(found.await, *expected, "{direction:?} in pages of {size}");
        }
    }
    let later = f.lists.requests(ann, Direction::Outgoing, at(500), None, limit(ALL)).await.expect("readable");
    assert!(later.items.iter().all(|line| line.expires_at > at(500)), "{later:?}");
    assert_eq!(later.items.len(), outgoing.len() - 1);
}
