//! Rules modules: with one, the server checks every move and decides the result itself.
//!
//! A module is pure. It keeps nothing; the game's state is JSON that only the module understands, and what a viewer may
//! see of it is the module's to say. To add one: implement [`Rules`], list it in [`MODULES`], name it in a mode;
//! `docs/adding-a-game.md` goes through it with a whole example.
//!
//! What every module must keep, for games are judged by it and replayed with it:
//! - it is **pure**: no time, no chance but the seed, no memory; and **bounded**: some verdict comes in the end;
//! - numbers in a state, a move or what is shown are integers of at most 53 bits, so that every reader has the same;
//! - a verdict that [`Rules::play`] brought is the one [`Rules::verdict`] finds in the state;
//! - what a seat keeps to itself is neither in the view of another nor in [`Step::shown`].

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::Value;

mod connect_four;
mod practice;
mod rock_paper_scissors;
mod tic_tac_toe;

pub use connect_four::ConnectFour;
pub use practice::{Chance, PracticeBot};
pub use rock_paper_scissors::RockPaperScissors;
pub use tic_tac_toe::TicTacToe;

/// How a game was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The team of this seat won.
    Won {
        /// The winning seat.
        seat: u8,
    },
    /// Nobody did.
    Draw,
}

/// What a legal move led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The state after the move.
    pub state: Value,
    /// Whether the game's sequence goes on: always where seats take turns; in simultaneous games with the move that
    /// completes a round.
    pub advances: bool,
    /// The move as everybody may see it now; null while it is sealed.
    pub shown: Value,
    /// The seat to move next; none when several may, or the game is decided.
    pub turn: Option<u8>,
    /// The decision, if this move brought it.
    pub verdict: Option<Verdict>,
}

/// Why a move was not played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// Against the rules: says which, and never echoes the move.
    #[error("{why}")]
    Illegal {
        /// A sentence for the player.
        why: &'static str,
    },
    /// The stored state is not one this module wrote: a bug, or another version's.
    #[error("the stored state is not this module's")]
    Broken,
}

/// The rules of one game. All functions are pure: the same input gives the same answer on every replica and in a
/// replay.
pub trait Rules: Send + Sync {
    /// Stable key, as modes name it.
    fn key(&self) -> &'static str;

    /// Rises when a state or a move of an earlier version would be judged differently.
    fn version(&self) -> i32;

    /// How many seats it can be played with.
    fn seats(&self) -> RangeInclusive<u8>;

    /// Checks a mode's options for this module, which may be null.
    ///
    /// # Errors
    /// What would be right, as a sentence.
    fn check_options(&self, options: &Value) -> Result<(), &'static str> {
        if options.is_null() { Ok(()) } else { Err("this rules module takes no options") }
    }

    /// The state before the first move. The options were checked.
    fn start(&self, seed: i64, seats: u8, options: &Value) -> Value;

    /// The seat to move; none when several may, or the game is decided.
    fn turn(&self, state: &Value) -> Option<u8>;

    /// Plays `mv` for `seat`. The caller has checked that it is this seat's turn.
    ///
    /// # Errors
    /// [`PlayError::Illegal`] if the move can't be read or the rules forbid it; nothing changed then.
    fn play(&self, state: &Value, seat: u8, mv: &Value) -> Result<Step, PlayError>;

    /// What a seat may see, or with `None` the public.
    fn view(&self, state: &Value, viewer: Option<u8>) -> Value;

    /// The decision that stands in this state, if any.
    fn verdict(&self, state: &Value) -> Option<Verdict>;

    /// Who plays it with those who want to practise; nobody, unless the module says otherwise.
    fn bot(&self) -> Option<&dyn PracticeBot> {
        None
    }
}

/// Reads a move with named fields; a bare list of their values isn't one, though serde would take it.
#[must_use]
pub fn read_move<T: DeserializeOwned>(mv: &Value) -> Option<T> {
    if mv.is_object() { T::deserialize(mv).ok() } else { None }
}

/// Every module there is.
pub static MODULES: &[&dyn Rules] = &[&TicTacToe, &ConnectFour, &RockPaperScissors];

/// The newest version of a module.
#[must_use]
pub fn newest(key: &str) -> Option<&'static dyn Rules> {
    MODULES.iter().copied().filter(|module| module.key() == key).max_by_key(|module| module.version())
}

/// Exactly this version of a module, for games that started under it.
#[must_use]
pub fn find(key: &str, version: i32) -> Option<&'static dyn Rules> {
    MODULES.iter().copied().find(|module| module.key() == key && module.version() == version)
}

/// The guide's code is compiled and run with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/adding-a-game.md")]
struct AddingAGame;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_module_is_found_by_its_key_and_version() {
        let mut seen = HashSet::new();
        for module in MODULES {
            assert!(seen.insert((module.key(), module.version())), "{} twice", module.key());
            assert_eq!(find(module.key(), module.version()).map(Rules::key), Some(module.key()));
            assert!(newest(module.key()).is_some_and(|newest| newest.version() >= module.version()));
            assert!(module.check_options(&Value::Null).is_ok(), "no options must do");
        }
        assert!(newest("chess").is_none() && find("tic_tac_toe", 99).is_none());
    }
}
