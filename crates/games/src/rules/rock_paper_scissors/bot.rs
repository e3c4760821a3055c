//! Throws at random: nobody does better against who does.

use serde_json::{Value, json};

use super::{RockPaperScissors, Throw};
use crate::rules::{Chance, PracticeBot};

impl PracticeBot for RockPaperScissors {
    fn choose(&self, _view: &Value, _seat: u8, chance: &mut Chance) -> Option<Value> {
        Some(json!({ "throw": chance.pick(&[Throw::Rock, Throw::Paper, Throw::Scissors])? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules as _;

    #[test]
    fn it_throws_the_same_whatever_the_other_one_has_thrown() {
        let start = RockPaperScissors.start(0, 2, &Value::Null);
        for (seed, seat) in (0..50).flat_map(|seed| [(seed, 0), (seed, 1)]) {
            let answers = ["rock", "paper", "scissors"].map(|throw| {
                let mv = json!({ "throw": throw });
                let sealed = RockPaperScissors.play(&start, 1 - seat, &mv).expect("legal").state;
                let view = RockPaperScissors.view(&sealed, Some(seat));
                RockPaperScissors.choose(&view, seat, &mut Chance::of(seed, seat, &view))
            });
            assert!(answers[0].is_some() && answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        }
    }
}
