//! One stream as one session follows it: what was sent, what is held back while rows are read, and when rows are needed.
//!
//! ```text
//!             ┌── answer, all placed ──┐
//!   new ──► reading ────────────────► live ──┐ next offset: sent
//!             ▲  │ live events: held         │ seen offset: dropped
//!             │  └─ failed: read again later │
//!             └────── a gap, a hint, another incarnation
//! ```

use std::sync::Arc;

use kernel::{StreamHead, StreamKey, Timestamp};

use crate::event::RenderedEvent;
use crate::resume::{Attached, Position, Start, Wanted};

/// Events to send, in order.
pub(crate) type Sent = Vec<Arc<RenderedEvent>>;

/// First and longest pause before rows are asked for again, in milliseconds.
const RETRY_MS: i64 = 500;
const RETRY_CAP_MS: i64 = 8_000;

/// After so many answers that bring nothing, the store is believed: what was held back isn't in the stream, as when a
/// database lost its last seconds.
const FRUITLESS: u32 = 5;

pub(crate) struct Follow {
    key: StreamKey,
    /// What the client has; `None` until the first answer of a stream it has no position in.
    at: Option<Position>,
    /// What of it was sent to the client; differs from `at` only while a batch goes out.
    pub(crate) told: Option<Position>,
    reading: Option<Box<Reading>>,
    /// When to stop following: set once the stream has seen its last regular event.
    pub(crate) ends_at: Option<Timestamp>,
}

struct Reading {
    start: Start,
    held: Vec<Arc<RenderedEvent>>,
    /// Somebody said that the stream reaches this far.
    reaches: i64,
    /// Something arrived that can't be placed by what is known: one more read after this one.
    again: bool,
    failures: u32,
    fruitless: u32,
    retry_at: Option<Timestamp>,
}

enum Place {
    Seen,
    Next,
    Later,
    Foreign,
}

fn place(at: Position, event: Position) -> Place {
    if event.epoch != at.epoch {
        Place::Foreign
    } else if event.offset <= at.offset {
        Place::Seen
    } else if event.offset == at.offset + 1 {
        Place::Next
    } else {
        Place::Later
    }
}

impl Reading {
    fn new(start: Start) -> Box<Self> {
        Box::new(Self { start, held: Vec::new(), reaches: 0, again: false, failures: 0, fruitless: 0, retry_at: None })
    }

    fn hold(&mut self, at: Option<Position>, event: Arc<RenderedEvent>, max_held: usize) {
        match at.map(|at| place(at, event.position())) {
            Some(Place::Seen) => {}
            Some(Place::Foreign) => self.again = true,
            _ if self.held.len() >= max_held => match at {
                Some(_) => self.reaches = self.reaches.max(event.position().offset),
                None => self.again = true,
            },
            _ => self.held.push(event),
        }
    }

    fn back_off(&mut self, now: Timestamp) {
        let pause = RETRY_MS.saturating_mul(1 << self.failures.min(8)).min(RETRY_CAP_MS);
        self.failures += 1;
        self.retry_at = Some(now.plus_millis(pause));
    }
}

impl Follow {
    /// Begins to follow; the first answer is waited for.
    pub(crate) fn new(key: StreamKey, start: Start) -> Self {
        let at = match start {
            Start::After(at) => Some(at),
            Start::Top | Start::Beginning => None,
        };
        Self { key, at, told: at, reading: Some(Reading::new(start)), ends_at: None }
    }

    pub(crate) const fn key(&self) -> &StreamKey {
        &self.key
    }

    /// Whether an answer is waited for.
    pub(crate) const fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// What to ask the store for.
    pub(crate) fn wanted(&self) -> Wanted {
        let start = match (self.at, &self.reading) {
            (Some(at), _) => Start::After(at),
            (None, Some(reading)) => reading.start,
            (None, None) => Start::Top,
        };
        Wanted { stream: self.key.clone(), start }
    }

