//! Cases for [`Bus`].

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::Pace;
use crate::{Bus, Handler, Subscription};

/// Tests of a [`Bus`]; `$make.await` gives a [`BusFixture`](crate::contract::bus::BusFixture).
#[macro_export]
macro_rules! bus_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make, bus:
            reaches_both_replicas
            its_own_replica_has_it_when_publishing_returns
            keeps_the_order_of_each_publisher
            delivers_once
            a_dropped_subscription_hears_nothing_more
            a_topic_can_be_taken_up_again
            topics_are_exact
            carries_many_topics
            handlers_may_subscribe_and_unsubscribe
            a_handler_that_panics_spoils_nothing
            carries_big_and_empty_payloads
            nobody_has_to_listen
            says_that_it_is_connected
        }
    };
}

/// One bus as two replicas see it.
pub struct BusFixture {
    /// The replica that acts.
    pub here: Arc<dyn Bus>,
    /// Another replica; the same object where the bus is in-process.
    pub there: Arc<dyn Bus>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// What one subscriber got, in order; what [`Ear::warm_up`] sent is left out.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<(usize, Vec<Bytes>)>>);

const WARM_UP: &[u8] = b"warm-up";

impl Ear {
    fn handler(&self) -> Handler {
        let heard = Arc::clone(&self.0);
        Arc::new(move |message| {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            if message.payload == WARM_UP { heard.0 += 1 } else { heard.1.push(message.payload) }
        })
    }

    fn on(bus: &Arc<dyn Bus>, topic: &str) -> (Self, Subscription) {
        let ear = Self::default();
        let subscription = bus.subscribe(topic, ear.handler());
        (ear, subscription)
    }

    fn heard(&self) -> Vec<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// A networked bus takes a moment to subscribe: publishes until this ear hears the publisher.
    async fn warm_up(&self, from: &Arc<dyn Bus>, topic: &str, pace: Pace) {
        let warm = || self.0.lock().unwrap_or_else(PoisonError::into_inner).0;
        let before = warm();
        pace.until("the subscription stands", async || {
            from.publish(topic, Bytes::from_static(WARM_UP)).await;
            warm() > before
        })
        .await;
    }

