//! A proxy in front of Redis, for what happens on the way and no server does by itself: a connection cut, a stalled
//! line, messages that come late or, on a connection that stands, not at all.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Bytes read at once.
const PIECE: usize = 16 * 1_024;

/// Passes connections on to a server. It ends, with all of them, when this value is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    faults: Arc<Faults>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Faults {
    /// True: nothing moves.
    stalled: watch::Sender<bool>,
    /// How much later, in milliseconds, what subscribers are sent arrives.
    lag_ms: AtomicU64,
    /// Whether messages to subscribers vanish.
    swallowing: AtomicBool,
    swallowed: AtomicUsize,
    lines: Mutex<Vec<Line>>,
}

/// A connection that passes through.
#[derive(Debug)]
struct Line {
    subscribed: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Proxy {
    /// Listens on a port of its own and passes everything on to `target`.
    ///
    /// # Panics
    /// Where no port can be listened on.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("is bound").port();
        let faults = Arc::new(Faults {
            stalled: watch::Sender::new(false),
            lag_ms: AtomicU64::new(0),
            swallowing: AtomicBool::new(false),
            swallowed: AtomicUsize::new(0),
            lines: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&faults))).abort_handle();
        Self { port, faults, accepting }
    }

    /// The port of 127.0.0.1 to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// While set, connections stay open and nothing moves either way.
    pub fn stall(&self, stalled: bool) {
        self.faults.stalled.send_replace(stalled);
    }

    /// From now on subscribers get what the server sends so much later.
    pub fn lag(&self, lag: Duration) {
        self.faults.lag_ms.store(u64::try_from(lag.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// While set, published messages vanish on their way to subscribers, whose connections stand and answer.
    pub fn swallow(&self, on: bool) {
        self.faults.swallowing.store(on, Ordering::Relaxed);
    }

    /// How many messages vanished.
    #[must_use]
    pub fn swallowed(&self) -> usize {
        self.faults.swallowed.load(Ordering::Relaxed)
    }

    /// Cuts the connections of subscribers, and says how many there were.
    pub fn cut_subscribers(&self) -> usize {
        let mut lines = self.faults.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|line| !line.task.is_finished());
        let subscribers = lines.iter().filter(|line| line.subscribed.load(Ordering::Relaxed));
        subscribers.map(|line| line.task.abort()).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, faults: Arc<Faults>) {
    let mut lines = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while lines.try_join_next().is_some() {}
        let subscribed = Arc::new(AtomicBool::new(false));
        let task = lines.spawn(pass(client, target, Arc::clone(&faults), Arc::clone(&subscribed)));
        faults.lines.lock().unwrap_or_else(PoisonError::into_inner).push(Line { subscribed, task });
    }
}

/// One connection, until either side ends it or it is cut.
async fn pass(client: TcpStream, target: SocketAddr, faults: Arc<Faults>, subscribed: Arc<AtomicBool>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    // Nagle's wait would be a fault that nobody asked for.
    _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = ask(from_client, to_server, &faults, &subscribed) => {}
        _ = answer(from_server, to_client, &faults, &subscribed) => {}
    }
}

async fn flowing(faults: &Faults) {
    // Fails only where the sender is gone, and that lives in `faults`.
    _ = faults.stalled.subscribe().wait_for(|stalled| !stalled).await;
}

async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    faults: &Faults,
    subscribed: &AtomicBool,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let asked = piece[..read].to_ascii_uppercase();
        if asked.windows(b"\r\nSUBSCRIBE\r\n".len()).any(|words| words == b"\r\nSUBSCRIBE\r\n") {
            subscribed.store(true, Ordering::Relaxed);
        }
        flowing(faults).await;
        to.write_all(&piece[..read]).await?;
    }
}

