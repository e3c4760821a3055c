//! One socket: a task that carries frames to its session and does what the session asks for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::rt;
use realtime::{
    CallId, CloseCode, Effect, Effects, Input, Outlet as _, Request, Session, SessionConfig, Signal, SocketId, Wanted,
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::dispatch::{Asker, RELAY};
use super::mailbox::{Answer, Mail, Mailbox};
use super::sign_in::{self, Known};
use super::sockets::Seat;
use super::transport::{Heard, Transport};
use super::wire::Flow;
use super::work;
use crate::app::App;

/// After so many turns in a row other sockets of the worker get theirs.
const TURNS: usize = 64;

/// A connection that has just become a socket.
pub(super) struct Opening {
    pub(super) app: Arc<App>,
    pub(super) seat: Seat,
    pub(super) transport: Box<dyn Transport>,
    /// The form of its frames, and its limits.
    pub(super) config: Arc<SessionConfig>,
}

/// Relayed messages of one socket, which keep their order: one at a time.
pub(super) type Relays = Rc<RefCell<VecDeque<(CallId, Request)>>>;

struct Socket {
    app: Arc<App>,
    session: Session,
    transport: Box<dyn Transport>,
    mailbox: Arc<Mailbox>,
    relays: Relays,
    /// Calls that wait for their answer.
    calls: usize,
    known: Option<Known>,
    /// Set once it is registered with the hub.
    registered: Option<Registered>,
    timer: Pin<Box<Sleep>>,
    over: bool,
    most_calls: usize,
    _seat: Seat,
}

/// What wakes a socket's task.
enum Turn {
    Heard(Heard),
    Mail(Mail),
    Timer,
}

/// Starts a socket's task on this worker. `known`: whom the upgrade signed in.
pub(super) fn open(opening: Opening, known: Option<Known>) {
    let Opening { app, seat, transport, config } = opening;
    let socket = Socket {
        most_calls: config.in_flight,
        session: Session::new(config, app.clock.now()),
        app,
        transport,
        mailbox: Arc::default(),
        relays: Relays::default(),
        calls: 0,
        known,
        registered: None,
        timer: Box::pin(sleep_until(Instant::now())),
        over: false,
        _seat: seat,
    };
    // Boxed, because a future holds its arguments twice.
    rt::spawn(Box::new(socket).run());
}

/// Closes a connection, and counts why.
fn close(transport: &mut dyn Transport, code: CloseCode) {
    metrics::counter!("realtime_closes_total", "code" => code.code().to_string()).increment(1);
    transport.close(code);
}

/// Closes a socket whose protocol isn't spoken here.
pub(super) fn refuse(mut opening: Opening) {
    close(&mut *opening.transport, CloseCode::Version);
    opening.transport.see_off();
}

impl Socket {
    async fn run(mut self: Box<Self>) {
        self.arm();
        let mut turns = 0;
        while !self.over {
            let turn = poll_fn(|cx| self.poll_turn(cx)).await;
            self.take(turn);
            self.arm();
            turns += 1;
            if turns % TURNS == 0 {
                tokio::task::yield_now().await;
            }
        }
        let Self { transport, .. } = *self;
        transport.see_off();
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let flow = self.transport.poll_flow(cx);
        if flow == Flow::Gone {
            return Poll::Ready(Turn::Heard(Heard::Gone));
        }
        let congested = flow == Flow::Congested;
        if let Poll::Ready(mail) = self.mailbox.poll_next(congested, cx) {
            return Poll::Ready(Turn::Mail(mail));
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Turn::Timer);
        }
        // Who doesn't take what is sent isn't listened to either; nor is one who asks faster than it can be answered.
        // Waiting is better than a refusal: a second's messages often come in one piece.
        if congested || self.calls >= self.most_calls {
            return Poll::Pending;
        }
        self.transport.poll_heard(cx).map(Turn::Heard)
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Heard(Heard::Text(text)) => self.feed(Input::Text(text)),
            Turn::Heard(Heard::Control) => self.feed(Input::ControlFrame),
            Turn::Heard(Heard::Fault(fault)) => self.feed(Input::Fault(fault)),
            Turn::Heard(Heard::Gone) => {
                self.feed(Input::PeerClosed);
                self.over = true;
            }
            Turn::Mail(Mail::Signal(signal)) => self.feed(Input::Signal(signal)),
            Turn::Mail(Mail::Delivery(delivery)) => self.feed(delivery.into()),
            Turn::Mail(Mail::Answer(Answer::Input(input))) => {
                self.calls -= usize::from(matches!(input, Input::Reply { .. }));
                self.feed(input);
            }
            Turn::Mail(Mail::Answer(Answer::SignedIn(signed, device))) => {
                let outlet = Arc::clone(&self.mailbox);
                let id = self.app.hub.register(signed.player_id, device, outlet);
                self.registered = Some(Registered { app: Arc::clone(&self.app), id });
                // What happened to everybody before this one was known to the hub.
                if self.app.revocations.contains(device) {
                    self.mailbox.signal(Signal::Revoked);
                } else if self.app.health.is_draining() {
                    self.mailbox.signal(Signal::Drain { reconnect_in_ms: 0 });
                }
                self.feed(Input::SignedIn(signed));
            }
            Turn::Timer if self.transport.stuck_at().is_some_and(|at| at <= Instant::now()) => {
                self.feed(Input::Signal(Signal::QueueOverflow));
            }
            Turn::Timer => self.feed(Input::Tick),
        }
    }

    fn id(&self) -> Option<SocketId> {
        self.registered.as_ref().map(|registered| registered.id)
    }

    fn feed(&mut self, input: Input) {
        let effects = self.session.handle(input, self.app.clock.now());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Send(text) => self.transport.send(text),
                Effect::Close(code) => {
                    close(&mut *self.transport, code);
                    self.over = true;
                }
                Effect::SignIn { token, streams } => {
                    let (app, known) = (Arc::clone(&self.app), self.known);
                    self.beside(async move { work::sign_in(&app, known, token, &streams).await });
                }
                Effect::Attach(wanted) => self.attach(wanted),
                Effect::CatchUp(wanted) => self.read(vec![wanted]),
                Effect::Detach(stream) => {
                    if let Some(id) = self.id() {
                        self.app.hub.unsubscribe(id, &stream);
                    }
                }
                Effect::Call { call, request } => {
                    if let (Some(player), Some(socket)) = (self.session.player(), self.id()) {
                        self.call(Asker { player, socket }, call, request);
                    }
                }
                Effect::Refresh { call, token } => {
                    let input = match sign_in::check(&self.app, &token.0) {
                        Ok(known) => known.refreshes(call, self.app.clock.now()),
                        Err((_, problem)) => work::refused(&self.app, call, &problem),
                    };
                    self.feed(input);
                }
            }
        }
    }

    fn attach(&self, wanted: Vec<Wanted>) {
        for stream in wanted.iter().map(|wanted| &wanted.stream) {
            // False once the hub has let this socket go: then a signal is on its way.
            _ = self.id().is_some_and(|id| self.app.hub.subscribe(id, stream));
        }
        self.read(wanted);
    }

    fn read(&self, wanted: Vec<Wanted>) {
        let app = Arc::clone(&self.app);
        self.beside(async move { work::read(&app, wanted).await });
    }

    fn call(&mut self, asker: Asker, call: CallId, request: Request) {
        self.calls += 1;
        let app = Arc::clone(&self.app);
        if request.kind != RELAY {
            return self.beside(async move { work::call(&app, asker, call, request).await });
        }
        let first = self.relays.borrow().is_empty();
        self.relays.borrow_mut().push_back((call, request));
        if first {
            rt::spawn(work::relay(app, asker, Rc::clone(&self.relays), Arc::clone(&self.mailbox)));
        }
    }

    /// Works beside the socket's task, so that neither waits for the other. A socket that goes away doesn't end it:
    /// what a player has asked for is carried out.
    fn beside(&self, work: impl Future<Output = Answer> + 'static) {
        let mailbox = Arc::clone(&self.mailbox);
        rt::spawn(async move { mailbox.answer(work.await) });
    }

    /// Sets the timer to what is due next. One that rings too early does no harm, so it is only ever brought forward.
    fn arm(&mut self) {
        let now = self.app.clock.now();
        let due = self.session.wake_at().map(|at| Instant::now() + at.since(now));
        let own = [self.transport.stuck_at(), self.transport.wake_at()].into_iter().flatten();
        let Some(due) = own.chain(due).min() else { return };
        if self.timer.is_elapsed() || due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
    }
}

/// A socket's place in the hub.
struct Registered {
    app: Arc<App>,
    id: SocketId,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.app.hub.remove(self.id);
        self.app.presences.forget(self.id);
    }
}