    async fn hears(&self, expected: &[Bytes], pace: Pace) {
        pace.until("all messages came", async || self.heard().len() >= expected.len()).await;
        assert_eq!(self.heard(), expected);
    }
}

fn numbered(name: &str, count: usize) -> Vec<Bytes> {
    (0..count).map(|at| Bytes::from(format!("{name} {at}"))).collect()
}

/// A subscriber on each replica gets what either publishes.
pub async fn reaches_both_replicas(buses: &BusFixture, pace: Pace) {
    let (near, _near) = Ear::on(&buses.here, "t");
    let (far, _far) = Ear::on(&buses.there, "t");
    far.warm_up(&buses.here, "t", pace).await;
    near.warm_up(&buses.there, "t", pace).await;
    buses.here.publish("t", Bytes::from_static(b"from here")).await;
    near.hears(&[Bytes::from_static(b"from here")], pace).await;
    far.hears(&[Bytes::from_static(b"from here")], pace).await;
    buses.there.publish("t", Bytes::from_static(b"from there")).await;
    let both = [Bytes::from_static(b"from here"), Bytes::from_static(b"from there")];
    near.hears(&both, pace).await;
    far.hears(&both, pace).await;
}

/// No round trip to oneself.
pub async fn its_own_replica_has_it_when_publishing_returns(buses: &BusFixture, _: Pace) {
    let (near, _near) = Ear::on(&buses.here, "t");
    for message in numbered("own", 10) {
        buses.here.publish("t", message.clone()).await;
        assert_eq!(near.heard().last(), Some(&message));
    }
    assert_eq!(near.heard(), numbered("own", 10));
}

/// Two publishers' messages may mix, each one's stay in order, on both replicas.
pub async fn keeps_the_order_of_each_publisher(buses: &BusFixture, pace: Pace) {
    let (near, _near) = Ear::on(&buses.here, "t");
    let (far, _far) = Ear::on(&buses.there, "t");
    far.warm_up(&buses.here, "t", pace).await;
    near.warm_up(&buses.there, "t", pace).await;
    let (ours, theirs) = (numbered("here", 500), numbered("there", 500));
    for (one, two) in ours.iter().zip(&theirs) {
        buses.here.publish("t", one.clone()).await;
        buses.there.publish("t", two.clone()).await;
    }
    for ear in [&near, &far] {
        pace.until("all messages came", async || ear.heard().len() >= 1_000).await;
        let of = |name: &str| ear.heard().into_iter().filter(|m| m.starts_with(name.as_bytes())).collect::<Vec<_>>();
        assert_eq!(of("here"), ours);
        assert_eq!(of("there"), theirs);
    }
}

/// Neither the network's echo nor a second subscriber doubles a message.
pub async fn delivers_once(buses: &BusFixture, pace: Pace) {
    let (near, _near) = Ear::on(&buses.here, "t");
    let (second, _second) = Ear::on(&buses.here, "t");
    let (far, _far) = Ear::on(&buses.there, "t");
    far.warm_up(&buses.here, "t", pace).await;
    near.warm_up(&buses.there, "t", pace).await;
    for message in numbered("m", 50) {
        buses.here.publish("t", message).await;
    }
    far.hears(&numbered("m", 50), pace).await;
    // What comes back over the network would come before this.
    buses.there.publish("t", Bytes::from_static(b"end")).await;
    let expected: Vec<_> = numbered("m", 50).into_iter().chain([Bytes::from_static(b"end")]).collect();
    near.hears(&expected, pace).await;
    second.hears(&expected, pace).await;
}

/// Dropping ends one subscription and leaves its neighbours.
pub async fn a_dropped_subscription_hears_nothing_more(buses: &BusFixture, pace: Pace) {
    let (gone, going) = Ear::on(&buses.there, "t");
    let (stays, _staying) = Ear::on(&buses.there, "t");
    stays.warm_up(&buses.here, "t", pace).await;
    drop(going);
    buses.here.publish("t", Bytes::from_static(b"after")).await;
    stays.hears(&[Bytes::from_static(b"after")], pace).await;
    assert_eq!(gone.heard(), Vec::<Bytes>::new());
}

/// Leaving a topic and coming back works, soon or later.
pub async fn a_topic_can_be_taken_up_again(buses: &BusFixture, pace: Pace) {
    for round in 0..3 {
        let (ear, _subscription) = Ear::on(&buses.there, "t");
        ear.warm_up(&buses.here, "t", pace).await;
        let message = Bytes::from(format!("round {round}"));
        buses.here.publish("t", message.clone()).await;
        ear.hears(&[message], pace).await;
    }
}

/// No prefixes, no patterns.
pub async fn topics_are_exact(buses: &BusFixture, pace: Pace) {
    let topics = ["player:1", "player:1:more", "player:*", "player", "[p]layer:1", "player:1 ", "ünï ☃"];
    let ears: Vec<_> = topics.iter().map(|topic| Ear::on(&buses.there, topic)).collect();
    for ((ear, _), topic) in ears.iter().zip(topics) {
        ear.warm_up(&buses.here, topic, pace).await;
    }
    for topic in topics {
        buses.here.publish(topic, Bytes::from(topic.to_owned())).await;
    }
    for ((ear, _), topic) in ears.iter().zip(topics) {
        ear.hears(&[Bytes::from(topic.to_owned())], pace).await;
    }
}

/// A thousand players' topics on one replica.
pub async fn carries_many_topics(buses: &BusFixture, pace: Pace) {
    let topics: Vec<_> = (0..1_000).map(|at| format!("player:{at}")).collect();
    let ears: Vec<_> = topics.iter().map(|topic| Ear::on(&buses.there, topic)).collect();
    for ((ear, _), topic) in ears.iter().zip(&topics) {
        ear.warm_up(&buses.here, topic, pace).await;
    }
    for topic in &topics {
        buses.here.publish(topic, Bytes::from(topic.clone())).await;
    }
    for ((ear, _), topic) in ears.iter().zip(&topics) {
        ear.hears(&[Bytes::from(topic.clone())], pace).await;
    }
}

/// A handler is called under no lock of the bus.
pub async fn handlers_may_subscribe_and_unsubscribe(buses: &BusFixture, _: Pace) {
    let (late, own) = (Ear::default(), Arc::new(Mutex::new(None::<Subscription>)));
    let (bus, slot, ear) = (Arc::clone(&buses.here), Arc::clone(&own), late.clone());
    let handler: Handler = Arc::new(move |_| {
        let next = bus.subscribe("late", ear.handler());
        let before = slot.lock().unwrap_or_else(PoisonError::into_inner).replace(next);
        drop(before);
    });
    let _subscription = buses.here.subscribe("t", handler);
    for _ in 0..3 {
        buses.here.publish("t", Bytes::from_static(b"go")).await;
    }
    buses.here.publish("late", Bytes::from_static(b"m")).await;
    assert_eq!(late.heard(), [Bytes::from_static(b"m")]);
    // The handler keeps the bus, the bus the handler: end that.
    drop(own.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// The others still hear it, and what comes after it.
pub async fn a_handler_that_panics_spoils_nothing(buses: &BusFixture, pace: Pace) {
    let bad: Handler = Arc::new(|message| assert!(message.payload != "bad", "a panic the test asked for"));
    let _bad = buses.there.subscribe("t", bad);
    let (good, _good) = Ear::on(&buses.there, "t");
    good.warm_up(&buses.here, "t", pace).await;
    buses.here.publish("t", Bytes::from_static(b"bad")).await;
    buses.here.publish("t", Bytes::from_static(b"good")).await;
    good.hears(&[Bytes::from_static(b"bad"), Bytes::from_static(b"good")], pace).await;
}

/// A quarter of a mebibyte with every byte in it, and no byte at all.
pub async fn carries_big_and_empty_payloads(buses: &BusFixture, pace: Pace) {
    let big: Bytes = (0..1_u32 << 18).map(|at| at.to_le_bytes()[(at % 3) as usize]).collect();
    let (far, _far) = Ear::on(&buses.there, "t");
    far.warm_up(&buses.here, "t", pace).await;
    for payload in [big.clone(), Bytes::new(), big.clone()] {
        buses.here.publish("t", payload).await;
    }
    far.hears(&[big.clone(), Bytes::new(), big], pace).await;
}

/// Publishing to nobody is fine.
pub async fn nobody_has_to_listen(buses: &BusFixture, _: Pace) {
    for message in numbered("m", 100) {
        buses.here.publish("nobody", message).await;
    }
}

/// A bus in good health says so, and its generation stands still.
pub async fn says_that_it_is_connected(buses: &BusFixture, pace: Pace) {
    pace.until("both are connected", async || buses.here.connected() && buses.there.connected()).await;
    let before = (buses.here.generation(), buses.there.generation());
    let (far, _far) = Ear::on(&buses.there, "t");
    far.warm_up(&buses.here, "t", pace).await;
    assert_eq!((buses.here.generation(), buses.there.generation()), before);
}
