//! Statements of the games domain that PostgreSQL can say for many rows at once.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use games::{Game, LedgerEntry, Seen};
use kernel::Version;

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::games::{GameRow, Written, document};
use super::sql::{IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::{Prepared, prepared};

/// What a game did to ratings, as text, in a query over `games`.
pub(crate) const RATING_LINES: &str = "CASE WHEN games.finished_at IS NULL THEN '[]' ELSE coalesce((
        SELECT json_agg(json_build_object('player_id', r.player_id, 'before', r.rating_before, 'after', r.rating_after))
        FROM results r WHERE r.game_id = games.id AND r.rating_after IS NOT NULL
    )::text, '[]') END";

/// Seat holders of one game. Their ids come from its document, since `game_players` is ordered by player.
pub(crate) const SEAT_HOLDERS: Prepared = prepared(
    "SELECT p.player_id, p.game_id, p.seen_at,
            EXISTS (SELECT 1 FROM connections c WHERE c.player_id = p.player_id) AS connected
     FROM game_players p
     WHERE p.held AND p.game_id = $1 AND p.player_id IN (
         SELECT (seat ->> 'player_id')::uuid FROM games g, jsonb_array_elements(g.players) AS seat WHERE g.id = $1)
     ORDER BY p.player_id",
);

/// Inserts games as they are opened, with their players, in one round trip.
pub(crate) async fn open(tx: &mut Conn, games: &[Game], rows: Vec<GameRow>) -> Result<(), Tx> {
    let seats = || games.iter().flat_map(|game| game.players.iter().map(move |player| (game, player)));
    prepared(
        "WITH opened AS (
            INSERT INTO games (id, mode, status, rated, setup, players, sequence, reports, created_at, due_at, version)
            SELECT id, mode, status, rated, setup, players, 0, '[]', created_at, due_at, version
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 AS g (id, mode, status, rated, setup, players, created_at, due_at, version)
        )
        INSERT INTO game_players (player_id, game_id, mode, held, rated, seen_at)
        SELECT player_id, game_id, mode, true, rated, seen_at
        FROM unnest($10, $11, $12, $13, $14) AS p (player_id, game_id, mode, rated, seen_at)",
    )
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.mode.clone()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.status.clone()).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(rows.iter().map(|r| r.rated).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(rows.iter().map(|r| r.setup.clone()).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(rows.iter().map(|r| r.players.clone()).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(rows.iter().map(|r| r.created_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.due_at).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(seats().map(|(_, player)| IdCol::from(player.player_id)).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(seats().map(|(game, _)| IdCol::from(game.id)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seats().map(|(game, _)| game.mode.as_str()).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(seats().map(|(game, _)| game.rated).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(seats().map(|(game, _)| TimeCol(game.created_at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// A game by compare-and-set, then everything that follows from it, in one statement: a move must not cost more round
/// trips than its game alone. Each part depends on `stood`, so it happens after the game's row is locked, or not at all.
/// What stands in `game_players` and `game_invites` already isn't written again, not even locked.
macro_rules! game_and {
    ($stood:literal) => {
        prepared(concat!(
            "WITH stood AS (",
            $stood,
            "), away AS (
                DELETE FROM game_players p
                USING stood, games old, jsonb_array_elements(old.players) AS seat
                WHERE $24 AND old.id = stood.id AND p.game_id = stood.id
                  AND p.player_id = (seat ->> 'player_id')::uuid AND p.player_id <> ALL ($25)
            ), seated AS (
                INSERT INTO game_players AS p (player_id, game_id, mode, rated, seen_at, held, gone, outcome,
                                               ended_at, duration_ms, tags)
                SELECT s.player_id, stood.id, $4, $5, $6, s.held, s.gone, s.outcome, $29, $30, $31
                FROM stood, unnest($25, $26, $27, $28) AS s (player_id, held, gone, outcome)
                WHERE NOT EXISTS (
                    SELECT FROM game_players k WHERE k.player_id = s.player_id AND k.game_id = stood.id
                    AND (k.held, k.gone, k.outcome, k.ended_at, k.duration_ms, k.tags)
                        IS NOT DISTINCT FROM (s.held, s.gone, s.outcome, $29, $30, $31))
                ORDER BY s.player_id
                ON CONFLICT (player_id, game_id) DO UPDATE SET
                    held = excluded.held, gone = excluded.gone, outcome = excluded.outcome,
                    ended_at = excluded.ended_at, duration_ms = excluded.duration_ms, tags = excluded.tags
            ), logged AS (
                INSERT INTO game_log (game_id, n, at, kind, data, prev, hash)
                SELECT stood.id, l.* FROM stood, unnest($32, $33, $34, $35, $36, $37)
                    AS l (n, at, kind, data, prev, hash)
            ), invited AS (
                INSERT INTO game_invites (id, game_id, from_id, to_id, code, state, expires_at)
                SELECT v.id, stood.id, v.from_id, v.to_id, v.code, v.state, v.expires_at
                FROM stood, unnest($38, $39, $40, $41, $42, $43)
                    AS v (id, from_id, to_id, code, state, expires_at)
                WHERE NOT EXISTS (
                    SELECT FROM game_invites k
                    WHERE k.id = v.id AND k.state = v.state AND k.expires_at = v.expires_at)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at
            )
            SELECT count(*) AS count FROM stood"
        ))
    };
}

const INSERT: Prepared = game_and!(
    "INSERT INTO games (id, version, mode, rated, created_at, origin, status, setup, players, sequence, turn, state,
                        reports, conclusion, started_at, finished_at, due_at, social, evidence, needs_review, log_n,
                        log_hash)
     SELECT $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
     WHERE $2 = 0
     ON CONFLICT (id) DO NOTHING
     RETURNING id"
);

// What never changes after the opening isn't written again.
const UPDATE: Prepared = game_and!(
    "UPDATE games SET version = $3, status = $8, setup = $9, players = $10, sequence = $11, turn = $12, state = $13,
                      reports = $14, conclusion = $15, started_at = $16, finished_at = $17, due_at = $18,
                      social = $19, evidence = $20, needs_review = $21, log_n = $22, log_hash = $23
     WHERE id = $1 AND version = $2
     RETURNING id"
);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Writes a game, its seats, log lines and invitations; `false` if another version stands.
pub(crate) async fn write(tx: &mut Conn, written: &Written) -> Result<bool, Tx> {
    let Written { row, expect, over, seats, log, invites, .. } = written;
    let statement = if *expect == Version::NEW.0 { INSERT } else { UPDATE };
    let stood: Count = statement
        .bind::<Id, _>(row.id)
        .bind::<BigInt, _>(expect)
        .bind::<BigInt, _>(row.version)
        .bind::<Text, _>(row.mode.as_str())
        .bind::<Bool, _>(row.rated)
        .bind::<Instant, _>(row.created_at)
        .bind::<Text, _>(row.origin.as_str())
        .bind::<Text, _>(row.status.as_str())
        .bind::<Json, _>(&row.setup)
        .bind::<Json, _>(&row.players)
        .bind::<BigInt, _>(row.sequence)
        .bind::<Nullable<Integer>, _>(row.turn)
        .bind::<Nullable<Json>, _>(row.state.as_ref())
        .bind::<Text, _>(row.reports.as_str())
        .bind::<Nullable<Json>, _>(row.conclusion.as_ref())
        .bind::<Nullable<Instant>, _>(row.started_at)
        .bind::<Nullable<Instant>, _>(row.finished_at)
        .bind::<Nullable<Instant>, _>(row.due_at)
        .bind::<Nullable<Text>, _>(row.social.as_deref())
        .bind::<Nullable<Text>, _>(row.evidence.as_deref())
        .bind::<Bool, _>(row.needs_review)
        .bind::<BigInt, _>(row.log_n)
        .bind::<Nullable<Text>, _>(row.log_hash.as_deref())
        .bind::<Bool, _>(written.may_lose_seats)
        .bind::<Array<Id>, _>(seats.iter().map(|s| s.player).collect::<Vec<_>>())
        .bind::<Array<Bool>, _>(seats.iter().map(|s| s.held).collect::<Vec<_>>())
        .bind::<Array<Bool>, _>(seats.iter().map(|s| s.gone).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(seats.iter().map(|s| s.outcome).collect::<Vec<_>>())
        .bind::<Nullable<Instant>, _>(over.as_ref().map(|over| over.at))
        .bind::<Nullable<BigInt>, _>(over.as_ref().and_then(|over| over.duration_ms))
        .bind::<Nullable<Text>, _>(over.as_ref().map(|over| over.tags.as_str()))
        .bind::<Array<BigInt>, _>(log.iter().map(|l| l.n).collect::<Vec<_>>())
        .bind::<Array<Instant>, _>(log.iter().map(|l| TimeCol(l.at)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(log.iter().map(|l| l.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(log.iter().map(|l| l.data.to_string()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(log.iter().map(|l| l.prev.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(log.iter().map(|l| l.hash.as_str()).collect::<Vec<_>>())
        .bind::<Array<Id>, _>(invites.iter().map(|i| IdCol::from(i.id)).collect::<Vec<_>>())
        .bind::<Array<Id>, _>(invites.iter().map(|i| IdCol::from(i.from)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Id>>, _>(invites.iter().map(|i| i.to.map(IdCol::from)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(invites.iter().map(|i| i.code.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(invites.iter().map(|i| i.state.as_str()).collect::<Vec<_>>())
        .bind::<Array<Instant>, _>(invites.iter().map(|i| TimeCol(i.expires_at)).collect::<Vec<_>>())
        .get_result(tx)
        .await?;
    Ok(stood.count == 1)
}

/// Notes signs of life, each player's in a game once. Rows are locked in the order in which a game's change does.
pub(crate) async fn seen(conn: &mut Conn, signs: &[Seen]) -> Result<(), Tx> {
    prepared(
        "UPDATE game_players p SET seen_at = s.at
         FROM (SELECT p.player_id, p.game_id, s.at
               FROM unnest($1, $2, $3) AS s (player_id, game_id, at)
               JOIN game_players p ON p.player_id = s.player_id AND p.game_id = s.game_id AND p.seen_at < s.at
               ORDER BY p.game_id, p.player_id FOR UPDATE OF p) AS s
         WHERE p.player_id = s.player_id AND p.game_id = s.game_id AND p.seen_at < s.at",
    )
    .bind::<Array<Id>, _>(signs.iter().map(|s| IdCol::from(s.player)).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(signs.iter().map(|s| IdCol::from(s.game)).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(signs.iter().map(|s| TimeCol(s.at)).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Entered {
    #[diesel(sql_type = BigInt)]
    sequence: i64,
}

/// Enters a result version under the next number of its family, whose head it locks until the commit.
pub(crate) async fn enter(tx: &mut Conn, entry: &LedgerEntry) -> Result<i64, Tx> {
    let entered: Entered = prepared(
        "WITH head AS (
            INSERT INTO ledger_heads AS h (family, top) VALUES ($1, 1)
            ON CONFLICT (family) DO UPDATE SET top = h.top + 1
            RETURNING family, top
        )
        INSERT INTO ledger (family, sequence, game_id, version, mode, rated, status, reason, provenance, standings, at)
        SELECT family, top, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM head
        RETURNING sequence",
    )
    .bind::<Text, _>(entry.family.as_str())
    .bind::<Id, _>(IdCol::from(entry.game_id))
    .bind::<Integer, _>(entry.version)
    .bind::<Text, _>(entry.mode.as_str())
    .bind::<Bool, _>(entry.rated)
    .bind::<Text, _>(entry.status.as_str())
    .bind::<Text, _>(entry.reason.as_str())
    .bind::<Json, _>(JsonCol(entry.provenance.clone()))
    .bind::<Json, _>(document(&entry.standings)?)
    .bind::<Instant, _>(TimeCol(entry.at))
    .get_result(tx)
    .await?;
    Ok(entered.sequence)
}
