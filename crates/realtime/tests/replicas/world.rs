use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use kernel::memory::MemoryKernel;
use kernel::{
    Clock, Event, EventId, FakeClock, GameId, IdSource, Outbox, PlayerId, Refusal, Riders, SeededIds, SessionId,
    StreamEvent, StreamKey, Streams,
};
use serde_json::json;
use shallweplay_realtime::{
    CallId, Delivery, Effect, EventRenderer, Full, Hub, Input, Json, Outlet, PlainRenderer, Session, SessionConfig,
    Signal, SignedIn, SocketId, VolatileMessage, Wanted, resume,
};

use crate::client::Client;

/// One thing that happens. Indexes wrap around what there is.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// Something is committed that concerns a stream.
    Publish(usize),
    /// A player finds a match: an event that opens a game's stream.
    Found(usize),
    /// A relay completes rows; each bit of `losses` is a copy that the bus loses.
    Relay { limit: i64, losses: u8 },
    /// One copy reaches a replica, not always the oldest.
    Arrive { replica: usize, pick: usize },
    /// A socket takes one delivery from its queue.
    Work(usize),
    /// One job of a socket's edge goes one step on.
    Advance { client: usize, job: usize },
    /// One job fails: the store is away.
    Fail { client: usize, job: usize },
    /// A client sends a request.
    Ask(usize),
    /// A client connects, after a cut where it was connected.
    Connect { client: usize, replica: usize },
    /// A connection breaks.
    Cut(usize),
    /// The rows of all streams are purged.
    Purge,
    /// The store is restored from nothing: new incarnations.
    Restore,
    /// A replica compares the heads of its streams with the store.
    Poll(usize),
    /// Time goes by, in milliseconds.
    Wait(i64),
    /// A volatile event in a game.
    Volatile(usize),
}

const CLIENTS: usize = 3;
const GAMES: u128 = 2;
const REPLICAS: usize = 2;
const QUEUE: usize = 8;
const MOST: usize = 512;

#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<Delivery>>,
    signal: Mutex<Option<Signal>>,
    overflowed: AtomicBool,
}

impl Outlet for Queue {
    fn try_push(&self, delivery: Delivery) -> Result<(), Full> {
        let mut items = self.items.lock().expect("not poisoned");
        if items.len() >= QUEUE {
            self.overflowed.store(true, Ordering::SeqCst);
            return Err(Full);
        }
        items.push_back(delivery);
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        self.signal.lock().expect("not poisoned").get_or_insert(signal);
    }
}

/// What an edge does for a session, in steps between which anything may happen.
#[derive(Clone)]
enum Job {
    SignIn(Vec<StreamKey>),
    Subscribe(Vec<Wanted>),
    Read(Vec<Wanted>),
    Call(CallId),
    Tell(Input),
}

struct Connection {
    replica: usize,
    session: Session,
    socket: Option<SocketId>,
    queue: Arc<Queue>,
    jobs: Vec<Job>,
}

pub(crate) struct World {
    clock: Arc<FakeClock>,
    ids: Arc<SeededIds>,
    store: Arc<MemoryKernel>,
    hubs: Vec<Hub>,
    bus: Vec<Vec<StreamEvent>>,
    config: Arc<SessionConfig>,
    pub(crate) clients: Vec<Client>,
    connections: Vec<Option<Connection>>,
}

