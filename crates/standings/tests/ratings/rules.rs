//! What holds whatever is played.

use proptest::prelude::*;
use shallweplay_standings::rating::{self, RatedSeat, Tuning, expected, is_provisional, newcomer, rate};
use shallweplay_standings::{Model, Outcome, Rating};

use super::play::{BOTH, day, duel, seat, settled};

fn models() -> impl Strategy<Value = Model> {
    prop_oneof![Just(Model::WengLin), Just(Model::Glicko2)]
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Outcome::Win), Just(Outcome::Loss), Just(Outcome::Draw)]
}

fn scores() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        Just(None),
        (0_i64..20).prop_map(Some),
        (-1_000_000_i64..1_000_000).prop_map(Some),
        any::<i64>().prop_map(Some)
    ]
}

/// Values and deviations as players have them.
fn standing() -> impl Strategy<Value = (f64, f64)> {
    (500.0..3000.0, 30.0..333.0)
}

/// Seats as no game has them: any number of teams, any outcomes, numbers that are none.
fn anything(model: Model) -> impl Strategy<Value = RatedSeat> {
    let wild = || prop_oneof![4 => -1e5..1e5, 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let rating = (wild(), wild(), wild(), any::<i32>(), proptest::option::of(any::<i64>()));
    (0_u8..6, rating, proptest::option::of(outcomes()), scores()).prop_map(
        move |(team, (value, deviation, volatility, games, last), outcome, score)| {
            let last_at = last.map(kernel::Timestamp::from_micros);
            let rating = Rating { value, deviation, volatility, games, last_at, ..newcomer(model) };
            RatedSeat { outcome, ..seat(team, rating, Outcome::Draw, score) }
        },
    )
}

fn close(one: f64, other: f64, by: f64) -> bool {
    (one - other).abs() <= by
}

proptest! {
    #[test]
    fn who_wins_a_duel_gains_and_who_loses_loses(
        model in models(), (a, da) in standing(), (b, db) in standing(), ours in scores(), theirs in scores(),
    ) {
        let (one, other) = (settled(model, a, da), settled(model, b, db));
        let (won, lost) = duel(model, one, other, ours.zip(theirs));
        prop_assert!(won.value > a && lost.value < b, "{a} → {}, {b} → {}", won.value, lost.value);
        prop_assert!(won.games == 51 && lost.games == 51 && won.last_at == Some(day(0)));
    }

    #[test]
    fn sides_don_t_matter(
        model in models(), (a, da) in standing(), (b, db) in standing(),
        outcome in outcomes(), (ours, theirs) in (scores(), scores()),
    ) {
        let opposite = match outcome { Outcome::Win => Outcome::Loss, Outcome::Loss => Outcome::Win, other => other };
        let one = |team| seat(team, settled(model, a, da), outcome, ours);
        let other = |team| seat(team, settled(model, b, db), opposite, theirs);
        let here = rate(model, &[one(0), other(1)], 1.0, day(3));
        let there = rate(model, &[other(0), one(1)], 1.0, day(3));
        prop_assert_eq!((here[0], here[1]), (there[1], there[0]));
    }

    #[test]
    fn equally_certain_duellists_share_one_sum(
        (a, b) in (500.0..3000.0, 500.0..3000.0), deviation in 40.0..300.0, (ours, theirs) in (scores(), scores()),
    ) {
        let of = |value| settled(Model::WengLin, value, deviation);
        let (won, lost) = duel(Model::WengLin, of(a), of(b), ours.zip(theirs));
        prop_assert!(close(won.value + lost.value, a + b, 1e-6), "{a} + {b} became {} + {}", won.value, lost.value);
    }

    #[test]
    fn the_order_of_seats_doesn_t_matter(
        model in models(), turn in 1_usize..8,
        game in proptest::collection::vec((0_u8..4, standing(), outcomes(), scores()), 2..9),
    ) {
        let seats: Vec<RatedSeat> = game
            .into_iter()
            .map(|(team, (value, deviation), outcome, score)| seat(team, settled(model, value, deviation), outcome, score))
            .collect();
        let straight = rate(model, &seats, 0.7, day(9));
        let mut turned = seats.clone();
        turned.rotate_left(turn % seats.len());
        let mut back = rate(model, &turned, 0.7, day(9));
        back.rotate_right(turn % seats.len());
        for (one, other) in straight.iter().zip(&back) {
            prop_assert!(close(one.value, other.value, 1e-7) && close(one.deviation, other.deviation, 1e-7));
        }
    }

    #[test]
    fn without_weight_only_the_game_is_counted(
        model in models(), (a, da) in standing(), (b, db) in standing(), weight in 0.0..1.0, later in 0_i64..900,
    ) {
        let (won, lost) = (settled(model, a, da), settled(model, b, db));
        let seats = [seat(0, won, Outcome::Win, None), seat(1, lost, Outcome::Loss, None)];
        let before = seats.map(|seat| rating::at(&seat.rating, model, day(later)));
        let none = rate(model, &seats, 0.0, day(later));
        for (none, before) in none.iter().zip(&before) {
            prop_assert!(none.value == before.value && close(none.deviation, before.deviation, 1e-9));
            prop_assert!(none.volatility == before.volatility && none.games == before.games + 1);
        }
        let (full, part) = (rate(model, &seats, 1.0, day(later)), rate(model, &seats, weight, day(later)));
        for seat in 0..2 {
            let share = |of: fn(&Rating) -> f64| of(&before[seat]) + weight * (of(&full[seat]) - of(&before[seat]));
            prop_assert!(close(part[seat].value, share(|rating| rating.value), 1e-6));
            // The floor of the deviation stands outside of it.
            if full[seat].deviation > 30.0 {
                prop_assert!(close(part[seat].deviation.powi(2), share(|rating| rating.deviation.powi(2)), 1e-3));
            }
        }
    }

    #[test]
    fn whatever_comes_in_numbers_come_out(
        (model, seats) in models()
            .prop_flat_map(|model| (Just(model), proptest::collection::vec(anything(model), 0..17))),
        weight in any::<f64>(), now in any::<i64>(),
    ) {
        let now = kernel::Timestamp::from_micros(now);
        let after = rate(model, &seats, weight, now);
        prop_assert_eq!(after.len(), seats.len());
        for (after, seat) in after.iter().zip(&seats).filter(|(after, seat)| after.games != seat.rating.games) {
            prop_assert!((-8500.0..=11500.0).contains(&after.value), "{after:?} of {seat:?}");
            prop_assert!((30.0..=350.0).contains(&after.deviation), "{after:?} of {seat:?}");
            prop_assert!((0.0..=0.15).contains(&after.volatility), "{after:?} of {seat:?}");
        }
        let ratings: Vec<Rating> = seats.iter().map(|seat| seat.rating).collect();
        let chance = expected(model, &ratings[..ratings.len() / 2], &ratings[ratings.len() / 2..]);
        prop_assert!((0.0..=1.0).contains(&chance), "{chance}");
    }

    #[test]
    fn chances_of_both_sides_are_one_together_and_grow_with_the_rating(
        model in models(), (a, da) in standing(), (b, db) in standing(), more in 1.0..500.0,
    ) {
        let (one, other) = ([settled(model, a, da)], [settled(model, b, db)]);
        let chance = expected(model, &one, &other);
        prop_assert!(close(chance + expected(model, &other, &one), 1.0, 1e-12));
        prop_assert!(expected(model, &[settled(model, a + more, da)], &other) > chance);
        prop_assert!((chance > 0.5) == (a > b));
    }

    #[test]
    fn a_wider_margin_moves_more_and_never_beyond_bounds(
        (a, b) in (1000.0..2000.0, 1000.0..2000.0), ours in 1_i64..1000, less in 0_i64..1000, lesser in 0_i64..1000,
    ) {
        let (near, far) = (less.max(lesser).min(ours), less.min(lesser).min(ours));
        let (one, other) = (settled(Model::WengLin, a, 80.0), settled(Model::WengLin, b, 80.0));
        let gain = |scores| duel(Model::WengLin, one, other, scores).0.value - a;
        // A wider margin of the same winner's score.
        let (little, much) = (gain(Some((ours, near))), gain(Some((ours, far))));
        prop_assert!(much >= little - 1e-9, "{ours}:{near} gave {little}, {ours}:{far} {much}");
        let (plain, margin) = (gain(None), Tuning::OURS.margin);
        prop_assert!(little >= plain * margin.floor - 1e-9, "{little} against {plain} without scores");
        // A surprise is at most the slope's inverse where it is at most 1 without scores.
        let whole = plain / (1.0 - expected(Model::WengLin, &[one], &[other]));
        let most = gain(Some((i64::MAX, i64::MIN)));
        prop_assert!(most >= much && most <= whole * 1.01 / margin.slope, "{most} against {whole}");
    }

    #[test]
    fn certainty_is_lost_with_time_up_to_a_newcomer_s(
        model in models(), (value, deviation) in standing(), early in 0_i64..2000, more in 1_i64..2000,
    ) {
        let stored = settled(model, value, deviation);
        let (soon, late) = (rating::at(&stored, model, day(early)), rating::at(&stored, model, day(early + more)));
        prop_assert!(soon.deviation >= deviation && late.deviation >= soon.deviation);
        prop_assert!(late.deviation <= newcomer(model).deviation);
        prop_assert!(late.value == value && late.games == stored.games && late.last_at == stored.last_at);
        prop_assert_eq!(rating::at(&stored, model, day(-early)), stored, "a clock that is behind takes nothing away");
    }
}

#[test]
fn long_scores_mean_the_same_in_any_unit() {
    let model = Model::WengLin;
    let gain = |ours, theirs| {
        let (one, other) = (settled(model, 1500.0, 80.0), settled(model, 1500.0, 80.0));
        duel(model, one, other, Some((ours, theirs))).0.value - 1500.0
    };
    assert!(close(gain(90_000, 60_000), gain(90_000_000, 60_000_000), 0.02));
    assert!(gain(90_000, 60_000) > gain(90_000, 85_000) * 1.5);
}

#[test]
fn scores_that_contradict_the_outcome_say_nothing() {
    let model = Model::WengLin;
    let (one, other) = (settled(model, 1500.0, 80.0), settled(model, 1600.0, 120.0));
    assert_eq!(duel(model, one, other, Some((3, 8))), duel(model, one, other, None));
    assert_ne!(duel(model, one, other, Some((8, 3))), duel(model, one, other, None));
}

#[test]
fn winning_a_free_for_all_is_worth_two_duels_however_many_play() {
    for model in BOTH {
        let player = settled(model, 1500.0, 100.0);
        let (won, lost) = duel(model, player, player, None);
        let (up, down) = (won.value - 1500.0, 1500.0 - lost.value);
        for players in [3_u8, 4, 8, 16] {
            let outcome = |team| if team == 0 { Outcome::Win } else { Outcome::Loss };
            let seats: Vec<RatedSeat> = (0..players).map(|team| seat(team, player, outcome(team), None)).collect();
            let after = rate(model, &seats, 1.0, day(0));
            let gained = after[0].value - 1500.0;
            assert!(gained > up * 1.2 && gained < up * 2.1, "{model:?}, {players}: {gained} against {up}");
            assert!(after[0].deviation > 60.0, "{model:?}, {players}: {}", after[0].deviation);
            // Nothing is known among the losers: each lost to the winner, and as much as the others.
            assert!(after[1..].iter().all(|lost| close(lost.value, after[1].value, 1e-9)));
            let dropped = 1500.0 - after[1].value;
            assert!(dropped > 0.0 && dropped <= down * 1.01, "{model:?}, {players}: {dropped} against {down}");
        }
    }
}

#[test]
fn losers_with_scores_are_told_apart() {
    for model in BOTH {
        let player = settled(model, 1500.0, 100.0);
        let outcome = |team| if team == 0 { Outcome::Win } else { Outcome::Loss };
        let game = [90, 70, 20, 10].into_iter().zip(0_u8..);
        let seats: Vec<RatedSeat> = game.map(|(score, team)| seat(team, player, outcome(team), Some(score))).collect();
        let after = rate(model, &seats, 1.0, day(0));
        assert!(after.windows(2).all(|pair| pair[0].value > pair[1].value), "{model:?}: {after:?}");
    }
}

#[test]
fn who_left_loses_though_the_team_won() {
    for model in BOTH {
        let player = settled(model, 1500.0, 100.0);
        let seats = [
            seat(0, player, Outcome::Win, Some(10)),
            seat(0, player, Outcome::Loss, Some(500)),
            seat(1, player, Outcome::Loss, Some(4)),
            seat(1, player, Outcome::Loss, Some(3)),
        ];
        let after = rate(model, &seats, 1.0, day(0));
        assert!(after[0].value > 1500.0, "{model:?}: {after:?}");
        assert!(after[1..].iter().all(|lost| lost.value < 1500.0), "{model:?}: {after:?}");
    }
}

#[test]
fn in_a_team_the_less_certain_move_more() {
    for model in BOTH {
        let teams = [settled(model, 1500.0, 60.0), settled(model, 1500.0, 200.0)];
        let outcome = |team| if team == 0 { Outcome::Win } else { Outcome::Loss };
        let both = (0_u8..2).flat_map(|team| teams.map(|player| seat(team, player, outcome(team), None)));
        let after = rate(model, &both.collect::<Vec<_>>(), 1.0, day(0));
        assert!(after[1].value - 1500.0 > 3.0 * (after[0].value - 1500.0), "{model:?}: {after:?}");
        assert!(after[0].value > 1500.0 && after[2].value < 1500.0, "{model:?}: {after:?}");
    }
}

#[test]
fn a_game_that_says_nothing_changes_nothing() {
    for model in BOTH {
        let player = settled(model, 1600.0, 100.0);
        let alone = RatedSeat { outcome: None, ..seat(0, player, Outcome::Win, Some(7)) };
        assert_eq!(rate(model, &[alone], 1.0, day(5)), [player]);
        let lost = |team| seat(team, player, Outcome::Loss, None);
        assert_eq!(rate(model, &[lost(0), lost(1)], 1.0, day(5)), [player, player]);
        assert!(rate(model, &[], 1.0, day(5)).is_empty());
    }
}

#[test]
fn ratings_are_provisional_at_first_and_peak_afterwards() {
    for model in BOTH {
        let (mut player, other) = (newcomer(model), settled(model, 1500.0, 80.0));
        assert!(is_provisional(&player));
        let mut games = 0;
        while is_provisional(&player) {
            assert_eq!(player.peak, None, "{model:?}: no peak while it is a guess");
            player = duel(model, player, other, None).0;
            // Won and lost in turn.
            player = duel(model, other, player, None).1;
            games += 2;
            assert!(games <= 40, "{model:?}: {player:?}");
        }
        assert!(games >= 10, "{model:?}");
        let peak = player.peak.expect("a peak");
        let up = duel(model, player, other, None).0;
        let down = duel(model, other, up, None).1;
        assert!(up.peak == Some(up.value) && up.value > peak && down.peak == up.peak, "{model:?}");
        let years = rating::at(&down, model, day(5000));
        assert!(is_provisional(&years) && years.peak == down.peak, "{model:?}: unknown again after years");
    }
}

#[test]
fn both_models_find_out_who_is_better() {
    // Ten players; the better of two wins three games of four.
    for model in BOTH {
        let mut ratings = [newcomer(model); 10];
        for round in 0..400_usize {
            let (a, b) = (round * 7 % 10, (round * 3 + round / 10) % 10);
            if a != b {
                let favourite = a.max(b);
                let (won, lost) = if round % 4 == 3 { (a.min(b), favourite) } else { (favourite, a.min(b)) };
                (ratings[won], ratings[lost]) = duel(model, ratings[won], ratings[lost], None);
            }
        }
        let mean = |of: &[Rating]| of.iter().map(|rating| rating.value).sum::<f64>() / 5.0;
        assert!(mean(&ratings[5..]) > mean(&ratings[..5]) + 100.0, "{model:?}: {ratings:?}");
        assert!(ratings.iter().all(|rating| rating.deviation < newcomer(model).deviation), "{model:?}");
    }
}
