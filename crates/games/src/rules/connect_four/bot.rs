//! Looks four discs ahead, and further than that goes by chance, rather towards the middle.

use serde_json::{Value, json};

use super::{Board, COLUMNS, ConnectFour, ROWS};
use crate::rules::{Chance, PracticeBot};

/// How many discs it sees coming: its own, the answer, and both once more.
const AHEAD: u8 = 4;

/// How gladly each column is taken where nothing is decided: so many lots it has.
const LOTS: [usize; COLUMNS as usize] = [1, 2, 3, 4, 3, 2, 1];

impl Board {
    fn row_of(&self, column: u8) -> Option<u8> {
        (0..ROWS).rev().find(|row| self.at(*row, column).is_none())
    }

    fn set(&mut self, [row, column]: [u8; 2], disc: Option<u8>) {
        if let Some(cell) = self.rows.get_mut(usize::from(row)).and_then(|row| row.get_mut(usize::from(column))) {
            *cell = disc;
        }
    }

    /// What it leads to that `seat` drops a disc here, if both see `ahead` discs: positive if that wins, negative if it
    /// loses, and the sooner, the further from 0. None where the column is full.
    fn worth(&mut self, seat: u8, column: u8, ahead: u8) -> Option<i8> {
        let cell = [self.row_of(column)?, column];
        self.set(cell, Some(seat));
        let worth = if self.connects(cell) {
            i8::try_from(ahead).unwrap_or(i8::MAX)
        } else if ahead <= 1 {
            0
        } else {
            let answers = (0..COLUMNS).filter_map(|column| self.worth(1 - seat, column, ahead - 1));
            answers.max().map_or(0, |best| -best)
        };
        self.set(cell, None);
        Some(worth)
    }

    /// Whether this disc is in a row of four.
    fn connects(&self, disc: [u8; 2]) -> bool {
        [[0, 1], [1, 0], [1, 1], [1, -1]]
            .into_iter()
            .any(|[down, right]: [i8; 2]| 1 + self.along(disc, [down, right]) + self.along(disc, [-down, -right]) >= 4)
    }

    /// How many discs like this one follow it in this direction.
    fn along(&self, from: [u8; 2], step: [i8; 2]) -> usize {
        let owner = self.at(from[0], from[1]);
        let next = |[row, column]: [u8; 2]| {
            let cell = [row.checked_add_signed(step[0])?, column.checked_add_signed(step[1])?];
            (self.at(cell[0], cell[1]) == owner).then_some(cell)
        };
        std::iter::successors(next(from), |cell| next(*cell)).count()
    }
}

impl PracticeBot for ConnectFour {
    fn choose(&self, view: &Value, seat: u8, chance: &mut Chance) -> Option<Value> {
        let mut board = Board::read(view).filter(|_| seat < 2)?;
        let worth: Vec<(u8, i8)> =
            (0..COLUMNS).filter_map(|column| Some((column, board.worth(seat, column, AHEAD)?))).collect();
        let best = worth.iter().map(|(_, worth)| *worth).max()?;
        let lots: Vec<u8> = worth
            .iter()
            .filter(|(_, worth)| *worth == best)
            .flat_map(|(column, _)| std::iter::repeat_n(*column, LOTS[usize::from(*column)]))
            .collect();
        Some(json!({ "column": chance.pick(&lots)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules as _;

    fn answer(columns: &[u8]) -> Value {
        let (mut state, mut seat) = (ConnectFour.start(0, 2, &Value::Null), 0);
        for column in columns {
            state = ConnectFour.play(&state, seat, &json!({ "column": column })).expect("legal").state;
            seat = 1 - seat;
        }
        ConnectFour.choose(&state, seat, &mut Chance::of(3, seat, &state)).expect("there is a move")
    }

    #[test]
    fn it_takes_a_win_and_prevents_one() {
        assert_eq!(answer(&[0, 6, 0, 6, 0, 6]), json!({ "column": 0 }), "its own before the other's");
        assert_eq!(answer(&[0, 6, 0, 5, 0]), json!({ "column": 0 }));
        // Two of three free cells in the middle of the lowest row: at either end there would be a third, open at both.
        let saved = answer(&[2, 2, 3]);
        assert!([json!({ "column": 1 }), json!({ "column": 4 })].contains(&saved), "{saved}");
    }
}
