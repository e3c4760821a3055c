//! Diesel stores of shallweplay, written once for two databases.
//!
//! `sql/` is ordinary diesel-async code against `super::dialect`; [`postgres`] and [`sqlite`] mount it with their own
//! dialect. Each gives a `Database`, and a `Database` gives [`Stores`]: the ports of the domain crates.

mod breaker;
mod prepared;

use std::sync::Arc;

use friends::{FriendLists, FriendStore, LinkStore, SharedGames};
use games::{AttendanceStore, CaseStore, GameStore, InviteStore, ModeStore};
use kernel::{AuditLog, Blocks, Commit, Connections, Engagements, Leases, Outbox, Receipts, Streams, TimeSource};
use matchmaking::{PartyStore, ProposalStore, TicketStore};
use players::{LoginGuard, PlayerStore, SessionStore, WsTicketStore};
use standings::{SeasonStore, StandingsReads, StandingsStore};

pub use breaker::Breaker;

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
#[cfg_attr(
    feature = "postgres",
    expect(clippy::duplicate_mod, reason = "sql/ is mounted once per database, see docs/adr/0002")
)]
pub mod sqlite;

/// Every port that a database implements.
#[derive(Clone)]
pub struct Stores {
    /// The database's time.
    pub time: Arc<dyn TimeSource>,
    /// Changes of no domain.
    pub commit: Arc<dyn Commit>,
    /// What players are doing, and who must wait before queueing again.
    pub engagements: Arc<dyn Engagements>,
    /// What people with power did.
    pub audit: Arc<dyn AuditLog>,
    /// Who wants nothing to do with whom.
    pub blocks: Arc<dyn Blocks>,
    /// What stands between players.
    pub friends: Arc<dyn FriendStore>,
    /// Their lists.
    pub friend_lists: Arc<dyn FriendLists>,
    /// Links that make friends.
    pub friend_links: Arc<dyn LinkStore>,
    /// Who played with whom.
    pub shared_games: Arc<dyn SharedGames>,
    /// Who has sockets on which replica.
    pub connections: Arc<dyn Connections>,
    /// Idempotency receipts.
    pub receipts: Arc<dyn Receipts>,
    /// The transactional outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Durable streams.
    pub streams: Arc<dyn Streams>,
    /// Leases with fences.
    pub leases: Arc<dyn Leases>,
    /// Games, their histories and the ledger.
    pub games: Arc<dyn GameStore>,
    /// Invitations to games.
    pub invites: Arc<dyn InviteStore>,
    /// Who is there in games.
    pub attendance: Arc<dyn AttendanceStore>,
    /// Games for operators.
    pub cases: Arc<dyn CaseStore>,
    /// Published modes.
    pub modes: Arc<dyn ModeStore>,
    /// Matchmaking tickets.
    pub tickets: Arc<dyn TicketStore>,
    /// Ready checks.
    pub proposals: Arc<dyn ProposalStore>,
    /// Parties.
    pub parties: Arc<dyn PartyStore>,
    /// What was derived from the ledger.
    pub standings: Arc<dyn StandingsStore>,
    /// The same, as players see it.
    pub standing_reads: Arc<dyn StandingsReads>,
    /// Closed seasons.
    pub seasons: Arc<dyn SeasonStore>,
    /// Players.
    pub players: Arc<dyn PlayerStore>,
    /// Sessions of players.
    pub sessions: Arc<dyn SessionStore>,
    /// One-time WebSocket tickets.
    pub ws_tickets: Arc<dyn WsTicketStore>,
    /// Failed sign-ins.
    pub login_guard: Arc<dyn LoginGuard>,
}
