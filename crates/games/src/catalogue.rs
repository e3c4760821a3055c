//! All modes together.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::mode::{Mode, ModeError, RatingModel, WindowSettings};

/// Every mode there is, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue(Vec<Mode>);

impl Catalogue {
    /// The mode file that ships with this crate.
    pub const SHIPPED: &'static str = include_str!("../modes/shipped.json");

    /// The modes of [`Catalogue::SHIPPED`].
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; a test holds that there are none.
    pub fn shipped() -> Result<Self, ModeError> {
        Self::parse(Self::SHIPPED)
    }

    /// Reads a mode file: a JSON array of modes with distinct keys, whose families have one rating model each.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(json: &str) -> Result<Self, ModeError> {
        let file: Vec<Value> = serde_json::from_str(json).map_err(|error| ModeError {
            pointer: String::new(),
            why: format!("not a JSON array of modes: {error}"),
        })?;
        let mut modes = Vec::with_capacity(file.len());
        let mut seen = HashSet::new();
        for (n, value) in file.iter().enumerate() {
            let mode = Mode::read(value).map_err(|error| error.under(&format!("/{n}")))?;
            if !seen.insert(mode.key.clone()) {
                let why = String::from("another mode has this key");
                return Err(ModeError { pointer: format!("/{n}/key"), why });
            }
            modes.push(mode);
        }
        if modes.is_empty() {
            return Err(ModeError { pointer: String::new(), why: String::from("there must be at least one mode") });
        }
        let modes = Self(modes);
        modes.check_models().map_err(|(n, error)| error.under(&format!("/{n}")))?;
        Ok(modes)
    }

    /// This catalogue with this mode in place of the older version of its key, or at the end; as it is, if it has a
    /// newer one.
    pub(crate) fn with(&self, mode: &Mode) -> Result<Self, ModeError> {
        let mut modes = self.0.clone();
        match modes.iter_mut().find(|other| other.key == mode.key) {
            Some(other) if other.version > mode.version => {}
            Some(other) => *other = mode.clone(),
            None => modes.push(mode.clone()),
        }
        let modes = Self(modes);
        modes.check_models().map_err(|(_, error)| error)?;
        Ok(modes)
    }

    /// Results of one family are rated together, so all its modes name one model. Else the place of the second one that
    /// doesn't, and why.
    fn check_models(&self) -> Result<(), (usize, ModeError)> {
        let mut models: HashMap<&str, RatingModel> = HashMap::new();
        for (n, mode) in self.0.iter().enumerate() {
            let Some(family) = mode.rating.as_deref() else { continue };
            if *models.entry(family).or_insert(mode.rating_model) != mode.rating_model {
                let why = String::from("another mode of this rating family has another model: they are rated together");
                return Err((n, ModeError { pointer: String::from("/rating_model"), why }));
            }
        }
        Ok(())
    }

    /// The same modes with these windows in place of their own.
    #[must_use]
    pub fn with_windows(mut self, settings: WindowSettings) -> Self {
        for mode in &mut self.0 {
            mode.windows = settings.over(mode.windows);
        }
        self
    }

    /// All of them, switched-off ones included.
    #[must_use]
    pub fn all(&self) -> &[Mode] {
        &self.0
    }

    /// The mode of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Mode> {
        self.0.iter().find(|mode| mode.key == key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mode::Envelope;

    fn file_with(at: usize, change: impl FnOnce(&mut Value)) -> String {
        let mut file: Value = serde_json::from_str(Catalogue::SHIPPED).expect("the shipped file is JSON");
        change(&mut file[at]);
        file.to_string()
    }

    const DUEL: usize = 3;

    #[test]
    fn what_ships_is_valid_and_as_promised() {
        let modes = Catalogue::shipped().expect("valid");
        let keys: Vec<_> = modes.all().iter().map(|mode| mode.key.as_str()).collect();
        let promised =
            ["tic_tac_toe", "connect_four", "rock_paper_scissors", "duel", "squads", "free_for_all", "score_attack"];
        assert_eq!(keys, promised);
        let duel = modes.get("duel").expect("ships");
        let score = Envelope {
            min: 0,
            max: 1_000_000,
            max_per_second: Some(10_000),
            min_duration_ms: 0,
            hold_above: 0.95,
            fields: None,
        };
        assert_eq!((duel.score(), duel.rules.as_str(), duel.ready_check), (Some(&score), "relay", false));
        let windows = duel.windows;
        assert_eq!((windows.ready_ms, windows.report_window_ms, windows.grace_ms), (20_000, 60_000, 30_000));
        for (key, teams, team_size, ready_check, least) in [
            ("tic_tac_toe", 2, 1, false, 2),
            ("connect_four", 2, 1, false, 2),
            ("rock_paper_scissors", 2, 1, false, 2),
            ("duel", 2, 1, false, 2),
            ("squads", 2, 2, true, 4),
            ("free_for_all", 4, 1, true, 3),
            ("score_attack", 1, 1, false, 1),
        ] {
            let mode = modes.get(key).expect("ships");
            assert_eq!((mode.teams, mode.team_size, mode.ready_check), (teams, team_size, ready_check), "{key}");
            assert_eq!((mode.min_players, mode.quorum, mode.enabled), (least, teams * team_size, true), "{key}");
            let relay = teams * team_size != 2 || key == "duel";
            assert_eq!((mode.module().is_none(), mode.score()), (relay, relay.then_some(&score)), "{key}");
            let alone = key == "score_attack";
            assert_eq!(mode.rating.as_deref(), (!alone).then_some(key));
            assert_eq!(mode.board, if alone { "best_score" } else { "rating" });
        }
        assert_eq!(modes.get("rock_paper_scissors").expect("ships").options(), &json!({ "best_of": 3 }));
    }

    #[test]
    fn points_at_the_place_that_is_wrong() {
        for (pointer, at, value) in [
            ("/3/key", "key", json!("Duel")),
            ("/3/key", "key", json!("tic_tac_toe")),
            ("/3/key", "key", json!(7)),
            ("/3/version", "version", json!(1.0)),
            ("/3/teams", "teams", json!(0)),
            ("/3/teams", "teams", json!("two")),
            ("/3/teams", "teams", json!(2.0)),
            ("/3/rules", "rules", json!("chess")),
            ("/3/score", "score", json!(null)),
            ("/3/score/max", "score", json!({ "min": 2, "max": 1, "min_duration_ms": 0 })),
            ("/3/score/max", "score", json!({ "min": 2, "min_duration_ms": 0 })),
            ("/3/score/hold_above", "score", json!({ "min": 0, "max": 1, "min_duration_ms": 0, "hold_above": 1.5 })),
            ("/3/score/hold_above", "score", json!({ "min": 0, "max": 1, "min_duration_ms": 0, "hold_above": 0 })),
            ("/3/score/fields/1", "score", json!({ "min": 0, "max": 1, "min_duration_ms": 0, "fields": ["a", "a"] })),
            ("/3/score/m~1x", "score", json!({ "min": 0, "max": 1, "min_duration_ms": 0, "m/x": 1 })),
            ("/3/rules_options", "rules_options", json!({})),
            ("/3/ready_ms", "ready_ms", json!(0)),
            ("/3/ready_ms", "ready_ms", json!(20_000.5)),
            ("/3/board", "board", json!("elo")),
            ("/3/rating_model", "rating_model", json!("elo")),
            ("/3/min_players", "min_players", json!(1)),
            ("/3/quorum", "quorum", json!(3)),
            ("/3/late_join_ms", "late_join_ms", json!(3_600_000)),
            ("/3/surprise", "surprise", json!(1)),
            ("/3/matching/latency_cap_ms", "matching", json!({ "latency_cap_ms": 0 })),
            (
                "/3/matching/attributes/1/key",
                "matching",
                json!({ "attributes": [
                { "key": "platform", "strict": true }, { "key": "platform", "strict": false },
            ] }),
            ),
            ("/3/matching/regions", "matching", json!({ "regions": [] })),
        ] {
            let file = file_with(DUEL, |mode| {
                mode[at] = value.clone();
                if at == "rules" {
                    mode["score"] = Value::Null;
                }
            });
            assert_eq!(Catalogue::parse(&file).expect_err(at).pointer, pointer, "{at} = {value}");
        }
        for (pointer, at, value) in [
            ("/2/rules_options", "rules_options", json!({ "best_of": 2 })),
            ("/2/late_join_ms", "late_join_ms", json!(1)),
            ("/2/teams", "teams", json!(3)),
        ] {
            let file = file_with(2, |mode| mode[at] = value.clone());
            assert_eq!(Catalogue::parse(&file).expect_err(at).pointer, pointer, "{at} = {value}");
        }
        let missing = file_with(DUEL, |mode| drop(mode.as_object_mut().expect("an object").remove("enabled")));
        assert_eq!(Catalogue::parse(&missing).expect_err("missing").pointer, "/3/enabled");
        assert_eq!(Catalogue::parse("{}").expect_err("no array").pointer, "");
        assert_eq!(Catalogue::parse("[]").expect_err("no mode").pointer, "");
        assert_eq!(Catalogue::parse("[7]").expect_err("no object").pointer, "/0");
    }

    #[test]
    fn one_family_has_one_model() {
        let file = file_with(4, |mode| mode["rating"] = json!("duel"));
        assert!(Catalogue::parse(&file).is_ok(), "modes may share a family");
        let file = file_with(4, |mode| (mode["rating"], mode["rating_model"]) = (json!("duel"), json!("glicko2")));
        assert_eq!(Catalogue::parse(&file).expect_err("two models").pointer, "/4/rating_model");
    }

    #[test]
    fn what_is_written_down_reads_back_as_the_same() {
        for mode in Catalogue::shipped().expect("valid").all() {
            let written = mode.written();
            assert_eq!(Mode::read(&written).as_ref(), Ok(mode), "{written}");
            assert_eq!(written.as_object().map(serde_json::Map::len), Some(22), "every field is there: {written}");
        }
        let all_set = file_with(5, |mode| {
            mode["rating_model"] = json!("glicko2");
            mode["quorum"] = json!(2);
            mode["late_join_ms"] = json!(5_000);
            mode["score"]["hold_above"] = json!(0.5);
            mode["score"]["fields"] = json!(["kills", "deaths"]);
        });
        let modes = Catalogue::parse(&all_set).expect("valid");
        let mode = &modes.all()[5];
        assert_eq!(Mode::read(&mode.written()).as_ref(), Ok(mode));
        assert_eq!((mode.quorum, mode.late_join_ms, mode.rating_model), (2, 5_000, RatingModel::Glicko2));
    }

    #[test]
    fn an_operators_windows_win_over_the_modes_own() {
        let settings = WindowSettings { report_window_ms: Some(5), ..WindowSettings::default() };
        let modes = Catalogue::shipped().expect("valid").with_windows(settings);
        assert!(modes.all().iter().all(|mode| mode.windows.report_window_ms == 5 && mode.windows.ready_ms == 20_000));
    }
}
