//! Players who talk in their games, come and go, and lose their replica.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Failure;
use testkit::ws::{Client, RecvError};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::players::{self, Api, Player, text};
use super::sockets::{self, accepted, connect, crowd};
use super::table::Table;
use super::{Bench, Server};

/// The large room's mode, made by the operator.
const MODE: &str = "bench_hall";
const HALL: usize = 50;
const TEAM: usize = 5;
/// Players in rooms of either size.
const TALKERS: usize = 1_000;
/// Sockets with one in ten chatting.
const PRESENT: usize = 4_000;
const CHATTING: usize = 400;
/// Sockets of one round of coming and going.
const CHURNED: usize = 2_000;
/// Sockets that lose their replica.
const ORPHANS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough for what the service does by itself.
const QUIET: Duration = Duration::from_secs(5);

/// What somebody is to say, and when.
struct Talk {
    game: String,
    begins: Instant,
    first: Duration,
    every: Duration,
    rounds: u32,
}

/// A socket that reads all the time, as clients do, and talks once it is told to.
struct Talker {
    begin: oneshot::Sender<Talk>,
    task: JoinHandle<Result<(Client, usize), Failure>>,
    game: String,
}

/// What one copy of a relayed message costs, in rooms of two sizes.
pub(super) async fn broadcasts(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let server = bench.server().await?;
    publish(bench, &server).await?;
    let sizes =
        [(MODE, HALL, Duration::from_secs(5), "0.0033 ms"), ("duel", 2, Duration::from_millis(1_000), "0.0123 ms")];
    for (mode, size, every, mark) in sizes {
        let players = players::sign_in(&server.running.authority(), TALKERS).await?;
        let talkers = gather(&server, mode, size, &players).await?;
        let quiet = quiet(&server).await;
        let (before, start) = (server.watched.cpu(), Instant::now());
        let rounds = 30_000 / u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
        let (_held, copies) = talk(talkers, every, rounds).await?;
        let idle = quiet * start.elapsed().as_secs_f64() / copies.max(1) as f64;
        let expected = TALKERS * usize::try_from(rounds).unwrap_or(0) * (size - 1);
        let cpu = server.watched.cpu().each(before, copies);
        let name = format!("CPU per copy in rooms of {size}, {TALKERS} sockets");
        let result = format!(
            "{:.4} ms ({idle:.4} more for what idling costs, {:.4} for stores); {copies} of {expected} copies came",
            cpu.server - idle,
            cpu.stores,
        );
        table.line(&name, &result, mark);
    }
    Ok(())
}

/// What the service uses while nobody says anything, in milliseconds a second.
async fn quiet(server: &Server) -> f64 {
    let (before, start) = (server.watched.cpu(), Instant::now());
    tokio::time::sleep(QUIET).await;
    (server.watched.cpu().server - before.server) / start.elapsed().as_secs_f64()
}

/// Many are there, and some of them talk.
pub(super) async fn chat(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let server = bench.server().await?;
    let host = server.running.authority();
    let silent = players::sign_in(&host, PRESENT - CHATTING).await?;
    let _silent = crowd(&server.running.base_url(), &silent).await?;
    let players = players::sign_in(&host, CHATTING).await?;
    let talkers = gather(&server, "duel", 2, &players).await?;
    let (_held, copies) = talk(talkers, Duration::from_secs(1), 15).await?;
    let result = format!("{:.1} MiB after {copies} messages", server.watched.resident_mib());
    table.line(&format!("RSS with {PRESENT} sockets, one in ten chatting"), &result, "200 MiB");
    Ok(())
}

