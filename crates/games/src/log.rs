//! The log of a game: append-only and hash-chained, readable once the game is over (the replay).

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};
use sha2::{Digest, Sha256};

use crate::model::LogHead;

/// One line of a game's log, as JSON `{"n", "at", "type", "data", "prev", "hash"}`.
///
/// `hash` is the SHA-256, in hexadecimal, of `prev` (its 64 characters) followed by the canonical JSON (RFC 8785) of
/// `{"at", "data", "n", "type"}`; so each line vouches for all before it.
///
/// Numbers in `data` are integers of at most 53 bits, which every reader has as the same, canonical JSON's doubles too;
/// whatever else a decision says (a seed of 63 bits, a client's duration) is text in the log, see [`LogEntry`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// From 1, gapless.
    pub n: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened: `opened`, `started`, `moved`, `reported`, `settled`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What there is to know about it; players are ids.
    pub data: Value,
    /// Hash of the line before; 64 zeros for the first.
    pub prev: String,
    /// Hash of this line.
    pub hash: String,
}

impl LogLine {
    /// The line as NDJSON has it, without the line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A plain struct with text keys, whose serialisation can't fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What its hash must be.
    #[must_use]
    pub fn sealed(&self) -> String {
        hash(&self.prev, self.n, self.at, &self.kind, &self.data)
    }
}

/// What a decision adds to the log, before it is chained. Numbers that aren't integers of at most 53 bits become text
/// when it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// See [`LogLine::kind`].
    pub kind: &'static str,
    /// See [`LogLine::data`].
    pub data: Value,
}

impl LogEntry {
    /// The line that follows `head`.
    pub(crate) fn chain(self, head: &LogHead, at: Timestamp) -> LogLine {
        let (n, prev, data) = (head.n + 1, head.hash.clone(), exact(self.data));
        let hash = hash(&prev, n, at, self.kind, &data);
        LogLine { n, at, kind: self.kind.to_owned(), data, prev, hash }
    }
}

/// The SHA-256 of this text, in hexadecimal.
pub(crate) fn sha256(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Canonical JSON (RFC 8785).
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    // Only maps with keys that aren't text can't be written, and JSON has none.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

fn hash(prev: &str, n: i64, at: Timestamp, kind: &str, data: &Value) -> String {
    let rest = json!({ "n": n, "at": at, "type": kind, "data": data });
    sha256(&[prev.as_bytes(), &canonical(&rest)])
}

/// Integers that a double can tell from their neighbours.
const EXACT: i64 = 9_007_199_254_740_991;

/// The same with numbers that not every reader has as the same as text.
fn exact(value: Value) -> Value {
    match value {
        Value::Number(number) if !is_exact(&number) => Value::String(number.to_string()),
        Value::Array(items) => items.into_iter().map(exact).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, exact(value))).collect::<Map<_, _>>())
        }
        plain => plain,
    }
}

fn is_exact(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| (-EXACT..=EXACT).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_the_line_before_and_the_canonical_rest() {
        let at = Timestamp::from_millis(1_767_225_600_000);
        let first = LogEntry { kind: "ready", data: json!({ "seat": 0, "b": "ä", "a": null }) };
        let first = first.chain(&LogHead::default(), at);
        assert_eq!((first.n, first.prev.as_str()), (1, "0".repeat(64).as_str()));
        let text = r#"{"at":"2026-01-01T00:00:00.000Z","data":{"a":null,"b":"ä","seat":0},"n":1,"type":"ready"}"#;
        assert_eq!(first.hash, sha256(&["0".repeat(64).as_bytes(), text.as_bytes()]));
        let head = LogHead { n: 1, hash: first.hash.clone() };
        let second = LogEntry { kind: "ready", data: first.data.clone() }.chain(&head, at);
        assert_eq!((second.n, &second.prev), (2, &first.hash));
        assert_ne!(second.hash, first.hash);
        assert_eq!(serde_json::from_str::<LogLine>(&second.to_json()).expect("reads back"), second);
        assert_eq!(second.sealed(), second.hash);
    }

    #[test]
    fn numbers_a_double_can_not_hold_are_text() {
        let data = json!({ "seed": i64::MAX, "most": EXACT, "list": [u64::MAX, -0.5, 1e300, -1], "more": EXACT + 1 });
        let line = LogEntry { kind: "started", data }.chain(&LogHead::default(), Timestamp::from_millis(0));
        assert_eq!(
            line.data,
            json!({
                "seed": "9223372036854775807", "most": EXACT, "more": "9007199254740992",
                "list": ["18446744073709551615", "-0.5", "1e+300", -1],
            })
        );
    }
}
