//! A world in memory with a few hands on it.

use std::sync::Arc;

use kernel::{Clock, PlayerId, Receipt, ReceiptKey, Timestamp};
use serde_json::Value;
use shallweplay_friends::memory::{self, World};
use shallweplay_friends::{Answer, Error, FriendStore, Friends, Pair, Relation, Settings, Standing};

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// One world and a service on it.
pub(crate) struct Here {
    pub(crate) world: World,
    pub(crate) friends: Friends,
    told: Arc<std::sync::atomic::AtomicUsize>,
}

impl Here {
    pub(crate) fn new(settings: Settings) -> Self {
        let world = memory::world(7);
        let friends = Friends::new(world.ports(), settings);
        Self { world, friends, told: Arc::default() }
    }

    pub(crate) fn players<const N: usize>(&self) -> [PlayerId; N] {
        [(); N].map(|()| self.world.newcomer())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    pub(crate) fn pass(&self, millis: i64) {
        self.world.clock.advance_millis(millis);
    }

    /// Kinds of the events since the last call, with how many streams carry each.
    pub(crate) fn events(&self) -> Vec<(String, Vec<PlayerId>)> {
        use std::sync::atomic::Ordering;
        let all = self.world.kernel.events();
        let seen = self.told.swap(all.len(), Ordering::SeqCst);
        let told = |event: &kernel::Event| event.audience.iter().filter_map(kernel::StreamKey::player_id).collect();
        all[seen..].iter().map(|event| (event.kind.to_string(), told(event))).collect()
    }

    /// Kinds alone.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.events().into_iter().map(|(kind, _)| kind).collect()
    }

    pub(crate) async fn relation(&self, a: PlayerId, b: PlayerId) -> Relation {
        let pair = Pair::of(a, b).expect("two players");
        self.world.store.load(pair).await.expect("readable").unwrap_or_else(|| Relation::new(pair))
    }

    /// The same, of one player twice too: then nothing.
    pub(crate) async fn relation_of(&self, a: PlayerId, b: PlayerId) -> Option<Relation> {
        self.world.store.load(Pair::of(a, b)?).await.expect("readable")
    }

    pub(crate) async fn counts(&self, player: PlayerId) -> (i64, i64) {
        let counts = self.friends.counts(player).await.expect("readable");
        (counts.friends, counts.outgoing)
    }

    pub(crate) async fn befriend(&self, a: PlayerId, b: PlayerId) {
        self.friends.request(a, b, None).await.expect("may be asked");
        self.friends.accept(b, a, None).await.expect("was asked");
        self.events();
    }

    pub(crate) fn receipt(&self, player: PlayerId, key: &str) -> Receipt {
        let key = ReceiptKey { player, route: "POST /test".to_owned(), key: key.to_owned() };
        Receipt { key, body_hash: [1; 32], outcome: Value::Null, at: self.now() }
    }
}

impl Default for Here {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

/// The state answered.
pub(crate) fn state(answer: Result<Answer, Error>) -> Standing {
    answer.expect("nothing is in the way").state
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(answer: Result<T, Error>) -> &'static str {
    use kernel::Refusal as _;
    answer.expect_err("it is refused").code()
}
