//! Quick Match: tickets, queues, and who meets whom.
//!
//! - A **ticket** is a player's, or a party's, place in one mode's queue: `searching → matched`, in modes with a ready check
//!   by way of `proposed`; or `cancelled`, `expired` or `failed`. Making one takes the players' engagements in the same
//!   commit, so nobody waits twice or while in a game ([`Matchmaking`]).
//! - A **proposal** is the ready check: the first answer of each is final, and one no is enough ([`Proposal`]).
//! - A **party** queues as one ticket and outlives its players' connections ([`Party`]).
//! - The **matcher** decides who meets whom and when: growing windows around ratings, matched the moment they touch, for
//!   every shape of game ([`Matcher`]); pure, usable alone.
//! - Each mode's queue has one **leader** among all replicas ([`ShardLeader`]). It holds the matcher; a claim, one fenced
//!   transaction over both tickets, both players and the new game, decides. Leaders may die, stall or overlap: nobody
//!   gets into two games, no ticket is lost.
//!
//! Invariants, and the tests that hold them: no two compatible tickets wait at rest (`tests/matcher.rs`); tickets are
//! conserved, a player is in one live match at most, a stale leader changes nothing, an acknowledged cancel is never
//! matched, waiting is bounded (`tests/world.rs`); what a store must do (the `contract` feature).
//!
//! ```
//! use kernel::{IdSource, PlayerId, SeededIds, TicketId, Timestamp};
//! use shallweplay_matchmaking::{Candidate, Matcher, Member, Shape, Tuning};
//!
//! let (ids, start) = (SeededIds::new(7), Timestamp::from_millis(1_700_000_000_000));
//! let ticket = |rating, created_at: Timestamp| Candidate {
//!     id: TicketId::new(ids.uuid(created_at)),
//!     members: vec![Member { player: PlayerId::new(ids.uuid(created_at)), rating, deviation: 80.0 }],
//!     created_at,
//!     expires_at: created_at.plus_millis(120_000),
//!     latencies: Default::default(),
//!     attributes: Default::default(),
//! };
//! let mut matcher = Matcher::new(Shape::duel(), Tuning::default());
//! matcher.insert(ticket(1480.0, start), start);
//! matcher.insert(ticket(1720.0, start), start);
//! assert!(matcher.matches(start).is_empty(), "240 points apart: not yet");
//! let touch = matcher.next_touch().expect("they will meet");
//! assert!(touch < start.plus_millis(60_000));
//! assert_eq!(matcher.matches(touch).len(), 1);
//! ```

mod change;
mod decide;
mod error;
mod event;
mod hint;
mod leader;
pub mod matcher;
pub mod memory;
mod model;
mod party;
mod ports;
mod proposal;
mod reach;
mod service;
#[cfg(feature = "simulate")]
pub mod simulate;
mod store;
pub mod wait;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use change::{Change, Claim, ClaimedTicket, Makes, PartyChange, ProposalChange, TicketChange};
pub use error::Error;
pub use event::{
    MatchFound, MatchProposed, PartyInvited, PartyMemberSnapshot, PartySnapshot, PartyState, PartyUpdated,
    ProposedPlayer, TicketSnapshot, TicketUpdated,
};
pub use hint::{Hint, Waits};
pub use leader::{LeaderPorts, ShardLeader, Step};
pub use matcher::{AttributeRule, Candidate, Explanation, Group, Matcher, Member, Rule, Shape, Waiting};
pub use model::{
    Alternative, AlternativeKind, Due, Ended, QueueCount, RecentWait, Status, Ticket, TicketPosition, WaitEstimate,
    Wishes,
};
pub use party::{Party, PartyInvite, PartyMember, Queued, Waited};
pub use ports::{Modes, QueueSpec, Rating, Ratings};
pub use proposal::{Answer, Proposal, ProposalSeat, ProposalStatus};
pub use reach::Tuning;
pub use service::{
    Explained, Join, Leaders, Matchmaking, MatchmakingPorts, NoLeaders, PartyView, Queue, Removed, Settings,
};
pub use store::{PartyStore, ProposalStore, TicketStore};
