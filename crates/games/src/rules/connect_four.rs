//! Connect four: discs fall into seven columns of six; four in a row, column or diagonal win. Seat 0 begins.
//!
//! A move is `{"column": 0..6}`, from the left. The state is `{"rows": [[null | 0 | 1 ×7] ×6],
//! "line": [[row, column]…] | null}`, the uppermost row first; all of it is public. `line` has every disc of one winning line, four to seven.

mod bot;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PlayError, PracticeBot, Rules, Step, Verdict, read_move};

/// The rules module `connect_four`.
#[derive(Debug, Clone, Copy)]
pub struct ConnectFour;

const COLUMNS: u8 = 7;
const ROWS: u8 = 6;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Board {
    rows: [[Option<u8>; COLUMNS as usize]; ROWS as usize],
    line: Option<Vec<[u8; 2]>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    column: u8,
}

impl Board {
    fn read(state: &Value) -> Option<Self> {
        let board = Self::deserialize(state).ok()?;
        let seats = board.rows.iter().flatten().flatten().all(|seat| *seat < 2);
        let line = board.line.iter().flatten().all(|[row, column]| board.at(*row, *column).is_some());
        (seats && line).then_some(board)
    }

    fn write(&self) -> Value {
        serde_json::json!({ "rows": self.rows, "line": self.line })
    }

    fn at(&self, row: u8, column: u8) -> Option<u8> {
        self.rows.get(usize::from(row))?.get(usize::from(column)).copied().flatten()
    }

    /// The discs like this one, from it in one direction, itself left out.
    fn run(&self, from: [u8; 2], step: [i8; 2]) -> Vec<[u8; 2]> {
        let (owner, mut cell, mut run) = (self.at(from[0], from[1]), from, Vec::new());
        while let (Some(row), Some(column)) = (cell[0].checked_add_signed(step[0]), cell[1].checked_add_signed(step[1]))
            && self.at(row, column) == owner
        {
            cell = [row, column];
            run.push(cell);
        }
        run
    }

    /// The winning line through this disc, if there is one.
    fn line_through(&self, disc: [u8; 2]) -> Option<Vec<[u8; 2]>> {
        [[0, 1], [1, 0], [1, 1], [1, -1]].into_iter().find_map(|[down, right]: [i8; 2]| {
            let mut line = self.run(disc, [-down, -right]);
            line.reverse();
            line.push(disc);
            line.extend(self.run(disc, [down, right]));
            (line.len() >= 4).then_some(line)
        })
    }

    fn verdict(&self) -> Option<Verdict> {
        if let Some([row, column]) = self.line.as_ref().and_then(|line| line.first())
            && let Some(seat) = self.at(*row, *column)
        {
            return Some(Verdict::Won { seat });
        }
        self.rows.iter().flatten().all(Option::is_some).then_some(Verdict::Draw)
    }

    fn turn(&self) -> Option<u8> {
        let played = self.rows.iter().flatten().flatten().count();
        self.verdict().is_none().then_some(if played.is_multiple_of(2) { 0 } else { 1 })
    }
}

