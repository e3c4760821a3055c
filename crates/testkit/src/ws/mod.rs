//! A WebSocket client for tests of the `/ws` protocol: JSON objects in text
//! frames. [`raw`] speaks in frames, also malformed ones.

pub mod raw;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Why there was no socket.
#[derive(Debug)]
pub enum ConnectError {
    /// The server answered the upgrade with another status.
    Refused {
        /// HTTP status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// It did not come to an answer.
    Failed(String),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, body } => {
                write!(f, "the upgrade was answered {status}: {body}")
            }
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ConnectError {}

/// Why there was no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecvError {
    /// Nothing fitting came in time; what else came waits to be received.
    TimedOut {
        /// Those messages' types.
        waiting: Vec<String>,
    },
    /// The server closed.
    Closed {
        /// The close frame's code; `None` where the connection just ended.
        code: Option<u16>,
        /// The close frame's reason.
        reason: String,
    },
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { waiting } => write!(f, "no such message in time; others: {waiting:?}"),
            Self::Closed { code, reason } => write!(f, "closed with {code:?} {reason:?}"),
        }
    }
}

impl std::error::Error for RecvError {}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
    closed: Option<RecvError>,
    protocol: Option<String>,
    answers_heartbeats: bool,
    requests: u64,
    /// With a contract: what was asked under which id.
    asked: Option<HashMap<String, String>>,
}

