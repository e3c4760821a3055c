//! What runs over sockets: matching, and the memory an idle player costs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Failure;
use testkit::ws::Client;
use tokio::task::JoinSet;

use super::load::Measured;
use super::players::{self, Player};
use super::table::{Table, milliseconds};
use super::{Bench, Server};

const PATIENCE: Duration = Duration::from_secs(60);

/// Pairs matched one after the other.
const PAIRS: usize = 200;

/// Players who all join at once.
pub(super) const BURSTS: [usize; 2] = [1_000, 3_000];

/// Sockets opened at the same time while a crowd gathers.
const OPENING: usize = 64;

/// Bare, then with this many idle sockets. Each takes two files of the service, and twenty thousand are all that some
/// machines give.
const IDLE: [usize; 2] = [1_000, 9_500];

/// A signed-in socket, past `session.ready`.
pub(super) async fn connect(base: &str, player: &Player) -> Result<Client, Failure> {
    Ok(resume(base, player, &json!({})).await?.0)
}

/// The same, going on where it was; and where each stream stands.
pub(super) async fn resume(base: &str, player: &Player, places: &Value) -> Result<(Client, Value), Failure> {
    let url = format!("{base}/ws");
    let connecting = Client::connect(&url, Some("shallweplay.v1"), &[]);
    let mut client = connecting.await.map_err(Failure::of("opening a socket"))?;
    let hello = json!({ "token": player.token, "resume": places });
    let mut reply = accepted(&mut client, "session.hello", hello).await?;
    client.recv_type("session.ready", PATIENCE).await.map_err(Failure::of("awaiting session.ready"))?;
    Ok((client, reply["data"]["streams"].take()))
}

/// A request that must be granted.
pub(super) async fn accepted(client: &mut Client, kind: &str, data: Value) -> Result<Value, Failure> {
    let reply = client.request(kind, data, PATIENCE).await.map_err(Failure::of(kind))?;
    if reply["ok"] == true { Ok(reply) } else { Err(Failure::new(format!("{kind} was answered {reply}"))) }
}

/// Joins a duel.
async fn join(client: &mut Client) -> Result<(), Failure> {
    accepted(client, "matchmaking.join", json!({ "mode": "duel" })).await?;
    Ok(())
}

pub(super) async fn found(client: &mut Client) -> Result<(), Failure> {
    client.recv_type("match.found", PATIENCE).await.map_err(Failure::of("awaiting match.found"))?;
    Ok(())
}

pub(super) async fn crowd(base: &str, players: &[Player]) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::with_capacity(players.len());
    for some in players.chunks(OPENING) {
        let mut tasks = JoinSet::new();
        for player in some {
            let (base, player) = (base.to_owned(), player.clone());
            tasks.spawn(async move { connect(&base, &player).await });
        }
        while let Some(done) = tasks.join_next().await {
            clients.push(done.map_err(Failure::of("opening a socket"))??);
        }
    }
    Ok(clients)
}

/// From the second `matchmaking.join` until both have `match.found`.
pub(super) async fn second_join(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let base = server.running.base_url();
    let players = players::sign_in(&server.running.authority(), 2 * PAIRS).await?;
    let mut latencies = Vec::with_capacity(PAIRS);
    for pair in players.chunks_exact(2) {
        let mut first = connect(&base, &pair[0]).await?;
        let mut second = connect(&base, &pair[1]).await?;
        join(&mut first).await?;
        let start = Instant::now();
        let both = async {
            join(&mut second).await?;
            found(&mut second).await
        };
        tokio::try_join!(both, found(&mut first))?;
        latencies.push(start.elapsed());
    }
    latencies.sort_unstable();
    let measured = Measured { latencies, ..Measured::default() };
    let (middle, most) = (measured.percentile(50.0), measured.percentile(99.0));
    let result = format!("p50 {:.1} ms, p99 {:.1} ms", milliseconds(middle), milliseconds(most));
    table.line("second join → both match.found", &result, "p99 50 ms");
    Ok(())
}

/// So many players join at once, until the last has `match.found`.
pub(super) async fn burst(server: &Server, count: usize, table: &mut Table) -> Result<(), Failure> {
    let players = players::sign_in(&server.running.authority(), count).await?;
    let clients = crowd(&server.running.base_url(), &players).await?;
    let before = server.watched.cpu();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for mut client in clients {
        tasks.spawn(async move {
            join(&mut client).await?;
            found(&mut client).await?;
            Ok::<_, Failure>((start.elapsed(), client))
        });
    }
    // Held to the end: a socket that goes costs the server something too.
    let mut held = Vec::with_capacity(count);
    let mut latencies = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        let (latency, client) = done.map_err(Failure::of("the burst"))??;
        latencies.push(latency);
        held.push(client);
    }
    let elapsed = start.elapsed();
    let cpu = server.watched.cpu().each(before, count);
    latencies.sort_unstable();
    let measured = Measured { latencies, ..Measured::default() };
    let middle = milliseconds(measured.percentile(50.0));
    let result = format!("{:.2} s (p50 {middle:.0} ms)", elapsed.as_secs_f64());
    let mark = if count == BURSTS[0] { "0.5 s" } else { "nobody left" };
    table.line(&format!("{count} join at once → all told"), &result, mark);
    let result = format!("{:.2} ms ({:.2} service, {:.2} stores)", cpu.total(), cpu.server, cpu.stores);
    table.line("CPU per ticket of it", &result, "0.7 ms");
    Ok(())
}

/// Resident memory of a fresh process, and with idle sockets.
pub(super) async fn memory(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let server = bench.server().await?;
    let bare = server.watched.resident_mib();
    table.line("RSS idle", &format!("{bare:.1} MiB"), "14.7 MiB");
    let mut clients = Vec::new();
    for count in IDLE {
        let players = players::sign_in(&server.running.authority(), count - clients.len()).await?;
        clients.extend(crowd(&server.running.base_url(), &players).await?);
        let resident = server.watched.resident_mib();
        let each = (resident - bare) * 1024.0 / clients.len() as f64;
        let result = format!("{resident:.1} MiB ({each:.1} KiB each)");
        let mark = if count == IDLE[0] { "64 MiB" } else { "16 KiB each" };
        table.line(&format!("RSS with {count} idle sockets"), &result, mark);
    }
    Ok(())
}
