//! Rock, paper, scissors, best of N. Both throw at once: a throw stays sealed until the other one is made.
//!
//! A move is `{"throw": "rock" | "paper" | "scissors"}`, on the round both have seen. Who wins more than half of
//! `best_of` rounds wins; the option is odd, 1 to 9, usually 3. Drawn rounds are played again, but there are at most
//! four times `best_of`; then whoever has won more has won, and if nobody has it is a draw.
//!
//! A view is `{"best_of", "round", "score": [2], "thrown": [2 × bool], "throw": own sealed throw | null,
//! "rounds": [[2 × throw]…]}`: what is sealed is there only for the seat that threw it.

mod bot;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PlayError, PracticeBot, Rules, Step, Verdict, read_move};

/// The rules module `rock_paper_scissors`.
#[derive(Debug, Clone, Copy)]
pub struct RockPaperScissors;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Throw {
    Rock,
    Paper,
    Scissors,
}

impl Throw {
    const fn beats(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Rock, Self::Scissors) | (Self::Paper, Self::Rock) | (Self::Scissors, Self::Paper)
        )
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    throw: Throw,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default = "usual_best_of")]
    best_of: u8,
}

const fn usual_best_of() -> u8 {
    3
}

impl Options {
    fn read(options: &Value) -> Option<Self> {
        let options =
            if options.is_null() { Self { best_of: usual_best_of() } } else { Self::deserialize(options).ok()? };
        allowed(options.best_of).then_some(options)
    }
}

const fn allowed(best_of: u8) -> bool {
    best_of % 2 == 1 && best_of <= 9
}

/// The whole state, with its secret: `sealed` is a throw whose answer is awaited.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Match {
    best_of: u8,
    sealed: [Option<Throw>; 2],
    rounds: Vec<[Throw; 2]>,
}

impl Match {
    fn read(state: &Value) -> Option<Self> {
        let known = Self::deserialize(state).ok()?;
        let sound = allowed(known.best_of)
            && known.rounds.len() <= known.most_rounds()
            && known.sealed.iter().any(Option::is_none);
        sound.then_some(known)
    }

    fn write(&self) -> Value {
        json!({ "best_of": self.best_of, "sealed": self.sealed, "rounds": self.rounds })
    }

    fn most_rounds(&self) -> usize {
        usize::from(self.best_of) * 4
    }

    fn score(&self) -> [usize; 2] {
        let won = |by: usize| self.rounds.iter().filter(|round| round[by].beats(round[1 - by])).count();
        [won(0), won(1)]
    }

    fn verdict(&self) -> Option<Verdict> {
        let (score, enough) = (self.score(), usize::from(self.best_of / 2) + 1);
        let over = score.iter().any(|won| *won >= enough) || self.rounds.len() >= self.most_rounds();
        over.then_some(match score[0].cmp(&score[1]) {
            std::cmp::Ordering::Greater => Verdict::Won { seat: 0 },
            std::cmp::Ordering::Less => Verdict::Won { seat: 1 },
            std::cmp::Ordering::Equal => Verdict::Draw,
        })
    }

    const fn turn(&self) -> Option<u8> {
        match self.sealed {
            [Some(_), None] => Some(1),
            [None, Some(_)] => Some(0),
            _ => None,
        }
    }
}

