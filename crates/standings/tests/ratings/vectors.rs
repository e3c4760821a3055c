//! `fixtures/rating_vectors.json`: values of other implementations.

use serde_json::Value;
use shallweplay_standings::rating::glicko2::{self, Duel, Player};
use shallweplay_standings::rating::weng_lin::{self, Params};

fn vectors(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../fixtures/rating_vectors.json")).expect("JSON");
    all[of].as_array().expect("a list").clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(number).collect()
}

fn teams(value: &Value) -> Vec<Vec<(f64, f64)>> {
    let team = |team: &Value| {
        let players = team.as_array().expect("players").iter();
        players.map(|player| (number(&player[0]), number(&player[1]))).collect()
    };
    value.as_array().expect("teams").iter().map(team).collect()
}

fn close(found: f64, expected: f64, by: f64, what: &str) {
    assert!((found - expected).abs() <= by, "{what}: {found} instead of {expected}");
}

#[test]
fn weng_lin_gives_openskills_values() {
    let cases = vectors("weng_lin");
    assert_eq!(cases.len(), 13);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let duels = match case["model"].as_str() {
            Some("BradleyTerryFull") => f64::INFINITY,
            Some("BradleyTerryPart") => 1.0,
            other => panic!("{name}: model {other:?}"),
        };
        let [beta, kappa, tau] = ["beta", "kappa", "tau"].map(|field| number(&case[field]));
        let given = teams(&case["teams"]);
        let given: Vec<&[(f64, f64)]> = given.iter().map(Vec::as_slice).collect();
        let ranks: Vec<u32> = numbers(&case["ranks"]).into_iter().map(|rank| rank as u32).collect();

        let found = weng_lin::update(&given, &ranks, &Params { beta, kappa, tau, duels });
        let expected = teams(&case["expect"]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), expected.iter().map(Vec::len).collect::<Vec<_>>());
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            close(found.0, expected.0, 1e-9, name);
            close(found.1, expected.1, 1e-9, name);
        }

        let chances = weng_lin::predict_win(&given, beta);
        assert_eq!(chances.len(), given.len(), "{name}");
        for (found, expected) in chances.iter().zip(numbers(&case["predict_win"])) {
            close(*found, expected, 1e-9, name);
        }
        close(weng_lin::predict_draw(&given, beta), number(&case["predict_draw"]), 1e-9, name);
    }
}

#[test]
fn glicko_2_gives_the_papers_example_and_values_to_eight_digits() {
    let cases = vectors("glicko2");
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let [value, deviation, volatility, tau] = ["rating", "rd", "vol", "tau"].map(|field| number(&case[field]));
        let games = case["games"].as_array().expect("games").iter();
        let duels: Vec<Duel> = games
            .map(|game| {
                let [value, deviation, result] = ["opp", "opp_rd", "score"].map(|field| number(&game[field]));
                Duel { value, deviation, result }
            })
            .collect();
        let found = glicko2::update(Player { value, deviation, volatility }, &duels, tau);
        close(found.value, number(&case["expect"]["rating"]), 1e-8, name);
        close(found.deviation, number(&case["expect"]["rd"]), 1e-8, name);
        close(found.volatility, number(&case["expect"]["vol"]), 1e-8, name);
        if name == "paper_example" {
            close(found.value, 1464.06, 0.01, "as printed");
            close(found.deviation, 151.52, 0.01, "as printed");
            close(found.volatility, 0.05999, 6e-6, "as printed");
        }
    }
}
