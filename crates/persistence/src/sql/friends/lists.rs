//! Lists of friends and requests: one query each, over both sides of the player's relations.

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use friends::{Direction, FriendLine, FriendLists, FriendPosition, ListChange, RequestLine};
use kernel::{Engagement, GameId, Page, PageLimit, PlayerId, Reach, StoreError, Timestamp};

use super::super::dialect::{Id, Instant};
use super::super::{IdCol, TimeCol};
use super::FriendTables;
use crate::prepared::prepared;

/// The player's relations as seen from that side: `$1` is the player.
macro_rules! mine {
    () => {
        "WITH mine AS (
            SELECT high_id AS other, bond, from_id, at, expires_at, met_in, low_note AS note,
                   low_updated_at AS updated_at
            FROM relations WHERE low_id = $1
            UNION ALL
            SELECT low_id, bond, from_id, at, expires_at, met_in, high_note, high_updated_at
            FROM relations WHERE high_id = $1
        )"
    };
}

/// Whether somebody is there, for rows `m`. `unwatched` is null without a socket, and 0 if a device is looked at. Subqueries
/// of one row each: as joins, or as `EXISTS`, a plan may read whole tables to find a hundred friends.
macro_rules! reach {
    () => {
        "(SELECT r.changed_at FROM reaches r WHERE r.player_id = m.other) AS changed_at,
         (SELECT min(CASE WHEN c.away THEN 1 ELSE 0 END) FROM connections c WHERE c.player_id = m.other) AS unwatched"
    };
}

/// What a line says of a friend beside the relation, for rows `p` that know [`reach!`].
macro_rules! line {
    () => {
        "p.other, p.bond, p.at, p.met_in, p.note, p.updated_at, p.changed_at, p.unwatched, e.kind, e.subject,
         EXISTS (SELECT 1 FROM game_invites i WHERE i.from_id = p.other AND i.game_id = e.subject AND i.to_id IS NULL
                 AND i.state IN ('created', 'delivered', 'stored')) AS open_seat,
         CAST((SELECT coalesce(sum(g.games), 0) FROM pairings g
               WHERE g.player_id = $1 AND g.opponent_id = p.other) AS bigint) AS together"
    };
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = Id)]
    other: IdCol,
    #[diesel(sql_type = Text)]
    bond: String,
    #[diesel(sql_type = Nullable<Instant>)]
    at: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Id>)]
    met_in: Option<IdCol>,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = Nullable<Instant>)]
    updated_at: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Instant>)]
    changed_at: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Integer>)]
    unwatched: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    kind: Option<String>,
    #[diesel(sql_type = Nullable<Id>)]
    subject: Option<IdCol>,
    #[diesel(sql_type = Bool)]
    open_seat: bool,
    #[diesel(sql_type = BigInt)]
    together: i64,
}

impl LineRow {
    fn into_line(self) -> Result<FriendLine, StoreError> {
        let since = self.at.ok_or_else(|| StoreError::broken("a friendship without a beginning"))?;
        let engagement = match self.kind {
            None => Engagement::Idle,
            Some(kind) => Engagement::from_parts(&kind, self.subject.map(|id| id.0))
                .ok_or_else(|| StoreError::broken("an engagement with an odd subject"))?,
        };
        Ok(FriendLine {
            player: self.other.into(),
            since: since.into(),
            met_in: self.met_in.map(GameId::from),
            note: self.note,
            games_together: self.together,
            reach: Reach {
                online: self.unwatched.is_some(),
                away: self.unwatched == Some(1),
                changed_at: self.changed_at.map(Timestamp::from),
            },
            engagement,
            open_seat: self.open_seat,
            updated_at: self.updated_at.unwrap_or(since).into(),
        })
    }
}

/// Cuts off the one that was read too many, and says where the next page begins.
fn page<T, P>(mut items: Vec<T>, limit: PageLimit, place: impl Fn(&T) -> P) -> Page<T, P> {
    let wanted = usize::from(limit.get());
    let more = items.len() > wanted;
    items.truncate(wanted);
    let next = if more { items.last().map(place) } else { None };
    Page { items, next }
}

fn one_more(limit: PageLimit) -> i64 {
    i64::from(limit.get()) + 1
}

#[derive(QueryableByName)]
struct Placed {
    #[diesel(sql_type = Id)]
    other: IdCol,
    #[diesel(sql_type = Instant)]
    at: TimeCol,
}

#[derive(QueryableByName)]
struct RequestRow {
    #[diesel(sql_type = Id)]
    other: IdCol,
    #[diesel(sql_type = Instant)]
    at: TimeCol,
    #[diesel(sql_type = Instant)]
    expires_at: TimeCol,
}

