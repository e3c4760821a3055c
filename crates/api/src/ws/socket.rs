//! One socket: a task that carries frames to its session and does what the session asks for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt;
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError};
use futures_util::Stream as _;
use realtime::{
    CallId, CloseCode, Effect, Effects, Fault, Input, Outlet as _, Request, Session, Signal, SocketId, Wanted,
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::dispatch::{Asker, RELAY};
use super::guard::Found;
use super::listener::Lifeline;
use super::mailbox::{Answer, Mail, Mailbox};
use super::sign_in::{self, Known};
use super::sockets::Seat;
use super::wire::{Flow, Wire};
use super::work;
use crate::app::App;

/// After so many turns in a row other sockets of the worker get theirs.
const TURNS: usize = 64;
/// How long a connection may take to send off its last frames; then it is cut off.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connection that has just become a socket.
pub(super) struct Opening {
    pub(super) app: Arc<App>,
    pub(super) seat: Seat,
    pub(super) messages: AggregatedMessageStream,
    pub(super) found: Found,
    pub(super) wire: Wire,
    pub(super) lifeline: Weak<Lifeline>,
}

/// Relayed messages of one socket, which keep their order: one at a time.
pub(super) type Relays = Rc<RefCell<VecDeque<(CallId, Request)>>>;

struct Socket {
    app: Arc<App>,
    session: Session,
    messages: AggregatedMessageStream,
    /// Why the messages ended, if by a fault.
    found: Found,
    mailbox: Arc<Mailbox>,
    wire: Wire,
    relays: Relays,
    /// Calls that wait for their answer.
    calls: usize,
    known: Option<Known>,
    /// Set once it is registered with the hub.
    id: Option<SocketId>,
    timer: Pin<Box<Sleep>>,
    over: bool,
    lifeline: Weak<Lifeline>,
    _seat: Seat,
}

/// What wakes a socket's task.
enum Turn {
    Message(AggregatedMessage),
    Input(Input),
    Mail(Mail),
    Timer,
    /// The connection is gone, or the peer has said all.
    Gone,
}

/// Starts a socket's task on this worker. `known`: whom the upgrade signed in.
pub(super) fn open(opening: Opening, known: Option<Known>) {
    let Opening { app, seat, messages, found, wire, lifeline } = opening;
    let config = Arc::clone(&app.sockets.config);
    let socket = Socket {
        session: Session::new(config, app.clock.now()),
        app,
        messages,
        found,
        mailbox: Arc::default(),
        wire,
        relays: Relays::default(),
        calls: 0,
        known,
        id: None,
        timer: Box::pin(sleep_until(Instant::now())),
        over: false,
        lifeline,
        _seat: seat,
    };
    // Boxed, because a future holds its arguments twice.
    rt::spawn(Box::new(socket).run());
}

/// Closes a socket whose protocol isn't spoken here.
pub(super) fn refuse(mut opening: Opening) {
    close(&mut opening.wire, CloseCode::Version);
    see_off(opening.wire, opening.lifeline);
}

fn close(wire: &mut Wire, code: CloseCode) {
    metrics::counter!("realtime_closes_total", "code" => code.code().to_string()).increment(1);
    wire.close(Some(code.code()), code.reason());
}

/// Sends what still waits, and cuts the connection off if it isn't gone after a while.
fn see_off(mut wire: Wire, lifeline: Weak<Lifeline>) {
    rt::spawn(async move {
        let until = Instant::now() + FAREWELL;
        // Out of patience or not, the connection's end follows.
        _ = tokio::time::timeout_at(until, wire.flush()).await;
        drop(wire);
        tokio::time::sleep_until(until).await;
        if let Some(lifeline) = lifeline.upgrade() {
            lifeline.cut();
        }
    });
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
        see_off(std::mem::take(&mut self.wire), self.lifeline.clone());
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let flow = self.wire.poll_flow(cx);
        if flow == Flow::Gone {
            return Poll::Ready(Turn::Gone);
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
        if congested || self.calls >= self.app.sockets.config.in_flight {
            return Poll::Pending;
        }
        self.poll_peer(cx)
    }

    fn poll_peer(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Poll::Ready(message) = Pin::new(&mut self.messages).poll_next(cx) else { return Poll::Pending };
        Poll::Ready(match (message, self.found.get()) {
            (Some(Ok(message)), _) => Turn::Message(message),
            (Some(Err(error)), _) => Turn::Input(Input::Fault(fault(&error))),
            (None, Some(fault)) => Turn::Input(Input::Fault(fault)),
            (None, None) => Turn::Gone,
        })
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Message(AggregatedMessage::Text(text)) => self.feed(Input::Text(text)),
            Turn::Message(AggregatedMessage::Binary(_)) => self.feed(Input::Fault(Fault::Binary)),
            Turn::Message(AggregatedMessage::Ping(payload)) => {
                self.feed(Input::ControlFrame);
                self.wire.pong(payload);
            }
            Turn::Message(AggregatedMessage::Pong(_)) => self.feed(Input::ControlFrame),
            Turn::Message(AggregatedMessage::Close(reason)) => {
                self.wire.close(reason.map(|reason| reason.code.into()), "");
                self.feed(Input::PeerClosed);
                self.over = true;
            }
            Turn::Gone => {
                self.feed(Input::PeerClosed);
                self.over = true;
            }
            Turn::Input(input) => self.feed(input),
            Turn::Mail(Mail::Signal(signal)) => self.feed(Input::Signal(signal)),
            Turn::Mail(Mail::Delivery(delivery)) => self.feed(delivery.into()),
            Turn::Mail(Mail::Answer(Answer::Input(input))) => {
                self.calls -= usize::from(matches!(input, Input::Reply { .. }));
                self.feed(input);
            }
            Turn::Mail(Mail::Answer(Answer::SignedIn(signed, device))) => {
                let outlet = Arc::clone(&self.mailbox);
                self.id = Some(self.app.hub.register(signed.player_id, device, outlet));
                // What happened to everybody before this one was known to the hub.
                if self.app.revocations.contains(device) {
                    self.mailbox.signal(Signal::Revoked);
                } else if self.app.health.is_draining() {
                    self.mailbox.signal(Signal::Drain { reconnect_in_ms: 0 });
                }
                self.feed(Input::SignedIn(signed));
            }
            Turn::Timer if self.wire.stuck_at().is_some_and(|at| at <= Instant::now()) => {
                self.feed(Input::Signal(Signal::QueueOverflow));
            }
            Turn::Timer => self.feed(Input::Tick),
        }
    }

    fn feed(&mut self, input: Input) {
        let effects = self.session.handle(input, self.app.clock.now());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Send(text) => self.wire.text(text),
                Effect::Close(code) => {
                    close(&mut self.wire, code);
                    self.over = true;
                }
                Effect::SignIn { token, streams } => {
                    let (app, known) = (Arc::clone(&self.app), self.known);
                    self.beside(async move { work::sign_in(&app, known, token, &streams).await });
                }
                Effect::Attach(wanted) => self.attach(wanted),
                Effect::CatchUp(wanted) => self.read(vec![wanted]),
                Effect::Detach(stream) => {
                    if let Some(id) = self.id {
                        self.app.hub.unsubscribe(id, &stream);
                    }
                }
                Effect::Call { call, request } => {
                    if let (Some(player), Some(socket)) = (self.session.player(), self.id) {
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
            _ = self.id.is_some_and(|id| self.app.hub.subscribe(id, stream));
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
        let Some(due) = due.into_iter().chain(self.wire.stuck_at()).min() else { return };
        if self.timer.is_elapsed() || due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
    }
}

/// The guard leaves little that actix-ws could object to: text that isn't UTF-8, above all.
pub(super) fn fault(error: &ProtocolError) -> Fault {
    match error {
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Fault::BadUtf8,
        ProtocolError::Overflow => Fault::TooLarge,
        _ => Fault::Protocol,
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.app.hub.remove(id);
            self.app.presences.forget(id);
        }
    }
}
