use kernel::{EventId, PlayerId, StreamEvent};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;

const HELD: usize = 4;

fn stream() -> StreamKey {
    StreamKey::player(PlayerId::new(Uuid::from_u128(1)))
}

fn row(epoch: u128, offset: i64) -> Arc<RenderedEvent> {
    let event = StreamEvent {
        stream: stream(),
        epoch: Uuid::from_u128(epoch),
        offset,
        event_id: EventId::new(Uuid::from_u128(3)),
        kind: "k".into(),
        data: Value::Null,
        at: at(0),
    };
    Arc::new(RenderedEvent::new(&event, &event.data))
}

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

const fn position(epoch: u128, offset: i64) -> Position {
    Position { epoch: Uuid::from_u128(epoch), offset }
}

/// What the store would answer now.
fn answer(epoch: u128, top: i64, purged: i64, start: Start) -> Attached {
    let after = match start {
        Start::Top => None,
        Start::Beginning => Some(0),
        Start::After(at) => (at.epoch == Uuid::from_u128(epoch)).then_some(at.offset),
    };
    let after = after.filter(|after| (purged..=top).contains(after));
    let missed = after.map_or_else(Vec::new, |after| (after + 1..=top).map(|offset| row(epoch, offset)).collect());
    Attached { stream: stream(), epoch: Uuid::from_u128(epoch), top, recovered: after.is_some(), missed }
}

/// A follow that stands live at this position.
fn live_at(epoch: u128, offset: i64) -> Follow {
    let mut follow = Follow::new(stream(), Start::Top);
    assert!(!follow.answer(&answer(epoch, offset, 0, Start::Top), &mut Vec::new()));
    assert!(!follow.settle(true, at(0), &mut Vec::new()));
    follow
}

fn offsets(sent: &Sent) -> Vec<i64> {
    sent.iter().map(|event| event.position().offset).collect()
}

#[test]
fn sends_the_next_and_drops_what_was_seen() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    for offset in [5, 6, 6, 4, 7] {
        assert!(!follow.live(row(7, offset), HELD, &mut sent));
    }
    assert_eq!(offsets(&sent), [6, 7]);
}

#[test]
fn a_gap_is_read_once_and_what_came_later_is_merged() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(7, 8), HELD, &mut sent), "6 and 7 are missing");
    assert!(!follow.live(row(7, 9), HELD, &mut sent), "asked already");
    assert!(!follow.live(row(7, 7), HELD, &mut sent));
    assert_eq!(follow.wanted().start, Start::After(position(7, 5)));
    assert!(!follow.answer(&answer(7, 8, 0, follow.wanted().start), &mut sent));
    assert!(!follow.settle(true, at(0), &mut sent));
    assert_eq!(offsets(&sent), [6, 7, 8, 9]);
}

#[test]
fn rows_that_are_gone_are_told_and_events_go_on() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(7, 9), HELD, &mut sent));
    assert!(follow.answer(&answer(7, 9, 7, follow.wanted().start), &mut sent), "6 and 7 are purged");
    assert!(!follow.settle(true, at(0), &mut sent));
    assert!(!follow.live(row(7, 10), HELD, &mut sent));
    assert_eq!(offsets(&sent), [10]);
}

#[test]
fn what_is_held_is_bounded_and_read_instead() {
    let (mut follow, mut sent) = (live_at(7, 0), Vec::new());
    assert!(follow.live(row(7, 2), HELD, &mut sent));
    for offset in 3..100 {
        assert!(!follow.live(row(7, offset), HELD, &mut sent));
        assert!(follow.held() <= HELD);
    }
    // The read began early and saw little.
    assert!(!follow.answer(&answer(7, 2, 0, follow.wanted().start), &mut sent));
    assert!(follow.settle(true, at(0), &mut sent), "what had no room must be read");
    assert!(!follow.answer(&answer(7, 99, 0, follow.wanted().start), &mut sent));
    assert!(!follow.settle(true, at(0), &mut sent));
    assert_eq!(offsets(&sent), (1..100).collect::<Vec<_>>());
}

