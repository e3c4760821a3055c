//! A busy queue over two replicas: pairs among ten thousand who wait, and leaders that die.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::http::render;
use testkit::services::PostgresAddress;
use testkit::ws::Client;
use testkit::{Failure, postgres};
use tokio::task::JoinSet;
use tokio::time::interval;

use super::load::{Measured, send_all};
use super::players::{self, Api, Player};
use super::sockets::{accepted, crowd, found};
use super::table::{Table, milliseconds};
use super::{Bench, Server};

/// A duel in which only players of the same lane meet.
const MODE: &str = "lanes";
/// Tickets that wait all the time, each alone in its lane.
const WAITING: usize = 10_000;
/// Pairs that come meanwhile.
const PAIRS: usize = 1_000;
/// Tickets that come in a second.
const PER_SECOND: u32 = 50;
/// Leaders that are killed, one after the other.
const KILLS: usize = 8;
/// How long nothing happens.
const QUIET: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn run(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    // Nobody else's rows, and nobody else's leaders.
    let database = postgres::ensure_database(&bench.services.postgres, "bench_queue").await?;
    let mut replicas = [bench.server_on(&database).await?, bench.server_on(&database).await?];
    publish(bench, &replicas).await?;
    let players = players::sign_in(&replicas[0].running.authority(), WAITING).await?;
    let filling = fill(&replicas[0], &players).await?;
    let rate = format!("{:.0}/s, p99 {:.1} ms", filling.per_second(), milliseconds(filling.percentile(99.0)));
    table.line(&format!("{WAITING} tickets that find nobody"), &rate, "");
    let idle = idle(&replicas, table).await;
    pairs(&replicas, idle, table).await?;
    kills(bench, &database, &mut replicas, table).await
}

