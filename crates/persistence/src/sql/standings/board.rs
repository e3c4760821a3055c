//! Leaderboards, ranked by the database. A page is a range of its board's index; what stands above it is counted once,
//! in the index alone, and the ranks of its lines follow from their order.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Double, Integer, Text};
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, StoreError};
use standings::{BoardKey, BoardLine, BoardSpan, Metric, Place};

use super::super::dialect::Id;
use super::super::{Database, IdCol, standing_batch};
use crate::prepared::{Prepared, prepared};

/// The statement `$text` over the column that this metric's board is ordered by.
macro_rules! over {
    ($metric:expr, $text:ident) => {
        over(
            $metric,
            [
                $text!("board_rating"),
                $text!("board_wins"),
                $text!("board_best_score"),
                $text!("board_streak"),
                $text!("board_sum"),
            ],
        )
    };
}

fn over(metric: Metric, texts: [&'static str; Metric::ALL.len()]) -> Prepared {
    let [rating, wins, best_score, streak, sum] = texts;
    prepared(match metric {
        Metric::Rating => rating,
        Metric::Wins => wins,
        Metric::BestScore => best_score,
        Metric::Streak => streak,
        Metric::Sum => sum,
    })
}

/// The first lines.
macro_rules! top {
    ($value:literal) => {
        concat!(
            "SELECT player_id, ",
            $value,
            " AS value, games, CAST(0 AS bigint) AS better, CAST(0 AS bigint) AS equal
             FROM player_stats
             WHERE mode = $1 AND season = $2 AND ",
            $value,
            " IS NOT NULL
             ORDER BY ",
            $value,
            " DESC, player_id LIMIT $3"
        )
    };
}

/// The lines of `page` in order, each with how many players there are above the first: with a better value, and with an
/// equal one.
macro_rules! ranked_page {
    ($value:literal) => {
        concat!(
            ", head AS MATERIALIZED (SELECT player_id, value FROM page ORDER BY value DESC, player_id LIMIT 1)
             SELECT player_id, value, games,
                 (SELECT count(*) FROM player_stats WHERE mode = $1 AND season = $2
                  AND ",
            $value,
            " > (SELECT value FROM head)) AS better,
                 (SELECT count(*) FROM player_stats WHERE mode = $1 AND season = $2
                  AND ",
            $value,
            " = (SELECT value FROM head) AND player_id < (SELECT player_id FROM head)) AS equal
             FROM page ORDER BY value DESC, player_id"
        )
    };
}

/// Lines after the value $3 and the player $4: those with that value, then those below. Two ranges of the index, since
/// its columns run in opposite directions.
macro_rules! after {
    ($value:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " = $3 AND player_id > $4
                    ORDER BY player_id LIMIT $5) AS same
                UNION ALL
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " < $3
                    ORDER BY ",
            $value,
            " DESC, player_id LIMIT $5) AS below
                ORDER BY value DESC, player_id LIMIT $5
            )",
            ranked_page!($value)
        )
    };
}

/// The player $3 with up to $4 lines above and $5 below.
macro_rules! around {
    ($value:literal) => {
        concat!(
            "WITH me AS MATERIALIZED (
                SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                WHERE mode = $1 AND season = $2 AND player_id = $3 AND ",
            $value,
            " IS NOT NULL
            ), before AS MATERIALIZED (
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " = (SELECT value FROM me) AND player_id < $3
                    ORDER BY player_id DESC LIMIT $4) AS same
                UNION ALL
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " > (SELECT value FROM me)
                    ORDER BY ",
            $value,
            ", player_id DESC LIMIT $4) AS above
                ORDER BY value, player_id DESC LIMIT $4
            ), behind AS MATERIALIZED (
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " = (SELECT value FROM me) AND player_id > $3
                    ORDER BY player_id LIMIT $5) AS same
                UNION ALL
                SELECT * FROM (
                    SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                    WHERE mode = $1 AND season = $2 AND ",
            $value,
            " < (SELECT value FROM me)
                    ORDER BY ",
            $value,
            " DESC, player_id LIMIT $5) AS below
                ORDER BY value DESC, player_id LIMIT $5
            ), page AS MATERIALIZED (
                SELECT * FROM before UNION ALL SELECT * FROM me UNION ALL SELECT * FROM behind
            )",
            ranked_page!($value)
        )
    };
}

