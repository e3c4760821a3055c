//! A grown database: 1,000,000 games in histories, 1,000,000 players on a board, 100,000 results in a ledger. The rows
//! are generated in SQL; everything after that goes through the service.

use std::process::Command;
use std::time::{Duration, Instant};

use testkit::Failure;
use testkit::http::render;
use testkit::postgres::{self, PostgresAddress};
use tokio::time::sleep;

use super::load::{self, CONNECTIONS};
use super::players::{self, Player};
use super::table::Table;
use super::{Bench, Server};

/// Games in histories; two of a thousand players each, so that everybody has two thousand.
const GAMES: u32 = 1_000_000;
/// Players on the board.
const BOARD: u32 = 1_000_000;
/// Results that ratings are rebuilt from.
const RESULTS: u32 = 100_000;
/// How long generating, applying and loading may take, each.
const PATIENCE: Duration = Duration::from_secs(600);

/// Ids by number, in the form of UUIDv7.
const IDS: &str = "
    CREATE FUNCTION player_no(n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
        $$ SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
    CREATE FUNCTION game_no(n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
        $$ SELECT ('01900001-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
    CREATE FUNCTION line(n bigint, player uuid, seat int, score bigint, outcome text) RETURNS jsonb IMMUTABLE LANGUAGE sql
        AS $$ SELECT jsonb_build_object('player_id', player, 'team', seat, 'seat', seat, 'score', score,
                                        'outcome', outcome) $$;
";

fn games() -> String {
    // The n-th game is between players n mod 1000 and 1000 + n * 7 mod 1000, and the first wins two of three.
    format!(
        "CREATE TEMPORARY TABLE g AS
         SELECT n, game_no(n) AS id, player_no(n % 1000) AS a, player_no(1000 + (n * 7) % 1000) AS b,
                (CASE WHEN n % 3 = 0 THEN 300 ELSE 900 END)::bigint AS score_a, 600::bigint AS score_b,
                CASE WHEN n % 3 = 0 THEN 'loss' ELSE 'win' END AS outcome_a,
                CASE WHEN n % 3 = 0 THEN 'win' ELSE 'loss' END AS outcome_b,
                now() - ({GAMES} - n) * interval '10 seconds' AS at
         FROM generate_series(1, {GAMES}) AS s (n);
         INSERT INTO games (id, mode, status, rated, setup, players, sequence, reports, conclusion, created_at,
                            started_at, finished_at, version)
         SELECT id, 'duel', 'settled', true, '{{\"seed\": 7, \"mode_version\": 1}}',
                jsonb_build_array(
                    line(n, a, 0, score_a, outcome_a) || '{{\"status\": \"finished\", \"secret\": \"\", \"ready_at\": null}}',
                    line(n, b, 1, score_b, outcome_b) || '{{\"status\": \"finished\", \"secret\": \"\", \"ready_at\": null}}'),
                0, '[]',
                jsonb_build_object('ended', null, 'result', jsonb_build_object(
                    'version', 1, 'status', 'settled', 'reason', 'reports',
                    'standings', jsonb_build_array(line(n, a, 0, score_a, outcome_a),
                                                   line(n, b, 1, score_b, outcome_b)))),
                at - interval '65 seconds', at - interval '60 seconds', at, 4
         FROM g;
         INSERT INTO game_players (player_id, game_id, mode, held, ended_at, outcome, rated, duration_ms, tags, seen_at)
         SELECT a, id, 'duel', false, at, outcome_a, true, 60000, ' matched ', at FROM g
         UNION ALL SELECT b, id, 'duel', false, at, outcome_b, true, 60000, ' matched ', at FROM g;
         INSERT INTO ledger (family, sequence, game_id, version, mode, rated, status, reason, provenance, standings, at)
         SELECT 'duel', n, id, 1, 'duel', true, 'settled', 'reports', '{{}}',
                jsonb_build_array(line(n, a, 0, score_a, outcome_a), line(n, b, 1, score_b, outcome_b)), at
         FROM g WHERE n <= {RESULTS};
         INSERT INTO ledger_heads VALUES ('duel', {RESULTS})"
    )
}

fn board() -> String {
    format!(
        "INSERT INTO player_stats (mode, season, player_id, games, wins, losses, draws, streak, best_streak, form,
                                   best_score, total_score, last_sequence, board_wins, board_best_score, board_streak,
                                   board_sum)
         SELECT 'score_attack', '', player_no(n), 3, 0, 0, 0, 0, 0, '', n / 2, n, n, 0, n / 2, 0, n
         FROM generate_series(1, {BOARD}) AS s (n);
         INSERT INTO ledger_heads VALUES ('score_attack', 0)"
    )
}

pub(super) async fn run(bench: &Bench, table: &mut Table) -> Result<(), Failure> {
    let database = postgres::ensure_database(&bench.services.postgres, "bench_ledger").await?;
    // Migrates, and signs in those who will ask; they are put on the board and into games beside the generated ones.
    let server = bench.server_on(&database).await?;
    let asking = players::sign_in(&server.running.authority(), CONNECTIONS).await?;
    drop(server);
    generate(&database, &asking).await?;

    let start = Instant::now();
    let server = bench.server_on(&database).await?;
    let sql = "SELECT applied FROM standing_heads WHERE family = 'duel'";
    until(&database, sql, i64::from(RESULTS)).await?;
    let applied = start.elapsed().as_secs_f64();
    table.line("100,000 results applied by the worker", &format!("{applied:.1} s"), "");

    let host = server.running.authority();
    history(&server, &host, &asking, table).await?;
    boards(&server, &host, &asking, table).await?;
    drop(server);
    for option in ["--check", "--mode=duel"] {
        rebuild(bench, &database, option, table)?;
    }
    Ok(())
}

async fn generate(database: &PostgresAddress, asking: &[Player]) -> Result<(), Failure> {
    let sql = postgres::client(database).await?;
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("generating rows: {error}"));
    for statement in [IDS.to_owned(), games(), board()] {
        let run = tokio::time::timeout(PATIENCE, sql.batch_execute(&statement)).await;
        run.map_err(|late| failed(&late))?.map_err(|error| failed(&error))?;
    }
    for (n, player) in asking.iter().enumerate() {
        // Somewhere in the middle of the board, and with the history of one of the generated players.
        let (id, place) = (&player.id, (n + 1) * 15_000);
        let statement = format!(
            "INSERT INTO player_stats (mode, season, player_id, games, wins, losses, draws, streak, best_streak, form,
                                       best_score, total_score, last_sequence, board_best_score, board_sum)
             VALUES ('score_attack', '', '{id}', 3, 0, 0, 0, 0, 0, '', {place}, {place}, {place}, {place}, {place});
             INSERT INTO game_players (player_id, game_id, mode, held, ended_at, outcome, rated, duration_ms, tags, seen_at)
             SELECT '{id}', game_id, mode, false, ended_at, outcome, rated, duration_ms, tags, seen_at
             FROM game_players WHERE player_id = player_no({n})"
        );
        sql.batch_execute(&statement).await.map_err(|error| failed(&error))?;
    }
    sql.batch_execute("ANALYZE").await.map_err(|error| failed(&error))
}

