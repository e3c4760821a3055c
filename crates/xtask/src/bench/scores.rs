//! Score reports, from the report to everything that follows from it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Failure;
use testkit::http::render;
use tokio::task::JoinSet;

use super::Server;
use super::load::{CONNECTIONS, Measured, send_all};
use super::players::{self, Api, Player, text};
use super::table::{Table, milliseconds};
use super::usage::Cpu;

/// Players who report at the same time; each pair plays a duel.
const PLAYERS: usize = 2_000;
/// How often they play.
const ROUNDS: usize = 3;
/// Connections that bring players into their games.
const HELPERS: usize = 16;
/// How long standings may take to have everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A player in a game that is being played, with what a report must carry.
struct Playing {
    player: Player,
    game: String,
    secret: String,
}

pub(super) async fn reports(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let host = server.running.authority();
    let players = players::sign_in(&host, PLAYERS).await?;
    let (mut all, mut cpu, mut behind) = (Measured::default(), Cpu::default(), Duration::ZERO);
    for round in 1..=ROUNDS {
        let playing = in_games(&host, &players).await?;
        let before = server.watched.cpu();
        let start = Instant::now();
        let measured = report_all(&host, &playing).await?;
        let reported = start.elapsed();
        // Ratings are applied in the ledger's order: when the last ones are there, all are. Few, for asking costs, too.
        until_applied(&host, &players[players.len().saturating_sub(CONNECTIONS)..], round).await?;
        behind = behind.max(start.elapsed().saturating_sub(reported));
        cpu = cpu.and(server.watched.cpu().each(before, 1));
        until_applied(&host, &players, round).await?;
        all.latencies.extend(measured.latencies);
        all.refused += measured.refused;
        all.elapsed += reported;
    }
    all.latencies.sort_unstable();
    let count = all.latencies.len().max(1);
    let figures = format!(
        "{:.0} a second, p50 {:.2} ms, p99 {:.2} ms, {} refused",
        all.per_second(),
        milliseconds(all.percentile(50.0)),
        milliseconds(all.percentile(99.0)),
        all.refused
    );
    table.line("score report, 32 connections", &figures, "p99 200 ms");
    let each = cpu.each(Cpu::default(), count);
    let figures = format!("{:.3} ms: service {:.3}, stores {:.3}", each.total(), each.server, each.stores);
    table.line("CPU per report, settlement and standings included", &figures, "0.45 ms");
    table.line("last report → all ratings applied", &format!("{:.0} ms", milliseconds(behind)), "1,000 ms");
    Ok(())
}

/// Brings everybody into a duel that is being played.
async fn in_games(host: &str, players: &[Player]) -> Result<Vec<Playing>, Failure> {
    let mut tasks = JoinSet::new();
    for share in players.chunks(players.len().div_ceil(HELPERS)) {
        let (host, share) = (host.to_owned(), share.to_vec());
        tasks.spawn(async move {
            let mut tickets = Vec::with_capacity(share.len());
            for player in &share {
                let mut api = Api::open(&host, Some(player)).await?;
                let ticket = api.call("POST", "/matchmaking/tickets", Some(json!({ "mode": "duel" }))).await?;
                tickets.push((api, text(&ticket["id"])?));
            }
            let mut games = Vec::with_capacity(share.len());
            for (mut api, ticket) in tickets {
                let path = format!("/matchmaking/tickets/{ticket}");
                let ticket = api.until(&path, |ticket| ticket["game_id"].is_string()).await?;
                let game = text(&ticket["game_id"])?;
                api.call("POST", &format!("/games/{game}/ready"), None).await?;
                games.push((api, game));
            }
            let mut playing = Vec::with_capacity(share.len());
            for (player, (mut api, game)) in share.into_iter().zip(games) {
                let shown = api.until(&format!("/games/{game}"), |game| game["status"] == "in_progress").await?;
                playing.push(Playing { player, game, secret: text(&shown["you"]["session_secret"])? });
            }
            Ok::<_, Failure>(playing)
        });
    }
    let mut playing = Vec::with_capacity(players.len());
    while let Some(done) = tasks.join_next().await {
        playing.extend(done.map_err(Failure::of("bringing players into games"))??);
    }
    Ok(playing)
}

/// Everybody reports once.
async fn report_all(host: &str, playing: &[Playing]) -> Result<Measured, Failure> {
    let report = |(at, one): (usize, &Playing)| {
        let body = json!({ "session_secret": one.secret, "score": at });
        let path = format!("/api/v1/games/{}/scores", one.game);
        render("POST", &path, host, &[("authorization", &one.player.bearer())], Some(&body))
    };
    send_all(host, playing.iter().enumerate().map(report).collect(), 200).await
}

/// Waits until everybody's rating counts this round.
async fn until_applied(host: &str, players: &[Player], round: usize) -> Result<(), Failure> {
    let start = Instant::now();
    let applied = |ratings: &Value| ratings["items"][0]["games"].as_u64().is_some_and(|games| games >= round as u64);
    for player in players {
        let mut api = Api::open(host, Some(player)).await?;
        api.until(&format!("/players/{}/ratings", player.id), applied).await?;
        if start.elapsed() > PATIENCE {
            return Err(Failure::new("Standings did not get on.".to_owned()));
        }
    }
    Ok(())
}
