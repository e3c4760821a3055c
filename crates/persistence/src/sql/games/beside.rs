//! What is looked up beside the games: invitations, attendance, published modes, lists for operators. Where a partial
//! index is wanted its condition stands in the query literally.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel_async::RunQueryDsl;
use games::{Attendance, AttendanceStore, CaseFilter, CaseStore, Game, InviteStore, ModeStore, Seen, Status};
use kernel::{BoxError, GameId, InviteId, Page, PageLimit, PlayerId, Riders, StoreError, Timestamp};
use serde_json::Value;

use super::super::dialect::{Id, Instant};
use super::super::{IdCol, TimeCol, game_batch, riders};
use super::schema::{game_invites, game_players, games as game_table, modes};
use super::{GameRow, GameTable, into_games};
use crate::prepared::prepared;

#[async_trait]
impl InviteStore for GameTable {
    async fn game_of(&self, id: InviteId) -> Result<Option<GameId>, StoreError> {
        let query = game_invites::table.find(IdCol::from(id)).select(game_invites::game_id);
        let found: Option<IdCol> =
            self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        Ok(found.map(GameId::from))
    }

    async fn game_of_code(&self, code: &str) -> Result<Option<GameId>, StoreError> {
        let query = game_invites::table.filter(game_invites::code.eq(code.to_owned())).select(game_invites::game_id);
        let found: Option<IdCol> =
            self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        Ok(found.map(GameId::from))
    }

    async fn open_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Game>, StoreError> {
        let player = IdCol::from(player);
        let open = sql::<Bool>("games.id IN (SELECT game_id FROM game_invites WHERE to_id = ")
            .bind::<Id, _>(player)
            .sql(
                " AND state IN ('created', 'delivered', 'stored')
                 UNION SELECT game_id FROM game_invites WHERE from_id = ",
            )
            .bind::<Id, _>(player)
            .sql(" AND state IN ('created', 'delivered', 'stored'))");
        let query =
            game_table::table.filter(open).order(game_table::id.desc()).limit(limit).select(GameRow::as_select());
        into_games(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn open_links_of(&self, players: &[PlayerId]) -> Result<Vec<(PlayerId, GameId)>, StoreError> {
        let players: Vec<IdCol> = players.iter().copied().map(IdCol::from).collect();
        let query = game_invites::table
            .filter(game_invites::from_id.eq_any(players))
            .filter(game_invites::to_id.is_null())
            .filter(sql::<Bool>("state IN ('created', 'delivered', 'stored')"))
            .select((game_invites::from_id, game_invites::game_id));
        let rows: Vec<(IdCol, IdCol)> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(|(player, game)| (player.into(), game.into())).collect())
    }

    async fn worded_by(&self, player: PlayerId, after: Option<GameId>, limit: i64) -> Result<Vec<GameId>, StoreError> {
        let player = IdCol::from(player);
        let theirs = sql::<Bool>("games.id IN (SELECT game_id FROM game_players WHERE player_id = ")
            .bind::<Id, _>(player)
            .sql(" UNION SELECT game_id FROM game_invites WHERE to_id = ")
            .bind::<Id, _>(player)
            .sql(")");
        let after = IdCol::from(after.unwrap_or(GameId::new(uuid::Uuid::nil())));
        let query = game_table::table
            .filter(theirs)
            .filter(game_table::id.gt(after))
            .order(game_table::id)
            .limit(limit)
            .select(game_table::id);
        let ids: Vec<IdCol> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(ids.into_iter().map(GameId::from).collect())
    }
}

#[derive(QueryableByName)]
struct AttendanceRow {
    #[diesel(sql_type = Id)]
    player_id: IdCol,
    #[diesel(sql_type = Id)]
    game_id: IdCol,
    #[diesel(sql_type = Instant)]
    seen_at: TimeCol,
    #[diesel(sql_type = Bool)]
    connected: bool,
}

impl From<AttendanceRow> for Attendance {
    fn from(row: AttendanceRow) -> Self {
        Self {
            player: row.player_id.into(),
            game: row.game_id.into(),
            connected: row.connected,
            seen_at: row.seen_at.into(),
        }
    }
}

#[async_trait]
impl AttendanceStore for GameTable {
    async fn seen(&self, signs: &[Seen]) -> Result<(), StoreError> {
        let mut latest: BTreeMap<(GameId, PlayerId), Timestamp> = BTreeMap::new();
        for sign in signs {
            let at = latest.entry((sign.game, sign.player)).or_insert(sign.at);
            *at = sign.at.max(*at);
        }
        if latest.is_empty() {
            return Ok(());
        }
        let signs: Vec<_> = latest.into_iter().map(|((game, player), at)| Seen { player, game, at }).collect();
        self.database.write_one(move |conn| Box::pin(async move { game_batch::seen(conn, &signs).await })).await
    }

