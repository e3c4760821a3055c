//! Modes as they are written down: read from JSON field by field, so that whatever is wrong is named with its place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::mode::{Envelope, MatchedAttribute, Matching, Mode, ModeError, RatingModel, RulesOf, Windows};
use crate::rules;

/// The part of the greatest rate above which a report is held, unless the mode says.
const USUAL_HOLD: f64 = 0.95;

/// The longest of any window: a week.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;

/// Scores are whole numbers a double can tell apart.
const MOST_SCORE: i64 = 9_007_199_254_740_991;

type Checked<T> = Result<T, ModeError>;

fn wrong<T>(pointer: impl Into<String>, why: impl Into<String>) -> Checked<T> {
    Err(ModeError { pointer: pointer.into(), why: why.into() })
}

fn check(holds: bool, at: &str, why: &str) -> Checked<()> {
    if holds { Ok(()) } else { wrong(at, why) }
}

fn is_key(text: &str) -> bool {
    let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 48 && text.chars().all(tail)
}

/// One step of a JSON pointer. Long names are cut: they are nobody's fields anyway.
fn step(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The fields of an object that are not read yet.
struct Fields {
    left: Map<String, Value>,
    at: &'static str,
}

impl Fields {
    fn of(value: &Value, at: &'static str) -> Checked<Self> {
        match value {
            Value::Object(fields) => Ok(Self { left: fields.clone(), at }),
            _ => wrong(at, "must be a JSON object"),
        }
    }

    fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Checked<Option<T>> {
        let Some(value) = self.left.remove(name) else { return Ok(None) };
        match serde_json::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => wrong(format!("{}/{name}", self.at), error.to_string()),
        }
    }

    fn required<T: DeserializeOwned>(&mut self, name: &str) -> Checked<T> {
        let found = self.optional(name)?;
        found.map_or_else(|| wrong(format!("{}/{name}", self.at), "is missing"), Ok)
    }

    /// Everything is read; a field that is left is one nobody knows.
    fn end(self) -> Checked<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(unknown) => wrong(format!("{}{}", self.at, step(unknown)), "is no field of this"),
        }
    }
}

fn read_windows(fields: &mut Fields) -> Checked<Windows> {
    let mut window = |name: &str| {
        let millis: i64 = fields.required(name)?;
        check((1..=LONGEST_MS).contains(&millis), &step(name), "must be from 1 to 604800000 milliseconds")?;
        Ok(millis)
    };
    Ok(Windows {
        ready_ms: window("ready_ms")?,
        report_window_ms: window("report_window_ms")?,
        grace_ms: window("grace_ms")?,
        evidence_ms: window("evidence_ms")?,
        max_duration_ms: window("max_duration_ms")?,
    })
}

fn read_envelope(score: &Value, max_duration_ms: i64) -> Checked<Envelope> {
    let mut fields = Fields::of(score, "/score")?;
    let envelope = Envelope {
        min: fields.required("min")?,
        max: fields.required("max")?,
        max_per_second: fields.optional("max_per_second")?.unwrap_or_default(),
        min_duration_ms: fields.required("min_duration_ms")?,
        hold_above: fields.optional("hold_above")?.unwrap_or(USUAL_HOLD),
        fields: fields.optional("fields")?.unwrap_or_default(),
    };
    fields.end()?;
    let exact = -MOST_SCORE..=MOST_SCORE;
    check(exact.contains(&envelope.min), "/score/min", "must be a whole number of at most 53 bits")?;
    check(exact.contains(&envelope.max), "/score/max", "must be a whole number of at most 53 bits")?;
    check(envelope.min <= envelope.max, "/score/max", "must not be below min")?;
    let rate = envelope.max_per_second.is_none_or(|rate| (1..=MOST_SCORE).contains(&rate));
    check(rate, "/score/max_per_second", "must be null or positive, of at most 53 bits")?;
    let least = (0..max_duration_ms).contains(&envelope.min_duration_ms);
    check(least, "/score/min_duration_ms", "must be from 0 to below max_duration_ms")?;
    let held = envelope.hold_above > 0.0 && envelope.hold_above <= 1.0;
    check(held, "/score/hold_above", "must be above 0 and at most 1")?;
    let names = envelope.fields.as_deref().unwrap_or_default();
    check(names.len() <= 32, "/score/fields", "must be null or at most 32 names")?;
    for (n, name) in names.iter().enumerate() {
        let named = (1..=64).contains(&name.len()) && !names[..n].contains(name);
        check(named, &format!("/score/fields/{n}"), "must be another name of 1 to 64 bytes")?;
    }
    Ok(envelope)
}

