use std::collections::VecDeque;

use kernel::{EventId, GameId, Timestamp};
use serde_json::json;

use super::*;

#[derive(Default)]
struct Queue {
    capacity: usize,
    items: Mutex<VecDeque<Delivery>>,
    signals: Mutex<Vec<Signal>>,
}

impl Queue {
    fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity, ..Self::default() })
    }

    fn offsets(&self) -> Vec<i64> {
        let offset = |delivery: &Delivery| match delivery {
            Delivery::Durable(event) => event.position().offset,
            Delivery::Head(head) => -head.top,
            Delivery::Volatile(_) => 0,
        };
        lock(&self.items).iter().map(offset).collect()
    }

    fn signals(&self) -> Vec<Signal> {
        lock(&self.signals).clone()
    }
}

impl Outlet for Queue {
    fn try_push(&self, delivery: Delivery) -> Result<(), Full> {
        let mut items = lock(&self.items);
        if items.len() >= self.capacity {
            return Err(Full);
        }
        items.push_back(delivery);
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        lock(&self.signals).push(signal);
    }
}

fn player(n: u128) -> PlayerId {
    PlayerId::new(Uuid::from_u128(n))
}

fn device(n: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(n))
}

fn game(n: u128) -> StreamKey {
    StreamKey::game(GameId::new(Uuid::from_u128(n)))
}

fn row(stream: &StreamKey, offset: i64) -> StreamEvent {
    StreamEvent {
        stream: stream.clone(),
        epoch: Uuid::from_u128(7),
        offset,
        event_id: EventId::new(Uuid::from_u128(1)),
        kind: "k".into(),
        data: json!({}),
        at: Timestamp::from_millis(0),
    }
}

fn event(stream: &StreamKey, offset: i64) -> Arc<RenderedEvent> {
    Arc::new(RenderedEvent::new(&row(stream, offset), &json!({})))
}

fn head(stream: &StreamKey, top: i64) -> StreamHead {
    StreamHead { stream: stream.clone(), epoch: Uuid::from_u128(7), top }
}

#[test]
fn followers_get_what_they_follow_while_they_do() {
    let hub = Hub::new(10);
    let (a, b) = (Queue::new(9), Queue::new(9));
    let (ida, idb) = (hub.register(player(1), device(1), a.clone()), hub.register(player(2), device(2), b.clone()));
    assert!(hub.subscribe(ida, &game(1)) && hub.subscribe(idb, &game(1)) && hub.subscribe(idb, &game(2)));
    assert!(hub.subscribe(ida, &game(1)), "twice is once");
    assert_eq!(hub.followed(vec![row(&game(1), 1), row(&game(3), 1)]), [row(&game(1), 1)]);
    hub.deliver(&[event(&game(1), 1), event(&game(2), 1), event(&game(3), 1)]);
    assert_eq!((a.offsets(), b.offsets()), (vec![1], vec![1, 1]));
    hub.unsubscribe(ida, &game(1));
    hub.deliver(&[event(&game(1), 2)]);
    assert_eq!((a.offsets(), b.offsets()), (vec![1], vec![1, 1, 2]));
    hub.remove(idb);
    hub.remove(idb);
    assert!(!hub.subscribe(idb, &game(1)) && !hub.is_online(player(2)) && hub.is_online(player(1)));
    let stats = hub.stats();
    assert_eq!((stats.sockets, stats.players, stats.streams, stats.delivered), (1, 1, 0, 4));
}

#[test]
fn a_full_queue_closes_its_own_socket_only() {
    let hub = Hub::new(10);
    let (slow, quick) = (Queue::new(1), Queue::new(99));
    for (n, queue) in [(1, &slow), (2, &quick)] {
        let id = hub.register(player(n), device(n), queue.clone());
        hub.subscribe(id, &game(1));
    }
    let relayed = VolatileMessage {
        stream: game(1),
        kind: "game.relayed".to_owned(),
        from: Some(player(3)),
        n: Some(1),
        data: json!(1),
        to: None,
        at: Timestamp::from_millis(0),
    };
    hub.deliver(&[event(&game(1), 1)]);
    hub.relay(&relayed);
    assert_eq!((slow.signals(), hub.stats().dropped), (vec![], 1), "volatile events are dropped");
    hub.deliver(&[event(&game(1), 2)]);
    assert_eq!((slow.signals(), hub.stats().overflowed), (vec![Signal::QueueOverflow], 1));
    assert_eq!((quick.offsets(), quick.signals()), (vec![1, 0, 2], vec![]));
    hub.relay(&VolatileMessage { from: Some(player(2)), ..relayed.clone() });
    hub.relay(&VolatileMessage { to: Some(vec![player(1)]), ..relayed });
    assert_eq!(quick.offsets(), [1, 0, 2], "neither its own nor what is for another");
}

