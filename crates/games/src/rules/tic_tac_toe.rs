//! Tic-tac-toe: three in a row on three by three. Seat 0 begins.
//!
//! A move is `{"cell": 0..8}`, row by row. The state is `{"cells": [null | 0 | 1 ×9], "line": [cells] | null}`; all of it
//! is public.

mod bot;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PlayError, PracticeBot, Rules, Step, Verdict, read_move};

/// The rules module `tic_tac_toe`.
#[derive(Debug, Clone, Copy)]
pub struct TicTacToe;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Board {
    cells: [Option<u8>; 9],
    line: Option<[u8; 3]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    cell: u8,
}

const LINES: [[u8; 3]; 8] = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];

impl Board {
    fn read(state: &Value) -> Option<Self> {
        let board = Self::deserialize(state).ok()?;
        board.cells.iter().flatten().all(|seat| *seat < 2).then_some(board)
    }

    fn write(&self) -> Value {
        serde_json::json!({ "cells": self.cells, "line": self.line })
    }

    fn at(&self, cell: u8) -> Option<u8> {
        self.cells.get(usize::from(cell)).copied().flatten()
    }

    fn full_line(&self) -> Option<[u8; 3]> {
        LINES
            .into_iter()
            .find(|[a, b, c]| self.at(*a).is_some() && self.at(*a) == self.at(*b) && self.at(*a) == self.at(*c))
    }

    fn verdict(&self) -> Option<Verdict> {
        if let Some(seat) = self.line.and_then(|line| self.at(line[0])) {
            return Some(Verdict::Won { seat });
        }
        self.cells.iter().all(Option::is_some).then_some(Verdict::Draw)
    }

    fn turn(&self) -> Option<u8> {
        let played = self.cells.iter().flatten().count();
        self.verdict().is_none().then_some(if played.is_multiple_of(2) { 0 } else { 1 })
    }
}

