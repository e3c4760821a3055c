//! What comes to a socket's task from elsewhere: deliveries of the hub, answers of what it asked for, signals. From any
//! thread.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use kernel::SessionId;
use realtime::{Delivery, Full, Input, Outlet, Signal, SignedIn};

/// Durable events and heads that may wait for a slow socket.
const MOST_DURABLE: usize = 256;
/// Volatile events that may; they never take the durable ones' room.
const MOST_VOLATILE: usize = 64;

/// The answer to something the session asked for.
pub(super) enum Answer {
    /// As it goes in.
    Input(Input),
    /// A sign-in succeeded, as this device: the socket is to be registered before the session learns of it.
    SignedIn(Box<SignedIn>, SessionId),
}

/// One thing for the task.
pub(super) enum Mail {
    Signal(Signal),
    Answer(Answer),
    Delivery(Delivery),
}

#[derive(Default)]
struct Inner {
    deliveries: VecDeque<Delivery>,
    volatile: usize,
    answers: VecDeque<Answer>,
    signal: Option<Signal>,
    task: Option<Waker>,
}

/// A socket's mailbox. Empty ones hold no memory beside themselves.
#[derive(Default)]
pub(super) struct Mailbox(Mutex<Inner>);

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every critical section leaves the queues whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings an answer. There are no more of them than the session has questions open, so they need no bound.
    pub(super) fn answer(&self, answer: Answer) {
        let mut inner = self.lock();
        inner.answers.push_back(answer);
        inner.wake();
    }

    /// The next thing: signals first; while the way out is `congested`, signals only.
    pub(super) fn poll_next(&self, congested: bool, cx: &Context<'_>) -> Poll<Mail> {
        let mut inner = self.lock();
        if let Some(signal) = inner.signal.take() {
            return Poll::Ready(Mail::Signal(signal));
        }
        if !congested {
            if let Some(answer) = inner.answers.pop_front() {
                if inner.answers.is_empty() {
                    inner.answers = VecDeque::new();
                }
                return Poll::Ready(Mail::Answer(answer));
            }
            if let Some(delivery) = inner.deliveries.pop_front() {
                inner.volatile -= usize::from(matches!(delivery, Delivery::Volatile(_)));
                if inner.deliveries.is_empty() {
                    inner.deliveries = VecDeque::new();
                }
                return Poll::Ready(Mail::Delivery(delivery));
            }
        }
        if inner.task.as_ref().is_none_or(|task| !task.will_wake(cx.waker())) {
            inner.task = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Inner {
    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

impl Outlet for Mailbox {
    fn try_push(&self, delivery: Delivery) -> Result<(), Full> {
        let mut inner = self.lock();
        if matches!(delivery, Delivery::Volatile(_)) {
            if inner.volatile >= MOST_VOLATILE {
                return Err(Full);
            }
            inner.volatile += 1;
        } else if inner.deliveries.len() - inner.volatile >= MOST_DURABLE {
            return Err(Full);
        }
        inner.deliveries.push_back(delivery);
        inner.wake();
        Ok(())
    }

    fn signal(&self, signal: Signal) {
        let mut inner = self.lock();
        if matches!(inner.signal, None | Some(Signal::Drain { .. })) {
            inner.signal = Some(signal);
        }
        inner.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{PlayerId, StreamHead, StreamKey, Timestamp};
    use realtime::RenderedVolatile;
    use uuid::Uuid;

    use super::*;

    fn stream() -> StreamKey {
        StreamKey::player(PlayerId::new(Uuid::from_u128(1)))
    }

    fn durable() -> Delivery {
        Delivery::Head(Arc::new(StreamHead { stream: stream(), epoch: Uuid::from_u128(2), top: 1 }))
    }

    fn volatile() -> Delivery {
        let event = RenderedVolatile::new(stream(), "k", Timestamp::from_millis(0), &serde_json::Value::Null);
        Delivery::Volatile(Arc::new(event))
    }

    fn next(mailbox: &Mailbox, congested: bool) -> Option<Mail> {
        match mailbox.poll_next(congested, &Context::from_waker(Waker::noop())) {
            Poll::Ready(mail) => Some(mail),
            Poll::Pending => None,
        }
    }

    #[test]
    fn volatile_events_never_take_the_room_of_durable_ones() {
        let mailbox = Mailbox::default();
        let taken = (0..1_000).filter(|_| mailbox.try_push(volatile()).is_ok()).count();
        assert_eq!(taken, MOST_VOLATILE);
        let taken = (0..1_000).filter(|_| mailbox.try_push(durable()).is_ok()).count();
        assert_eq!(taken, MOST_DURABLE);
        assert!(matches!(next(&mailbox, false), Some(Mail::Delivery(Delivery::Volatile(_)))));
        assert!(mailbox.try_push(volatile()).is_ok() && mailbox.try_push(durable()).is_err());
        let rest = std::iter::from_fn(|| next(&mailbox, false)).count();
        assert_eq!(rest, MOST_VOLATILE + MOST_DURABLE);
        assert!(mailbox.try_push(durable()).is_ok() && mailbox.try_push(volatile()).is_ok(), "there is room again");
    }

    #[test]
    fn signals_pass_a_congested_way_and_the_first_that_closes_wins() {
        let mailbox = Mailbox::default();
        mailbox.try_push(durable()).expect("there is room");
        assert!(next(&mailbox, true).is_none());
        mailbox.signal(Signal::Drain { reconnect_in_ms: 5 });
        mailbox.signal(Signal::Replaced);
        mailbox.signal(Signal::QueueOverflow);
        assert!(matches!(next(&mailbox, true), Some(Mail::Signal(Signal::Replaced))));
        assert!(next(&mailbox, true).is_none());
        assert!(matches!(next(&mailbox, false), Some(Mail::Delivery(_))));
    }
}