/// The mode, known to both replicas.
async fn publish(bench: &Bench, replicas: &[Server; 2]) -> Result<(), Failure> {
    let operator = players::operator(bench, &replicas[0]).await?;
    let mut api = Api::open(&replicas[0].running.authority(), Some(&operator)).await?;
    let mut mode = api.call("GET", "/admin/modes/duel", None).await?;
    mode["key"] = json!(MODE);
    mode["version"] = json!(1);
    mode["matching"] = json!({ "attributes": [{ "key": "lane", "strict": true }] });
    api.call("PUT", &format!("/admin/modes/{MODE}"), Some(mode)).await?;
    for replica in replicas {
        let mut api = Api::open(&replica.running.authority(), Some(&operator)).await?;
        let start = Instant::now();
        while let Err(error) = api.call("GET", &format!("/modes/{MODE}"), None).await {
            if start.elapsed() > PATIENCE {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

fn ticket(lane: &str) -> Value {
    json!({ "mode": MODE, "attributes": { "lane": lane } })
}

async fn fill(server: &Server, players: &[Player]) -> Result<Measured, Failure> {
    let host = server.running.authority();
    let join = |(nth, player): (usize, &Player)| {
        let bearer = player.bearer();
        let headers = [("authorization", bearer.as_str())];
        render("POST", "/api/v1/matchmaking/tickets", &host, &headers, Some(&ticket(&format!("alone-{nth}"))))
    };
    let requests = players.iter().enumerate().map(join).collect();
    let all = send_all(&host, requests, 201).await?;
    if all.refused > 0 {
        return Err(Failure::new(format!("{} of {WAITING} tickets were refused.", all.refused)));
    }
    Ok(all)
}

/// What two replicas and their stores cost while ten thousand wait and nothing happens, in milliseconds a second.
async fn idle(replicas: &[Server; 2], table: &mut Table) -> f64 {
    let before = spent(replicas);
    let start = Instant::now();
    tokio::time::sleep(QUIET).await;
    let each_second = (spent(replicas) - before) / start.elapsed().as_secs_f64();
    table.line("two replicas meanwhile, and nothing else", &format!("{each_second:.0} ms CPU a second"), "");
    each_second
}

/// CPU of both replicas and the stores so far, in milliseconds.
fn spent(replicas: &[Server; 2]) -> f64 {
    // The stores are the same for both.
    replicas[0].watched.cpu().total() + replicas[1].watched.cpu().server
}

/// Pairs come at a steady rate, one of each at either replica. The time from when the second one asks until both know.
async fn pairs(replicas: &[Server; 2], idle: f64, table: &mut Table) -> Result<(), Failure> {
    let host = replicas[0].running.authority();
    let players = players::sign_in(&host, 2 * PAIRS).await?;
    let (ones, others) = players.split_at(PAIRS);
    let ones = crowd(&replicas[0].running.base_url(), ones).await?;
    let others = crowd(&replicas[1].running.base_url(), others).await?;
    let before = spent(replicas);
    let start = Instant::now();
    let mut beat = interval(Duration::from_secs(2) / PER_SECOND);
    let mut tasks = JoinSet::new();
    for (nth, (mut one, mut other)) in ones.into_iter().zip(others).enumerate() {
        beat.tick().await;
        tasks.spawn(async move {
            let lane = format!("pair-{nth}");
            accepted(&mut one, "matchmaking.join", ticket(&lane)).await?;
            let start = Instant::now();
            let second = async {
                accepted(&mut other, "matchmaking.join", ticket(&lane)).await?;
                found(&mut other).await
            };
            tokio::try_join!(found(&mut one), second)?;
            Ok::<_, Failure>((start.elapsed(), one, other))
        });
    }
    let (mut measured, mut held): (Measured, Vec<Client>) = Default::default();
    while let Some(done) = tasks.join_next().await {
        let (took, one, other) = done.map_err(Failure::of("a pair"))??;
        measured.latencies.push(took);
        // Held to the end: a socket that goes costs the server something too.
        held.extend([one, other]);
    }
    let (cpu, seconds) = (spent(replicas) - before, start.elapsed().as_secs_f64());
    measured.latencies.sort_unstable();
    let [p50, p99, most] = [50.0, 99.0, 100.0].map(|percent| milliseconds(measured.percentile(percent)));
    let name = format!("a pair at two replicas → both match.found, {WAITING} waiting, {PER_SECOND} tickets/s");
    table.line(&name, &format!("p50 {p50:.1}, p99 {p99:.1}, most {most:.1} ms"), "p99 50 ms");
    let each = |cpu: f64| cpu / (2 * PAIRS) as f64;
    let figures = format!("{:.2} ms; {:.2} ms with what goes on anyway", each(cpu - idle * seconds), each(cpu));
    table.line("CPU per ticket of it, until its game has lapsed", &figures, "");
    Ok(())
}

/// The leader is killed while somebody waits; somebody else comes at once. How long until both are told.
async fn kills(
    bench: &Bench,
    database: &PostgresAddress,
    replicas: &mut [Server; 2],
    table: &mut Table,
) -> Result<(), Failure> {
    let mut took = Vec::with_capacity(KILLS);
    for nth in 0..KILLS {
        // Whoever started first leads, and then whoever is left.
        let (victim, survivor) = (nth % 2, (nth + 1) % 2);
        let host = replicas[survivor].running.authority();
        let pair = players::sign_in(&host, 2).await?;
        let mut sockets = crowd(&replicas[survivor].running.base_url(), &pair).await?.into_iter();
        let (Some(mut one), Some(mut other)) = (sockets.next(), sockets.next()) else { continue };
        let lane = format!("kill-{nth}");
        accepted(&mut one, "matchmaking.join", ticket(&lane)).await?;
        replicas[victim].running.kill9();
        let start = Instant::now();
        accepted(&mut other, "matchmaking.join", ticket(&lane)).await?;
        tokio::try_join!(found(&mut one), found(&mut other))?;
        took.push(start.elapsed());
        replicas[victim] = bench.server_on(database).await?;
    }
    took.sort_unstable();
    let [least, most] = [took.first(), took.last()].map(|time| time.copied().unwrap_or_default().as_secs_f64());
    table.line("the leader is killed → the next match", &format!("{least:.2} to {most:.2} s of {KILLS}"), "2 s");
    Ok(())
}
