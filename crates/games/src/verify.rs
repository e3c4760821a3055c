//! Checks a downloaded log: that nobody changed a byte of it, and that the rules lead to the result it tells.

use std::str::FromStr;

use kernel::PlayerId;
use serde::Deserialize;
use serde_json::Value;

use crate::log::LogLine;
use crate::model::{LogHead, Standing};
use crate::rules::{self, Rules, Verdict};
use crate::words::Outcome;

/// A log that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many lines it has.
    pub lines: i64,
    /// What ended the game: the kind of its first ending line (`finished`, `aborted`, `abandoned` or `voided`).
    pub ended: String,
    /// What became of its result, by the last line that says so: `settled`, `disputed` or `voided`.
    pub result: Option<String>,
    /// What was replayed; none where the clients played among themselves, or the game never started.
    pub replayed: Option<Replayed>,
}

impl Verified {
    /// How the game went, in words: `the game was finished and its result settled`.
    #[must_use]
    pub fn story(&self) -> String {
        match &self.result {
            Some(result) if *result != self.ended => {
                format!("the game was {} and its result {result}", self.ended)
            }
            _ => format!("the game was {}", self.ended),
        }
    }
}

/// A game the rules module played once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Key of the module.
    pub rules: String,
    /// Its version.
    pub rules_version: i32,
    /// Moves that were played again.
    pub moves: u64,
    /// Whether the rules decided it, and so the result was compared; else somebody left, claimed, or it was voided.
    pub decided: bool,
}

