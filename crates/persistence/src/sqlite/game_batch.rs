//! The same statements for SQLite. Many rows go in as one JSON text: each statement is a hop to another thread.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use games::{Game, Invite, LedgerEntry, LogLine, Seen};
use kernel::Version;
use serde_json::json;
use uuid::Uuid;

use super::dialect::{Conn, Id, Instant};
use super::sql::games::schema::{game_players, games as game_table, ledger};
use super::sql::games::{GameRow, Seat, Written, document};
use super::sql::{IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::{Prepared, prepared};

/// What a game did to ratings, as text, in a query over `games`.
pub(crate) const RATING_LINES: &str = "CASE WHEN games.finished_at IS NULL THEN '[]' ELSE (
        SELECT json_group_array(json_object('player_id', lower(hex(r.player_id)), 'before', r.rating_before,
                                            'after', r.rating_after))
        FROM results r WHERE r.game_id = games.id AND r.rating_after IS NOT NULL
    ) END";

/// Seat holders of one game. Their ids come from its document, since `game_players` is ordered by player.
pub(crate) const SEAT_HOLDERS: Prepared = prepared(
    "SELECT p.player_id, p.game_id, p.seen_at,
            EXISTS (SELECT 1 FROM connections c WHERE c.player_id = p.player_id) AS connected
     FROM game_players p
     WHERE p.held AND p.game_id = $1 AND p.player_id IN (
         SELECT unhex(replace(seat.value ->> 'player_id', '-', '')) FROM games g, json_each(g.players) AS seat
         WHERE g.id = $1)
     ORDER BY p.player_id",
);

