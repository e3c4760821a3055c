use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use kernel::{Clock, Timestamp};
use realtime::engine_io::{End, Engine, Frame, Heard, Packet, Probing, Refused};

/// One session of Engine.IO between its carriers, on whatever worker they came in, and the task that serves it.
pub(super) struct Pipe {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    engine: Engine,
    /// What the task hasn't taken yet: of one post, or one message.
    heard: VecDeque<Heard>,
    /// The task is gone.
    unserved: bool,
    task: Option<Waker>,
    poll: Option<Waker>,
    post: Option<Waker>,
    pump: Option<Waker>,
}

fn wake(slot: &mut Option<Waker>) {
    if let Some(waker) = slot.take() {
        waker.wake();
    }
}

fn note(slot: &mut Option<Waker>, cx: &Context<'_>) {
    if slot.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
        *slot = Some(cx.waker().clone());
    }
}

impl Inner {
    /// The engine may have something for its carriers now, and its end is news for the task.
    fn turned(&mut self) {
        wake(&mut self.poll);
        wake(&mut self.pump);
        wake(&mut self.task);
    }
}

impl Pipe {
    pub(super) fn new(clock: Arc<dyn Clock>, engine: Engine) -> Arc<Self> {
        let heard = VecDeque::new();
        let inner = Inner { engine, heard, unserved: false, task: None, poll: None, post: None, pump: None };
        Arc::new(Self { clock, inner: Mutex::new(inner) })
    }

    fn lock(&self) -> (MutexGuard<'_, Inner>, Timestamp) {
        // Every critical section leaves the engine whole.
        (self.inner.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now())
    }

    /// The packet that opens the session.
    pub(super) fn open_packet(&self, sid: &str) -> String {
        self.lock().0.engine.open_packet(sid)
    }

    /// Whether nobody needs it any more.
    pub(super) fn is_gone(&self) -> bool {
        let (mut inner, now) = self.lock();
        inner.engine.tick(now);
        inner.engine.is_over() && inner.unserved
    }

    // the carriers

    pub(super) fn begin_poll(&self) -> Result<(), Refused> {
        let (mut inner, now) = self.lock();
        inner.engine.tick(now);
        let begun = inner.engine.begin_poll();
        if begun.is_err() {
            inner.turned();
        }
        begun
    }

    /// The answer to the poll.
    pub(super) fn poll_body(&self, cx: &Context<'_>) -> Poll<String> {
        let (mut inner, now) = self.lock();
        inner.engine.tick(now);
        let Some(body) = inner.engine.poll_body(now) else {
            note(&mut inner.poll, cx);
            return Poll::Pending;
        };
        inner.turned();
        Poll::Ready(body)
    }

    /// The poll's connection is gone. Without effect once it is answered.
    pub(super) fn cancel_poll(&self) {
        let (mut inner, _) = self.lock();
        inner.engine.cancel_poll();
        inner.turned();
    }

    pub(super) fn begin_post(&self) -> Result<(), Refused> {
        let (mut inner, _) = self.lock();
        let begun = inner.engine.begin_post();
        inner.turned();
        begun
    }

    pub(super) fn end_post(&self) {
        self.lock().0.engine.end_post();
    }

    /// Packets of a carrier; `None` were none.
    pub(super) fn take(&self, packets: Option<Vec<Packet>>) -> Result<(), Refused> {
        let (mut inner, now) = self.lock();
        let Some(packets) = packets else {
            inner.engine.end(End::Protocol);
            inner.turned();
            return Err(Refused);
        };
        let taken = inner.engine.take(packets, now).map(|heard| inner.heard.extend(heard));
        // Without waking a poll: it has nothing to say yet, unless this was the end.
        wake(&mut inner.task);
        if inner.engine.ended().is_some() {
            inner.turned();
        }
        taken
    }

    /// Whether the task has taken all that came so far: who asks again and again waits until it has.
    pub(super) fn poll_taken(&self, cx: &Context<'_>) -> Poll<()> {
        let (mut inner, _) = self.lock();
        if inner.heard.is_empty() || inner.unserved {
            return Poll::Ready(());
        }
        note(&mut inner.post, cx);
        Poll::Pending
    }

