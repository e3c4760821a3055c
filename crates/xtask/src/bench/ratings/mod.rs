//! `cargo xtask bench ratings`: how well ratings predict. Every match is predicted from the ratings before it, then
//! rated. Each model's parameters are searched for on matches before 1990 and measured on those from 1990 on, which no
//! search has seen.

mod figures;
mod matches;
mod models;
mod search;

use std::ops::Range;
use std::thread;
use std::time::Instant;

use testkit::Failure;

use self::figures::Figures;
use self::matches::{FILE, Match};
use self::models::Kind;

/// Predictions before this year don't count: nobody is known yet.
const WARM: i64 = 1900;

/// From here on, tests.
const TEST: i64 = 1990;

/// How often a search goes over all parameters.
const ROUNDS: usize = 15;

/// A model, tuned and measured.
struct Measured {
    kind: Kind,
    values: Vec<f64>,
    tuned: Figures,
    tested: Figures,
}

/// Predicts and rates all matches up to the end of these years; what came of the predictions in them.
fn played(kind: Kind, values: &[f64], matches: &[Match], teams: usize, years: &Range<i64>) -> Figures {
    let mut predictor = kind.predictor(values, teams);
    let mut figures = Figures::default();
    for played in matches.iter().take_while(|played| played.year < years.end) {
        let expected = predictor.play(played);
        if years.contains(&played.year) {
            figures.add(expected, played.result());
        }
    }
    figures
}

fn measured(kind: Kind, matches: &[Match], teams: usize, rounds: usize) -> Measured {
    let on = |values: &[f64], years: Range<i64>| played(kind, values, matches, teams, &years);
    let values = search::least(&kind.parameters(), rounds, |values| on(values, WARM..TEST).log_loss());
    Measured { kind, tuned: on(&values, WARM..TEST), tested: on(&values, TEST..i64::MAX), values }
}

fn all_measured(matches: &[Match], teams: usize, rounds: usize) -> Result<Vec<Measured>, Failure> {
    let models = thread::scope(|scope| {
        let running = Kind::ALL.map(|kind| scope.spawn(move || measured(kind, matches, teams, rounds)));
        running.into_iter().map(thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
    });
    models.map_err(|_| Failure::new("A model panicked; its message is above."))
}

/// Prints the tables.
pub(super) fn run() -> Result<(), Failure> {
    let began = Instant::now();
    let (matches, teams) = matches::read()?;
    let all = all_measured(&matches, teams, ROUNDS)?;
    let counted = |figures: fn(&Measured) -> &Figures| all.first().map_or(0.0, |model| figures(model).matches());
    println!(
        "{} matches of {teams} teams ({FILE}); tuned on {} of {WARM}–{}, tested on {} from {TEST} on, in {:.1} s.\n",
        matches.len(),
        counted(|model| &model.tuned),
        TEST - 1,
        counted(|model| &model.tested),
        began.elapsed().as_secs_f64()
    );
    println!(
        "| model | log-loss | Brier | accuracy | ECE | tuned: log-loss | parameters |\n|---|---|---|---|---|---|---|"
    );
    for model in &all {
        let named = model.kind.parameters().into_iter().zip(&model.values);
        let parameters: Vec<String> =
            named.map(|(parameter, value)| format!("{} {value:.3}", parameter.name)).collect();
        println!(
            "| {} | {:.4} | {:.4} | {:.1} % | {:.4} | {:.4} | {} |",
            model.kind.name(),
            model.tested.log_loss(),
            model.tested.brier(),
            model.tested.accuracy() * 100.0,
            model.tested.calibration_error(),
            model.tuned.log_loss(),
            parameters.join(", ")
        );
    }
    println!("\nCalibration on the test: what was predicted for the home team on average, and what it got.\n");
    let bins = (0..figures::BINS).map(|bin| format!(" .{bin} |"));
    println!("| model |{}\n|---{}|", bins.collect::<String>(), "|---".repeat(figures::BINS));
    for model in &all {
        let cells = model.tested.calibration().map(|(predicted, got, _)| format!(" {predicted:.2} {got:.2} |"));
        println!("| {} |{}", model.kind.name(), cells.concat());
    }
    println!(
        "\nA draw is half a win: log-loss is the mean of −(s ln p + (1 − s) ln(1 − p)), Brier of (p − s)², with s = 1,"
    );
    println!("½ or 0 for the home team. Accuracy: decided matches that the favourite won. ECE: ten bins of p.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_margins_predict_better_than_elo_with_margin_before_and_after_1990() {
        let (matches, teams) = matches::read().expect("the file is there");
        let values = |kind: Kind| kind.parameters().iter().map(|parameter| parameter.start).collect::<Vec<_>>();
        let at = |kind, values: &[f64], years: Range<i64>| played(kind, values, &matches, teams, &years).log_loss();
        for years in [WARM..TEST, TEST..i64::MAX] {
            let elo = at(Kind::EloMargin, &values(Kind::EloMargin), years.clone());
            let ours = at(Kind::AsShipped, &[250.0], years.clone());
            assert!(ours < elo - 0.003, "{years:?}: {ours} against {elo}");
            assert!(ours > 0.5 && elo < 0.62, "{years:?}: {ours} against {elo}: not these matches");
        }
    }
}
