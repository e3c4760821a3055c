//! Friends of shallweplay: requests, friendships, blocks, invite links and the interaction policy.
//!
//! Everything between two players is one [`Relation`] with one version, so that whatever races (two requests that
//! cross, an accept against a cancel or a block) is decided by compare-and-set: one wins, the other is decided anew on
//! what the first left. A request that crosses one makes friends. A decline is silent: the asker goes on seeing the
//! request, and asking again tells nobody for a while. Requests and declines lapse by time; what is stored follows
//! ([`Friends::sweep`]).
//!
//! What always holds:
//! - A friendship is there for both or for neither, once, and never across a block.
//! - Nobody has more friends or outgoing requests than may be: counts move in the commit of their cause, and equal what
//!   the relations say.
//! - One event per transition. The blocked side is told nothing that a player who merely parts wouldn't cause.
//! - A blocked player, an erased one and one who never was look the same.
//! - Blocks stand in the relation and among the kernel's [`Blocks`](kernel::Blocks), written by one commit.
//! - Events hold ids, never names.
//!
//! Whether two players may meet, on whatever surface, is asked of one [`Policy`].
//!
//! Not here: what presence means, invitations to games, and how players are searched for.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), shallweplay_friends::Error> {
//! use shallweplay_friends::{Friends, Settings, Standing, Surface, Verdict, memory};
//!
//! let world = memory::world(7);
//! let friends = Friends::new(world.ports(), Settings::default());
//! let (ann, ben) = (world.newcomer(), world.newcomer());
//! assert_eq!(friends.request(ann, ben, None).await?.state, Standing::Pending);
//! assert_eq!(friends.request(ben, ann, None).await?.state, Standing::Friends);
//!
//! friends.block(ben, ann, None).await?;
//! assert_eq!(friends.policy().can_interact(ann, ben, Surface::Profile).await?, Verdict::Hidden);
//! # Ok(())
//! # }
//! ```

mod change;
pub mod decide;
mod error;
mod event;
pub mod memory;
mod model;
pub mod policy;
mod service;
mod settings;
mod store;

#[cfg(feature = "contract")]
pub mod contract;

pub use change::{Caps, Committed, CountChange, FriendChange, LinkChange, Reached, counts_between};
pub use decide::NewLink;
pub use error::{Error, LimitOf};
pub use event::FriendEvent;
pub use model::{Bond, Counts, FriendLine, InviteLink, ListChange, Pair, Relation, RequestLine, Side, Standing};
pub use policy::{Facts, Policy, Surface, Verdict};
pub use service::{Answer, Everything, Friends, FriendsPorts, LinkRedeemed};
pub use settings::Settings;
pub use store::{
    Audience, Direction, FriendLists, FriendPosition, FriendStore, LinkStore, People, Person, SharedGames,
};