    pub(super) fn begin_probe(&self) -> Result<(), Refused> {
        let (mut inner, now) = self.lock();
        let begun = inner.engine.begin_probe(now);
        inner.turned();
        begun
    }

    pub(super) fn probe(&self, packet: &Packet) -> Probing {
        let (mut inner, _) = self.lock();
        let step = inner.engine.probe(packet);
        inner.turned();
        step
    }

    pub(super) fn abandon_probe(&self) {
        self.lock().0.engine.abandon_probe();
    }

    /// Whether a WebSocket may still take over; it is woken when that changes.
    pub(super) fn is_probing(&self, cx: &Context<'_>) -> bool {
        let (mut inner, _) = self.lock();
        note(&mut inner.pump, cx);
        // A client that has begun to change over polls no more: what this side says last must reach it the new way.
        inner.engine.is_probing() && matches!(inner.engine.ended(), None | Some(End::Server(_)))
    }

    /// Frames for the WebSocket that serves the session. The task that asks is woken when there are more, and when the
    /// session has ended.
    pub(super) fn next_frame(&self, cx: &Context<'_>) -> Option<Frame> {
        let (mut inner, now) = self.lock();
        note(&mut inner.pump, cx);
        let frame = inner.engine.next_frame(now);
        if frame.is_some() {
            wake(&mut inner.task);
        }
        frame
    }

    /// The carrier's connection is gone.
    pub(super) fn lost(&self) {
        self.end(End::Lost);
    }

    pub(super) fn ended(&self) -> Option<End> {
        self.lock().0.engine.ended()
    }

    /// Whether the task has taken what came; the WebSocket is woken when it has.
    pub(super) fn is_taken(&self) -> bool {
        self.lock().0.heard.is_empty()
    }

    // the task

    /// The next message; the task is woken for it, for room, and for the end.
    pub(super) fn poll_heard(&self, cx: &Context<'_>) -> Poll<Option<Heard>> {
        let (mut inner, now) = self.lock();
        inner.engine.tick(now);
        if let Some(heard) = inner.heard.pop_front() {
            if inner.heard.is_empty() {
                inner.heard = VecDeque::new();
                wake(&mut inner.post);
                wake(&mut inner.pump);
            }
            return Poll::Ready(Some(heard));
        }
        if inner.engine.ended().is_some() {
            return Poll::Ready(None);
        }
        note(&mut inner.task, cx);
        Poll::Pending
    }

    /// Bytes that wait to go out. Pings what is to be pinged.
    pub(super) fn poll_waiting(&self, cx: &Context<'_>) -> usize {
        let (mut inner, now) = self.lock();
        let look = |engine: &Engine| (engine.waiting(), engine.ended(), engine.is_probing());
        let before = look(&inner.engine);
        inner.engine.tick(now);
        if before != look(&inner.engine) {
            wake(&mut inner.poll);
            wake(&mut inner.pump);
        }
        note(&mut inner.task, cx);
        inner.engine.waiting()
    }

    /// Since when nothing has moved although something waits, and when the engine wants to look at the clock.
    pub(super) fn times(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let (inner, _) = self.lock();
        (inner.engine.stuck_since(), inner.engine.wake_at())
    }

    pub(super) fn send(&self, packets: impl IntoIterator<Item = Packet>) {
        let (mut inner, now) = self.lock();
        packets.into_iter().for_each(|packet| inner.engine.send(packet, now));
        wake(&mut inner.poll);
        wake(&mut inner.pump);
    }

    pub(super) fn end(&self, end: End) {
        let (mut inner, _) = self.lock();
        inner.engine.end(end);
        inner.turned();
    }

    /// Whether all has gone out that was to, after the end; the task is woken for it.
    pub(super) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        let (mut inner, _) = self.lock();
        note(&mut inner.task, cx);
        if inner.engine.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Nobody serves it any more.
    pub(super) fn leave(&self) {
        let (mut inner, _) = self.lock();
        inner.engine.end(End::Lost);
        inner.engine.abandon_probe();
        inner.unserved = true;
        wake(&mut inner.post);
        inner.turned();
    }
}