impl Rules for RockPaperScissors {
    fn key(&self) -> &'static str {
        "rock_paper_scissors"
    }

    fn version(&self) -> i32 {
        1
    }

    fn seats(&self) -> RangeInclusive<u8> {
        2..=2
    }

    fn check_options(&self, options: &Value) -> Result<(), &'static str> {
        match Options::read(options) {
            Some(_) => Ok(()),
            None => Err("must be null or {\"best_of\": N} with N odd, from 1 to 9"),
        }
    }

    fn start(&self, _seed: i64, _seats: u8, options: &Value) -> Value {
        let best_of = Options::read(options).map_or_else(usual_best_of, |options| options.best_of);
        Match { best_of, sealed: [None; 2], rounds: Vec::new() }.write()
    }

    fn turn(&self, state: &Value) -> Option<u8> {
        Match::read(state)?.turn()
    }

    fn play(&self, state: &Value, seat: u8, mv: &Value) -> Result<Step, PlayError> {
        let mut game = Match::read(state).ok_or(PlayError::Broken)?;
        let Some(Move { throw }) = read_move(mv) else {
            return Err(PlayError::Illegal {
                why: "A move is {\"throw\": \"rock\", \"paper\" or \"scissors\"} and nothing else.",
            });
        };
        if game.verdict().is_some() {
            return Err(PlayError::Illegal { why: "The game is decided." });
        }
        match game.sealed.get_mut(usize::from(seat)) {
            Some(free @ None) => *free = Some(throw),
            Some(Some(_)) => return Err(PlayError::Illegal { why: "You have thrown in this round already." }),
            None => return Err(PlayError::Broken),
        }
        let shown = if let [Some(first), Some(second)] = game.sealed {
            game.sealed = [None; 2];
            game.rounds.push([first, second]);
            json!({ "throws": [first, second] })
        } else {
            Value::Null
        };
        Ok(Step { turn: game.turn(), verdict: game.verdict(), state: game.write(), advances: !shown.is_null(), shown })
    }

    fn view(&self, state: &Value, viewer: Option<u8>) -> Value {
        // Nothing is better than a secret told.
        let Some(game) = Match::read(state) else { return Value::Null };
        json!({
            "best_of": game.best_of,
            "round": game.rounds.len(),
            "score": game.score(),
            "thrown": game.sealed.map(|throw| throw.is_some()),
            "throw": viewer.and_then(|seat| game.sealed.get(usize::from(seat)).copied().flatten()),
            "rounds": game.rounds,
        })
    }

    fn verdict(&self, state: &Value) -> Option<Verdict> {
        Match::read(state)?.verdict()
    }

    fn bot(&self) -> Option<&dyn PracticeBot> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const THROWS: [&str; 3] = ["rock", "paper", "scissors"];

    fn start(best_of: u8) -> Value {
        RockPaperScissors.start(0, 2, &json!({ "best_of": best_of }))
    }

    fn throw(state: &Value, seat: u8, throw: usize) -> Result<Step, PlayError> {
        RockPaperScissors.play(state, seat, &json!({ "throw": THROWS[throw] }))
    }

    /// The oracle: with throws as numbers, each beats the one before it. Counts won rounds until somebody has enough.
    fn oracle(best_of: usize, rounds: &[[usize; 2]]) -> (Option<Verdict>, [usize; 2]) {
        let mut score = [0; 2];
        for [a, b] in rounds {
            match (3 + a - b) % 3 {
                1 => score[0] += 1,
                2 => score[1] += 1,
                _ => {}
            }
        }
        let decided = score[0] * 2 > best_of || score[1] * 2 > best_of;
        let verdict =
            if score[0] == score[1] { Verdict::Draw } else { Verdict::Won { seat: u8::from(score[1] > score[0]) } };
        ((decided || rounds.len() == best_of * 4).then_some(verdict), score)
    }

    proptest! {
        #[test]
        fn agrees_with_an_oracle_round_by_round_and_ends(
            half in 0..5_u8,
            given in prop::collection::vec((0..3_usize, 0..3_usize, any::<bool>()), 36..40),
            even in any::<bool>(),
        ) {
            let best_of = half * 2 + 1;
            let (mut state, mut rounds) = (start(best_of), Vec::new());
            for (a, b, second_first) in given {
                let b = if even { a } else { b };
                if RockPaperScissors.verdict(&state).is_some() {
                    break;
                }
                let (first, second) = if second_first { ((1, b), (0, a)) } else { ((0, a), (1, b)) };
                let sealed = throw(&state, first.0, first.1).expect("the round is open");
                prop_assert_eq!(RockPaperScissors.turn(&state), None, "both may");
                prop_assert_eq!((sealed.advances, &sealed.shown, sealed.turn), (false, &Value::Null, Some(second.0)));
                prop_assert_eq!(sealed.verdict, None);
                prop_assert!(throw(&sealed.state, first.0, second.1).is_err(), "nobody throws twice");
                let open = throw(&sealed.state, second.0, second.1).expect("the other's throw");
                rounds.push([a, b]);
                let (verdict, score) = oracle(usize::from(best_of), &rounds);
                prop_assert_eq!((open.advances, open.turn, open.verdict), (true, None, verdict));
                prop_assert_eq!(&open.shown, &json!({ "throws": [THROWS[a], THROWS[b]] }));
                prop_assert_eq!(RockPaperScissors.verdict(&open.state), verdict);
                let view = RockPaperScissors.view(&open.state, None);
                prop_assert_eq!((&view["score"], &view["round"]), (&json!(score), &json!(rounds.len())));
                state = open.state;
            }
            prop_assert!(RockPaperScissors.verdict(&state).is_some(), "at most four times best_of rounds");
            prop_assert!(throw(&state, 0, 0).is_err() && throw(&state, 1, 0).is_err(), "the game is decided");
        }

        #[test]
        fn a_sealed_throw_shows_in_nobody_elses_view(
            past in prop::collection::vec((0..3_usize, 0..3_usize), 0..3), seat in 0..2_u8, own in 0..3_usize,
        ) {
            let mut state = start(9);
            for (a, b) in past {
                state = throw(&state, 0, a).expect("open").state;
                state = throw(&state, 1, b).expect("open").state;
            }
            let sealed: Vec<_> = (0..3).map(|n| throw(&state, seat, n).expect("open")).collect();
            for viewer in [None, Some(1 - seat), Some(7)] {
                let views: Vec<_> = sealed.iter().map(|step| RockPaperScissors.view(&step.state, viewer)).collect();
                prop_assert!(views.iter().all(|view| *view == views[0]), "{viewer:?} can tell: {views:?}");
                prop_assert_eq!(&views[0]["throw"], &Value::Null);
            }
            let mine = RockPaperScissors.view(&sealed[own].state, Some(seat));
            prop_assert_eq!(&mine["throw"], &json!(THROWS[own]));
            prop_assert_eq!(&mine["thrown"], &json!([seat == 0, seat == 1]));
        }

        #[test]
        fn a_move_that_is_not_one_throw_is_refused(noise in "\\PC{0,12}", n in any::<i64>()) {
            for mv in [
                json!(noise), json!({ "throw": noise }), json!({ "throw": "rock", "x": n }),
                json!({ "throw": n }), json!(["rock"]),
                json!(null), json!({}), json!({ "throw": "Rock" }), json!({ "throw": ["rock"] }),
            ] {
                let refused = matches!(RockPaperScissors.play(&start(3), 0, &mv), Err(PlayError::Illegal { .. }));
                prop_assert!(refused, "{mv}");
            }
        }
    }

    #[test]
    fn rounds_without_a_winner_are_bounded_and_the_score_decides() {
        let mut state = start(3);
        let round = |state: &Value, a, b| {
            let state = throw(state, 0, a).expect("open").state;
            throw(&state, 1, b).expect("open")
        };
        for _ in 0..11 {
            let step = round(&state, 0, 0);
            assert_eq!(step.verdict, None);
            state = step.state;
        }
        assert_eq!(round(&state, 1, 1).verdict, Some(Verdict::Draw), "nobody has won more");
        assert_eq!(round(&state, 0, 1).verdict, Some(Verdict::Won { seat: 1 }), "one round is more than none");
    }

    #[test]
    fn best_of_is_odd_and_at_most_nine() {
        for right in [json!(null), json!({}), json!({ "best_of": 1 }), json!({ "best_of": 9 })] {
            assert_eq!(RockPaperScissors.check_options(&right), Ok(()), "{right}");
        }
        for wrong in [
            json!({ "best_of": 0 }),
            json!({ "best_of": 2 }),
            json!({ "best_of": 11 }),
            json!({ "best_of": 3.0 }),
            json!({ "best_of": -1 }),
            json!({ "best": 3 }),
            json!(3),
        ] {
            assert!(RockPaperScissors.check_options(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(RockPaperScissors.view(&RockPaperScissors.start(0, 2, &Value::Null), None)["best_of"], 3);
    }

    #[test]
    fn a_state_of_somebody_else_is_broken_not_a_crash_and_shows_nothing() {
        let both = json!({ "best_of": 3, "sealed": ["rock", "rock"], "rounds": [] });
        let even = json!({ "best_of": 4, "sealed": ["rock", null], "rounds": [] });
        for state in [json!(null), json!({ "best_of": 3 }), both, even] {
            assert_eq!(throw(&state, 0, 0), Err(PlayError::Broken));
            assert_eq!(RockPaperScissors.verdict(&state), None);
            assert_eq!(RockPaperScissors.view(&state, Some(0)), Value::Null);
        }
        assert_eq!(throw(&start(3), 2, 0), Err(PlayError::Broken), "there are two seats");
    }
}
