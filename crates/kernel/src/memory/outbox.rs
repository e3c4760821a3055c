//! The outbox and the streams it feeds.

use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryKernel, Stream};
use crate::{
    IdSource, Outbox, OutboxLag, OutboxRow, StoreError, StreamEvent, StreamHead, StreamKey, Streams, Timestamp,
};

#[async_trait]
impl Outbox for MemoryKernel {
    async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut held_back: Vec<String> = Vec::new();
        let mut claimed = Vec::new();
        for pending in state.outbox.values_mut().filter(|p| p.done_at.is_none()) {
            if i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= limit {
                break;
            }
            let aggregate = &pending.row.event.aggregate;
            if pending.claimed_until > now {
                held_back.push(aggregate.clone());
            } else if !held_back.contains(aggregate) {
                pending.claimed_until = now + lease;
                claimed.push(pending.row.clone());
                pending.row.attempts += 1;
            }
        }
        Ok(claimed)
    }

    async fn complete(&self, rows: &[OutboxRow]) -> Result<Vec<StreamEvent>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut appended = Vec::new();
        for row in rows {
            match state.outbox.get_mut(&row.seq) {
                Some(pending) if pending.done_at.is_none() => pending.done_at = Some(now),
                _ => continue,
            }
            for key in &row.event.audience {
                let stream = state.streams.entry(key.clone()).or_insert_with(|| fresh(&*self.ids, now));
                stream.top += 1;
                let event = StreamEvent {
                    stream: key.clone(),
                    epoch: stream.epoch,
                    offset: stream.top,
                    event_id: row.event.id,
                    kind: row.event.kind.clone(),
                    data: row.event.data.clone(),
                    at: row.event.at,
                };
                stream.events.push(event.clone());
                appended.push(event);
            }
        }
        appended.sort_by(|a, b| (&a.stream, a.offset).cmp(&(&b.stream, b.offset)));
        Ok(appended)
    }

    async fn lag(&self) -> Result<OutboxLag, StoreError> {
        let state = self.lock();
        let mut waiting = state.outbox.values().filter(|p| p.done_at.is_none());
        let oldest = waiting.clone().map(|p| p.row.event.at).min();
        Ok(OutboxLag { pending: waiting.by_ref().count().try_into().unwrap_or(i64::MAX), oldest })
    }

    async fn purge_done(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let old: Vec<_> = state
            .outbox
            .iter()
            .filter(|(_, p)| p.done_at.is_some_and(|at| at < before))
            .map(|(seq, _)| *seq)
            .take(limit)
            .collect();
        for seq in &old {
            state.outbox.remove(seq);
        }
        Ok(old.len())
    }
}

fn fresh(ids: &dyn IdSource, now: Timestamp) -> Stream {
    Stream { epoch: ids.uuid(now), top: 0, events: Vec::new() }
}

#[async_trait]
impl Streams for MemoryKernel {
    async fn heads(&self, streams: &[StreamKey]) -> Result<Vec<StreamHead>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let head = |key: &StreamKey| {
            let stream = state.streams.entry(key.clone()).or_insert_with(|| fresh(&*self.ids, now));
            StreamHead { stream: key.clone(), epoch: stream.epoch, top: stream.top }
        };
        Ok(streams.iter().map(head).collect())
    }

    async fn read(&self, stream: &StreamKey, after: i64, limit: i64) -> Result<Vec<StreamEvent>, StoreError> {
        let state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let events = state.streams.get(stream).map(|s| s.events.as_slice()).unwrap_or_default();
        Ok(events.iter().filter(|event| event.offset > after).take(limit).cloned().collect())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut left = usize::try_from(limit).unwrap_or(0);
        let mut gone = 0;
        for stream in self.lock().streams.values_mut() {
            let old = stream.events.iter().take_while(|event| event.at < before).count().min(left);
            stream.events.drain(..old);
            (left, gone) = (left - old, gone + old);
        }
        Ok(gone)
    }

    async fn forget(&self, stream: &StreamKey) -> Result<(), StoreError> {
        if let Some(stream) = self.lock().streams.get_mut(stream) {
            stream.events.clear();
        }
        Ok(())
    }
}