fn read_matching(fields: &mut Fields) -> Checked<Matching> {
    let Some(value) = fields.optional::<Option<Value>>("matching")?.flatten() else { return Ok(Matching::default()) };
    let mut fields = Fields::of(&value, "/matching")?;
    let matching = Matching {
        latency_cap_ms: fields.optional("latency_cap_ms")?.unwrap_or_default(),
        attributes: fields.optional("attributes")?.unwrap_or_default(),
    };
    fields.end()?;
    let cap = matching.latency_cap_ms.is_none_or(|cap| (1..=10_000).contains(&cap));
    check(cap, "/matching/latency_cap_ms", "must be null or from 1 to 10000 milliseconds")?;
    let rules = &matching.attributes;
    check(rules.len() <= 8, "/matching/attributes", "must be at most 8")?;
    for (n, MatchedAttribute { key, .. }) in rules.iter().enumerate() {
        let another = is_key(key) && rules[..n].iter().all(|rule| rule.key != *key);
        check(another, &format!("/matching/attributes/{n}/key"), "must be another lower-case key")?;
    }
    Ok(matching)
}

/// Who decides, and whether so many players can play it.
fn read_rules(fields: &mut Fields, seats: u8, max_duration_ms: i64) -> Checked<RulesOf> {
    let key: String = fields.required("rules")?;
    let options: Value = fields.optional("rules_options")?.unwrap_or_default();
    let score: Option<Value> = fields.optional("score")?.unwrap_or_default();
    if key == "relay" {
        check(options.is_null(), "/rules_options", "must be null: a relay mode has no rules module")?;
        let Some(score) = score else {
            return wrong("/score", "a relay mode needs the envelope its reports are checked against");
        };
        return Ok(RulesOf::Relay(read_envelope(&score, max_duration_ms)?));
    }
    check(score.is_none(), "/score", "must be null: the server decides games with a rules module")?;
    let Some(module) = rules::newest(&key) else {
        return wrong("/rules", "must be `relay` or the key of a rules module");
    };
    check(module.seats().contains(&seats), "/teams", "this rules module isn't played with so many seats")?;
    module.check_options(&options).or_else(|why| wrong("/rules_options", why))?;
    Ok(RulesOf::Module { key, options })
}

impl Mode {
    /// Reads and checks a mode as [`Mode::written`] writes it. `rating_model` (`weng_lin`), `min_players` and `quorum`
    /// (every seat), `late_join_ms` (0), `matching` (nothing), `score/hold_above` (0.95), and `rules_options`, `rating`, `score`,
    /// `score/max_per_second` and `score/fields` (null) may be missing; no other may, and no other may be there.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn read(value: &Value) -> Result<Self, ModeError> {
        let mut fields = Fields::of(value, "")?;
        let key: String = fields.required("key")?;
        check(is_key(&key), "/key", "must be a letter and then letters, digits and _, all lower case, at most 48")?;
        let version: i32 = fields.required("version")?;
        check(version >= 1, "/version", "must be 1 or more")?;
        let name: String = fields.required("name")?;
        let named = !name.trim().is_empty() && name.len() <= 64 && !name.chars().any(char::is_control);
        check(named, "/name", "must be 1 to 64 bytes of plain text")?;
        let teams: u8 = fields.required("teams")?;
        check((1..=16).contains(&teams), "/teams", "must be from 1 to 16")?;
        let team_size: u8 = fields.required("team_size")?;
        check((1..=16).contains(&team_size), "/team_size", "must be from 1 to 16")?;
        let seats = teams.saturating_mul(team_size);
        check(seats <= 64, "/team_size", "a game has at most 64 seats")?;