/// The memory kernel is always ready, so one poll is enough.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the memory kernel never waits"),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(1)));
        let problem = |refusal: &dyn Refusal| Json::from_value(&json!({ "code": refusal.code() }));
        let mut config = SessionConfig::new(["matchmaking.join"], problem);
        (config.messages_per_second, config.max_held) = (0, 4);
        Self {
            store: MemoryKernel::new(clock.clone(), ids.clone()),
            hubs: (0..REPLICAS).map(|_| Hub::new(10)).collect(),
            bus: vec![Vec::new(); REPLICAS],
            config: Arc::new(config),
            clients: (0..CLIENTS).map(|_| Client::new(PlayerId::new(ids.uuid(clock.now())))).collect(),
            connections: (0..CLIENTS).map(|_| None).collect(),
            clock,
            ids,
        }
    }

    fn game(n: usize) -> StreamKey {
        StreamKey::game(GameId::new(uuid::Uuid::from_u128(1 + n as u128 % GAMES)))
    }

    fn commit(&self, kind: &'static str, stream: StreamKey, data: serde_json::Value) {
        let at = self.clock.now();
        let id = EventId::new(self.ids.uuid(at));
        let event = Event { id, aggregate: format!("x:{id}"), kind: kind.into(), audience: vec![stream], data, at };
        self.store.commit(Riders::events(vec![event]), || Ok(())).expect("nothing to refuse");
    }

    pub(crate) fn step(&mut self, op: &Op) {
        match *op {
            Op::Publish(n) => {
                let stream = match n % (CLIENTS + 2) {
                    n if n < CLIENTS => StreamKey::player(self.clients[n].player),
                    n => Self::game(n),
                };
                self.commit("game.moved", stream, json!({}));
            }
            Op::Found(n) => {
                let game = json!({"game": {"id": Self::game(n).game_id()}});
                self.commit("match.found", StreamKey::player(self.clients[n % CLIENTS].player), game);
            }
            Op::Relay { limit, losses } => self.relay(limit, losses),
            Op::Arrive { replica, pick } => self.arrive(replica % REPLICAS, pick),
            Op::Work(n) => self.work(n % CLIENTS),
            Op::Advance { client, job } => self.advance(client % CLIENTS, job),
            Op::Fail { client, job } => self.fail(client % CLIENTS, job),
            Op::Ask(n) => {
                let n = n % CLIENTS;
                if self.connections[n].is_some() {
                    let request = self.clients[n].request();
                    self.give(n, Input::Text(request.into()));
                }
            }
            Op::Connect { client, replica } => self.connect(client % CLIENTS, replica % REPLICAS),
            Op::Cut(n) => self.cut(n % CLIENTS),
            Op::Purge => {
                let after = self.clock.now().plus_millis(1);
                now(Streams::purge(&*self.store, after, 1_000_000)).expect("purges");
            }
            Op::Restore => self.store = MemoryKernel::new(self.clock.clone(), self.ids.clone()),
            Op::Poll(n) => {
                let hub = &self.hubs[n % REPLICAS];
                let local: Vec<_> = hub.local_streams().into_iter().map(|(stream, _)| stream).collect();
                hub.hint(&now(self.store.heads(&local)).expect("reads"));
            }
            Op::Wait(ms) => {
                self.clock.advance_millis(ms);
                (0..CLIENTS).for_each(|n| self.give(n, Input::Tick));
            }
            Op::Volatile(n) => {
                let (stream, at) = (Self::game(n), self.clock.now());
                let (kind, data) = ("game.relayed".to_owned(), json!(1));
                let message = VolatileMessage { stream, kind, from: None, n: None, data, to: None, at };
                self.hubs[n % REPLICAS].relay(&message);
            }
        }
    }

    fn relay(&mut self, limit: i64, losses: u8) {
        let rows = now(self.store.claim(limit, Duration::from_secs(1))).expect("claims");
        let appended = now(self.store.complete(&rows)).expect("completes");
        for (n, event) in appended.into_iter().enumerate() {
            for (replica, bus) in self.bus.iter_mut().enumerate() {
                if losses >> ((n * REPLICAS + replica) % 8) & 1 == 0 {
                    bus.push(event.clone());
                }
            }
        }
    }

    fn arrive(&mut self, replica: usize, pick: usize) {
        let bus = &mut self.bus[replica];
        if bus.is_empty() {
            return;
        }
        // Mostly the oldest; two publishers may overtake each other.
        let index = if pick < 5 { 0 } else { pick % bus.len() };
        let hub = &self.hubs[replica];
        let followed = hub.followed(vec![bus.remove(index)]);
        hub.deliver(&now(PlainRenderer.render(&followed)));
    }

    fn connect(&mut self, n: usize, replica: usize) {
        self.cut(n);
        let session = Session::new(Arc::clone(&self.config), self.clock.now());
        let queue = Arc::new(Queue::default());
        self.connections[n] = Some(Connection { replica, session, socket: None, queue, jobs: Vec::new() });
        let hello = self.clients[n].hello();
        self.give(n, Input::Text(hello.into()));
    }

    fn cut(&mut self, n: usize) {
        if let Some(mut gone) = self.connections[n].take() {
            assert!(gone.session.handle(Input::PeerClosed, self.clock.now()).is_empty());
            if let Some(socket) = gone.socket {
                self.hubs[gone.replica].remove(socket);
            }
        }
    }

    fn work(&mut self, n: usize) {
        let Some(connection) = &self.connections[n] else { return };
        let signal = connection.queue.signal.lock().expect("not poisoned").take();
        let next = connection.queue.items.lock().expect("not poisoned").pop_front();
        if let Some(signal) = signal {
            assert_eq!(signal, Signal::QueueOverflow);
            assert!(connection.queue.overflowed.load(Ordering::SeqCst));
            return self.give(n, Input::Signal(signal));
        }
        if let Some(delivery) = next {
            self.give(n, delivery.into());
        }
    }

    fn take_job(&mut self, n: usize, job: usize) -> Option<Job> {
        let jobs = &mut self.connections[n].as_mut()?.jobs;
        (!jobs.is_empty()).then(|| jobs.remove(job % jobs.len()))
    }

    fn advance(&mut self, n: usize, job: usize) {
        let Some(job) = self.take_job(n, job) else { return };
        let Some(connection) = &mut self.connections[n] else { return };
        let hub = &self.hubs[connection.replica];
        let next = match job {
            Job::SignIn(streams) => {
                let player_id = self.clients[n].player;
                let device = SessionId::new(uuid::Uuid::from_u128(n as u128));
                connection.socket = Some(hub.register(player_id, device, connection.queue.clone()));
                let (session_id, player, live) = (n.to_string(), Json::empty_object(), Json::empty_object());
                let signed = SignedIn { session_id, player_id, player, live, expires_at: None, streams };
                Job::Tell(Input::SignedIn(Box::new(signed)))
            }
            Job::Subscribe(wanted) => {
                let socket = connection.socket.expect("attached after the sign-in");
                assert!(wanted.iter().all(|wanted| hub.subscribe(socket, &wanted.stream)));
                Job::Read(wanted)
            }
            Job::Read(wanted) => {
                let read = now(resume::attach(&*self.store, &PlainRenderer, &wanted, MOST)).expect("reads");
                Job::Tell(Input::Attached(read))
            }
            Job::Call(call) => Job::Tell(Input::Reply { call, outcome: Ok(Json::empty_object()), follow: vec![] }),
            Job::Tell(input) => return self.give(n, input),
        };
        connection.jobs.push(next);
    }

    fn fail(&mut self, n: usize, job: usize) {
        let problem = Json::from_value(&json!({"code": "unavailable"}));
        let job = match self.take_job(n, job) {
            Some(Job::Read(wanted)) => {
                let streams = wanted.into_iter().map(|wanted| wanted.stream).collect();
                Job::Tell(Input::AttachFailed { streams, problem })
            }
            Some(Job::Call(call)) => Job::Tell(Input::Reply { call, outcome: Err(problem), follow: vec![] }),
            Some(other) => other,
            None => return,
        };
        if let Some(connection) = &mut self.connections[n] {
            connection.jobs.push(job);
        }
    }

    /// Gives a session an input and carries out what it asks for.
    fn give(&mut self, n: usize, input: Input) {
        let at = self.clock.now();
        let Some(connection) = &mut self.connections[n] else { return };
        let hub = &self.hubs[connection.replica];
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in connection.session.handle(input, at) {
                match effect {
                    Effect::Send(text) => {
                        inputs.extend(self.clients[n].hear(&text).map(|answer| Input::Text(answer.into())));
                    }
                    Effect::Close(_) => return self.cut(n),
                    Effect::SignIn { streams, .. } => connection.jobs.push(Job::SignIn(streams)),
                    Effect::Attach(wanted) => connection.jobs.push(Job::Subscribe(wanted)),
                    Effect::CatchUp(wanted) => connection.jobs.push(Job::Read(vec![wanted])),
                    Effect::Detach(stream) => {
                        connection.socket.into_iter().for_each(|socket| hub.unsubscribe(socket, &stream));
                    }
                    Effect::Call { call, .. } => connection.jobs.push(Job::Call(call)),
                    Effect::Refresh { .. } => panic!("nobody refreshes here"),
                }
            }
        }
    }

    /// Faults end: everything pending resolves.
    pub(crate) fn heal(&mut self) {
        for round in 0..40 {
            for n in 0..CLIENTS {
                if self.connections[n].is_none() {
                    self.connect(n, (n + round) % REPLICAS);
                }
            }
            self.relay(1_000, 0);
            for replica in 0..REPLICAS {
                self.step(&Op::Poll(replica));
                while !self.bus[replica].is_empty() {
                    self.arrive(replica, 0);
                    self.drain();
                }
            }
            self.drain();
            self.step(&Op::Wait(500));
        }
    }

    fn drain(&mut self) {
        for n in 0..CLIENTS {
            let busy = |connection: &Connection| {
                let signalled = connection.queue.signal.lock().expect("not poisoned").is_some();
                signalled
                    || !connection.jobs.is_empty()
                    || !connection.queue.items.lock().expect("not poisoned").is_empty()
            };
            while self.connections[n].as_ref().is_some_and(busy) {
                self.work(n);
                self.advance(n, 0);
            }
        }
    }

    pub(crate) fn check_all_caught_up(&self) {
        for (client, connection) in self.clients.iter().zip(&self.connections) {
            assert!(connection.as_ref().is_some_and(|connection| connection.session.is_open()) && client.ready);
            assert!(client.waiting.is_empty(), "unanswered: {:?}", client.waiting);
            for (name, at) in &client.at {
                let stream = match name.as_str() {
                    "player" => StreamKey::player(client.player),
                    _ => StreamKey::from_stored(name.clone()),
                };
                let head = now(self.store.heads(&[stream])).expect("reads").remove(0);
                assert_eq!((at.epoch, at.offset), (head.epoch, head.top), "{name} is caught up");
            }
        }
    }
}
