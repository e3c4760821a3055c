//! The rules of a game's life, as pure functions: the game as it stands, who asks, and now; out comes a [`Change`].
//!
//! `Ok(None)` says that what was asked for holds already: a repeat, which changes nothing and is answered with the game
//! as it stands. Every function refuses once the game's deadline has passed, whether or not [`expire`] has run.

mod apart;
mod attendance;
mod correct;
mod dispute;
mod draft;
pub mod flag;
mod hold;
mod invite;
mod judge;
mod lifecycle;
mod play;
mod practice;
mod private;
mod rematch;
mod report;
mod verdict;
mod window;

pub use apart::{blank_words, has_words, part, withdraw};
pub use attendance::{as_present, back, claim, gone};
pub use correct::{Resolution, amend, resolve, void};
pub use dispute::dispute;
pub use invite::{accept, cancel, decline, invite, open_like, redeem};
pub use judge::{answered, asking, question};
pub use lifecycle::{abandon, expire, ready};
pub use play::{may_relay, play};
pub use practice::{practise, practise_again};
pub use private::{Guest, InviteWindows, Joining, Offer, Opening, open};
pub use rematch::{join_rematch, open_rematch, others_of};
pub use report::{ScoreReport, report};

use kernel::{PlayerId, Timestamp};

use crate::change::Change;
use crate::error::Error;
use crate::model::Game;

/// What a decision comes to; `None` where nothing has to change.
pub type Decided = Result<Option<Change>, Error>;

/// Index of this player's seat. A stranger learns nothing of a game that isn't over.
fn seat_of(game: &Game, player: PlayerId) -> Result<usize, Error> {
    let at = game.players.iter().position(|p| p.player_id == player);
    at.ok_or(if game.finished_at.is_some() { Error::NotAPlayer } else { Error::NotFound })
}

fn in_time(game: &Game, now: Timestamp) -> Result<(), Error> {
    if game.is_due(now) { Err(Error::DeadlinePassed { state: game.status }) } else { Ok(()) }
}
