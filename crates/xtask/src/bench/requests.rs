//! Request rates at a fixed number of connections.

use serde_json::json;
use testkit::Failure;
use testkit::http::render;

use super::load::{self, CONNECTIONS};
use super::players::{self, Player};
use super::table::Table;
use super::{Server, usage::Cpu};

/// Games each player has behind him when histories are read: a full page.
const GAMES: usize = 20;

pub(super) async fn sign_in(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let body = json!({});
    let request = render("POST", "/api/v1/auth/guest", &server.running.authority(), &[], Some(&body));
    measure(server, table, "guest sign-in", "0.260", vec![request], 201).await
}

pub(super) async fn profile(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let players = players::sign_in(&server.running.authority(), CONNECTIONS).await?;
    let requests = players.iter().map(|player| get(server, player, "/api/v1/players/me")).collect();
    measure(server, table, "own profile", "0.103", requests, 200).await
}

pub(super) async fn history(server: &Server, table: &mut Table) -> Result<(), Failure> {
    let host = server.running.authority();
    let players = players::sign_in(&host, CONNECTIONS).await?;
    for _ in 0..GAMES {
        players::play_a_round(&host, &players).await?;
    }
    let page = |player: &Player| get(server, player, &format!("/api/v1/players/{}/games?limit={GAMES}", player.id));
    measure(server, table, &format!("history page of {GAMES}"), "", players.iter().map(page).collect(), 200).await
}

pub(super) fn get(server: &Server, player: &Player, path: &str) -> Vec<u8> {
    let bearer = player.bearer();
    render("GET", path, &server.running.authority(), &[("authorization", &bearer)], None)
}

pub(super) async fn measure(
    server: &Server,
    table: &mut Table,
    name: &str,
    mark: &str,
    requests: Vec<Vec<u8>>,
    expected: u16,
) -> Result<(), Failure> {
    let watched = &server.watched;
    let host = server.running.authority();
    let (measured, before): (_, Cpu) =
        load::drive(&host, requests, expected, || watched.cpu()).await.map_err(Failure::of(name))?;
    let answered = measured.latencies.len() + measured.refused;
    table.rate(name, &measured, watched.cpu().each(before, answered), mark);
    Ok(())
}