#[test]
fn another_incarnation_is_believed_only_from_the_store() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(6, 3), HELD, &mut sent), "a straggler or the truth: ask");
    assert!(!follow.answer(&answer(7, 5, 0, follow.wanted().start), &mut sent), "a straggler");
    assert!(!follow.settle(false, at(0), &mut sent));
    assert!(follow.live(row(8, 1), HELD, &mut sent));
    assert!(follow.answer(&answer(8, 1, 0, follow.wanted().start), &mut sent), "the truth");
    assert!(!follow.settle(true, at(0), &mut sent));
    assert!(!follow.live(row(8, 2), HELD, &mut sent));
    assert_eq!(offsets(&sent), [2]);
}

#[test]
fn another_incarnation_seen_while_a_read_is_under_way_is_asked_about() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(7, 7), HELD, &mut sent));
    let older = answer(7, 7, 0, follow.wanted().start);
    assert!(!follow.live(row(8, 1), HELD, &mut sent), "restored while the answer is on its way");
    assert!(!follow.answer(&older, &mut sent));
    assert!(follow.settle(true, at(0), &mut sent));
    assert!(follow.answer(&answer(8, 1, 0, follow.wanted().start), &mut sent));
    assert!(!follow.settle(true, at(0), &mut sent));
    assert_eq!(offsets(&sent), [6, 7]);
    assert_eq!(follow.position(), Some(position(8, 1)));
}

#[test]
fn hints_find_a_lost_tail_even_while_a_read_is_under_way() {
    let head = |top| StreamHead { stream: stream(), epoch: Uuid::from_u128(7), top };
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(!follow.hint(&head(5)));
    assert!(follow.hint(&head(6)));
    assert!(!follow.hint(&head(8)));
    assert!(!follow.answer(&answer(7, 6, 0, follow.wanted().start), &mut sent));
    assert!(follow.settle(true, at(0), &mut sent), "8 was said to exist");
    assert!(!follow.answer(&answer(7, 8, 0, follow.wanted().start), &mut sent));
    assert!(!follow.settle(true, at(0), &mut sent));
    assert_eq!(offsets(&sent), [6, 7, 8]);
}

#[test]
fn a_hint_outlives_an_answer_that_is_older() {
    let head = |top| StreamHead { stream: stream(), epoch: Uuid::from_u128(7), top };
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.hint(&head(7)));
    let older = answer(7, 7, 7, follow.wanted().start);
    assert!(!follow.hint(&head(8)), "while the answer is on its way");
    assert!(follow.answer(&older, &mut sent), "6 and 7 are purged");
    assert!(follow.settle(true, at(0), &mut sent), "8 isn't");
    assert!(!follow.answer(&answer(7, 8, 7, follow.wanted().start), &mut sent));
    assert_eq!(offsets(&sent), [8]);
}

#[test]
fn failures_and_empty_answers_are_repeated_ever_more_slowly() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(7, 8), HELD, &mut sent));
    follow.failed(at(0));
    assert_eq!(follow.wake_at(), Some(at(500)));
    assert!(!follow.retry_due(at(499)) && follow.retry_due(at(500)) && !follow.retry_due(at(501)));
    // A store that doesn't show the row yet.
    assert!(!follow.answer(&answer(7, 5, 0, follow.wanted().start), &mut sent));
    assert!(!follow.settle(false, at(500), &mut sent), "not at once");
    assert_eq!(follow.wake_at(), Some(at(1_500)));
    for _ in 0..40 {
        follow.failed(at(0));
    }
    assert_eq!(follow.wake_at(), Some(at(8_000)));
}

