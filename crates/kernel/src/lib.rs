//! What every domain crate of shallweplay stands on.
//!
//! The kernel holds values (typed ids, [`Timestamp`], [`Page`], [`Event`]) and the ports that no single domain owns:
//! [`Clock`], [`IdSource`], [`Outbox`], [`Streams`], [`Engagements`], [`Connections`], [`Receipts`], [`Leases`],
//! [`Blocks`], [`AuditLog`], [`Approval`], [`Cache`], [`Bus`] and [`RateLimiter`]. Beside each port stands its fake, so
//! that a domain crate can be used alone.
//!
//! **One command, one commit.** A domain decides on a value and returns a change; its store applies all of it in one
//! transaction together with the [`Riders`]: events into the outbox, engagements, a game to open, and the receipt that
//! makes a retry harmless.
//!
//! ```
//! use shallweplay_kernel::{Clock, FakeClock, IdSource, PlayerId, SeededIds, Timestamp};
//!
//! let clock = FakeClock::at(Timestamp::from_millis(1_700_000_000_000));
//! let ids = SeededIds::new(7);
//! let player = PlayerId::new(ids.uuid(clock.now()));
//! clock.advance_millis(250);
//! assert_eq!(clock.now().to_rfc3339(), "2023-11-14T22:13:20.250Z");
//! assert_eq!(player.to_string().len(), 36);
//! ```

mod approval;
mod audit;
mod blocks;
mod bus;
mod cache;
mod clock;
mod connections;
mod engagement;
mod error;
mod event;
mod game_spec;
mod id;
mod id_source;
mod lease;
mod limiter;
pub mod memory;
mod outbox;
mod page;
mod receipt;
mod riders;
mod stream;
mod timestamp;

#[cfg(feature = "contract")]
pub mod contract;

pub use approval::{Approval, ApprovalRequest, Approved, FixedApproval};
pub use audit::{AuditEntry, AuditLog};
pub use blocks::{Block, BlockChange, Blocks};
pub use bus::{Bus, BusMessage, Handler, Subscription};
pub use cache::{Cache, CacheKey, CacheOutcome, FillToken, Lookup};
pub use clock::{Clock, FakeClock, TimeSource};
pub use connections::{Connections, Reach, SilentReplica};
pub use engagement::{CoolDown, Engage, Engagement, Engagements};
pub use error::{BoxError, ErrorKind, FieldError, Refusal, StoreError};
pub use event::{Event, EventId};
pub use game_spec::{GameSpec, RosterSeat, SessionSecret};
pub use id::{GameId, InviteId, PartyId, PlayerId, ProposalId, SessionId, TicketId};
pub use id_source::{IdSource, SeededIds};
pub use lease::{Fence, Lease, Leases};
pub use limiter::{Decision, Quota, RateLimiter};
pub use outbox::{Outbox, OutboxLag, OutboxRow};
pub use page::{Cursor, CursorError, CursorKey, Page, PageLimit};
pub use receipt::{Receipt, ReceiptKey, ReceiptRecord, ReceiptReply, Receipts};
pub use riders::{Commit, Riders};
pub use stream::{StreamEvent, StreamHead, StreamKey, Streams};
pub use timestamp::Timestamp;

/// Optimistic version of a stored aggregate. `Version::NEW` says that the row must not exist yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

impl Version {
    /// The version of something that was never stored.
    pub const NEW: Self = Self(0);

    /// The version that a commit decided on this one writes.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