#[async_trait]
impl FriendLists for FriendTables {
    async fn friends(
        &self,
        player: PlayerId,
        as_of: Timestamp,
        after: Option<FriendPosition>,
        limit: PageLimit,
    ) -> Result<Page<FriendLine, FriendPosition>, StoreError> {
        let query = prepared(concat!(
            mine!(),
            ", seen AS MATERIALIZED (
                SELECT m.*, ",
            reach!(),
            " FROM mine m WHERE m.bond = 'friends'
            ), placed AS (
                -- Before the last change it was the other way around.
                SELECT s.*, ((s.unwatched IS NOT NULL) <> (s.changed_at IS NOT NULL AND s.changed_at > $2)) AS was_online
                FROM seen s
            )
            SELECT ",
            line!(),
            " FROM placed p LEFT JOIN engagements e ON e.player_id = p.other
            WHERE $3 IS NULL OR (p.was_online, p.at, p.other) < ($3, $4, $5)
            ORDER BY p.was_online DESC, p.at DESC, p.other DESC LIMIT $6"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(as_of))
        .bind::<Nullable<Bool>, _>(after.map(|after| after.online))
        .bind::<Nullable<Instant>, _>(after.map(|after| TimeCol(after.since)))
        .bind::<Nullable<Id>, _>(after.map(|after| IdCol::from(after.player)))
        .bind::<BigInt, _>(one_more(limit));
        let rows: Vec<LineRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let lines = rows.into_iter().map(LineRow::into_line).collect::<Result<Vec<_>, _>>()?;
        Ok(page(lines, limit, |line| FriendPosition {
            as_of,
            online: line.was_online_at(as_of),
            since: line.since,
            player: line.player,
        }))
    }

    async fn changed_since(
        &self,
        player: PlayerId,
        since: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<ListChange, (Timestamp, PlayerId)>, StoreError> {
        let query = prepared(concat!(
            mine!(),
            ", p AS MATERIALIZED (
                SELECT m.*, ",
            reach!(),
            " FROM mine m WHERE m.updated_at >= $2
            )
            SELECT ",
            line!(),
            " FROM p LEFT JOIN engagements e ON e.player_id = p.other
            WHERE $3 IS NULL OR (p.updated_at, p.other) > ($3, $4)
            ORDER BY p.updated_at, p.other LIMIT $5"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(since))
        .bind::<Nullable<Instant>, _>(after.map(|(at, _)| TimeCol(at)))
        .bind::<Nullable<Id>, _>(after.map(|(_, other)| IdCol::from(other)))
        .bind::<BigInt, _>(one_more(limit));
        let rows: Vec<LineRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let change = |row: LineRow| match row.updated_at {
            _ if row.bond == "friends" => row.into_line().map(ListChange::Line),
            Some(at) => Ok(ListChange::Removed { player: row.other.into(), at: at.into() }),
            None => Err(StoreError::broken("a change without its time")),
        };
        Ok(page(rows.into_iter().map(change).collect::<Result<Vec<_>, _>>()?, limit, ListChange::place))
    }

    async fn mutual(
        &self,
        player: PlayerId,
        other: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<PlayerId, (Timestamp, PlayerId)>, StoreError> {
        let query = prepared(concat!(
            mine!(),
            " SELECT m.other, m.at FROM mine m
            WHERE m.bond = 'friends'
              AND EXISTS (
                SELECT 1 FROM relations t
                WHERE t.bond = 'friends'
                  AND ((t.low_id = $2 AND t.high_id = m.other) OR (t.low_id = m.other AND t.high_id = $2)))
              AND ($3 IS NULL OR (m.at, m.other) < ($3, $4))
            ORDER BY m.at DESC, m.other DESC LIMIT $5"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Id, _>(IdCol::from(other))
        .bind::<Nullable<Instant>, _>(after.map(|(at, _)| TimeCol(at)))
        .bind::<Nullable<Id>, _>(after.map(|(_, other)| IdCol::from(other)))
        .bind::<BigInt, _>(one_more(limit));
        let rows: Vec<Placed> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let found = page(rows, limit, |row| (row.at.into(), row.other.into()));
        Ok(Page { items: found.items.into_iter().map(|row| row.other.into()).collect(), next: found.next })
    }

    async fn requests(
        &self,
        player: PlayerId,
        direction: Direction,
        now: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<RequestLine, (Timestamp, PlayerId)>, StoreError> {
        let query = prepared(concat!(
            mine!(),
            " SELECT m.other, m.at, m.expires_at FROM mine m
            WHERE m.expires_at > $2
              AND CASE WHEN $3 THEN m.bond IN ('pending', 'declined') AND m.from_id = $1
                       ELSE m.bond = 'pending' AND m.from_id <> $1 END
              AND ($4 IS NULL OR (m.at, m.other) < ($4, $5))
            ORDER BY m.at DESC, m.other DESC LIMIT $6"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(now))
        .bind::<Bool, _>(direction == Direction::Outgoing)
        .bind::<Nullable<Instant>, _>(after.map(|(at, _)| TimeCol(at)))
        .bind::<Nullable<Id>, _>(after.map(|(_, other)| IdCol::from(other)))
        .bind::<BigInt, _>(one_more(limit));
        let rows: Vec<RequestRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let line = |row: RequestRow| RequestLine {
            player: row.other.into(),
            at: row.at.into(),
            expires_at: row.expires_at.into(),
        };
        Ok(page(rows.into_iter().map(line).collect(), limit, |line| (line.at, line.player)))
    }
}