/// Waits until this query gives this number.
async fn until(database: &PostgresAddress, query: &str, wanted: i64) -> Result<(), Failure> {
    let (sql, start) = (postgres::client(database).await?, Instant::now());
    loop {
        let row = sql.query_opt(query, &[]).await.map_err(Failure::of("looking at the standings"))?;
        if row.is_some_and(|row| row.get::<_, i64>(0) >= wanted) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(Failure::new(format!("{query} did not come to {wanted}.")));
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn history(server: &Server, host: &str, asking: &[Player], table: &mut Table) -> Result<(), Failure> {
    // With a filter, for the first page without one comes from the cache.
    let page = |player: &Player| get(host, player, &format!("/api/v1/players/{}/games?limit=20&rated=true", player.id));
    rate(server, table, "history page of 20, 1,000,000 games, no cache", "", asking.iter().map(page).collect()).await
}

async fn boards(server: &Server, host: &str, asking: &[Player], table: &mut Table) -> Result<(), Failure> {
    for (name, query, mark) in [
        ("top 20 of 1,000,000 with the own place", "limit=20", "0.57"),
        ("20 around me of 1,000,000", "limit=20&around=me", ""),
    ] {
        let path = format!("/api/v1/leaderboards/score_attack?{query}");
        let requests: Vec<_> = asking.iter().map(|player| get(host, player, &path)).collect();
        rate(server, table, name, mark, requests).await?;
    }
    Ok(())
}

fn get(host: &str, player: &Player, path: &str) -> Vec<u8> {
    render("GET", path, host, &[("authorization", &player.bearer())], None)
}

async fn rate(
    server: &Server,
    table: &mut Table,
    name: &str,
    mark: &str,
    requests: Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let (watched, host) = (&server.watched, server.running.authority());
    let (measured, before) =
        load::drive(&host, requests, 200, || watched.cpu()).await.map_err(Failure::of(name.to_owned()))?;
    let answered = measured.latencies.len() + measured.refused;
    table.rate(name, &measured, watched.cpu().each(before, answered), mark);
    Ok(())
}

/// The command, as an operator runs it.
fn rebuild(bench: &Bench, database: &PostgresAddress, option: &str, table: &mut Table) -> Result<(), Failure> {
    let start = Instant::now();
    let ended = Command::new(&bench.binary)
        .args(["rebuild", option])
        .envs(database.environment())
        .env("SWP__AUTH__KEYS", &bench.keys)
        .env("RUST_LOG", "warn")
        .output()
        .map_err(Failure::of("starting rebuild"))?;
    let took = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&ended.stdout);
    let last = said.lines().last().unwrap_or_default();
    if !ended.status.success() {
        return Err(Failure::new(format!("rebuild {option}: {said}{}", String::from_utf8_lossy(&ended.stderr))));
    }
    table.line(&format!("rebuild {option}: 100,000 games"), &format!("{took:.1} s. {last}"), "30 s");
    Ok(())
}
