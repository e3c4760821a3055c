//! Practice bots: who plays with somebody who has nobody to play with.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Chooses moves of a rules module. It is told what its seat may see and nothing else, so it can't cheat, and all the
/// chance it has comes in as an argument, so the same game gets the same answers on every replica.
///
/// A replay plays the moves that were made and never asks a bot: how it plays may change at any time, without another
/// version of the rules.
pub trait PracticeBot: Send + Sync {
    /// A legal move for `seat`, whose turn it is and which sees `view`; `None` only where there is none.
    fn choose(&self, view: &Value, seat: u8, chance: &mut Chance) -> Option<Value>;
}

/// Chance that is the same whenever the same is asked: SHA-256 in counter mode.
#[derive(Debug, Clone)]
pub struct Chance {
    seed: [u8; 32],
    drawn: u64,
}

impl Chance {
    /// The chance of one move: by the game's seed, and by what the seat sees of what has been played.
    #[must_use]
    pub fn of(seed: i64, seat: u8, view: &Value) -> Self {
        // Canonical, for databases give a state's fields back in orders of their own.
        let seen = serde_json_canonicalizer::to_vec(view).unwrap_or_default();
        let seed = Sha256::new().chain_update(seed.to_le_bytes()).chain_update([seat]).chain_update(seen).finalize();
        Self { seed: seed.into(), drawn: 0 }
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.drawn += 1;
        let digest = Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_le_bytes()).finalize();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        // Of a few out of 2^64 none is more likely than another by anything one could measure.
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        u64::from_le_bytes(bytes).checked_rem(end).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    }

    /// One of these, each as likely as the others.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.below(from.len())).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::rules::{MODULES, Rules, Verdict};

    /// Every move that could be one, by module.
    fn moves(module: &dyn Rules) -> Vec<Value> {
        match module.key() {
            "tic_tac_toe" => (0..9).map(|cell| json!({ "cell": cell })).collect(),
            "connect_four" => (0..7).map(|column| json!({ "column": column })).collect(),
            "rock_paper_scissors" => ["rock", "paper", "scissors"].map(|throw| json!({ "throw": throw })).to_vec(),
            other => panic!("which moves has {other}?"),
        }
    }

    /// Plays a whole game: the bot sits in the seats that are said, somebody without a plan in the others.
    fn played(module: &dyn Rules, seed: i64, bots: [bool; 2]) -> (Verdict, Vec<(u8, Value)>) {
        let bot = module.bot().expect("has one");
        let (mut state, mut log) = (module.start(seed, 2, &Value::Null), Vec::new());
        let mut luck = Chance::of(seed, 7, &Value::Null);
        for _ in 0..200 {
            if let Some(verdict) = module.verdict(&state) {
                return (verdict, log);
            }
            // Where both may move the human does, as in games.
            let human = u8::from(bots[0]);
            let seat = module.turn(&state).unwrap_or(human);
            let step = if bots[usize::from(seat)] {
                let view = module.view(&state, Some(seat));
                let mv = bot.choose(&view, seat, &mut Chance::of(seed, seat, &view)).expect("there is a move");
                let step = module.play(&state, seat, &mv);
                log.push((seat, mv));
                step.expect("a bot's move is legal")
            } else {
                let candidates = moves(module);
                let legal: Vec<_> = candidates.iter().filter(|mv| module.play(&state, seat, mv).is_ok()).collect();
                let mv = luck.pick(&legal).expect("there is a move").clone();
                let step = module.play(&state, seat, &mv).expect("legal");
                log.push((seat, mv));
                step
            };
            state = step.state;
        }
        panic!("a game without an end: {log:?}");
    }

    fn playing() -> impl Iterator<Item = &'static dyn Rules> {
        MODULES.iter().copied().filter(|module| module.bot().is_some())
    }

    #[test]
    fn every_module_that_ships_has_a_bot() {
        assert_eq!(playing().count(), MODULES.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whoever_it_plays_with_games_end_with_legal_moves_and_a_seed_gives_one_game(seed in 0..i64::MAX) {
            for module in playing() {
                for bots in [[true, false], [false, true], [true, true]] {
                    let first = played(module, seed, bots);
                    prop_assert_eq!(first, played(module, seed, bots), "{}", module.key());
                }
            }
        }

        #[test]
        fn a_view_that_is_none_is_no_crash(noise in "\\PC{0,12}", seat in any::<u8>(), n in any::<i64>()) {
            let seen = [json!(noise), json!(null), json!({}), json!([n]), json!({ "cells": [n], "line": noise })];
            for (module, view) in playing().flat_map(|module| seen.iter().map(move |view| (module, view))) {
                let chosen = module.bot().expect("has one").choose(view, seat, &mut Chance::of(n, seat, view));
                prop_assert!(chosen.is_none() || moves(module).contains(&chosen.clone().unwrap_or_default()));
                // A seat that the game hasn't.
                let start = module.view(&module.start(n, 2, &Value::Null), Some(seat));
                let _ = module.bot().expect("has one").choose(&start, seat, &mut Chance::of(n, seat, &start));
            }
        }
    }

    #[test]
    fn it_beats_who_plays_at_random() {
        for module in playing().filter(|module| module.key() != "rock_paper_scissors") {
            let (mut won, mut lost, games) = (0, 0, 200);
            for seed in 0..games {
                let seat = u8::from(seed % 2 == 0);
                match played(module, seed, [seat == 0, seat == 1]).0 {
                    Verdict::Won { seat: winner } if winner == seat => won += 1,
                    Verdict::Won { .. } => lost += 1,
                    Verdict::Draw => {}
                }
            }
            assert!(won * 4 > games * 3, "{}: won {won}, lost {lost} of {games}", module.key());
            assert!(lost * 10 < games, "{}: won {won}, lost {lost} of {games}", module.key());
            // It sees no fork, so that even who plays without a plan gets one past it now and then.
            assert!(module.key() != "tic_tac_toe" || lost > 0, "nobody likes to lose for ever");
        }
    }

    #[test]
    fn chance_is_fair_and_the_same_for_the_same() {
        let view = json!({ "b": 1, "a": 2 });
        let (mut one, mut other) = (Chance::of(7, 0, &view), Chance::of(7, 0, &json!({ "a": 2, "b": 1 })));
        let mut counts = [0; 3];
        for _ in 0..3_000 {
            let n = one.below(3);
            assert_eq!(n, other.below(3));
            counts[n] += 1;
        }
        assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
        assert_ne!(
            (0..20).map(|_| Chance::below(&mut one, 100)).collect::<Vec<_>>(),
            (0..20)
                .map({
                    let mut c = Chance::of(7, 1, &view);
                    move |_| c.below(100)
                })
                .collect::<Vec<_>>()
        );
        assert_eq!((one.below(0), one.pick::<u8>(&[])), (0, None));
    }
}
