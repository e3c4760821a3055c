//! Standings: what follows from the results of finished games. Ratings, stats, head-to-head, leaderboards, seasons.
//!
//! All of it is derived. The only input is the **ledger**: facts ([`Fact`]) in the order of their family's sequence.
//! Applying a fact is pure; a store keeps what came out of it together with how far the ledger was applied, in one
//! transaction, so that each fact takes effect once whatever crashes.

mod board;
mod fact;
mod model;
mod store;

pub use board::{BoardCopies, BoardKey, BoardLine, BoardSpan, Metric, Place};
pub use fact::{Fact, FactLine, FactSource, Outcome};
pub use model::{
    Family, Head, ModeScheme, Model, Pairing, PlayerStats, Rating, ResultRow, Schemes, SeasonClose, SeasonFinal,
    StatsKey,
};
pub use store::{SeasonStore, StandingsChange, StandingsReads, StandingsStore, Working, WorkingKeys};