/// Inserts games as they are opened, with their players.
pub(crate) async fn open(tx: &mut Conn, games: &[Game], rows: Vec<GameRow>) -> Result<(), Tx> {
    for (game, row) in games.iter().zip(rows) {
        diesel::insert_into(game_table::table)
            .values((
                game_table::id.eq(row.id),
                game_table::mode.eq(row.mode),
                game_table::status.eq(row.status),
                game_table::rated.eq(row.rated),
                game_table::setup.eq(row.setup),
                game_table::players.eq(row.players),
                game_table::sequence.eq(row.sequence),
                game_table::reports.eq(row.reports),
                game_table::created_at.eq(row.created_at),
                game_table::due_at.eq(row.due_at),
                game_table::version.eq(row.version),
            ))
            .execute(tx)
            .await?;
        for player in &game.players {
            diesel::insert_into(game_players::table)
                .values((
                    game_players::player_id.eq(IdCol::from(player.player_id)),
                    game_players::game_id.eq(IdCol::from(game.id)),
                    game_players::mode.eq(game.mode.as_str()),
                    game_players::held.eq(true),
                    game_players::rated.eq(game.rated),
                    game_players::seen_at.eq(TimeCol(game.created_at)),
                ))
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}

/// Writes a game, its seats, log lines and invitations; `false` if another version stands.
pub(crate) async fn write(tx: &mut Conn, written: &Written) -> Result<bool, Tx> {
    let seats = seats(&written.seats);
    if written.may_lose_seats {
        remove_lost_seats(tx, &written.row, &seats).await?;
    }
    let stood = if written.expect == Version::NEW.0 {
        insert(tx, &written.row).await?
    } else {
        update(tx, &written.row, written.expect).await?
    };
    if stood == 0 {
        return Ok(false);
    }
    write_seats(tx, written, &seats).await?;
    append_log(tx, &written.row, &written.log).await?;
    write_invites(tx, &written.row, &written.invites).await?;
    Ok(true)
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn seats(seats: &[Seat]) -> String {
    let seat = |seat: &Seat| json!({ "id": hex(seat.player.0), "held": seat.held, "gone": seat.gone, "outcome": seat.outcome });
    seats.iter().map(seat).collect::<serde_json::Value>().to_string()
}

/// Whoever the stored game seats and the new one doesn't.
async fn remove_lost_seats(tx: &mut Conn, row: &GameRow, seats: &str) -> Result<(), Tx> {
    prepared(
        "DELETE FROM game_players WHERE game_id = $1 AND player_id IN (
             SELECT unhex(replace(seat.value ->> 'player_id', '-', '')) FROM games g, json_each(g.players) AS seat
             WHERE g.id = $1)
         AND player_id NOT IN (SELECT unhex(value ->> 'id') FROM json_each($2))",
    )
    .bind::<Id, _>(row.id)
    .bind::<Text, _>(seats)
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert(tx: &mut Conn, row: &GameRow) -> Result<usize, Tx> {
    Ok(diesel::insert_into(game_table::table)
        .values((
            (
                game_table::id.eq(row.id),
                game_table::version.eq(row.version),
                game_table::mode.eq(row.mode.as_str()),
                game_table::rated.eq(row.rated),
                game_table::created_at.eq(row.created_at),
                game_table::origin.eq(row.origin.as_str()),
            ),
            changing(row),
        ))
        .on_conflict_do_nothing()
        .execute(tx)
        .await?)
}

/// What never changes after the opening isn't written again.
async fn update(tx: &mut Conn, row: &GameRow, expect: i64) -> Result<usize, Tx> {
    let target = game_table::table.find(row.id).filter(game_table::version.eq(expect));
    Ok(diesel::update(target).set((game_table::version.eq(row.version), changing(row))).execute(tx).await?)
}

/// What may change: written at the opening and again with each change.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = game_table, treat_none_as_null = true)]
struct Changing<'a> {
    status: &'a str,
    setup: &'a JsonCol,
    players: &'a JsonCol,
    sequence: i64,
    turn: Option<i32>,
    state: Option<&'a JsonCol>,
    reports: &'a str,
    conclusion: Option<&'a JsonCol>,
    started_at: Option<TimeCol>,
    finished_at: Option<TimeCol>,
    due_at: Option<TimeCol>,
    social: Option<&'a str>,
    evidence: Option<&'a str>,
    needs_review: bool,
    log_n: i64,
    log_hash: Option<&'a str>,
}

fn changing(row: &GameRow) -> Changing<'_> {
    Changing {
        status: row.status.as_str(),
        setup: &row.setup,
        players: &row.players,
        sequence: row.sequence,
        turn: row.turn,
        state: row.state.as_ref(),
        reports: row.reports.as_str(),
        conclusion: row.conclusion.as_ref(),
        started_at: row.started_at,
        finished_at: row.finished_at,
        due_at: row.due_at,
        social: row.social.as_deref(),
        evidence: row.evidence.as_deref(),
        needs_review: row.needs_review,
        log_n: row.log_n,
        log_hash: row.log_hash.as_deref(),
    }
}

/// What stands already isn't written again.
async fn write_seats(tx: &mut Conn, written: &Written, seats: &str) -> Result<(), Tx> {
    let (row, over) = (&written.row, written.over.as_ref());
    prepared(
        "INSERT INTO game_players (game_id, mode, rated, seen_at, ended_at, duration_ms, tags, player_id, held, gone,
                                   outcome)
         SELECT $1, $2, $3, $4, $5, $6, $7, unhex(value ->> 'id'), value ->> 'held', value ->> 'gone',
                value ->> 'outcome'
         FROM json_each($8) WHERE true
         ON CONFLICT (player_id, game_id) DO UPDATE SET
             held = excluded.held, gone = excluded.gone, outcome = excluded.outcome, ended_at = excluded.ended_at,
             duration_ms = excluded.duration_ms, tags = excluded.tags
         WHERE (game_players.held, game_players.gone) <> (excluded.held, excluded.gone)
            OR game_players.outcome IS NOT excluded.outcome OR game_players.ended_at IS NOT excluded.ended_at
            OR game_players.duration_ms IS NOT excluded.duration_ms OR game_players.tags IS NOT excluded.tags",
    )
    .bind::<Id, _>(row.id)
    .bind::<Text, _>(row.mode.as_str())
    .bind::<Bool, _>(row.rated)
    .bind::<Instant, _>(row.created_at)
    .bind::<Nullable<Instant>, _>(over.map(|over| over.at))
    .bind::<Nullable<BigInt>, _>(over.and_then(|over| over.duration_ms))
    .bind::<Nullable<Text>, _>(over.map(|over| over.tags.as_str()))
    .bind::<Text, _>(seats)
    .execute(tx)
    .await?;
    Ok(())
}