/// The player $3, and the sizes of both parts of the board: above, and not above.
macro_rules! place {
    ($value:literal) => {
        concat!(
            "WITH me AS MATERIALIZED (
                SELECT player_id, ",
            $value,
            " AS value, games FROM player_stats
                WHERE mode = $1 AND season = $2 AND player_id = $3 AND ",
            $value,
            " IS NOT NULL
            )
            SELECT player_id, value, games,
                (SELECT count(*) FROM player_stats WHERE mode = $1 AND season = $2
                 AND ",
            $value,
            " > (SELECT value FROM me)) AS better,
                (SELECT count(*) FROM player_stats WHERE mode = $1 AND season = $2
                 AND ",
            $value,
            " <= (SELECT value FROM me)) AS rest,
                EXISTS (SELECT 1 FROM player_stats WHERE mode = $1 AND season = $2
                        AND ",
            $value,
            " = (SELECT value FROM me) AND player_id <> $3) AS tied
            FROM me"
        )
    };
}

/// Some players' lines. Counting what is above each would read the top again and again: what lies between one value and
/// the next is counted, and summed up. $4 is above every value.
macro_rules! among {
    ($value:literal) => {
        concat!(
            "WITH mine AS MATERIALIZED (
                SELECT DISTINCT s.player_id, s.",
            $value,
            " AS value, s.games
                FROM ",
            standing_batch::players!(),
            " CROSS JOIN player_stats s
                WHERE s.mode = $2 AND s.season = $3 AND s.player_id = k.player_id AND s.",
            $value,
            " IS NOT NULL
            ), steps AS MATERIALIZED (
                SELECT value, lag(value, 1, $4) OVER (ORDER BY value DESC) AS next
                FROM (SELECT DISTINCT value FROM mine) AS v
            ), counted AS MATERIALIZED (
                SELECT value, (
                    SELECT count(*) FROM player_stats s WHERE s.mode = $2 AND s.season = $3
                    AND s.",
            $value,
            " > steps.value AND s.",
            $value,
            " <= steps.next) AS between_them
                FROM steps
            ), ranked AS MATERIALIZED (
                SELECT value, CAST(sum(between_them) OVER (ORDER BY value DESC) AS bigint) AS better FROM counted
            )
            SELECT mine.player_id, mine.value, mine.games, ranked.better, CAST(0 AS bigint) AS rest,
                EXISTS (SELECT 1 FROM player_stats s WHERE s.mode = $2 AND s.season = $3
                        AND s.",
            $value,
            " = mine.value AND s.player_id <> mine.player_id) AS tied
            FROM mine JOIN ranked ON ranked.value = mine.value
            ORDER BY mine.value DESC, mine.player_id"
        )
    };
}

#[derive(QueryableByName)]
struct PageRow {
    #[diesel(sql_type = Id)]
    player_id: IdCol,
    #[diesel(sql_type = Double)]
    value: f64,
    #[diesel(sql_type = Integer)]
    games: i32,
    #[diesel(sql_type = BigInt)]
    better: i64,
    #[diesel(sql_type = BigInt)]
    equal: i64,
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Id)]
    player_id: IdCol,
    #[diesel(sql_type = Double)]
    value: f64,
    #[diesel(sql_type = Integer)]
    games: i32,
    #[diesel(sql_type = BigInt)]
    better: i64,
    #[diesel(sql_type = BigInt)]
    rest: i64,
    #[diesel(sql_type = Bool)]
    tied: bool,
}

impl PlaceRow {
    fn line(&self) -> BoardLine {
        let (value, games, tied) = (self.value, self.games, self.tied);
        BoardLine { player_id: self.player_id.into(), value, games, rank: self.better + 1, tied }
    }
}

/// Lines with their ranks. The page is one line longer than asked for where the board goes on: whether the last line is
/// tied with the one behind it shows there.
fn ranked(rows: &[PageRow], size: usize) -> Vec<BoardLine> {
    let Some(first) = rows.first() else { return Vec::new() };
    let mut place = first.better + first.equal;
    let mut rank = first.better + 1;
    let mut lines = Vec::with_capacity(rows.len().min(size));
    for (at, row) in rows.iter().enumerate().take(size) {
        place += 1;
        let same = |other: Option<&PageRow>| other.is_some_and(|other| other.value == row.value);
        let (above, below) = (at.checked_sub(1).and_then(|above| rows.get(above)), rows.get(at + 1));
        if at > 0 && !same(above) {
            rank = place;
        }
        let tied = same(above) || same(below) || (at == 0 && row.equal > 0);
        let player_id = row.player_id.into();
        lines.push(BoardLine { player_id, value: row.value, games: row.games, rank, tied });
    }
    lines
}

pub(super) async fn part(
    database: &Database,
    board: &BoardKey,
    span: BoardSpan,
    limit: i64,
) -> Result<Vec<BoardLine>, StoreError> {
    // Nothing stands after what isn't a number; the databases would each say something else.
    if limit < 1 || matches!(span, BoardSpan::After(Some((value, _))) if value.is_nan()) {
        return Ok(Vec::new());
    }
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mode, season) = (board.mode.clone(), board.season.clone());
    let (above, below) = ((limit - 1) / 2, limit / 2);
    match span {
        BoardSpan::After(None) => {
            let query = over!(board.metric, top)
                .bind::<Text, _>(mode)
                .bind::<Text, _>(season)
                .bind::<BigInt, _>(limit.saturating_add(1));
            let rows: Vec<PageRow> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
            Ok(ranked(&rows, size))
        }
        BoardSpan::After(Some((value, player))) => {
            let query = over!(board.metric, after)
                .bind::<Text, _>(mode)
                .bind::<Text, _>(season)
                .bind::<Double, _>(value)
                .bind::<Id, _>(IdCol::from(player))
                .bind::<BigInt, _>(limit.saturating_add(1));
            let rows: Vec<PageRow> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
            Ok(ranked(&rows, size))
        }
        BoardSpan::Around(player) => {
            let query = over!(board.metric, around)
                .bind::<Text, _>(mode)
                .bind::<Text, _>(season)
                .bind::<Id, _>(IdCol::from(player))
                .bind::<BigInt, _>(above)
                .bind::<BigInt, _>(below + 1);
            let rows: Vec<PageRow> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
            // Lines that are missing above aren't made up for below.
            let me = rows.iter().position(|row| row.player_id == IdCol::from(player)).unwrap_or_default();
            let behind = usize::try_from(below).unwrap_or(usize::MAX);
            Ok(ranked(&rows, me.saturating_add(behind).saturating_add(1)))
        }
    }
}

pub(super) async fn among(
    database: &Database,
    board: &BoardKey,
    players: &[PlayerId],
) -> Result<Vec<BoardLine>, StoreError> {
    if players.is_empty() {
        return Ok(Vec::new());
    }
    let query = over!(board.metric, among)
        .bind::<standing_batch::Players, _>(standing_batch::list_of(players))
        .bind::<Text, _>(board.mode.clone())
        .bind::<Text, _>(board.season.clone())
        .bind::<Double, _>(f64::INFINITY);
    let rows: Vec<PlaceRow> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
    Ok(rows.iter().map(PlaceRow::line).collect())
}

pub(super) async fn place(
    database: &Database,
    board: &BoardKey,
    player: PlayerId,
) -> Result<Option<Place>, StoreError> {
    let query = over!(board.metric, place)
        .bind::<Text, _>(board.mode.clone())
        .bind::<Text, _>(board.season.clone())
        .bind::<Id, _>(IdCol::from(player));
    let rows: Vec<PlaceRow> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
    Ok(rows.into_iter().next().map(|row| Place { line: row.line(), of: row.better + row.rest }))
}
