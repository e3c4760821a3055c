//! What this crate needs stored. Every method may answer [`StoreError::Unavailable`] and [`StoreError::Broken`]; what else
//! it may answer stands beside it. All times come from the caller, so a store needs no clock.

use async_trait::async_trait;
use kernel::{Page, PageLimit, PlayerId, Riders, SessionId, StoreError, Timestamp};

use crate::{
    Credentials, Departure, Exchange, Failures, Handle, HandleKey, Player, PlayerChange, Rotation, SecretHash, Session,
    UsedToken, WsTicket,
};

/// Players with their credentials.
#[async_trait]
pub trait PlayerStore: Send + Sync {
    /// One player.
    async fn load(&self, id: PlayerId) -> Result<Option<Player>, StoreError>;

    /// Several players in one round trip, in the order asked, one for one; an id may occur twice.
    async fn load_many(&self, ids: &[PlayerId]) -> Result<Vec<Option<Player>>, StoreError>;

    /// Whoever has this handle or one that looks like it.
    async fn by_handle_key(&self, key: &HandleKey) -> Result<Option<Player>, StoreError>;

    /// Whoever this device belongs to.
    async fn by_device(&self, device: &SecretHash) -> Result<Option<Player>, StoreError>;

    /// Whoever has this handle (or one that looks like it) and a password, with the password's hash.
    async fn credentials(&self, key: &HandleKey) -> Result<Option<Credentials>, StoreError>;

    /// Applies a change whole, or not at all. A caller that goes away in between changes nothing about that.
    ///
    /// # Errors
    /// - [`StoreError::Stale`]: the player's version isn't `expect`; for a new player: the id exists.
    /// - [`StoreError::Taken`] (`handle`): another player has the same [`HandleKey`].
    /// - [`StoreError::Replayed`] and what else riders may answer. These come first.
    async fn commit(&self, change: PlayerChange) -> Result<(), StoreError>;

    /// Applies a change together with the end of the player's sessions and WebSocket tickets, whole or not at all.
    ///
    /// # Errors
    /// As [`PlayerStore::commit`]; [`StoreError::Stale`] also if the player's sessions that aren't revoked are others
    /// than those named.
    async fn depart(&self, departure: Departure) -> Result<(), StoreError>;

    /// Players erased at `since` or later, the earliest first, at most `limit`.
    async fn erased_since(&self, since: Timestamp, limit: i64) -> Result<Vec<PlayerId>, StoreError>;

    /// Accounts whose handle begins with `prefix`, neither erased nor suspended at `now`, by handle (in the order of its
    /// bytes), after the handle `after`.
    async fn by_handle_prefix(
        &self,
        prefix: &str,
        after: Option<&Handle>,
        now: Timestamp,
        limit: PageLimit,
    ) -> Result<Page<Player, Handle>, StoreError>;
}

/// Sessions and their refresh tokens. A new player's first session rides in the [`PlayerChange`].
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Starts a session of a player that exists.
    ///
    /// # Errors
    /// [`StoreError::Stale`] if the player is erased, or suspended beyond the session's start: a sign-in that was under
    /// way doesn't outlive either.
    async fn start(&self, session: Session) -> Result<(), StoreError>;

    /// One session, live or not.
    async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// The player's sessions that aren't revoked, expired or not, the latest used first (ids break ties), at most `limit`.
    async fn standing(&self, player: PlayerId, limit: i64) -> Result<Vec<Session>, StoreError>;

    /// What became of a refresh token that was exchanged.
    async fn used(&self, token: &SecretHash) -> Result<Option<UsedToken>, StoreError>;

    /// Exchanges a refresh token if it is the valid one of a live session. The condition and the write are one
    /// statement, so of any number of concurrent exchanges of one token exactly one is [`Rotation::Rotated`].
    /// The old token is kept as used, in the same transaction. A caller that goes away leaves it whole or undone.
    async fn rotate(&self, exchange: Exchange) -> Result<Rotation, StoreError>;

    /// Notes that the reply to an exchange is about to leave; see [`UsedToken::answered_at`]. Only the first call counts.
    async fn answered(&self, old: &SecretHash, at: Timestamp) -> Result<(), StoreError>;

    /// Revokes a session and writes `riders`, in one transaction. `false`: there is no such session or it was revoked
    /// before; then the riders are not written either, so a session ends with exactly one event.
    async fn revoke(&self, id: SessionId, at: Timestamp, riders: Riders) -> Result<bool, StoreError>;

    /// Sessions revoked at `since` or later, in no order, each once.
    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError>;

    /// Deletes up to `limit` sessions that ended (revoked or expired) before `before`, with their used tokens, and up to
    /// `limit` used tokens exchanged before `before`; says how many rows went.
    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}

/// One-time tickets for opening a WebSocket.
#[async_trait]
pub trait WsTicketStore: Send + Sync {
    /// Keeps a ticket under its secret's hash.
    async fn put_ws_ticket(&self, secret: &SecretHash, ticket: WsTicket) -> Result<(), StoreError>;

    /// Takes a ticket out, expired or not, by one statement: of any number of concurrent takers one gets it.
    async fn take_ws_ticket(&self, secret: &SecretHash) -> Result<Option<WsTicket>, StoreError>;

    /// Deletes up to `limit` tickets that expired before `before`; says how many went.
    async fn purge_ws_tickets(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}

/// Counts failed sign-ins per handle, whether a player has it or not, so that being locked out says nothing about that.
#[async_trait]
pub trait LoginGuard: Send + Sync {
    /// Failures in a row; the default if there were none.
    async fn failures(&self, key: &HandleKey) -> Result<Failures, StoreError>;

    /// Counts one more, atomically, and says how many there are now. `last_at` never goes back.
    async fn record_failure(&self, key: &HandleKey, at: Timestamp) -> Result<Failures, StoreError>;

    /// Forgets the failures if there are still `seen` of them, and says what stands afterwards: the default, unless
    /// somebody failed in the meantime.
    async fn clear(&self, key: &HandleKey, seen: u32) -> Result<Failures, StoreError>;

    /// Forgets up to `limit` accounts' failures whose last was before `before`; says how many.
    async fn purge_failures(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}