impl Client {
    /// Connects to a `ws://` or `http://` address, asking for `subprotocol`
    /// where one is given, with extra headers (`("origin", "…")`).
    pub async fn connect(url: &str, subprotocol: Option<&str>, headers: &[(&str, &str)]) -> Result<Self, ConnectError> {
        let failed = |why: &dyn fmt::Display| ConnectError::Failed(format!("connecting to {url}: {why}"));
        let address = url.replacen("http", "ws", usize::from(url.starts_with("http")));
        let mut request = address.into_client_request().map_err(|error| failed(&error))?;
        let subprotocol = subprotocol.map(|name| ("sec-websocket-protocol", name));
        for (name, value) in headers.iter().copied().chain(subprotocol) {
            let name: HeaderName = name.parse().map_err(|error| failed(&error))?;
            let value: HeaderValue = value.parse().map_err(|error| failed(&error))?;
            request.headers_mut().append(name, value);
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, answer)) => Ok(Self {
                stream,
                waiting: VecDeque::new(),
                closed: None,
                protocol: answer
                    .headers()
                    .get("sec-websocket-protocol")
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned),
                answers_heartbeats: true,
                requests: 0,
                asked: None,
            }),
            Err(tungstenite::Error::Http(answer)) => Err(ConnectError::Refused {
                status: answer.status().as_u16(),
                body: String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default()).into_owned(),
            }),
            Err(error) => Err(failed(&error)),
        }
    }

    /// The subprotocol the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// From now on `{"type":"ping"}` is received like any other message
    /// instead of being answered unseen while this client waits for another.
    pub fn ignore_heartbeats(&mut self) {
        self.answers_heartbeats = false;
    }

    /// From now on each message must be as [the contract](crate::contract) says; one that isn't panics.
    #[must_use]
    pub fn by_contract(mut self) -> Self {
        self.asked = Some(HashMap::new());
        self
    }

    /// Sends a JSON text frame.
    ///
    /// # Panics
    /// Where the connection is gone, like all that sends.
    pub async fn send_json(&mut self, message: &Value) {
        if let (Some(asked), Some(id), Some(kind)) = (&mut self.asked, message["id"].as_str(), message["type"].as_str())
        {
            asked.insert(id.to_owned(), kind.to_owned());
        }
        self.send_text(&message.to_string()).await;
    }

    /// Sends any text frame.
    pub async fn send_text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send(Message::binary(bytes.to_vec())).await;
    }

    /// Sends any message of the WebSocket protocol.
    pub async fn send(&mut self, message: Message) {
        self.stream.send(message).await.unwrap_or_else(|error| panic!("sending: {error}"));
    }

    /// Sends `{id, type, data}` under an id of its own and waits for the reply
    /// to it; events that come before it wait to be received.
    pub async fn request(&mut self, kind: &str, data: Value, patience: Duration) -> Result<Value, RecvError> {
        self.requests += 1;
        let id = format!("r{}", self.requests);
        self.send_json(&json!({ "id": id, "type": kind, "data": data })).await;
        self.recv_until(|message| message["re"] == id.as_str(), patience).await
    }

    /// The next message.
    pub async fn recv_json(&mut self, patience: Duration) -> Result<Value, RecvError> {
        self.recv_until(|_| true, patience).await
    }

    /// The next message of this type.
    pub async fn recv_type(&mut self, kind: &str, patience: Duration) -> Result<Value, RecvError> {
        self.recv_until(|message| message["type"] == kind, patience).await
    }

    /// The first message that `wanted` accepts. The others keep their order
    /// and wait to be received.
    pub async fn recv_until(
        &mut self,
        wanted: impl Fn(&Value) -> bool,
        patience: Duration,
    ) -> Result<Value, RecvError> {
        if let Some(found) = self.waiting.iter().position(&wanted).and_then(|at| self.waiting.remove(at)) {
            return Ok(found);
        }
        let deadline = Instant::now() + patience;
        loop {
            match timeout_at(deadline, self.next()).await {
                Ok(Ok(message)) if wanted(&message) => return Ok(message),
                Ok(Ok(message)) => self.waiting.push_back(message),
                Ok(Err(closed)) => return Err(closed),
                Err(_) => {
                    let name = |message: &Value| message["type"].as_str().unwrap_or("reply").to_owned();
                    return Err(RecvError::TimedOut { waiting: self.waiting.iter().map(name).collect() });
                }
            }
        }
    }

    /// Reads until the server closes; its code, `None` where the connection
    /// just ended. Fails when it stays open.
    pub async fn close_code(&mut self, patience: Duration) -> Result<Option<u16>, RecvError> {
        match self.recv_until(|_| false, patience).await {
            Err(RecvError::Closed { code, .. }) => Ok(code),
            Err(open) => Err(open),
            Ok(message) => unreachable!("nothing was wanted, and {message} came"),
        }
    }

    /// Closes politely (1000) and waits for the server to do the same.
    pub async fn close(mut self, patience: Duration) -> Result<Option<u16>, RecvError> {
        // Fails where the server has closed already.
        let _ = self.stream.close(None).await;
        self.close_code(patience).await
    }

    fn judge(&mut self, message: &Value) {
        let Some(asked) = &mut self.asked else { return };
        let asked = match message["re"].as_str() {
            // Sent as text, or refused with an id that was none.
            Some(id) if !asked.contains_key(id) => return,
            Some(id) => asked.remove(id),
            None => None,
        };
        let of_none = |kind: &str| !crate::contract::knows(kind);
        if asked.as_deref().is_some_and(of_none) {
            return;
        }
        let faults = crate::contract::faults(message, asked.as_deref());
        assert!(faults.is_empty(), "not by the contract: {faults:#?} in {message}");
    }

    /// Cancel-safe: nothing is lost when a time limit drops this.
    async fn next(&mut self) -> Result<Value, RecvError> {
        loop {
            if let Some(closed) = &self.closed {
                return Err(closed.clone());
            }
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message =
                        serde_json::from_str(&text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"));
                    self.judge(&message);
                    if !self.answers_heartbeats || message != json!({ "type": "ping" }) {
                        return Ok(message);
                    }
                    // A server that is gone meanwhile is seen by the next read.
                    let _ = self.stream.send(Message::text(r#"{"type":"pong"}"#)).await;
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame
                        .map_or((None, String::new()), |frame| (Some(u16::from(frame.code)), frame.reason.to_string()));
                    // Lets the answering close frame go out.
                    let _ = self.stream.flush().await;
                    self.closed = Some(RecvError::Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    self.closed = Some(RecvError::Closed { code: None, reason: String::new() });
                }
            }
        }
    }
}
