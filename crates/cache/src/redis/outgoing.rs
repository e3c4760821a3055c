use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

/// Messages on their way to Redis, bounded in number and bytes.
#[derive(Default)]
pub(crate) struct Outgoing(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    messages: VecDeque<(String, Bytes)>,
    bytes: usize,
    /// Something was dropped that the other replicas have not been told of.
    lost: bool,
}

/// What to send in one round trip.
pub(crate) struct Batch {
    pub(crate) messages: Vec<(String, Bytes)>,
    /// Tell the others that something before this was lost.
    pub(crate) lost: bool,
}

impl Outgoing {
    const MESSAGES: usize = 8_192;
    const BYTES: usize = 8 << 20;
    const BATCH_MESSAGES: usize = 256;
    const BATCH_BYTES: usize = 256 << 10;

    /// Puts a message last; says how many of the oldest had to go for it.
    pub(crate) fn push(&self, topic: &str, payload: Bytes) -> usize {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.bytes += payload.len();
        queue.messages.push_back((topic.to_owned(), payload));
        let mut dropped = 0;
        while queue.messages.len() > Self::MESSAGES || (queue.bytes > Self::BYTES && queue.messages.len() > 1) {
            queue.bytes -= queue.messages.pop_front().map_or(0, |(_, payload)| payload.len());
            dropped += 1;
        }
        queue.lost |= dropped > 0;
        dropped
    }

    /// Takes the oldest messages, as many as one round trip should carry.
    pub(crate) fn batch(&self) -> Option<Batch> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while messages.len() < Self::BATCH_MESSAGES
            && let Some((_, payload)) = queue.messages.front()
            && (messages.is_empty() || bytes + payload.len() <= Self::BATCH_BYTES)
        {
            bytes += payload.len();
            messages.extend(queue.messages.pop_front());
        }
        queue.bytes -= bytes;
        let lost = std::mem::take(&mut queue.lost);
        (lost || !messages.is_empty()).then_some(Batch { messages, lost })
    }

    /// What was taken, or was never put in, did not go out.
    pub(crate) fn lose(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lost = true;
    }

    /// Messages waiting.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_oldest_and_says_so_once() {
        let outgoing = Outgoing::default();
        let dropped: usize = (0..Outgoing::MESSAGES + 3).map(|at| outgoing.push(&at.to_string(), Bytes::new())).sum();
        assert_eq!((dropped, outgoing.len()), (3, Outgoing::MESSAGES));
        let first = outgoing.batch().expect("there are messages");
        assert!(first.lost);
        assert_eq!(first.messages.first().map(|(topic, _)| topic.as_str()), Some("3"));
        assert_eq!(first.messages.len(), Outgoing::BATCH_MESSAGES);
        assert!(!outgoing.batch().expect("there are more").lost);
    }

    #[test]
    fn is_bounded_in_bytes_and_batches_by_them() {
        let outgoing = Outgoing::default();
        let big = Bytes::from(vec![0; 200 << 10]);
        let dropped: usize = (0..60).map(|_| outgoing.push("t", big.clone())).sum();
        assert!(dropped > 0);
        assert!(outgoing.len() * big.len() <= Outgoing::BYTES);
        assert_eq!(outgoing.batch().expect("there are messages").messages.len(), 1);
    }

    #[test]
    fn a_loss_is_told_even_when_nothing_else_is_to_be_sent() {
        let outgoing = Outgoing::default();
        assert!(outgoing.batch().is_none());
        outgoing.lose();
        assert!(outgoing.batch().is_some_and(|batch| batch.lost && batch.messages.is_empty()));
        assert!(outgoing.batch().is_none());
    }
}