    async fn of_game(&self, game: GameId) -> Result<Vec<Attendance>, StoreError> {
        let query = game_batch::SEAT_HOLDERS.bind::<Id, _>(IdCol::from(game));
        let rows: Vec<AttendanceRow> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(Attendance::from).collect())
    }

    async fn unseen(&self, before: Timestamp, limit: i64) -> Result<Vec<Attendance>, StoreError> {
        let query = prepared(
            "SELECT p.player_id, p.game_id, p.seen_at, false AS connected
             FROM game_players p JOIN games g ON g.id = p.game_id AND g.status = 'in_progress'
             WHERE p.held AND NOT p.gone AND p.seen_at < $1
               AND NOT EXISTS (SELECT 1 FROM connections c WHERE c.player_id = p.player_id)
             ORDER BY p.seen_at, p.game_id, p.player_id LIMIT $2",
        )
        .bind::<Instant, _>(TimeCol(before))
        .bind::<BigInt, _>(limit);
        let rows: Vec<AttendanceRow> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(Attendance::from).collect())
    }
}

#[async_trait]
impl ModeStore for GameTable {
    async fn versions(&self) -> Result<Vec<Value>, StoreError> {
        let mut rows: Vec<(String, i32, String)> =
            self.database.read(|mut conn| async move { modes::table.load(&mut conn).await }).await?;
        // By the bytes of the key: a database would go by its locale.
        rows.sort();
        let value = |text: &str| serde_json::from_str(text).map_err(|why| StoreError::Broken(BoxError::from(why)));
        rows.iter().map(|(_, _, written)| value(written)).collect()
    }

    async fn publish(&self, key: &str, version: i32, written: Value, riders: Riders) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    let published = diesel::insert_into(modes::table)
                        .values((
                            modes::key.eq(key),
                            modes::version.eq(version),
                            modes::written.eq(written.to_string()),
                        ))
                        .on_conflict_do_nothing()
                        .execute(tx)
                        .await?;
                    if published == 0 {
                        return Err(StoreError::Stale.into());
                    }
                    riders::alight(tx, &riders).await
                })
            })
            .await
    }
}

#[async_trait]
impl CaseStore for GameTable {
    async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<GameId>,
        limit: PageLimit,
    ) -> Result<Page<Game, GameId>, StoreError> {
        let mut wanted = game_table::table
            .order(game_table::id.desc())
            .limit(i64::from(limit.get()) + 1)
            .select(GameRow::as_select())
            .into_boxed();
        if let Some(after) = after {
            wanted = wanted.filter(game_table::id.lt(IdCol::from(after)));
        }
        if let Some(status) = filter.status {
            wanted = wanted.filter(game_table::status.eq(status.as_str()));
            if status != Status::Settled {
                wanted = wanted.filter(sql::<Bool>("games.status <> 'settled'"));
            }
        }
        if let Some(mode) = &filter.mode {
            wanted = wanted.filter(game_table::mode.eq(mode.clone()));
        }
        if let Some(player) = filter.player {
            let seats = game_players::table
                .filter(game_players::player_id.eq(IdCol::from(player)))
                .filter(game_players::game_id.eq(game_table::id));
            wanted = wanted.filter(exists(seats));
        }
        if filter.needs_review {
            wanted = wanted.filter(game_table::needs_review);
        }
        let rows: Vec<GameRow> = self.database.read(|mut conn| async move { wanted.load(&mut conn).await }).await?;
        let mut items = into_games(rows)?;
        let more = items.len() > usize::from(limit.get());
        items.truncate(limit.get().into());
        let next = if more { items.last().map(|game| game.id) } else { None };
        Ok(Page { items, next })
    }
}
