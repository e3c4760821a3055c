//! Takes a win, prevents the other's, and otherwise plays where there is room: who makes two threats at once beats it.

use serde_json::{Value, json};

use super::{Board, LINES, TicTacToe};
use crate::rules::{Chance, PracticeBot};

impl Board {
    /// The cell that would complete a line of this seat's.
    fn completes(&self, seat: u8) -> Option<u8> {
        LINES.into_iter().find_map(|line| {
            let free = line.into_iter().find(|cell| self.at(*cell).is_none())?;
            let own = line.iter().filter(|cell| self.at(**cell) == Some(seat)).count();
            (own == 2).then_some(free)
        })
    }
}

impl PracticeBot for TicTacToe {
    fn choose(&self, view: &Value, seat: u8, chance: &mut Chance) -> Option<Value> {
        let board = Board::read(view)?;
        let free: Vec<u8> = (0..9).filter(|cell| board.at(*cell).is_none()).collect();
        let urgent = board.completes(seat).or_else(|| board.completes(1_u8.checked_sub(seat)?));
        let cell = urgent.or_else(|| chance.pick(&free))?;
        Some(json!({ "cell": cell }))
    }
}
