//! Where a client stands in a stream, and whether what it missed can still be given to it.

use std::sync::Arc;

use kernel::{StoreError, StreamEvent, StreamHead, StreamKey, Streams};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::{EventRenderer, RenderedEvent};

/// A place in a stream: everything up to and including `offset` has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The stream's incarnation.
    pub epoch: Uuid,
    /// Offset of the last event seen; 0 before the first.
    pub offset: i64,
}

/// Where following begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what comes from now on.
    Top,
    /// With the first event there ever was.
    Beginning,
    /// After what the client has.
    After(Position),
}

/// A stream to follow, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The stream.
    pub stream: StreamKey,
    /// From where.
    pub start: Start,
}

/// What came of wanting a stream.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The stream.
    pub stream: StreamKey,
    /// Its incarnation now.
    pub epoch: Uuid,
    /// Offset of its newest event; with `recovered`, of the last one in `missed`, if any.
    pub top: i64,
    /// Whether `missed` holds everything from the wanted start to `top`.
    pub recovered: bool,
    /// What was missed, gapless and in order; empty unless `recovered`.
    pub missed: Vec<Arc<RenderedEvent>>,
}

/// The offset from which rows are needed to decide, or `None` where the head alone decides.
#[must_use]
pub fn rows_after(start: Start, head: &StreamHead) -> Option<i64> {
    match start {
        Start::Top => None,
        Start::Beginning => (head.top > 0).then_some(0),
        Start::After(at) => (at.epoch == head.epoch && (0..head.top).contains(&at.offset)).then_some(at.offset),
    }
}

/// Whether `rows`, read after [`rows_after`] and after `head`, bring a client from `start` to the stream's end: the same
/// incarnation, nothing purged in between, and at most `most` events. The answer is the offset it then stands at.
///
/// A position beyond the stream's top, as after the loss of a database's last seconds, is not recovered.
#[must_use]
pub fn decide(start: Start, head: &StreamHead, rows: &[StreamEvent], most: usize) -> Option<i64> {
    let after = match start {
        Start::Top => return None,
        Start::Beginning => 0,
        Start::After(at) if at.epoch == head.epoch && (0..=head.top).contains(&at.offset) => at.offset,
        Start::After(_) => return None,
    };
    let gapless = (after + 1..).zip(rows).all(|(offset, row)| row.offset == offset && row.epoch == head.epoch);
    let reached = after + i64::try_from(rows.len()).ok()?;
    (gapless && rows.len() <= most && reached >= head.top).then_some(reached)
}

/// Reads the heads and the missed rows of the streams that a session wants and renders what it missed. The session must
/// be subscribed to them **before**, so that nothing falls between the rows and what is live.
///
/// # Errors
/// What the store answers; [`StoreError::Broken`] when the renderer leaves rows out.
pub async fn attach(
    streams: &dyn Streams,
    renderer: &dyn EventRenderer,
    wanted: &[Wanted],
    most: usize,
) -> Result<Vec<Attached>, StoreError> {
    let keys: Vec<_> = wanted.iter().map(|wanted| wanted.stream.clone()).collect();
    let heads = streams.heads(&keys).await?;
    let mut attached = Vec::with_capacity(wanted.len());
    for (wanted, head) in wanted.iter().zip(heads) {
        let rows = match rows_after(wanted.start, &head) {
            // One more than may be given tells "too many" from "just enough".
            Some(after) => streams.read(&wanted.stream, after, i64::try_from(most).unwrap_or(i64::MAX) + 1).await?,
            None => Vec::new(),
        };
        let reached = decide(wanted.start, &head, &rows, most);
        let missed = match reached {
            Some(_) if !rows.is_empty() => renderer.render(&rows).await,
            _ => Vec::new(),
        };
        if reached.is_some() && missed.len() != rows.len() {
            return Err(StoreError::broken("the renderer left events of a stream out"));
        }
        attached.push(Attached {
            stream: head.stream,
            epoch: head.epoch,
            top: reached.unwrap_or(head.top),
            recovered: reached.is_some(),
            missed,
        });
    }
    Ok(attached)
}

#[cfg(test)]
mod tests {
    use kernel::{EventId, PlayerId, Timestamp};
    use serde_json::Value;

    use super::*;

    const MOST: usize = 4;

    fn epoch(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn rows(offsets: std::ops::RangeInclusive<i64>) -> Vec<StreamEvent> {
        let row = |offset| StreamEvent {
            stream: StreamKey::player(PlayerId::new(epoch(1))),
            epoch: epoch(7),
            offset,
            event_id: EventId::new(epoch(2)),
            kind: "k".into(),
            data: Value::Null,
            at: Timestamp::from_millis(0),
        };
        offsets.map(row).collect()
    }

    #[test]
    fn recovers_only_what_is_gapless_same_and_not_too_much() {
        let after = |offset| Start::After(Position { epoch: epoch(7), offset });
        let other = Start::After(Position { epoch: epoch(8), offset: 3 });
        #[expect(clippy::reversed_empty_ranges, reason = "no rows")]
        let none = 1..=0;
        for (case, start, top, rows_read, expected) in [
            ("nothing missed", after(10), 10, none.clone(), Some(10)),
            ("all there", after(8), 10, 9..=10, Some(10)),
            ("the stream went on while we read", after(8), 10, 9..=12, Some(12)),
            ("the first is purged", after(7), 10, 9..=10, None),
            ("the first is purged and as many came since", after(7), 10, 9..=11, None),
            ("all are purged", after(7), 10, none.clone(), None),
            ("the end isn't visible", after(7), 10, 8..=9, None),
            ("exactly as many as may be", after(6), 10, 7..=10, Some(10)),
            ("one too many", after(5), 10, 6..=10, None),
            ("beyond the top", after(11), 10, none.clone(), None),
            ("negative", after(-1), 10, none.clone(), None),
            ("another incarnation", other, 10, none.clone(), None),
            ("no position", Start::Top, 10, none.clone(), None),
            ("the beginning of an empty stream", Start::Beginning, 0, none.clone(), Some(0)),
            ("the beginning", Start::Beginning, 2, 1..=2, Some(2)),
            ("the beginning is purged", Start::Beginning, 2, 2..=2, None),
        ] {
            let head = StreamHead { stream: StreamKey::player(PlayerId::new(epoch(1))), epoch: epoch(7), top };
            assert_eq!(decide(start, &head, &rows(rows_read.clone()), MOST), expected, "{case}");
            if expected.is_some() && rows_after(start, &head).is_none() {
                assert!(rows_read.is_empty(), "{case}: would have needed rows");
            }
        }
    }

    #[test]
    fn rows_of_another_incarnation_are_not_given() {
        let head = StreamHead { stream: StreamKey::player(PlayerId::new(epoch(1))), epoch: epoch(9), top: 2 };
        assert_eq!(decide(Start::Beginning, &head, &rows(1..=2), MOST), None);
    }
}
