use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{
    Blocks, BoxError, Clock, Connections, Event, GameId, IdSource, Outbox, PlayerId, Receipt, ReceiptKey, Receipts,
    Riders, StoreError, Timestamp, Version,
};
use serde_json::json;

use crate::change::{Caps, Committed, FriendChange, LinkChange, counts_between};
use crate::model::{Bond, Counts, Pair, Relation};
use crate::service::{Friends, FriendsPorts};
use crate::settings::Settings;
use crate::store::{FriendLists, FriendStore, LinkStore, People, Person, SharedGames};

/// One empty database.
pub struct FriendsFixture {
    /// What stands between players.
    pub relations: Arc<dyn FriendStore>,
    /// Their lists.
    pub lists: Arc<dyn FriendLists>,
    /// Invite links.
    pub links: Arc<dyn LinkStore>,
    /// Who blocks whom.
    pub blocks: Arc<dyn Blocks>,
    /// Who has sockets where.
    pub connections: Arc<dyn Connections>,
    /// Outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Receipts.
    pub receipts: Arc<dyn Receipts>,
    /// The database's time. It must pass by itself.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// No cap that a case doesn't mean to reach.
pub(super) const WIDE: Caps = Caps { friends: 1_000, outgoing: 1_000, links: 1_000 };

/// The cases' time, a number of seconds after 2026-01-01 and with microseconds, which a store must keep.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_123_456 + seconds * 1_000_000)
}

/// Everybody may meet everybody, and nobody ever played.
struct Anybody;

#[async_trait]
impl People for Anybody {
    async fn people(&self, ids: &[PlayerId]) -> Result<Vec<Option<Person>>, BoxError> {
        Ok(ids.iter().map(|id| Some(Person::open(*id))).collect())
    }

    async fn by_handle(&self, _: &str) -> Result<Option<PlayerId>, BoxError> {
        Ok(None)
    }
}

#[async_trait]
impl SharedGames for Anybody {
    async fn last_together(&self, _: PlayerId, _: PlayerId) -> Result<Option<GameId>, BoxError> {
        Ok(None)
    }
}

impl FriendsFixture {
    /// A replica over this database.
    pub(super) fn service(&self, settings: Settings) -> Friends {
        let ports = FriendsPorts {
            relations: Arc::clone(&self.relations),
            lists: Arc::clone(&self.lists),
            links: Arc::clone(&self.links),
            blocks: Arc::clone(&self.blocks),
            people: Arc::new(Anybody),
            games: Arc::new(Anybody),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        };
        Friends::new(ports, settings)
    }

    pub(super) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(at(0)))
    }

    pub(super) fn players<const N: usize>(&self) -> [PlayerId; N] {
        [(); N].map(|()| self.player())
    }

    /// Two players, the lower id first.
    pub(super) fn pair(&self) -> Pair {
        Pair::of(self.player(), self.player()).expect("two players")
    }

    pub(super) fn receipt(&self, player: PlayerId, key: &str) -> Receipt {
        Receipt {
            key: ReceiptKey { player, route: "POST /test".to_owned(), key: key.to_owned() },
            body_hash: [7; 32],
            outcome: json!({ "as": "test" }),
            at: at(0),
        }
    }

    pub(super) async fn load(&self, pair: Pair) -> Option<Relation> {
        self.relations.load(pair).await.expect("readable")
    }

    pub(super) async fn counts(&self, player: PlayerId) -> Counts {
        self.relations.counts(player).await.expect("readable")
    }

    /// Stores the relation as the next version of what stands, with the counts that follow from it.
    pub(super) async fn put(&self, relation: Relation) -> Relation {
        let before = self.load(relation.pair).await.unwrap_or_else(|| Relation::new(relation.pair));
        let (change, relation) = next(&before, relation);
        let committed = self.relations.commit(change).await;
        assert_eq!(committed.expect("nobody else is there"), Committed::Done);
        relation
    }

    /// Makes friends of these.
    pub(super) async fn befriend(&self, a: PlayerId, b: PlayerId, since: Timestamp) -> Relation {
        let mut relation = Relation::new(Pair::of(a, b).expect("two players"));
        relation.bond = Bond::Friends { since, met_in: None };
        relation.low.updated_at = Some(since);
        relation.high.updated_at = Some(since);
        self.put(relation).await
    }

    pub(super) async fn pending(&self, from: PlayerId, to: PlayerId, since: Timestamp) -> Relation {
        let mut relation = Relation::new(Pair::of(from, to).expect("two players"));
        relation.bond = Bond::Pending { from, at: since, expires_at: since.plus_millis(1_000_000) };
        self.put(relation).await
    }

    pub(super) async fn commit_link(&self, link: LinkChange, caps: Caps) -> Committed {
        loop {
            let change = FriendChange { caps, link: Some(link.clone()), ..alone(Riders::default()) };
            match self.relations.commit(change).await {
                Err(StoreError::Stale) => {}
                answer => return answer.expect("links alone commit"),
            }
        }
    }

    /// What waits in the outbox. It stays claimed, so a case gets only what came since it last asked.
    pub(super) async fn new_events(&self) -> Vec<Event> {
        let rows = self.outbox.claim(10_000, Duration::from_secs(600)).await.expect("rows can be claimed");
        self.outbox.complete(&rows).await.expect("claimed rows can be completed");
        rows.into_iter().map(|row| row.event).collect()
    }
}

/// A change of riders alone.
pub(super) fn alone(riders: Riders) -> FriendChange {
    FriendChange { relation: None, counts: Vec::new(), caps: WIDE, link: None, riders }
}

/// The change from one to the other, and the other with its version.
pub(super) fn next(before: &Relation, after: Relation) -> (FriendChange, Relation) {
    let after = Relation { version: before.version.next(), ..after };
    let counts = counts_between(before, &after);
    let relation: Option<(Version, Relation)> = Some((before.version, after.clone()));
    (FriendChange { relation, counts, ..alone(Riders::default()) }, after)
}