impl Rules for ConnectFour {
    fn key(&self) -> &'static str {
        "connect_four"
    }

    fn version(&self) -> i32 {
        1
    }

    fn seats(&self) -> RangeInclusive<u8> {
        2..=2
    }

    fn start(&self, _seed: i64, _seats: u8, _options: &Value) -> Value {
        Board { rows: [[None; COLUMNS as usize]; ROWS as usize], line: None }.write()
    }

    fn turn(&self, state: &Value) -> Option<u8> {
        Board::read(state)?.turn()
    }

    fn play(&self, state: &Value, seat: u8, mv: &Value) -> Result<Step, PlayError> {
        let mut board = Board::read(state).ok_or(PlayError::Broken)?;
        let Some(Move { column }) = read_move(mv) else {
            return Err(PlayError::Illegal { why: "A move is {\"column\": 0..6} and nothing else." });
        };
        if board.verdict().is_some() {
            return Err(PlayError::Illegal { why: "The game is decided." });
        }
        if column >= COLUMNS {
            return Err(PlayError::Illegal { why: "There are only the columns 0 to 6." });
        }
        let Some(row) = (0..ROWS).rev().find(|row| board.at(*row, column).is_none()) else {
            return Err(PlayError::Illegal { why: "That column is full." });
        };
        if let Some(cell) = board.rows.get_mut(usize::from(row)).and_then(|row| row.get_mut(usize::from(column))) {
            *cell = Some(seat);
        }
        board.line = board.line_through([row, column]);
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The oracle keeps columns, not rows, and looks at every window of four there is.
    #[derive(Default)]
    struct Oracle([Vec<u8>; 7]);

    impl Oracle {
        fn at(&self, column: usize, height: usize) -> Option<u8> {
            self.0.get(column)?.get(height).copied()
        }

        fn verdict(&self) -> Option<Verdict> {
            for column in 0..7 {
                for height in 0..6 {
                    let Some(seat) = self.at(column, height) else { continue };
                    let same = |c: Option<usize>, h: usize| c.and_then(|c| self.at(c, h)) == Some(seat);
                    let up = (1..4).all(|n| same(Some(column), height + n));
                    let right = (1..4).all(|n| same(Some(column + n), height));
                    let rising = (1..4).all(|n| same(Some(column + n), height + n));
                    let falling = (1..4).all(|n| same(column.checked_sub(n), height + n));
                    if up || right || rising || falling {
                        return Some(Verdict::Won { seat });
                    }
                }
            }
            self.0.iter().all(|column| column.len() == 6).then_some(Verdict::Draw)
        }

        fn rows(&self) -> Value {
            (0..6).rev().map(|height| (0..7).map(|column| self.at(column, height)).collect::<Vec<_>>()).collect()
        }
    }

    fn start() -> Value {
        ConnectFour.start(0, 2, &Value::Null)
    }

    proptest! {
        #[test]
        fn agrees_with_an_oracle_that_looks_at_every_window(columns in prop::collection::vec(0..7_usize, 0..200)) {
            let (mut state, mut oracle, mut seat, mut played) = (start(), Oracle::default(), 0, 0);
            for column in columns {
                let before = state.clone();
                let step = ConnectFour.play(&state, seat, &json!({ "column": column }));
                let legal = oracle.0[column].len() < 6 && oracle.verdict().is_none();
                prop_assert_eq!(step.is_ok(), legal, "column {} in {}", column, &state);
                let Ok(step) = step else {
                    prop_assert_eq!(&before, &state);
                    continue;
                };
                let again = ConnectFour.play(&state, seat, &json!({ "column": column }));
                prop_assert_eq!(Ok(&step), again.as_ref(), "the same move leads to the same");
                oracle.0[column].push(seat);
                prop_assert_eq!(&step.state["rows"], &oracle.rows());
                prop_assert_eq!(step.verdict, oracle.verdict());
                prop_assert_eq!(ConnectFour.verdict(&step.state), step.verdict);
                prop_assert_eq!(ConnectFour.turn(&step.state), step.turn);
                prop_assert_eq!(step.turn, oracle.verdict().is_none().then_some(1 - seat));
                if let Some(Verdict::Won { seat: winner }) = step.verdict {
                    let line: Vec<[usize; 2]> = serde_json::from_value(step.state["line"].clone()).expect("cells");
                    prop_assert!((4..=7).contains(&line.len()));
                    prop_assert!(line.iter().all(|[row, column]| oracle.at(*column, 5 - row) == Some(winner)));
                    let steps: Vec<_> = line.windows(2)
                        .map(|w| (w[1][0].wrapping_sub(w[0][0]), w[1][1].wrapping_sub(w[0][1])))
                        .collect();
                    prop_assert!(steps.windows(2).all(|pair| pair[0] == pair[1]), "it is straight");
                }
                (state, seat, played) = (step.state, 1 - seat, played + 1);
            }
            prop_assert!(played <= 42);
        }

        #[test]
        fn a_move_that_is_not_one_column_is_refused(noise in "\\PC{0,12}", n in any::<i64>()) {
            for mv in [
                json!(noise), json!({ "column": noise }), json!({ "column": 0, "x": n }), json!([n]),
                json!([0]), json!(null), json!({}),
                json!({ "column": n.saturating_abs().saturating_add(7) }), json!({ "column": -1 }),
                json!({ "column": 1.0 }),
            ] {
                let refused = matches!(ConnectFour.play(&start(), 0, &mv), Err(PlayError::Illegal { .. }));
                prop_assert!(refused, "{mv}");
            }
        }
    }

    fn played(columns: &[u8]) -> Step {
        let (mut state, mut last) = (start(), None);
        for (n, column) in columns.iter().enumerate() {
            let seat = u8::try_from(n % 2).expect("0 or 1");
            let step = ConnectFour.play(&state, seat, &json!({ "column": column })).expect("legal");
            state = step.state.clone();
            last = Some(step);
        }
        last.expect("played")
    }

    #[test]
    fn a_full_board_without_a_line_is_drawn_and_takes_no_more() {
        let mut columns = Vec::new();
        // Pairs of columns filled so that no four meet.
        for (a, b) in [(0, 1), (2, 3), (4, 5)] {
            columns.extend([a, b, a, b, b, a, b, a, a, b, a, b]);
        }
        columns.extend([6; 6]);
        let last = played(&columns);
        assert_eq!((last.verdict, last.turn, &last.state["line"]), (Some(Verdict::Draw), None, &Value::Null));
        let more = ConnectFour.play(&last.state, 0, &json!({ "column": 0 }));
        assert_eq!(more, Err(PlayError::Illegal { why: "The game is decided." }));
    }

    #[test]
    fn shows_the_whole_winning_line() {
        let last = played(&[0, 0, 1, 1, 2, 2, 4, 4, 5, 5, 6, 6, 3]);
        assert_eq!(last.verdict, Some(Verdict::Won { seat: 0 }));
        assert_eq!(last.state["line"], json!([[5, 0], [5, 1], [5, 2], [5, 3], [5, 4], [5, 5], [5, 6]]));
    }

    #[test]
    fn a_state_of_somebody_else_is_broken_not_a_crash() {
        let mut line = start();
        line["line"] = json!([[200, 3]]);
        for state in [json!(null), json!({ "rows": [] }), line] {
            assert_eq!(ConnectFour.play(&state, 0, &json!({ "column": 0 })), Err(PlayError::Broken));
            assert_eq!((ConnectFour.verdict(&state), ConnectFour.turn(&state)), (None, None));
        }
    }
}
