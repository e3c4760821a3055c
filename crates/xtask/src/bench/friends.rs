//! Friends: a list with presence, requests, and a crowd that watches one player.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Failure;
use testkit::http::render;
use testkit::ws::Client;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Server;
use super::load::{CONNECTIONS, send_all};
use super::players::{self, Api, Player, text};
use super::requests::{get, measure};
use super::sockets::{accepted, connect, crowd};
use super::table::{Table, milliseconds};

/// Friends in a list.
const FRIENDS: usize = 100;
/// Connections that make friends.
const HELPERS: usize = 16;
/// Players who ask, and whom each of them asks.
const ASKERS: usize = 2_000;
const ASKED: usize = 3;
/// Sockets that watch one player.
const WATCHERS: usize = 10_000;
/// How often that player does something.
const NEWS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// A page with all of a hundred friends and what they are doing.
pub(super) async fn list(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let host = server.running.authority();
    let viewers = players::sign_in(&host, CONNECTIONS).await?;
    let friends = players::sign_in(&host, FRIENDS).await?;
    befriend(&host, &viewers, &friends).await?;
    // Half of them are there.
    let _sockets = crowd(&server.running.base_url(), &friends[..FRIENDS / 2]).await?;
    let requests = viewers.iter().map(|viewer| get(server, viewer, "/api/v1/friends?limit=100")).collect();
    measure(server, table, &format!("list of {FRIENDS} friends with presence"), "0.443", requests, 200).await
}

/// Makes everybody of one group a friend of everybody of the other.
async fn befriend(host: &str, ones: &[Player], others: &[Player]) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for share in others.chunks(others.len().div_ceil(HELPERS)) {
        let (host, ones, share) = (host.to_owned(), ones.to_vec(), share.to_vec());
        tasks.spawn(async move {
            for other in &share {
                let mut theirs = Api::open(&host, Some(other)).await?;
                for one in &ones {
                    let mut api = Api::open(&host, Some(one)).await?;
                    api.call("POST", "/friends/requests", Some(json!({ "player_id": other.id }))).await?;
                    theirs.call("POST", &format!("/friends/requests/{}/accept", one.id), None).await?;
                }
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::of("making friends"))??;
    }
    Ok(())
}

/// Requests of everybody to the next ones in the row.
pub(super) async fn requests(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let host = server.running.authority();
    let players = players::sign_in(&host, ASKERS).await?;
    let ask = |(at, one): (usize, &Player)| {
        let (bearer, players, host) = (one.bearer(), &players, &host);
        (1..=ASKED).map(move |next| {
            let body = json!({ "player_id": players[(at + next) % players.len()].id });
            render("POST", "/api/v1/friends/requests", host, &[("authorization", &bearer)], Some(&body))
        })
    };
    let requests = players.iter().enumerate().flat_map(ask).collect();
    let before = server.watched.cpu();
    let all = send_all(&host, requests, 201).await?;
    let count = all.latencies.len() + all.refused;
    table.rate("friend request", &all, server.watched.cpu().each(before, count), "0.433");
    Ok(())
}

/// One player does something, and thousands hear of it, half of them on another replica.
pub(super) async fn watchers([server, other]: [&Server; 2], table: &mut Table) -> Result<(), Failure> {
    let host = server.running.authority();
    let base = server.running.base_url();
    let star = players::sign_in(&host, 1).await?.remove(0);
    let _own = connect(&base, &star).await?;
    let players = players::sign_in(&host, WATCHERS).await?;
    let (here, there) = players.split_at(WATCHERS / 2);
    let mut all = crowd(&base, here).await?;
    all.extend(crowd(&other.running.base_url(), there).await?);
    let crowd = watching(all, &star.id).await?;
    let told = Arc::new(Barrier::new(WATCHERS + 1));
    let mut tasks = JoinSet::new();
    for client in crowd {
        tasks.spawn(hear(client, Arc::clone(&told)));
    }
    let before = [server, other].map(|server| server.watched.cpu());
    let (mut slowest, mut ticket) = (Duration::ZERO, String::new());
    for nth in 0..NEWS {
        let mut api = Api::open(&host, Some(&star)).await?;
        let start = Instant::now();
        if nth % 2 == 0 {
            let joined = api.call("POST", "/matchmaking/tickets", Some(json!({ "mode": "connect_four" }))).await?;
            ticket = text(&joined["id"])?;
        } else {
            api.call("DELETE", &format!("/matchmaking/tickets/{ticket}"), None).await?;
        }
        told.wait().await;
        slowest = slowest.max(start.elapsed());
    }
    // The stores are the same for both.
    let cpu = server.watched.cpu().each(before[0], NEWS).total() + other.watched.cpu().each(before[1], NEWS).server;
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::of("watching"))??;
    }
    let figures = format!(
        "slowest {:.0} ms until the last knew; {:.0} ms CPU each, {:.1} µs a watcher",
        milliseconds(slowest),
        cpu,
        cpu * 1_000.0 / WATCHERS as f64
    );
    table.line(&format!("presence told to {WATCHERS} watchers"), &figures, "");
    Ok(())
}

/// Everybody watches one player, some at a time.
async fn watching(mut crowd: Vec<Client>, star: &str) -> Result<Vec<Client>, Failure> {
    let mut all = Vec::with_capacity(crowd.len());
    while !crowd.is_empty() {
        let mut tasks = JoinSet::new();
        for mut client in crowd.split_off(crowd.len().saturating_sub(CONNECTIONS)) {
            let star = star.to_owned();
            tasks.spawn(async move {
                accepted(&mut client, "presence.watch", json!({ "player_ids": [star] })).await?;
                Ok::<_, Failure>(client)
            });
        }
        while let Some(done) = tasks.join_next().await {
            all.push(done.map_err(Failure::of("watching"))??);
        }
    }
    Ok(all)
}

/// Hears all that is new of the one it watches.
async fn hear(mut client: Client, told: Arc<Barrier>) -> Result<(), Failure> {
    for nth in 0..NEWS {
        let wanted = if nth % 2 == 0 { "in_queue" } else { "online" };
        let mut heard = Ok(Value::Null);
        while heard.as_ref().is_ok_and(|event| event["data"]["status"] != wanted) {
            heard = client.recv_type("presence.changed", PATIENCE).await;
        }
        // Whoever hears nothing goes along: the others would wait for ever.
        told.wait().await;
        heard.map_err(Failure::of("awaiting presence.changed"))?;
    }
    Ok(())
}