#[test]
fn the_oldest_socket_of_a_player_makes_room() {
    let hub = Hub::new(2);
    let queues: Vec<_> = (0..4).map(|_| Queue::new(9)).collect();
    for queue in &queues {
        let id = hub.register(player(1), device(1), queue.clone());
        hub.subscribe(id, &game(1));
    }
    let signals: Vec<_> = queues.iter().map(|queue| queue.signals()).collect();
    assert_eq!(signals, [vec![Signal::Replaced], vec![Signal::Replaced], vec![], vec![]]);
    hub.deliver(&[event(&game(1), 1)]);
    let got: Vec<_> = queues.iter().map(|queue| queue.offsets().len()).collect();
    assert_eq!(got, [0, 0, 1, 1]);
    assert_eq!((hub.stats().sockets, hub.stats().replaced, hub.outlets().len()), (2, 2, 2));
}

#[test]
fn signing_out_ends_a_device_or_all() {
    let hub = Hub::new(10);
    let queues: Vec<_> = (0..3).map(|_| Queue::new(9)).collect();
    for (n, queue) in queues.iter().enumerate() {
        hub.register(player(1), device(n as u128 % 2), queue.clone());
    }
    assert_eq!(hub.sign_out(player(1), Some(device(0)), Signal::Revoked), 2);
    assert_eq!(queues.iter().map(|queue| queue.signals().len()).collect::<Vec<_>>(), [1, 0, 1]);
    assert_eq!(hub.sign_out(player(1), None, Signal::Suspended), 1);
    assert_eq!(queues[1].signals(), [Signal::Suspended]);
    assert_eq!(hub.stats(), HubStats::default());
}

#[test]
fn hints_go_only_where_something_was_missed() {
    let hub = Hub::new(10);
    let queue = Queue::new(9);
    let id = hub.register(player(1), device(1), queue.clone());
    hub.subscribe(id, &game(1));
    assert_eq!(hub.local_streams(), [(game(1), None)]);
    assert_eq!(hub.hint(&[head(&game(1), 3), head(&game(2), 9)]), 0, "nothing was known yet");
    hub.deliver(&[event(&game(1), 5), event(&game(1), 4)]);
    assert_eq!(hub.local_streams(), [(game(1), Some((Uuid::from_u128(7), 5)))]);
    assert_eq!(hub.hint(&[head(&game(1), 5)]), 0);
    assert_eq!(hub.hint(&[head(&game(1), 6)]), 1);
    assert_eq!(queue.offsets(), [-3, 5, 4, -6]);
    let restored = StreamHead { epoch: Uuid::from_u128(8), ..head(&game(1), 2) };
    assert_eq!(hub.hint(&[restored]), 1, "another incarnation");
}

#[test]
fn five_thousand_sockets_and_ten_thousand_streams() {
    let hub = Hub::new(10);
    let queues: Vec<_> = (0..5_000).map(|_| Queue::new(4)).collect();
    let mut ids = Vec::new();
    for (n, queue) in queues.iter().enumerate() {
        let n = n as u128;
        let id = hub.register(player(n), device(n), queue.clone());
        hub.subscribe(id, &StreamKey::player(player(n)));
        hub.subscribe(id, &game(n));
        ids.push(id);
    }
    assert_eq!(hub.stats().streams, 10_000);
    let events: Vec<_> = (0..5_000).map(|n| event(&game(n), 1)).collect();
    hub.deliver(&events);
    assert!(queues.iter().all(|queue| queue.offsets() == [1]));
    ids.into_iter().for_each(|id| hub.remove(id));
    assert_eq!(hub.stats().streams + hub.stats().sockets + hub.stats().players, 0);
}

#[test]
fn a_topic_is_told_once_to_each_who_watches_it() {
    let hub = Hub::new(10);
    let queues: Vec<_> = (0..6).map(|_| Queue::new(8)).collect();
    let register = |n: u128, queue: &Arc<Queue>| hub.register(player(n), device(n), Arc::clone(queue) as _);
    let sockets: Vec<_> = (1..).zip(&queues).map(|(n, queue)| register(n, queue)).collect();
    let topic = |n, close| Topic { player: player(n), close };
    let told = || {
        let event = Arc::new(RenderedVolatile::of_topic("t", Timestamp::from_millis(0), &json!({})));
        hub.tell(topic(9, true), &event);
        let got: Vec<usize> = queues.iter().map(|queue| std::mem::take(&mut *lock(&queue.items)).len()).collect();
        assert_eq!(Arc::strong_count(&event), 1, "written once, and let go by whoever got it");
        got
    };
    assert_eq!(told(), [0; 6]);
    // In another order than they came.
    for socket in sockets.iter().take(5).rev() {
        assert!(hub.watch(*socket, vec![topic(9, true), topic(8, false), topic(9, true)]));
    }
    hub.watch(sockets[5], vec![topic(9, false)]);
    assert_eq!(told(), [1, 1, 1, 1, 1, 0]);
    hub.watch(sockets[1], vec![topic(8, false)]);
    hub.remove(sockets[3]);
    assert!(!hub.watch(sockets[3], vec![topic(9, true)]), "it is gone");
    assert_eq!(told(), [1, 0, 1, 0, 1, 0]);
    for socket in [0, 2, 4] {
        hub.watch(sockets[socket], Vec::new());
    }
    assert!(!hub.is_watched(topic(9, true)) && hub.is_watched(topic(8, false)) && hub.is_watched(topic(9, false)));
    assert_eq!(told(), [0; 6]);
}
