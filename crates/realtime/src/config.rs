use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::Refusal;
use serde_json::{Value, json};

use crate::codec::{Codec, V1};
use crate::json::Json;

/// Writes a refusal as an RFC 9457 problem document. The edge has one table for REST and sockets; closures will do.
pub trait ProblemWriter: Send + Sync {
    /// The document.
    fn problem(&self, refusal: &dyn Refusal) -> Json;
}

impl<F: Fn(&dyn Refusal) -> Json + Send + Sync> ProblemWriter for F {
    fn problem(&self, refusal: &dyn Refusal) -> Json {
        self(refusal)
    }
}

/// What all sessions of a process share.
#[derive(Clone)]
pub struct SessionConfig {
    /// How long a socket may take to say hello, in milliseconds.
    pub hello_ms: i64,
    /// How long the answer to a hello may take before the client is told to come back later, in milliseconds.
    pub sign_in_ms: i64,
    /// Interval of the heartbeat, in milliseconds.
    pub heartbeat_ms: i64,
    /// How long a lost client can surely resume, in milliseconds; told to clients.
    pub resume_window_ms: i64,
    /// How long a socket lives past its token, in milliseconds.
    pub expiry_grace_ms: i64,
    /// How long a game's stream is followed after its last regular event, in milliseconds.
    pub linger_ms: i64,
    /// Messages per second of one socket; 0: no limit.
    pub messages_per_second: u32,
    /// How many of them may come at once.
    pub message_burst: u32,
    /// Requests of one socket that may wait for their reply.
    pub in_flight: usize,
    /// Largest message in bytes.
    pub max_message_bytes: usize,
    /// Streams that one socket follows, its own included.
    pub max_streams: usize,
    /// Missed events that a resume gives at most, per stream; what to pass to [`attach`](crate::resume::attach).
    pub max_missed: usize,
    /// Live events of one stream held back while missed ones are read.
    pub max_held: usize,
    /// The request types that become calls.
    pub requests: BTreeSet<&'static str>,
    /// The form of frames.
    pub codec: Arc<dyn Codec>,
    /// The form of problems.
    pub problems: Arc<dyn ProblemWriter>,
}

impl SessionConfig {
    /// The contract's values, in the native protocol.
    pub fn new(requests: impl IntoIterator<Item = &'static str>, problems: impl ProblemWriter + 'static) -> Self {
        Self {
            hello_ms: 5_000,
            sign_in_ms: 10_000,
            heartbeat_ms: 25_000,
            resume_window_ms: 120_000,
            expiry_grace_ms: 5_000,
            linger_ms: 600_000,
            messages_per_second: 30,
            message_burst: 60,
            in_flight: 16,
            max_message_bytes: 16 * 1_024,
            max_streams: 16,
            max_missed: 512,
            max_held: 64,
            requests: requests.into_iter().collect(),
            codec: Arc::new(V1),
            problems: Arc::new(problems),
        }
    }

    /// The `limits` of the hello reply.
    pub(crate) fn limits(&self) -> Value {
        json!({
            "messages_per_second": self.messages_per_second,
            "message_burst": self.message_burst,
            "max_message_bytes": self.max_message_bytes,
            "in_flight": self.in_flight,
            "streams": self.max_streams,
            "missed_events": self.max_missed,
        })
    }
}