    /// A live event. True: rows are needed now.
    pub(crate) fn live(&mut self, event: Arc<RenderedEvent>, max_held: usize, out: &mut Sent) -> bool {
        if let Some(reading) = &mut self.reading {
            reading.hold(self.at, event, max_held);
            return false;
        }
        let Some(at) = &mut self.at else { return false };
        match place(*at, event.position()) {
            Place::Seen => false,
            Place::Next => {
                at.offset += 1;
                out.push(event);
                false
            }
            Place::Later => {
                let mut reading = Reading::new(Start::After(*at));
                reading.held.push(event);
                self.reading = Some(reading);
                true
            }
            // Which incarnation is the stream's, only the store knows.
            Place::Foreign => {
                self.reading = Some(Reading::new(Start::After(*at)));
                true
            }
        }
    }

    /// Somebody says where the stream stands. True: rows are needed now.
    pub(crate) fn hint(&mut self, head: &StreamHead) -> bool {
        let (behind, foreign) = match self.at {
            Some(at) => (head.epoch == at.epoch && head.top > at.offset, head.epoch != at.epoch),
            None => (false, true),
        };
        match (&mut self.reading, self.at) {
            (Some(reading), _) => {
                reading.again |= foreign;
                if behind {
                    reading.reaches = reading.reaches.max(head.top);
                }
                false
            }
            (None, Some(at)) if behind || foreign => {
                self.reading = Some(Reading::new(Start::After(at)));
                true
            }
            (None, _) => false,
        }
    }

    /// The store's answer: appends what was missed to `out`. True: the client must be told that it missed something for
    /// good. [`settle`](Self::settle) comes next. An answer that nobody waits for is ignored.
    pub(crate) fn answer(&mut self, attached: &Attached, out: &mut Sent) -> bool {
        if self.reading.is_none() {
            return false;
        }
        let start = self.wanted().start;
        if attached.recovered {
            let mut at = match self.at {
                Some(at) => at,
                None => Position { epoch: attached.epoch, offset: 0 },
            };
            for event in &attached.missed {
                if matches!(place(at, event.position()), Place::Next) {
                    at.offset += 1;
                    out.push(Arc::clone(event));
                }
            }
            if at == (Position { epoch: attached.epoch, offset: attached.top }) {
                self.at = Some(at);
                return false;
            }
        }
        if let Some(reading) = &mut self.reading
            && self.at.is_some_and(|at| at.epoch != attached.epoch)
        {
            // Said of an incarnation that is gone.
            reading.reaches = 0;
        }
        self.at = Some(Position { epoch: attached.epoch, offset: attached.top });
        !matches!(start, Start::Top)
    }

    /// Places what was held back, after an answer; `progressed` says whether that answer brought anything. True: rows
    /// are needed once more, now. An answer that brought nothing is asked for again only after a pause.
    pub(crate) fn settle(&mut self, progressed: bool, now: Timestamp, out: &mut Sent) -> bool {
        let (Some(mut reading), Some(mut at)) = (self.reading.take(), self.at) else { return false };
        let mut held = std::mem::take(&mut reading.held);
        held.sort_by_key(|event| event.position().offset);
        for event in held {
            match place(at, event.position()) {
                Place::Seen => {}
                Place::Next => {
                    at.offset += 1;
                    out.push(event);
                }
                Place::Later => reading.held.push(event),
                Place::Foreign => reading.again = true,
            }
        }
        self.at = Some(at);
        if reading.held.is_empty() && !reading.again && reading.reaches <= at.offset {
            return false;
        }
        reading.again = false;
        reading.start = Start::After(at);
        if progressed {
            (reading.failures, reading.fruitless, reading.retry_at) = (0, 0, None);
        } else {
            reading.fruitless += 1;
            if reading.fruitless >= FRUITLESS {
                return false;
            }
            reading.back_off(now);
        }
        self.reading = Some(reading);
        progressed
    }

    /// The store couldn't answer.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        if let Some(reading) = &mut self.reading {
            reading.back_off(now);
        }
    }

    /// Whether the pause after a failure is over; rows are needed then.
    pub(crate) fn retry_due(&mut self, now: Timestamp) -> bool {
        match &mut self.reading {
            Some(reading) if reading.retry_at.is_some_and(|at| at <= now) => {
                reading.retry_at = None;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let retry = self.reading.as_ref().and_then(|reading| reading.retry_at);
        retry.into_iter().chain(self.ends_at).min()
    }

    /// Where the client stands, for a resync.
    pub(crate) const fn position(&self) -> Option<Position> {
        self.at
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.reading.as_ref().map_or(0, |reading| reading.held.len())
    }
}

#[cfg(test)]
mod tests;