#[test]
fn what_the_store_keeps_denying_is_given_up() {
    let (mut follow, mut sent) = (live_at(7, 5), Vec::new());
    assert!(follow.live(row(7, 8), HELD, &mut sent), "from the seconds a database lost");
    let mut reads = 0;
    while follow.is_reading() {
        assert!(!follow.answer(&answer(7, 5, 0, follow.wanted().start), &mut sent));
        assert!(!follow.settle(false, at(0), &mut sent));
        reads += 1;
    }
    assert_eq!(reads, 5);
    assert!(!follow.live(row(7, 6), HELD, &mut sent));
    assert_eq!(offsets(&sent), [6]);
}

#[derive(Debug, Clone)]
enum Op {
    Append,
    Arrive { back: usize },
    Purge,
    Restore,
    Hint,
    Answer,
    Fail,
    Wait,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => Just(Op::Append),
        8 => (0_usize..6).prop_map(|back| Op::Arrive { back }),
        1 => Just(Op::Purge),
        1 => Just(Op::Restore),
        2 => Just(Op::Hint),
        6 => Just(Op::Answer),
        1 => Just(Op::Fail),
        2 => Just(Op::Wait),
    ];
    prop::collection::vec(op, 0..120)
}

/// The store's truth, everything that was ever published, and a client that knows what it was told.
struct World {
    epoch: u128,
    top: i64,
    purged: i64,
    published: Vec<Arc<RenderedEvent>>,
    follow: Follow,
    client: Option<Position>,
    asked: bool,
    now: Timestamp,
}

impl World {
    fn heard(&mut self, sent: &Sent) {
        for event in sent {
            let next = self.client.map(|at| Position { offset: at.offset + 1, ..at });
            assert_eq!(Some(event.position()), next, "the next event, or a resync before");
            self.client = next;
        }
    }

    fn answer(&mut self) {
        if !std::mem::take(&mut self.asked) {
            return;
        }
        let (first, mut sent) = (self.client.is_none(), Vec::new());
        let told = answer(self.epoch, self.top, self.purged, self.follow.wanted().start);
        let lost = self.follow.answer(&told, &mut sent);
        self.heard(&sent);
        if first || lost {
            self.client = self.follow.position();
        }
        let mut placed = Vec::new();
        self.asked = self.follow.settle(first || lost || !sent.is_empty(), self.now, &mut placed);
        self.heard(&placed);
    }

    fn step(&mut self, op: &Op) {
        let mut sent = Vec::new();
        match op {
            Op::Append => {
                self.top += 1;
                self.published.push(row(self.epoch, self.top));
            }
            Op::Arrive { back } => {
                if let Some(event) = self.published.iter().rev().nth(*back) {
                    self.asked |= self.follow.live(Arc::clone(event), HELD, &mut sent);
                }
            }
            Op::Purge => self.purged = self.top,
            Op::Restore => (self.epoch, self.top, self.purged) = (self.epoch + 1, 0, 0),
            Op::Hint => {
                let head = StreamHead { stream: stream(), epoch: Uuid::from_u128(self.epoch), top: self.top };
                self.asked |= self.follow.hint(&head);
            }
            Op::Answer => self.answer(),
            Op::Fail => {
                if std::mem::take(&mut self.asked) {
                    self.follow.failed(self.now);
                }
            }
            Op::Wait => {
                self.now = self.now.plus_millis(1_000);
                self.asked |= self.follow.retry_due(self.now);
            }
        }
        self.heard(&sent);
        assert!(self.follow.held() <= HELD);
    }
}

proptest! {
    #[test]
    fn never_a_silent_gap_and_in_the_end_everything(ops in ops()) {
        let mut world = World {
            epoch: 1, top: 0, purged: 0, published: Vec::new(), follow: Follow::new(stream(), Start::Top), client: None,
            asked: true, now: at(0),
        };
        for op in &ops {
            world.step(op);
        }
        // The store answers again and the poll goes on: liveness.
        for op in [Op::Hint, Op::Answer, Op::Wait].iter().cycle().take(60) {
            world.step(op);
        }
        prop_assert_eq!(world.client, Some(position(world.epoch, world.top)));
        prop_assert!(!world.follow.is_reading());
    }
}
