//! Friendships, requests, blocks, invite links and the interaction policy.

mod change;
mod model;
mod store;

pub use change::{Caps, Committed, CountChange, FriendChange, LinkChange, Reached, counts_between};
pub use model::{Bond, Counts, FriendLine, InviteLink, ListChange, Pair, Relation, RequestLine, Side, Standing};
pub use store::{Audience, Direction, FriendPosition, FriendStore, LinkStore, People, Person, SharedGames};
