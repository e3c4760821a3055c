//! What board copies of 1,000,000 lines cost: `cargo run --release -p shallweplay-cache --example boards`.
//!
//! One caller at a time, in-process and on Redis: the one at `REDIS_URL`, else a private one. Prints microseconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::{IdSource as _, PlayerId, SeededIds, Timestamp};
use shallweplay_cache::in_process::InProcessBoards;
use shallweplay_cache::redis::{RedisBoards, RedisClient, RedisOptions};
use standings::{BoardCopies, BoardKey, BoardSpan, Metric};
use testkit::redis::ScratchRedis;

const LINES: usize = 1_000_000;
const PAGE: usize = 10_000;
const CALLS: usize = 20_000;
const FAMILY: &str = "bench";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let ids = SeededIds::new(1);
    let players: Vec<_> = (0..LINES).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect();
    println!("{LINES} lines{:>22}{:>10}{:>10}{:>10}", "p50 µs", "p99 µs", "max µs", "calls/s");

    let before = resident();
    let alone = Bench { copies: Arc::new(InProcessBoards::new()), players: &players };
    alone.run("in-process").await;
    println!("in-process: {} MiB", (resident() - before) / 1_024);
    drop(alone);

    let own = if std::env::var_os("REDIS_URL").is_none() { Some(ScratchRedis::start().await) } else { None };
    let url = own.as_ref().map_or_else(|| std::env::var("REDIS_URL").unwrap_or_default(), ScratchRedis::url);
    // Patient, so that a busy machine shows in the figures instead of ending them.
    let options = RedisOptions {
        answer: Duration::from_secs(5),
        ..RedisOptions::new(url, own.as_ref().map_or("bench", ScratchRedis::prefix))
    };
    let client = RedisClient::connect_with(options).expect("the address is well-formed");
    assert!(client.ready(Duration::from_secs(5)).await, "{:?}", client.status());
    let shared = Bench { copies: Arc::new(RedisBoards::new(client.clone())), players: &players };
    shared.run("Redis").await;
    // Anything failed here was answered by nobody, and the figures would be too good.
    println!("{:?}", client.stats());
    if let Some(redis) = &own
        && let Ok(testkit::redis::Reply::Text(info)) = redis.connect().command(&["INFO", "memory"])
    {
        println!("Redis: {}", info.lines().find(|line| line.starts_with("used_memory_human")).unwrap_or_default());
    }
    shared.copies.forget(FAMILY).await;
}

struct Bench<'a> {
    copies: Arc<dyn BoardCopies>,
    players: &'a [PlayerId],
}

fn board() -> BoardKey {
    BoardKey { mode: "duel".to_owned(), season: String::new(), metric: Metric::Rating }
}

/// Ratings to a tenth: 30,000 values, so that every line is tied.
fn value(at: usize) -> f64 {
    (at * 7_919 % 30_000) as f64 / 10.0
}

impl Bench<'_> {
    fn player(&self, at: usize) -> PlayerId {
        self.players[at * 104_729 % LINES]
    }

    async fn run(&self, whose: &str) {
        let begun = Instant::now();
        self.copies.forget(FAMILY).await;
        let mut times = Vec::new();
        for (page, at) in self.players.chunks(PAGE).zip((0..).step_by(PAGE)) {
            let lines: Vec<_> = page.iter().zip(at..).map(|(player, at)| (*player, value(at), 1)).collect();
            let begun = Instant::now();
            assert!(self.copies.load(FAMILY, &board(), &lines).await, "it was loaded to {at}");
            times.push(begun.elapsed());
        }
        assert!(self.copies.loaded(FAMILY, &[board()], 0).await);
        print(&format!("{whose}: load of {PAGE} lines"), times, begun.elapsed());

        self.measure(whose, "top 20", async |_| self.lines(BoardSpan::After(None)).await).await;
        self.measure(whose, "around me, 20", async |at| self.lines(BoardSpan::Around(self.player(at))).await).await;
        self.measure(whose, "a page from anywhere", async |at| {
            self.lines(BoardSpan::After(Some((value(at), self.player(at))))).await
        })
        .await;
        self.measure(whose, "place", async |at| {
            let place = self.copies.place(FAMILY, &board(), self.player(at)).await.flatten();
            assert!(place.is_some_and(|place| place.of == LINES as i64));
        })
        .await;
        self.changes(whose, 4, CALLS).await;
        self.changes(whose, 1_000, 200).await;
    }

    async fn lines(&self, span: BoardSpan) {
        let lines = self.copies.lines(FAMILY, &board(), span, 20).await.expect("the board is loaded");
        assert!(!lines.is_empty());
    }

    async fn changes(&self, whose: &str, lines: usize, calls: usize) {
        let at = self.copies.complete_to(FAMILY).await.expect("the board is loaded");
        let begun = Instant::now();
        let mut times = Vec::with_capacity(calls);
        for call in 0..calls {
            let change = |line| (board(), self.player(call * lines + line), Some(value(call * 31 + line * 7)), 2);
            let change: Vec<_> = (0..lines).map(change).collect();
            let from = at + call as i64;
            let begun = Instant::now();
            assert!(self.copies.change(FAMILY, from, from + 1, &change).await);
            times.push(begun.elapsed());
        }
        print(&format!("{whose}: change of {lines} lines"), times, begun.elapsed());
    }

    async fn measure(&self, whose: &str, what: &str, call: impl AsyncFn(usize)) {
        let begun = Instant::now();
        let mut times = Vec::with_capacity(CALLS);
        for at in 0..CALLS {
            let begun = Instant::now();
            call(at).await;
            times.push(begun.elapsed());
        }
        print(&format!("{whose}: {what}"), times, begun.elapsed());
    }
}

fn print(what: &str, mut times: Vec<Duration>, took: Duration) {
    times.sort_unstable();
    let micros = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1e6;
    println!(
        "{what:<32}{:>8.1}{:>10.1}{:>10.1}{:>10.0}",
        micros(times.len() / 2),
        micros(times.len() * 99 / 100),
        micros(times.len()),
        times.len() as f64 / took.as_secs_f64()
    );
}

/// Kibibytes this process holds.
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