async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    faults: &Faults,
    subscribed: &AtomicBool,
) -> io::Result<()> {
    let (mut piece, mut waiting) = (vec![0; PIECE], Vec::new());
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        waiting.extend_from_slice(&piece[..read]);
        let mut out = Vec::with_capacity(waiting.len());
        while let Some(length) = value_length(&waiting) {
            let value: Vec<u8> = waiting.drain(..length).collect();
            if faults.swallowing.load(Ordering::Relaxed) && is_message(&value) {
                faults.swallowed.fetch_add(1, Ordering::Relaxed);
            } else {
                out.extend_from_slice(&value);
            }
        }
        let lag = faults.lag_ms.load(Ordering::Relaxed);
        if lag > 0 && subscribed.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(lag)).await;
        }
        flowing(faults).await;
        to.write_all(&out).await?;
    }
}

/// Whether this is a published message, on its way to a subscriber.
fn is_message(value: &[u8]) -> bool {
    matches!(value.first(), Some(b'*' | b'>')) && value[1..].starts_with(b"3\r\n$7\r\nmessage\r\n")
}

/// Length of the first whole value in these bytes of RESP, version 2 or 3; `None`: more is needed.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|end| end == b"\r\n")? + 2;
    let number = || std::str::from_utf8(&bytes[1..line - 2]).ok()?.parse::<usize>().ok();
    match bytes[0] {
        // Without a number it is one of the nulls.
        b'$' | b'=' | b'!' => {
            let length = number().map_or(line, |length| line + length + 2);
            (bytes.len() >= length).then_some(length)
        }
        b'*' | b'>' | b'~' | b'%' => {
            let each = if bytes[0] == b'%' { 2 } else { 1 };
            let mut length = line;
            for _ in 0..number().unwrap_or(0) * each {
                length += value_length(&bytes[length..])?;
            }
            Some(length)
        }
        _ => Some(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_a_stream_of_bytes() {
        let values = ["+OK\r\n", "$-1\r\n", "$3\r\na\r\n\r\n", "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", "%1\r\n+k\r\n_\r\n"];
        for value in values {
            let followed = format!("{value}:7\r\n");
            assert_eq!(value_length(followed.as_bytes()), Some(value.len()), "{value:?}");
            assert_eq!(value_length(&value.as_bytes()[..value.len() - 1]), None, "{value:?} but for its last byte");
        }
        assert!(is_message(b">3\r\n$7\r\nmessage\r\n$1\r\nt\r\n$1\r\nm\r\n"));
        assert!(!is_message(b"*3\r\n$9\r\nsubscribe\r\n$1\r\nt\r\n:1\r\n"));
    }

    #[tokio::test]
    async fn passes_on_stalls_and_swallows() {
        let server = TcpListener::bind(("127.0.0.1", 0)).await.expect("binds");
        let proxy = Proxy::start(server.local_addr().expect("is bound")).await;
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port())).await.expect("connects");
        let (mut there, _) = server.accept().await.expect("comes through");
        let mut read = [0; 64];
        let subscribe = b"*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nt\r\n";
        client.write_all(subscribe).await.expect("writes");
        let asked = there.read(&mut read).await.expect("reads");
        assert_eq!(&read[..asked], subscribe);
        proxy.swallow(true);
        proxy.stall(true);
        there.write_all(b"*3\r\n$7\r\nmessage\r\n$1\r\nt\r\n$1\r\nm\r\n+PONG\r\n").await.expect("writes");
        let early = tokio::time::timeout(Duration::from_millis(100), client.read(&mut read)).await;
        assert!(early.is_err(), "nothing moves");
        proxy.stall(false);
        let answered = client.read(&mut read).await.expect("reads");
        assert_eq!((&read[..answered], proxy.swallowed()), (&b"+PONG\r\n"[..], 1));
        assert_eq!(proxy.cut_subscribers(), 1);
        assert_eq!(client.read(&mut read).await.unwrap_or(0), 0, "the connection has ended");
        assert_eq!(proxy.cut_subscribers(), 0);
    }
}