/// What is wrong with a log, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{place}: {why}", if place.is_empty() { "" } else { " at " })]
pub struct VerifyError {
    /// Which line, from 1; one past the last where something is missing at the end.
    pub line: usize,
    /// JSON pointer into the line; empty for the line as a whole.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

/// Data of a line `started`, as far as a replay needs it.
#[derive(Deserialize)]
struct StartedData {
    rules: Option<String>,
    rules_version: Option<i32>,
    options: Value,
    seed: Integer,
    seats: Vec<Seat>,
}

/// A number of up to 63 bits: longer ones than 53 are text in the log.
#[derive(Deserialize)]
#[serde(untagged)]
enum Integer {
    Short(i64),
    Long(String),
}

#[derive(Deserialize)]
struct Seat {
    player_id: PlayerId,
    team: u8,
    seat: u8,
}

#[derive(Deserialize)]
struct MovedData {
    seat: u8,
    #[serde(rename = "move")]
    mv: Value,
    sequence: i64,
}

#[derive(Deserialize)]
struct SettledData {
    reason: String,
    standings: Vec<Standing>,
}

/// A game of a rules module, played again line by line.
struct Game {
    module: &'static dyn Rules,
    seats: Vec<Seat>,
    state: Value,
    sequence: i64,
    moves: u64,
    compared: bool,
}

type Wrong = (&'static str, String);

fn wrong<T>(place: &'static str, why: impl Into<String>) -> Result<T, Wrong> {
    Err((place, why.into()))
}

fn read<'de, T: Deserialize<'de>>(data: &'de Value) -> Result<T, Wrong> {
    T::deserialize(data).or_else(|error| wrong("/data", error.to_string()))
}

impl Game {
    /// None where no rules module decides.
    fn start(data: &Value) -> Result<Option<Self>, Wrong> {
        let data: StartedData = read(data)?;
        let (key, version) = match (data.rules, data.rules_version) {
            (None, _) => return Ok(None),
            (Some(key), Some(version)) => (key, version),
            (Some(_), None) => return wrong("/data/rules_version", "is missing: which rules were these?"),
        };
        let Some(module) = rules::find(&key, version) else {
            return wrong("/data/rules", format!("this release doesn't know version {version} of the rules {key:?}"));
        };
        let seed = match data.seed {
            Integer::Short(seed) => Some(seed),
            Integer::Long(text) => i64::from_str(&text).ok(),
        };
        let Some(seed) = seed else { return wrong("/data/seed", "isn't a whole number of at most 63 bits") };
        let Some(seats) = u8::try_from(data.seats.len()).ok().filter(|seats| module.seats().contains(seats)) else {
            return wrong("/data/seats", "these rules aren't played with so many seats");
        };
        module.check_options(&data.options).or_else(|why| wrong("/data/options", why))?;
        let state = module.start(seed, seats, &data.options);
        Ok(Some(Self { module, seats: data.seats, state, sequence: 0, moves: 0, compared: false }))
    }

    fn play(&mut self, data: &Value) -> Result<(), Wrong> {
        let MovedData { seat, mv, sequence } = read(data)?;
        if !self.seats.iter().any(|known| known.seat == seat) {
            return wrong("/data/seat", "there is no such seat");
        }
        if self.module.turn(&self.state).is_some_and(|turn| turn != seat) {
            return wrong("/data/seat", "it was another seat's turn");
        }
        let step = self.module.play(&self.state, seat, &mv).or_else(|error| wrong("/data/move", error.to_string()))?;
        self.sequence += i64::from(step.advances);
        self.moves += 1;
        self.state = step.state;
        if sequence == self.sequence {
            Ok(())
        } else {
            wrong("/data/sequence", format!("the rules lead to {}", self.sequence))
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        self.module.verdict(&self.state)
    }

    /// The first result, against what the rules say.
    fn compare(&mut self, data: &Value) -> Result<(), Wrong> {
        self.compared = true;
        let SettledData { reason, standings } = read(data)?;
        let verdict = match (self.verdict(), reason == "rules") {
            (Some(verdict), true) => verdict,
            (None, false) => return Ok(()),
            (None, true) => return wrong("/data/reason", "the rules didn't decide this game"),
            (Some(_), false) => return wrong("/data/reason", "the rules decided this game, and nothing else"),
        };
        let winners = match verdict {
            Verdict::Draw => None,
            Verdict::Won { seat } => self.seats.iter().find(|known| known.seat == seat).map(|known| known.team),
        };
        let outcome = |team| match winners {
            None => Outcome::Draw,
            Some(winners) if winners == team => Outcome::Win,
            Some(_) => Outcome::Loss,
        };
        let expected = self.seats.iter().map(|known| Standing {
            player_id: known.player_id,
            team: known.team,
            seat: known.seat,
            score: None,
            outcome: Some(outcome(known.team)),
        });
        if expected.eq(standings) { Ok(()) } else { wrong("/data/standings", "the moves lead to another result") }
    }
}

/// How far the log has been read.
#[derive(Default)]
struct Reader {
    head: LogHead,
    started: bool,
    game: Option<Game>,
    ended: Option<String>,
    result: Option<String>,
}

impl Reader {
    /// The chain.
    fn link(&mut self, text: &[u8]) -> Result<LogLine, Wrong> {
        let line: LogLine = serde_json::from_slice(text)
            .or_else(|error| wrong("", format!("isn't a line of a log (column {})", error.column())))?;
        if line.n != self.head.n + 1 {
            return wrong("/n", format!("is {}, where {} must follow", line.n, self.head.n + 1));
        }
        if line.prev != self.head.hash {
            return wrong("/prev", "isn't the hash of the line before");
        }
        if line.hash != line.sealed() {
            return wrong("/hash", "isn't the hash of this line: something in it was changed");
        }
        // What is spelled differently may mean the same, but it isn't what was downloaded.
        if without_spaces(text) != line.to_json().as_bytes() {
            return wrong("", "says the same in other characters: it was written anew");
        }
        self.head = LogHead { n: line.n, hash: line.hash.clone() };
        Ok(line)
    }

    /// The story.
    fn tell(&mut self, line: &LogLine) -> Result<(), Wrong> {
        let over = self.ended.is_some();
        match line.kind.as_str() {
            "started" if self.started || over => return wrong("/type", "the game can't start here"),
            "started" => {
                self.started = true;
                self.game = Game::start(&line.data)?;
            }
            "moved" => match &mut self.game {
                Some(game) if !over => game.play(&line.data)?,
                _ => return wrong("/type", "nobody can move here"),
            },
            "settled" => match &mut self.game {
                Some(game) if !game.compared => game.compare(&line.data)?,
                _ => {}
            },
            _ => {}
        }
        if !over && matches!(line.kind.as_str(), "finished" | "aborted" | "abandoned" | "voided") {
            self.ended = Some(line.kind.clone());
        }
        if matches!(line.kind.as_str(), "settled" | "disputed" | "voided") {
            self.result = Some(line.kind.clone());
        }
        Ok(())
    }
}

/// The line without what other programs put in for readers: a space after a colon or a comma.
fn without_spaces(text: &[u8]) -> Vec<u8> {
    let (mut inside, mut escaped, mut before) = (false, false, b'{');
    let mut kept = Vec::with_capacity(text.len());
    for &byte in text {
        if inside || byte != b' ' || !matches!(before, b':' | b',') {
            kept.push(byte);
        }
        inside ^= byte == b'"' && !escaped;
        escaped = inside && byte == b'\\' && !escaped;
        before = byte;
    }
    kept
}

/// Checks a game's log, given as its lines without their line feeds, in memory that doesn't grow with it: each line is
/// the one that was written after the line before it; the game's end is there; and where a rules module decided, the
/// moves lead to the first result.
///
/// What it can't see: whether lines after the end are missing (a dispute, an amendment), and a chain that was made anew
/// from some line on. Against that, compare the last hash with the server's.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn verify<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Result<Verified, VerifyError> {
    let (mut reader, mut last) = (Reader::default(), 0);
    for text in lines {
        last += 1;
        let told = reader.link(text.as_ref()).and_then(|line| reader.tell(&line));
        told.map_err(|(place, why)| VerifyError { line: last, place: place.to_owned(), why })?;
    }
    let missing = |why: &str| Err(VerifyError { line: last + 1, place: String::new(), why: why.to_owned() });
    let Some(ended) = reader.ended else {
        return missing("the log stops before the end of the game");
    };
    if reader.game.as_ref().is_some_and(|game| game.verdict().is_some() && !game.compared) {
        return missing("the rules decided this game, but its result is missing");
    }
    let replayed = reader.game.map(|game| Replayed {
        rules: game.module.key().to_owned(),
        rules_version: game.module.version(),
        moves: game.moves,
        decided: game.verdict().is_some(),
    });
    Ok(Verified { lines: reader.head.n, ended, result: reader.result, replayed })
}
