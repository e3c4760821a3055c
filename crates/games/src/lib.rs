//! Games: what can be played, how a game goes from two seats to a result that counts, and where results stand for ever.
//!
//! Words. A **mode** ([`Mode`]) is data: teams, deadlines and who decides. A game ([`Game`]) is **server-decided** when
//! its mode names a rules module ([`rules`]), else a **relay** game, whose players report scores. A settled result is a
//! version in the **ledger** ([`LedgerEntry`]), and everything else (ratings, history, boards) follows from it.
//!
//! Invariants, held by `tests/state_machine.rs` and the contract suite:
//! - a status only moves along [`Status::may_become`], and of several that race one wins by compare-and-set;
//! - each transition has exactly one event, written in its own commit, and a game has one that ends it;
//! - a player is engaged in a game exactly while it is live and the player has not left it;
//! - an invitation ends once, with its game if not before, and nobody is invited to what is over
//!   (`tests/lifecycle/random.rs`);
//! - a result version has one ledger entry, versions have no gaps, and none ever changes: voiding or amending a result
//!   makes the next one (`tests/scores`).
//!
//! Rules are pure functions in [`decide`]; [`Games`] loads, decides and commits through a [`GameStore`].
//!
//! ```
//! use std::sync::Arc;
//! use kernel::{Clock, FakeClock, GameId, GameSpec, IdSource, PlayerId, Riders, RosterSeat, SeededIds, memory::MemoryKernel};
//! use shallweplay_games::{Catalogue, Games, GamesPorts, memory::MemoryGameStore};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(1)));
//! let world = MemoryKernel::new(clock.clone(), ids.clone());
//! let store = MemoryGameStore::new(world.clone());
//! let games = Games::new(GamesPorts::in_memory(&store, Catalogue::shipped()?, clock.clone(), ids.clone()));
//! let [id, ann, ben] = [0; 3].map(|_| ids.uuid(clock.now()));
//! let (id, ann, ben) = (GameId::new(id), PlayerId::new(ann), PlayerId::new(ben));
//! let seat = |player_id, n| RosterSeat { player_id, team: n, seat: n, secret: kernel::SessionSecret(ids.secret()) };
//! let roster = vec![seat(ann, 0), seat(ben, 1)];
//! let now = clock.now();
//! let spec = GameSpec { id, mode: "tic_tac_toe".into(), rated: true, seed: 7, roster, ready_due_at: now.plus_millis(20_000), ready: false, created_at: now };
//! world.commit(Riders { open_games: vec![spec], ..Riders::default() }, || Ok(()))?; // what matchmaking does
//! games.ready(ann, id, None).await?;
//! games.ready(ben, id, None).await?;
//! let played = games.play(ann, id, &serde_json::json!({ "cell": 4 }), 0, None).await?;
//! assert_eq!((played.sequence, played.game.turn), (1, Some(1)));
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?; Ok(()) }
//! ```

mod catalogue;
mod change;
#[cfg(feature = "contract")]
pub mod contract;
pub mod decide;
mod error;
mod event;
mod invite;
mod ledger;
mod log;
pub mod memory;
mod mode;
mod mode_book;
mod model;
mod roster;
pub mod rules;
mod service;
mod snapshot;
mod store;
mod tags;
mod verify;
mod words;
mod written;

pub use catalogue::Catalogue;
pub use change::{Change, GameChange};
pub use decide::{InviteWindows, Resolution, ScoreReport};
pub use error::Error;
pub use event::{Concluded, GameEvent, InviteUpdated, Invited, Moved, Presence, Started, Updated, UpdatedPlayer};
pub use invite::Invite;
pub use ledger::LedgerEntry;
pub use log::{LogEntry, LogLine};
pub use mode::{Envelope, MatchedAttribute, Matching, Mode, ModeError, RatingModel, RulesOf, WindowSettings, Windows};
pub use mode_book::ModeBook;
pub use model::{
    Ended, EndedBy, Entered, Evidence, Game, GamePlayer, Gone, LogHead, Origin, PinnedRules, RatingLine, Report,
    ResultVersion, Standing,
};
pub use roster::RelayRoster;
pub use service::{CreateGame, Created, Games, GamesPorts, Played, Reported, Swept, Unseen};
pub use snapshot::{GameSnapshot, PlayerSnapshot};
pub use store::{
    Attendance, AttendanceStore, CaseFilter, CaseStore, GameStore, HistoryFilter, HistoryPosition, HistoryQuery,
    InviteStore, ModeStore, Seen,
};
pub use verify::{Replayed, Verified, VerifyError, verify};
pub use words::{Claim, InviteState, OriginKind, Outcome, PlayerStatus, ResultStatus, Status};
