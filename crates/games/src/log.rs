//! The log of a game: append-only and hash-chained, readable once the game is over (the replay).

use kernel::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::model::LogHead;

/// One line of a game's log.
///
/// `hash` is the SHA-256, in hexadecimal, of `prev` (its 64 characters) followed by the canonical JSON (RFC 8785) of
/// `{"at", "data", "n", "type"}`; so each line vouches for all before it.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// From 1, gapless.
    pub n: i64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened: `opened`, `started`, `moved`, `reported`, `settled`, …
    pub kind: String,
    /// What there is to know about it; players are ids.
    pub data: Value,
    /// Hash of the line before; 64 zeros for the first.
    pub prev: String,
    /// Hash of this line.
    pub hash: String,
}

/// What a decision adds to the log, before it is chained.
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
        let (n, prev) = (head.n + 1, head.hash.clone());
        let hash = hash(&prev, n, at, self.kind, &self.data);
        LogLine { n, at, kind: self.kind.to_owned(), data: self.data, prev, hash }
    }
}

fn hash(prev: &str, n: i64, at: Timestamp, kind: &str, data: &Value) -> String {
    let rest = json!({ "n": n, "at": at, "type": kind, "data": data });
    // Only maps with keys that aren't text can't be written, and JSON has none.
    let canonical = serde_json_canonicalizer::to_vec(&rest).unwrap_or_default();
    hex(Sha256::new().chain_update(prev).chain_update(canonical))
}

/// SHA-256 of this value's canonical JSON, in hexadecimal.
pub(crate) fn sha256(value: &Value) -> String {
    hex(Sha256::new().chain_update(serde_json_canonicalizer::to_vec(value).unwrap_or_default()))
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
