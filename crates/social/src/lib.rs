//! Presence of shallweplay: whether players are there, what they are doing, and who may know.
//!
//! Presence is stored nowhere: [`compose`] derives it from sockets ([`Reach`](kernel::Reach)) and
//! [`Engagement`](kernel::Engagement), for one [`Sight`] of it. All is pure: time comes in.
//!
//! What always holds:
//! - To a viewer who may not know, a player looks like one who never came: [`Presence::HIDDEN`].
//! - Which game somebody is in, and whether it can be joined, is seen by friends only.
//! - A socket that comes back within [`GRACE`] was never away: nobody is told of the gap.
//! - When exactly somebody was last seen is told to nobody; only in which [`LastSeen`] bucket.
//!
//! ```
//! use kernel::{Engagement, Reach, Timestamp};
//! use shallweplay_social::{Facts, GRACE, LastSeen, Sight, Status, compose};
//!
//! let left_at = Timestamp::from_millis(1_767_225_600_000);
//! let reach = Reach { online: false, away: false, changed_at: Some(left_at) };
//! let facts = Facts { reach, engagement: Engagement::Idle, open_seat: false };
//!
//! assert_eq!(compose(&facts, Sight::Friend, left_at, GRACE).status, Status::Online);
//! let later = compose(&facts, Sight::Friend, left_at + GRACE, GRACE);
//! assert_eq!((later.status, later.last_seen), (Status::Offline, Some(LastSeen::Hour)));
//! ```

mod event;
mod presence;

pub use event::{PresenceEvent, changed, topic};
pub use presence::{Facts, GRACE, LastSeen, Presence, Sight, Status, compose, due};
