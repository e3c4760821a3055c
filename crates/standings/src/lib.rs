//! Standings: what follows from the results of finished games. Ratings, stats, head-to-head, leaderboards, seasons.
//!
//! All of it is derived. The only input is the **ledger**: facts ([`Fact`]) in the order of their family's sequence.
//! Applying a fact is pure; a store keeps what came out of it together with how far the ledger was applied, in one
//! transaction, so that each fact takes effect once whatever crashes.
//!
//! Without a store, a game's effects are a function of what is known before it:
//!
//! ```
//! use kernel::{GameId, IdSource, PlayerId, SeededIds, Timestamp};
//! use shallweplay_standings::{Fact, FactLine, Outcome, Scheming, Working, apply};
//!
//! let (ids, at) = (SeededIds::new(7), Timestamp::from_millis(1_767_225_600_000));
//! let [ann, ben] = [(); 2].map(|()| PlayerId::new(ids.uuid(at)));
//! let line = |player_id, team, outcome| FactLine { player_id, team, outcome: Some(outcome), score: None };
//! let fact = Fact {
//!     family: "chess".to_owned(), sequence: 1, game_id: GameId::new(ids.uuid(at)), version: 1,
//!     mode: "chess".to_owned(), rated: true, voided: false, at,
//!     lines: vec![line(ann, 0, Outcome::Win), line(ben, 1, Outcome::Loss)],
//! };
//! let mut working = Working::default();
//! apply(&mut working, &fact, &Scheming::default().scheme_of(&fact));
//! assert!(working.ratings[&ann].value > 1_500.0 && working.ratings[&ben].value < 1_500.0);
//! ```
//!
//! What stands follows from the ledger alone: [`rebuild`] tells it anew and finds no difference, whatever was corrected
//! when, in how many goes it was applied, and what crashed on the way (`tests/rebuild.rs`).

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