impl Rules for TicTacToe {
    fn key(&self) -> &'static str {
        "tic_tac_toe"
    }

    fn version(&self) -> i32 {
        1
    }

    fn seats(&self) -> RangeInclusive<u8> {
        2..=2
    }

    fn start(&self, _seed: i64, _seats: u8, _options: &Value) -> Value {
        Board { cells: [None; 9], line: None }.write()
    }

    fn turn(&self, state: &Value) -> Option<u8> {
        Board::read(state)?.turn()
    }

    fn play(&self, state: &Value, seat: u8, mv: &Value) -> Result<Step, PlayError> {
        let mut board = Board::read(state).ok_or(PlayError::Broken)?;
        let Some(Move { cell }) = read_move(mv) else {
            return Err(PlayError::Illegal { why: "A move is {\"cell\": 0..8} and nothing else." });
        };
        if board.verdict().is_some() {
            return Err(PlayError::Illegal { why: "The game is decided." });
        }
        let Some(field) = board.cells.get_mut(usize::from(cell)) else {
            return Err(PlayError::Illegal { why: "There are only the cells 0 to 8." });
        };
        if field.is_some() {
            return Err(PlayError::Illegal { why: "That cell is taken." });
        }
        *field = Some(seat);
        board.line = board.full_line();
        Ok(Step {
            turn: board.turn(),
            verdict: board.verdict(),
            state: board.write(),
            advances: true,
            shown: mv.clone(),
        })
    }

    fn view(&self, state: &Value, _viewer: Option<u8>) -> Value {
        state.clone()
    }

    fn verdict(&self, state: &Value) -> Option<Verdict> {
        Board::read(state)?.verdict()
    }

    fn bot(&self) -> Option<&dyn PracticeBot> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The oracle counts three in a row its own way: by coordinates, over every direction from every cell.
    fn oracle(cells: &[Option<u8>; 9]) -> Option<Verdict> {
        for start in 0..9_i32 {
            for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
                let along = |n: i32| {
                    let (x, y) = (start % 3 + n * dx, start / 3 + n * dy);
                    let inside = (0..3).contains(&x) && (0..3).contains(&y);
                    inside.then(|| usize::try_from(y * 3 + x).expect("inside")).and_then(|at| cells[at])
                };
                if let Some(seat) = along(0)
                    && (1..3).all(|n| along(n) == Some(seat))
                {
                    return Some(Verdict::Won { seat });
                }
            }
        }
        (!cells.contains(&None)).then_some(Verdict::Draw)
    }

    type Leaves = HashMap<[Option<u8>; 9], [u32; 3]>;

    /// Compares every position that can be reached, and counts the games that end won, lost and drawn below it.
    fn walk(state: &Value, cells: [Option<u8>; 9], seat: u8, known: &mut Leaves) -> [u32; 3] {
        if let Some(leaves) = known.get(&cells) {
            return *leaves;
        }
        let mut leaves = [0; 3];
        for cell in 0..9_u8 {
            let played = TicTacToe.play(state, seat, &json!({ "cell": cell }));
            if cells[usize::from(cell)].is_some() {
                assert!(matches!(played, Err(PlayError::Illegal { .. })), "cell {cell} is taken in {state}");
                continue;
            }
            let step = played.expect("a free cell is legal");
            let mut next = cells;
            next[usize::from(cell)] = Some(seat);
            let expected = oracle(&next);
            assert_eq!(step.verdict, expected, "{}", step.state);
            assert_eq!(TicTacToe.verdict(&step.state), expected);
            assert_eq!(TicTacToe.turn(&step.state), step.turn);
            assert_eq!(step.state["cells"], json!(next));
            let below = match expected {
                None => {
                    assert_eq!(step.turn, Some(1 - seat));
                    walk(&step.state, next, 1 - seat, known)
                }
                Some(Verdict::Won { seat: 0 }) => [1, 0, 0],
                Some(Verdict::Won { .. }) => [0, 1, 0],
                Some(Verdict::Draw) => [0, 0, 1],
            };
            leaves = [leaves[0] + below[0], leaves[1] + below[1], leaves[2] + below[2]];
        }
        known.insert(cells, leaves);
        leaves
    }

    #[test]
    fn agrees_with_brute_force_over_every_game_there_is() {
        let leaves = walk(&TicTacToe.start(0, 2, &Value::Null), [None; 9], 0, &mut HashMap::new());
        assert_eq!(leaves, [131_184, 77_904, 46_080], "the known counts of won, lost and drawn games");
    }

    proptest! {
        #[test]
        fn a_move_that_is_not_one_cell_is_refused(noise in "\\PC{0,12}", n in any::<i64>()) {
            let start = TicTacToe.start(0, 2, &Value::Null);
            for mv in [
                json!(noise), json!({ "cell": noise }), json!({ "cell": 0, "x": n }), json!([n]), json!([0]), json!(null),
                json!({ "cell": n.saturating_abs().saturating_add(9) }), json!({ "cell": -1 }), json!({ "cell": 1.5 }), json!({}),
            ] {
                let refused = matches!(TicTacToe.play(&start, 0, &mv), Err(PlayError::Illegal { .. }));
                prop_assert!(refused, "{mv}");
            }
        }
    }

    #[test]
    fn a_state_of_somebody_else_is_broken_not_a_crash() {
        for state in
            [json!(null), json!({ "cells": [] }), json!({ "cells": [9, 0, 0, 0, 0, 0, 0, 0, 0], "line": null })]
        {
            assert_eq!(TicTacToe.play(&state, 0, &json!({ "cell": 0 })), Err(PlayError::Broken));
            assert_eq!(TicTacToe.verdict(&state), None);
        }
    }

    #[test]
    fn shows_the_winning_line() {
        let mut state = TicTacToe.start(0, 2, &Value::Null);
        for (seat, cell) in [(0, 2), (1, 0), (0, 4), (1, 1), (0, 6)] {
            state = TicTacToe.play(&state, seat, &json!({ "cell": cell })).expect("legal").state;
        }
        assert_eq!(state, json!({ "cells": [1, 1, 0, null, 0, null, 0, null, null], "line": [2, 4, 6] }));
    }
}
