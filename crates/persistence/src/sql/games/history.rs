//! One page of a history: one query along one index.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use games::{Game, HistoryPosition, HistoryQuery};
use kernel::{Page, StoreError};

use super::super::{Database, IdCol, TimeCol};
use super::row::GameRow;
use super::schema::{game_players as me, games as game_table};

diesel::alias!(me as other: Other);

pub(super) async fn page(database: &Database, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
    let limit = usize::from(query.limit.get());
    let mut wanted = me::table
        .inner_join(game_table::table)
        .filter(me::player_id.eq(IdCol::from(query.player)))
        .filter(me::ended_at.is_not_null())
        // Newest first, so the index is read in its own order and no further than the page reaches.
        .order((me::ended_at.desc(), me::game_id.desc()))
        .limit(i64::from(query.limit.get()) + 1)
        .select((
            game_table::id,
            game_table::mode,
            game_table::status,
            game_table::rated,
            game_table::setup,
            game_table::players,
            game_table::sequence,
            game_table::turn,
            game_table::state,
            // Reports stay where they are: their payloads may be large, and no list shows them.
            sql::<Text>("'[]'"),
            game_table::conclusion,
            game_table::created_at,
            game_table::started_at,
            game_table::finished_at,
            game_table::due_at,
            game_table::version,
        ))
        .into_boxed();
    if let Some(after) = query.after {
        let (at, id) = (TimeCol(after.ended_at), IdCol::from(after.game_id));
        // The first condition is what the index can be entered at; the second leaves out what was shown.
        wanted = wanted.filter(me::ended_at.le(at)).filter(me::ended_at.lt(at).or(me::game_id.lt(id)));
    }
    if let Some(mode) = &query.filter.mode {
        wanted = wanted.filter(me::mode.eq(mode.clone()));
    }
    if let Some(outcome) = query.filter.result {
        wanted = wanted.filter(me::outcome.eq(outcome.as_str()));
    }
    if let Some(opponent) = query.filter.opponent {
        let with = other
            .filter(other.field(me::player_id).eq(IdCol::from(opponent)))
            .filter(other.field(me::player_id).ne(me::player_id))
            .filter(other.field(me::game_id).eq(me::game_id));
        wanted = wanted.filter(exists(with));
    }
    let rows: Vec<GameRow> = database.read(|mut conn| async move { wanted.load(&mut conn).await }).await?;
    let more = rows.len() > limit;
    let items = rows.into_iter().take(limit).map(GameRow::into_game).collect::<Result<Vec<_>, _>>()?;
    let position = |game: &Game| Some(HistoryPosition { ended_at: game.history_at()?, game_id: game.id });
    let next = if more { items.last().and_then(position) } else { None };
    Ok(Page { items, next })
}