/// Three rounds of coming and going: what stays in memory.
pub(super) async fn churn(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let server = bench.server().await?;
    let players = players::sign_in(&server.running.authority(), CHURNED).await?;
    let mut after = Vec::new();
    for _ in 0..3 {
        let mut clients = crowd(&server.running.base_url(), &players).await?;
        for client in &mut clients {
            accepted(client, "ping", json!({})).await?;
        }
        drop(clients);
        let start = Instant::now();
        while open_sockets(&server).await? > 0.0 {
            if start.elapsed() > PATIENCE {
                return Err(Failure::new("Closed sockets stay open."));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        after.push(server.watched.resident_mib());
    }
    let result = after.iter().map(|mib| format!("{mib:.1}")).collect::<Vec<_>>().join(", ");
    table.line(
        &format!("RSS after each of three rounds of {CHURNED} sockets"),
        &format!("{result} MiB"),
        "within 10 %",
    );
    Ok(())
}

/// A replica is killed, and its players come back at the other one, all at once.
pub(super) async fn resume(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let (lost, other) = (bench.server().await?, bench.server().await?);
    let players = players::sign_in(&lost.running.authority(), ORPHANS).await?;
    let mut places = Vec::with_capacity(ORPHANS);
    let mut held = Vec::with_capacity(ORPHANS);
    for player in players {
        let (client, streams) = sockets::resume(&lost.running.base_url(), &player, &json!({})).await?;
        let own = &streams["player"];
        places.push((player, json!({ "player": { "epoch": own["epoch"], "offset": own["offset"] } })));
        held.push(client);
    }
    let before = other.watched.cpu();
    let start = Instant::now();
    lost.running.kill9();
    let mut tasks = JoinSet::new();
    for (player, place) in places {
        let base = other.running.base_url();
        tasks.spawn(async move { sockets::resume(&base, &player, &place).await });
    }
    let mut back = Vec::with_capacity(ORPHANS);
    while let Some(done) = tasks.join_next().await {
        let (client, streams) = done.map_err(Failure::of("resuming"))??;
        if streams["player"]["recovered"] != true {
            return Err(Failure::new(format!("A stream did not go on: {streams}")));
        }
        back.push(client);
    }
    let took = start.elapsed();
    let cpu = other.watched.cpu().each(before, ORPHANS);
    let result = format!("{:.2} s; {:.2} ms CPU each ({:.2} stores)", took.as_secs_f64(), cpu.total(), cpu.stores);
    table.line(&format!("{ORPHANS} resume after a replica's death"), &result, "5 s");
    Ok(())
}

/// A mode for a hall full of players.
async fn publish(bench: &Bench, server: &Server) -> Result<(), Failure> {
    let operator = players::operator(bench, server).await?;
    let mut api = Api::open(&server.running.authority(), Some(&operator)).await?;
    let mut mode = api.call("GET", "/admin/modes/duel", None).await?;
    mode["key"] = json!(MODE);
    mode["version"] = json!(1);
    mode["teams"] = json!(HALL / TEAM);
    mode["team_size"] = json!(TEAM);
    api.call("PUT", &format!("/admin/modes/{MODE}"), Some(mode)).await?;
    api.until(&format!("/modes/{MODE}"), |mode| mode["key"] == MODE).await?;
    Ok(())
}

/// Connects players, then puts them into games that run.
async fn gather(server: &Server, mode: &str, size: usize, players: &[Player]) -> Result<Vec<Talker>, Failure> {
    let mut listening = Vec::with_capacity(players.len());
    for player in players {
        let client = connect(&server.running.base_url(), player).await?;
        let (begin, begins) = oneshot::channel();
        listening.push((begin, tokio::spawn(speak(client, begins))));
    }
    let mut listening = listening.into_iter();
    let mut talkers = Vec::with_capacity(players.len());
    for some in players.chunks(size) {
        let game = room(&server.running.authority(), mode, some).await?;
        let these = listening.by_ref().take(some.len());
        talkers.extend(these.map(|(begin, task)| Talker { begin, task, game: game.clone() }));
    }
    Ok(talkers)
}

/// A private game of these players, begun.
async fn room(host: &str, mode: &str, players: &[Player]) -> Result<String, Failure> {
    let mut first = Api::open(host, players.first()).await?;
    let game = first.call("POST", "/games", Some(json!({ "mode": mode, "link": true }))).await?;
    let (id, code) = (text(&game["id"])?, text(&game["invite_link"]["code"])?);
    for player in &players[1..] {
        insist(host, player, &format!("/game-invites/links/{code}/redeem")).await?;
    }
    for player in players {
        insist(host, player, &format!("/games/{id}/ready")).await?;
    }
    first.until(&format!("/games/{id}"), |game| game["status"] == "in_progress").await?;
    Ok(id)
}

/// Posts until it is taken: a hall of fifty is more to write at once than the service is made for.
async fn insist(host: &str, player: &Player, path: &str) -> Result<(), Failure> {
    let mut api = Api::open(host, Some(player)).await?;
    let start = Instant::now();
    while let Err(error) = api.call("POST", path, None).await {
        if start.elapsed() > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Everybody says something so many times, this far apart; how many copies came.
async fn talk(talkers: Vec<Talker>, every: Duration, rounds: u32) -> Result<(Vec<Client>, usize), Failure> {
    let count = u32::try_from(talkers.len()).unwrap_or(u32::MAX);
    let (begins, mut tasks) = (Instant::now(), Vec::with_capacity(talkers.len()));
    for (nth, Talker { begin, task, game }) in (0_u32..).zip(talkers) {
        // Evenly spread over the time between two words of one player.
        let talk = Talk { game, begins, first: every * nth / count, every, rounds };
        // Whose task is over fails below.
        _ = begin.send(talk);
        tasks.push(task);
    }
    let (mut held, mut copies) = (Vec::new(), 0);
    for task in tasks {
        let (client, heard) = task.await.map_err(Failure::of("talking"))??;
        held.push(client);
        copies += heard;
    }
    Ok((held, copies))
}

async fn speak(mut client: Client, mut begin: oneshot::Receiver<Talk>) -> Result<(Client, usize), Failure> {
    let talk = loop {
        tokio::select! {
            talk = &mut begin => break talk.map_err(Failure::of("waiting to talk"))?,
            heard = listen(&mut client, Instant::now() + PATIENCE) => {
                heard?;
            }
        }
    };
    let Talk { game, begins, first, every, rounds } = talk;
    let said =
        json!({ "type": "game.relay", "data": { "game_id": game, "data": { "say": "well played, once more?" } } });
    let mut heard = 0;
    for round in 0..rounds {
        heard += listen(&mut client, begins + first + every * round).await?;
        client.send_json(&said).await;
    }
    // Time for what is still on its way.
    heard += listen(&mut client, begins + every * (rounds + 1) + Duration::from_secs(2)).await?;
    Ok((client, heard))
}

async fn listen(client: &mut Client, until: Instant) -> Result<usize, Failure> {
    let mut heard = 0;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match client.recv_json(left).await {
            Ok(message) => heard += usize::from(message["type"] == "game.relayed"),
            Err(RecvError::TimedOut { .. }) => return Ok(heard),
            Err(closed) => return Err(Failure::new(format!("A talker's socket ended: {closed}"))),
        }
    }
}

async fn open_sockets(server: &Server) -> Result<f64, Failure> {
    let mut connection =
        testkit::http::Connection::open(&server.running.authority()).await.map_err(Failure::of("connecting"))?;
    let answer =
        connection.request("GET", "/metrics", &[], None::<&Value>).await.map_err(Failure::of("GET /metrics"))?;
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("realtime_connections "));
    line.and_then(|count| count.trim().parse().ok()).ok_or_else(|| Failure::new("/metrics counts no sockets"))
}