        let windows = read_windows(&mut fields)?;
        let rules = read_rules(&mut fields, seats, windows.max_duration_ms)?;
        let rating: Option<String> = fields.optional("rating")?.unwrap_or_default();
        check(rating.as_deref().is_none_or(is_key), "/rating", "must be null or a family's key")?;
        let board: String = fields.required("board")?;
        let boards = ["rating", "wins", "best_score", "streak"];
        check(boards.contains(&board.as_str()), "/board", "must be rating, wins, best_score or streak")?;
        let mode = Self {
            key,
            version,
            name,
            teams,
            team_size,
            rules,
            rating,
            rating_model: fields.optional("rating_model")?.unwrap_or(RatingModel::WengLin),
            min_players: fields.optional("min_players")?.unwrap_or(seats),
            quorum: fields.optional("quorum")?.unwrap_or(seats),
            late_join_ms: fields.optional("late_join_ms")?.unwrap_or(0),
            ready_check: fields.required("ready_check")?,
            matching: read_matching(&mut fields)?,
            board,
            enabled: fields.required("enabled")?,
            windows,
        };
        fields.end()?;
        mode.check_starts()?;
        Ok(mode)
    }

    /// With how many players it may start, and who may come late.
    fn check_starts(&self) -> Checked<()> {
        let seats = self.seats();
        let least = if seats == 1 { 1 } else { 2 };
        let many = "must be from 2 (alone: 1) to the number of seats";
        check((least..=seats).contains(&self.min_players), "/min_players", many)?;
        check((least..=seats).contains(&self.quorum), "/quorum", many)?;
        let late = (0..self.windows.max_duration_ms).contains(&self.late_join_ms);
        check(late, "/late_join_ms", "must be from 0 to below max_duration_ms")?;
        if let Some(module) = self.module() {
            // Its state is made for the seats there are at the start.
            let why = "this rules module isn't played with so few seats";
            check(module.seats().contains(&self.min_players), "/min_players", why)?;
            check(module.seats().contains(&self.quorum), "/quorum", why)?;
            check(self.late_join_ms == 0, "/late_join_ms", "must be 0: nobody joins a rules module's game late")?;
        }
        Ok(())
    }

    /// The mode as it is written down, with every field.
    #[must_use]
    pub fn written(&self) -> Value {
        let score = self.score().map(|envelope| {
            json!({
                "min": envelope.min,
                "max": envelope.max,
                "max_per_second": envelope.max_per_second,
                "min_duration_ms": envelope.min_duration_ms,
                "hold_above": envelope.hold_above,
                "fields": envelope.fields,
            })
        });
        json!({
            "key": self.key,
            "version": self.version,
            "name": self.name,
            "teams": self.teams,
            "team_size": self.team_size,
            "rules": self.rules.as_str(),
            "rules_options": self.options(),
            "rating": self.rating,
            "rating_model": self.rating_model,
            "min_players": self.min_players,
            "quorum": self.quorum,
            "late_join_ms": self.late_join_ms,
            "ready_check": self.ready_check,
            "matching": {
                "latency_cap_ms": self.matching.latency_cap_ms,
                "attributes": self.matching.attributes,
            },
            "score": score,
            "board": self.board,
            "enabled": self.enabled,
            "ready_ms": self.windows.ready_ms,
            "report_window_ms": self.windows.report_window_ms,
            "grace_ms": self.windows.grace_ms,
            "evidence_ms": self.windows.evidence_ms,
            "max_duration_ms": self.windows.max_duration_ms,
        })
    }
}

impl ModeError {
    /// The same, seen from where the mode stands.
    pub(crate) fn under(self, place: &str) -> Self {
        Self { pointer: format!("{place}{}", self.pointer), why: self.why }
    }
}
