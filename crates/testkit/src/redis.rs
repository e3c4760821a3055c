//! Redis for tests: a prefix of one's own, or a server of one's own; and a
//! client just good enough to look at what stands there.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

pub use crate::services::RedisAddress;
use crate::services::{self, Home, Lifetime, RedisServer};
use crate::{Failure, random};

/// How long an answer may take: a server paused by its test would hang the
/// clean-up otherwise.
const PATIENCE: Duration = Duration::from_secs(5);

/// What Redis answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`, `$5 hello`: text.
    Text(String),
    /// `:1`.
    Number(i64),
    /// Nothing there.
    Nil,
    /// A list.
    List(Vec<Reply>),
}

/// One blocking connection.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects and signs in; fails on a server that wants another password.
    pub fn open(address: &RedisAddress) -> Result<Self, Failure> {
        let failed = |error| Failure::of(format!("connecting to Redis on port {}", address.port))(error);
        let stream = TcpStream::connect((address.host.as_str(), address.port)).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        let mut connection = Self { stream: BufReader::new(stream) };
        if let Some(password) = &address.password {
            connection.command(&["AUTH", &address.user, password])?;
        }
        connection.command(&["SELECT", &address.database.to_string()])?;
        Ok(connection)
    }

    /// Waits for answers as long as this instead of 5 s.
    pub fn wait_for(&mut self, patience: Duration) -> Result<(), Failure> {
        self.stream.get_ref().set_read_timeout(Some(patience)).map_err(Failure::of("setting a time limit"))
    }

    /// Sends one command and reads its answer; an error answer is a failure.
    pub fn command(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        let name = words.first().copied().unwrap_or_default();
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .and_then(|()| self.reply())
            .map_err(Failure::of(format!("Redis {name}")))
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let line = line.trim_end();
        let kind = line.chars().next().ok_or(io::ErrorKind::UnexpectedEof)?;
        let rest = &line[kind.len_utf8()..];
        let number = || rest.parse::<i64>().map_err(io::Error::other);
        match kind {
            '+' => Ok(Reply::Text(rest.to_owned())),
            '-' => Err(io::Error::other(rest.to_owned())),
            ':' => Ok(Reply::Number(number()?)),
            '$' => {
                let Ok(length) = usize::try_from(number()?) else {
                    return Ok(Reply::Nil);
                };
                let mut bytes = vec![0; length + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(Reply::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            '*' => {
                let Ok(length) = usize::try_from(number()?) else {
                    return Ok(Reply::Nil);
                };
                (0..length).map(|_| self.reply()).collect::<io::Result<_>>().map(Reply::List)
            }
            _ => Err(io::Error::other(format!("not a Redis answer: {line}"))),
        }
    }
}

/// A Redis for one test: the shared server and a prefix for all keys and
/// channels, or a server of its own. Cleaned up with this value.
#[derive(Debug)]
pub struct ScratchRedis {
    address: RedisAddress,
    prefix: String,
    server: Option<RedisServer>,
}

impl ScratchRedis {
    /// A server for this test alone, to be paused, killed and restarted.
    ///
    /// # Panics
    /// Where Redis can neither be found nor started.
    pub async fn start() -> Self {
        let started = blocking(|| RedisServer::start(Home::temporary("redis")?, Lifetime::OurProcess)).await;
        let server = started.unwrap_or_else(|why| panic!("{why}"));
        Self { address: server.address().clone(), prefix: prefix(), server: Some(server) }
    }

    /// The shared server. Whatever is written there carries
    /// [`prefix`](Self::prefix) in front of its name.
    ///
    /// # Panics
    /// Where Redis can neither be found nor started.
    pub async fn shared() -> Self {
        let address = blocking(services::shared_redis).await.unwrap_or_else(|why| panic!("{why}"));
        Self { address, prefix: prefix(), server: None }
    }

    /// `redis://default:password@host:port/0`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url()
    }

    /// Host, port, password and database number.
    #[must_use]
    pub fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// Goes in front of every key and channel: `t0123456789abcdef:`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// A connection, to look at what the code under test wrote.
    ///
    /// # Panics
    /// Where the server refuses.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(&self.address).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Stalls the server: connections stay open and nothing answers.
    ///
    /// # Panics
    /// On the shared server, which is not ours to stop; so do the next three.
    pub fn pause(&self) {
        self.own().pause().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) {
        self.own().resume().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Kills the server (SIGKILL). What it held is gone.
    pub fn kill(&mut self) {
        self.own_mut().kill().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts the server again, empty, on the same port. Blocks until it answers.
    pub fn restart(&mut self) {
        self.own_mut().restart().unwrap_or_else(|why| panic!("{why}"));
    }

    fn own(&self) -> &RedisServer {
        self.server.as_ref().expect("this test shares its Redis: take ScratchRedis::start()")
    }

    fn own_mut(&mut self) -> &mut RedisServer {
        self.server.as_mut().expect("this test shares its Redis: take ScratchRedis::start()")
    }

    /// Removes what stands under the prefix.
    fn clean(&self) -> Result<(), Failure> {
        let mut connection = Connection::open(&self.address)?;
        let mut cursor = "0".to_owned();
        loop {
            let pattern = format!("{}*", self.prefix);
            let reply = connection.command(&["SCAN", &cursor, "MATCH", &pattern, "COUNT", "1000"])?;
            let Reply::List(parts) = reply else {
                return Ok(());
            };
            let [Reply::Text(next), Reply::List(keys)] = parts.as_slice() else {
                return Ok(());
            };
            for key in keys {
                if let Reply::Text(key) = key {
                    connection.command(&["DEL", key])?;
                }
            }
            if next == "0" {
                return Ok(());
            }
            cursor.clone_from(next);
        }
    }
}

impl Drop for ScratchRedis {
    fn drop(&mut self) {
        if self.server.is_none() {
            // Best effort: the prefix is never used again.
            let _ = self.clean();
        }
    }
}

fn prefix() -> String {
    format!("t{}:", random::hex(8))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::of("starting Redis"))?
}
