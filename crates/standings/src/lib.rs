//! Standings: what follows from the results of finished games. Ratings, stats, head-to-head, leaderboards, seasons.
//!
//! All of it is derived. The only input is the **ledger**: facts ([`Fact`]) in the order of their family's sequence.
//! Applying a fact is pure; a store keeps what came out of it together with how far the ledger was applied, in one
//! transaction, so that each fact takes effect once whatever crashes.

mod board;
#[cfg(feature = "contract")]
pub mod contract;
mod copying;
mod correct;
mod effects;
mod error;
mod fact;
pub mod memory;
mod model;
mod ports;
pub mod rating;
mod rebuild;
mod redo;
mod season;
mod seasons;
mod service;
mod store;
mod worker;

pub use board::{BoardCopies, BoardKey, BoardLine, BoardSpan, Metric, NoCopies, Place};
pub use effects::{PAIR_WEIGHTS, PAIR_WINDOW, Scheming, apply, keys, pair_weight};
pub use error::Error;
pub use fact::{Fact, FactLine, FactSource, Outcome};
pub use model::{
    Family, Head, ModeScheme, Model, Pairing, PlayerStats, Rating, ResultRow, Schemes, SeasonClose, SeasonFinal,
    StatsKey,
};
pub use ports::StandingsPorts;
pub use rebuild::{Difference, Report, rebuild};
pub use season::{end_of, season_of};
pub use seasons::SeasonCloser;
pub use service::{Board, BoardInfo, BoardQuery, HeadToHead, Placed, RatingNow, Standings, StatsOf};
pub use store::{SeasonStore, StandingsChange, StandingsReads, StandingsStore, Working, WorkingKeys};
pub use worker::{Step, Worker};
