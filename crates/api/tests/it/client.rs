//! A REST client that hides nothing: statuses, headers and bytes as they came.

use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::http::{self, Answer, Connection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Talks to one replica, one connection per request; with a bearer token once somebody is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    authority: String,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn of(authority: String) -> Self {
        Self { authority, headers: Vec::new() }
    }

    /// The same, sending this header with every request.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        with.headers.retain(|(known, _)| known != name);
        with.headers.push((name.to_owned(), value.to_owned()));
        with
    }

    /// The same, signed in with this access token.
    pub(crate) fn bearing(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The same caller at another replica.
    pub(crate) fn at(&self, other: &Self) -> Self {
        Self { authority: other.authority.clone(), headers: self.headers.clone() }
    }

    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path, Some(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None).await
    }

    /// Any request that is answered.
    ///
    /// # Panics
    /// Where it isn't.
    pub(crate) async fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let asked = self.try_request(method, path, body).await;
        asked.unwrap_or_else(|error| panic!("{method} {path} at {}: {error}", self.authority))
    }

    /// Any request.
    pub(crate) async fn try_request(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Answer> {
        let exchange = async {
            let mut connection = Connection::open(&self.authority).await?;
            connection.exchange(&self.render(method, path, body)).await
        };
        timeout(PATIENCE, exchange).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    /// A POST whose body and content type may be anything.
    pub(crate) async fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        let with = self.with("content-type", content_type).with("content-length", &body.len().to_string());
        let mut request = with.head("POST", path);
        request.extend_from_slice(body);
        self.raw(&request).await
    }

    /// The head of a request with this client's headers and no others: the caller adds the body.
    pub(crate) fn head(&self, method: &str, path: &str) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.authority);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Sends bytes as they are and reads one answer.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        let exchange = async { Connection::open(&self.authority).await?.exchange(request).await };
        timeout(PATIENCE, exchange).await.expect("is answered in time").expect("is answered")
    }

    /// Sends bytes, then nothing more; what comes back until the server closes, and when it did.
    pub(crate) async fn stall(&self, request: &[u8], patience: Duration) -> (String, Duration) {
        let begun = Instant::now();
        let mut stream = TcpStream::connect(&self.authority).await.expect("connects");
        stream.write_all(request).await.expect("sends");
        let mut answer = Vec::new();
        // A reset ends the connection as well.
        let _ = timeout(patience, stream.read_to_end(&mut answer)).await.expect("the server closes in time");
        (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
    }

    fn render(&self, method: &str, path: &str, body: Option<&Value>) -> Vec<u8> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
        http::render(method, path, &self.authority, &headers, body)
    }

    /// The bytes of a POST, for sending many at the same moment.
    pub(crate) fn post_rendered(&self, path: &str, body: &Value) -> Vec<u8> {
        self.render("POST", path, Some(body))
    }

    /// Begins a POST: returns once the server has read its head and waits for the body.
    pub(crate) async fn begin_post(&self, path: &str, body: &Value) -> Begun {
        let body = body.to_string();
        let head = self
            .with("content-type", "application/json")
            .with("content-length", &body.len().to_string())
            .with("expect", "100-continue")
            .with("connection", "close")
            .head("POST", path);
        let mut stream = TcpStream::connect(&self.authority).await.expect("connects");
        stream.write_all(&head).await.expect("sends");
        let mut go_on = [0; 25];
        timeout(PATIENCE, stream.read_exact(&mut go_on)).await.expect("is told in time").expect("is told to go on");
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        Begun { stream, body }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(&self.authority).await.expect("connects")
    }
}

/// A request of which the server has the head.
pub(crate) struct Begun {
    stream: TcpStream,
    body: String,
}

impl Begun {
    /// Sends the body; the answer's status and JSON.
    pub(crate) async fn finish(mut self) -> (u16, Value) {
        self.stream.write_all(self.body.as_bytes()).await.expect("sends");
        let mut answer = String::new();
        let read = timeout(PATIENCE, self.stream.read_to_string(&mut answer)).await;
        read.expect("is answered in time").expect("is answered");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("has a status");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or_default())
    }
}

/// Assertions on answers.
pub(crate) trait Answered {
    /// The JSON body of an answer of this status.
    fn expect_status(&self, status: u16) -> Value;

    /// The body of a refusal with this status and code, in the form every refusal has.
    fn expect_problem(&self, status: u16, code: &str) -> Value;
}

impl Answered for Answer {
    #[track_caller]
    fn expect_status(&self, status: u16) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body} {:?}", self.headers);
        self.json()
    }

    #[track_caller]
    fn expect_problem(&self, status: u16, code: &str) -> Value {
        let body = self.expect_status(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{body}");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("https://shallweplay.valina.ai/problems/{code}"));
        assert_eq!(body["instance"].as_str(), self.header("x-request-id"), "the request is named: {body}");
        for field in ["title", "detail"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {body}");
        }
        body
    }
}
