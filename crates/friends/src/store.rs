//! What this crate needs stored, and what it asks of others.

use async_trait::async_trait;
use kernel::{BoxError, GameId, Page, PageLimit, PlayerId, StoreError, Timestamp};

use crate::change::{Committed, FriendChange};
use crate::model::{Counts, FriendLine, InviteLink, ListChange, Pair, Relation, RequestLine};

/// Which requests a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Made by others.
    Incoming,
    /// Made by oneself.
    Outgoing,
}

/// A place in a list of friends: online first (as it was at `as_of`, so that a list doesn't shuffle under its reader),
/// then the newest friendship, then the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FriendPosition {
    /// When the list was begun.
    pub as_of: Timestamp,
    /// Whether the last line was of somebody [online then](FriendLine::was_online_at).
    pub online: bool,
    /// Its `since`.
    pub since: Timestamp,
    /// Its player.
    pub player: PlayerId,
}

/// What stands between players.
#[async_trait]
pub trait FriendStore: Send + Sync {
    /// What stands between two players; `None` for a pair that was never stored.
    async fn load(&self, pair: Pair) -> Result<Option<Relation>, StoreError>;

    /// What stands between `player` and each of `others`, in no order, pairs never stored left out: one query.
    async fn load_many(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, StoreError>;

    /// Applies a change whole, or not at all, and survives a caller who goes away.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where the relation isn't at its version (or exists already), and what riders answer, which
    /// comes first.
    async fn commit(&self, change: FriendChange) -> Result<Committed, StoreError>;

    /// What the rows that keep the caps count.
    async fn counts(&self, player: PlayerId) -> Result<Counts, StoreError>;

    /// Relations of a player that aren't [empty](Relation::is_empty), at most `limit`, in the order of the pairs: for
    /// export and erasure.
    async fn all_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Relation>, StoreError>;

    /// Relations whose bond has [lapsed](crate::Bond::lapses_at) at `now`, earliest first: for the sweep that ends
    /// them.
    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<Relation>, StoreError>;
}

/// Lists, as their owner reads them.
#[async_trait]
pub trait FriendLists: Send + Sync {
    /// One page of a player's friends, online ones first, with presence and games together: one query.
    async fn friends(
        &self,
        player: PlayerId,
        as_of: Timestamp,
        after: Option<FriendPosition>,
        limit: PageLimit,
    ) -> Result<Page<FriendLine, FriendPosition>, StoreError>;

    /// What changed in a player's list of friends at `since` or later, oldest change first (ids break ties), after the
    /// place named by time and id. Who was never a friend is not in it, blocked or not.
    async fn changed_since(
        &self,
        player: PlayerId,
        since: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<ListChange, (Timestamp, PlayerId)>, StoreError>;

    /// Friends that both have, newest friendship of `player` first, after the place named by its `since` and id.
    async fn mutual(
        &self,
        player: PlayerId,
        other: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<PlayerId, (Timestamp, PlayerId)>, StoreError>;

    /// Requests that haven't expired at `now`, newest first. Outgoing ones include those silently declined; incoming
    /// ones don't.
    async fn requests(
        &self,
        player: PlayerId,
        direction: Direction,
        now: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<RequestLine, (Timestamp, PlayerId)>, StoreError>;
}

/// Invite links.
#[async_trait]
pub trait LinkStore: Send + Sync {
    /// One link, whatever its state.
    async fn link(&self, code: &str) -> Result<Option<InviteLink>, StoreError>;

    /// A player's links that work at `now`, newest first.
    async fn links_of(&self, owner: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<InviteLink>, StoreError>;

    /// Whether this player redeemed this link before: a second time is no use.
    async fn redeemed(&self, code: &str, player: PlayerId) -> Result<bool, StoreError>;

    /// Deletes up to `limit` links that expired or were revoked before `before`, with who redeemed them; says how many.
    async fn purge_links(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;

    /// Deletes all links of a player, with who redeemed them; says how many.
    async fn forget_links(&self, owner: PlayerId) -> Result<usize, StoreError>;
}

/// What the policy must know of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PlayerId,
    /// Who may send requests.
    pub requests: Audience,
    /// Who may invite.
    pub invites: Audience,
    /// Who sees presence.
    pub presence: Audience,
    /// Who sees history.
    pub history: Audience,
    /// Whether the player may be met at all at the moment (a suspended one may not).
    pub suspended: bool,
}

/// A privacy choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anybody who isn't blocked.
    Everyone,
    /// Friends only.
    Friends,
    /// Nobody else.
    Nobody,
}

/// Players, as far as friends need to know them. An erased one is as if never there.
#[async_trait]
pub trait People: Send + Sync {
    /// Each of these, in the order asked; `None` for ids that are nobody's (any more).
    async fn people(&self, ids: &[PlayerId]) -> Result<Vec<Option<Person>>, BoxError>;

    /// Whoever has this handle, or one that looks like it.
    async fn by_handle(&self, handle: &str) -> Result<Option<PlayerId>, BoxError>;
}

/// Games, as far as friends need to know them.
#[async_trait]
pub trait SharedGames: Send + Sync {
    /// The latest game these two played together, if they ever did.
    async fn last_together(&self, a: PlayerId, b: PlayerId) -> Result<Option<GameId>, BoxError>;
}
