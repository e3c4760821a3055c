//! A closed-loop HTTP/1.1 load: each connection sends its next request when it
//! has the answer to the last.

use std::sync::Arc;
use std::time::{Duration, Instant};

use testkit::Failure;
use testkit::http::Connection;
use tokio::task::JoinSet;

/// Connections that ask at the same time.
pub(super) const CONNECTIONS: usize = 32;

/// How long they ask before it counts, and how long it counts.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);

/// What came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Measured {
    /// Of each answered request, shortest first.
    pub(super) latencies: Vec<Duration>,
    /// Answers with another status than the expected one.
    pub(super) refused: usize,
    pub(super) elapsed: Duration,
}

impl Measured {
    /// Sends a request and notes how long its answer took.
    async fn take(&mut self, connection: &mut Connection, request: &[u8], expected: u16) -> std::io::Result<()> {
        let sent = Instant::now();
        let answer = connection.exchange(request).await?;
        if answer.status == expected {
            self.latencies.push(sent.elapsed());
        } else {
            self.refused += 1;
        }
        Ok(())
    }

    /// The latency that `percent` of the requests stayed within.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.latencies.len() as f64).ceil() as usize;
        self.latencies.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// Asks `host` with [`CONNECTIONS`] connections, the n-th one sending
/// `requests[n % len]` again and again. `counted` is called when the warm-up
/// is over. Fails where nothing is answered as `expected`.
pub(super) async fn drive<T>(
    host: &str,
    requests: Vec<Vec<u8>>,
    expected: u16,
    counted: impl FnOnce() -> T,
) -> Result<(Measured, T), Failure> {
    let requests = Arc::new(requests);
    round(host, &requests, expected, WARM_UP).await?;
    let start = counted();
    let measured = round(host, &requests, expected, MEASURED).await?;
    Ok((measured, start))
}

/// Sends each of these once, over [`CONNECTIONS`] connections, and takes the time of those answered as `expected`.
pub(super) async fn send_all(host: &str, requests: Vec<Vec<u8>>, expected: u16) -> Result<Measured, Failure> {
    let requests = Arc::new(requests);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (host, requests) = (host.to_owned(), Arc::clone(&requests));
        tasks.spawn(async move {
            let mut connection = Connection::open(&host).await?;
            let mut measured = Measured::default();
            for request in requests.iter().skip(number).step_by(CONNECTIONS) {
                measured.take(&mut connection, request, expected).await?;
            }
            std::io::Result::Ok(measured)
        });
    }
    gather(tasks, start).await
}

async fn round(
    host: &str,
    requests: &Arc<Vec<Vec<u8>>>,
    expected: u16,
    duration: Duration,
) -> Result<Measured, Failure> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (host, requests) = (host.to_owned(), Arc::clone(requests));
        tasks.spawn(async move {
            let request = &requests[number % requests.len()];
            let mut connection = Connection::open(&host).await?;
            let mut measured = Measured::default();
            while start.elapsed() < duration {
                measured.take(&mut connection, request, expected).await?;
            }
            std::io::Result::Ok(measured)
        });
    }
    let all = gather(tasks, start).await?;
    if all.latencies.is_empty() {
        return Err(Failure::new(format!("No request was answered {expected}; {} were not.", all.refused)));
    }
    Ok(all)
}

/// What all connections measured since `start`.
async fn gather(mut tasks: JoinSet<std::io::Result<Measured>>, start: Instant) -> Result<Measured, Failure> {
    let mut all = Measured::default();
    while let Some(done) = tasks.join_next().await {
        let one = done.map_err(Failure::of("driving load"))?.map_err(Failure::of("driving load"))?;
        all.latencies.extend(one.latencies);
        all.refused += one.refused;
    }
    all.elapsed = start.elapsed();
    all.latencies.sort_unstable();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[test]
    fn percentiles_are_nearest_rank() {
        let latencies = (1..=100).map(Duration::from_millis).collect();
        let measured = Measured { latencies, elapsed: Duration::from_secs(2), ..Measured::default() };
        assert_eq!(measured.percentile(50.0), Duration::from_millis(50));
        assert_eq!(measured.percentile(99.0), Duration::from_millis(99));
        assert_eq!(measured.percentile(100.0), Duration::from_millis(100));
        assert_eq!(measured.per_second(), 50.0);
        assert_eq!(Measured::default().percentile(99.0), Duration::ZERO);
    }

    /// Answers each request alike.
    async fn server(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("its address").to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                        let _ = stream.write_all(answer).await;
                    }
                });
            }
        });
        host
    }

    #[tokio::test]
    async fn answers_are_counted_by_status() {
        let request = || Arc::new(vec![testkit::http::render("GET", "/", "host", &[], None)]);
        let host = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        let short = Duration::from_millis(50);
        let measured = round(&host, &request(), 200, short).await.expect("answers");
        assert!(measured.latencies.len() >= CONNECTIONS && measured.refused == 0);
        let host = server(b"HTTP/1.1 429 Slow\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").await;
        let why = round(&host, &request(), 200, short).await.expect_err("none was answered 200");
        assert!(why.to_string().contains("answered 200"), "{why}");
    }
}