async fn append_log(tx: &mut Conn, row: &GameRow, lines: &[LogLine]) -> Result<(), Tx> {
    if lines.is_empty() {
        return Ok(());
    }
    // The data goes in as text within the text, so that no database has a say in how it is written.
    let line = |line: &LogLine| {
        json!({
            "n": line.n, "at": line.at.micros(), "kind": line.kind, "data": line.data.to_string(), "prev": line.prev,
            "hash": line.hash,
        })
    };
    prepared(
        "INSERT INTO game_log (game_id, n, at, kind, data, prev, hash)
         SELECT $1, value ->> 'n', value ->> 'at', value ->> 'kind', value ->> 'data', value ->> 'prev',
                value ->> 'hash'
         FROM json_each($2)",
    )
    .bind::<Id, _>(row.id)
    .bind::<Text, _>(lines.iter().map(line).collect::<serde_json::Value>().to_string())
    .execute(tx)
    .await?;
    Ok(())
}

async fn write_invites(tx: &mut Conn, row: &GameRow, invites: &[Invite]) -> Result<(), Tx> {
    if invites.is_empty() {
        return Ok(());
    }
    let invite = |invite: &Invite| {
        json!({
            "id": hex(invite.id.uuid()), "from": hex(invite.from.uuid()), "to": invite.to.map(|to| hex(to.uuid())),
            "code": invite.code, "state": invite.state, "expires_at": invite.expires_at.micros(),
        })
    };
    prepared(
        "INSERT INTO game_invites (game_id, id, from_id, to_id, code, state, expires_at)
         SELECT $1, unhex(value ->> 'id'), unhex(value ->> 'from'), unhex(value ->> 'to'), value ->> 'code',
                value ->> 'state', value ->> 'expires_at'
         FROM json_each($2) WHERE true
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at
         WHERE (game_invites.state, game_invites.expires_at) <> (excluded.state, excluded.expires_at)",
    )
    .bind::<Id, _>(row.id)
    .bind::<Text, _>(invites.iter().map(invite).collect::<serde_json::Value>().to_string())
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes signs of life, each player's in a game once.
pub(crate) async fn seen(conn: &mut Conn, signs: &[Seen]) -> Result<(), Tx> {
    let sign = |sign: &Seen| json!({ "player": hex(sign.player.uuid()), "game": hex(sign.game.uuid()), "at": sign.at.micros() });
    prepared(
        "UPDATE game_players AS p SET seen_at = s.at
         FROM (SELECT unhex(value ->> 'player') AS player_id, unhex(value ->> 'game') AS game_id, value ->> 'at' AS at
               FROM json_each($1)) AS s
         WHERE p.player_id = s.player_id AND p.game_id = s.game_id AND p.seen_at < s.at",
    )
    .bind::<Text, _>(signs.iter().map(sign).collect::<serde_json::Value>().to_string())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    top: i64,
}

/// Enters a result version under the next number of its family.
pub(crate) async fn enter(tx: &mut Conn, entry: &LedgerEntry) -> Result<i64, Tx> {
    let head: Head = prepared(
        "INSERT INTO ledger_heads (family, top) VALUES ($1, 1)
         ON CONFLICT (family) DO UPDATE SET top = ledger_heads.top + 1
         RETURNING top",
    )
    .bind::<Text, _>(entry.family.as_str())
    .get_result(tx)
    .await?;
    diesel::insert_into(ledger::table)
        .values((
            ledger::family.eq(entry.family.as_str()),
            ledger::sequence.eq(head.top),
            ledger::game_id.eq(IdCol::from(entry.game_id)),
            ledger::version.eq(entry.version),
            ledger::mode.eq(entry.mode.as_str()),
            ledger::rated.eq(entry.rated),
            ledger::status.eq(entry.status.as_str()),
            ledger::reason.eq(entry.reason.as_str()),
            ledger::provenance.eq(JsonCol(entry.provenance.clone())),
            ledger::standings.eq(document(&entry.standings)?),
            ledger::at.eq(TimeCol(entry.at)),
        ))
        .execute(tx)
        .await?;
    Ok(head.top)
}
