//! One page of a history: one query along one index.

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::RunQueryDsl;
use games::{Game, HistoryPosition, HistoryQuery};
use kernel::{Page, StoreError};

use super::super::dialect::position_of;
use super::super::{Database, IdCol, TimeCol};
use super::row::{GameRow, rating_lines};
use super::schema::{game_players as me, games as game_table};

diesel::alias!(me as other: Other);

/// A tag as it stands among a game's tags, which have spaces around and between them. One with a space in it is none.
fn tagged(tag: &str) -> String {
    if tag.contains(' ') { String::from("  ") } else { format!(" {tag} ") }
}

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
            // Reports and evidence stay where they are: they may be large, and no list shows them.
            sql::<Text>("'[]'"),
            game_table::conclusion,
            game_table::created_at,
            game_table::started_at,
            game_table::finished_at,
            game_table::due_at,
            game_table::version,
            game_table::origin,
            game_table::social,
            sql::<Nullable<Text>>("NULL"),
            game_table::needs_review,
            game_table::log_n,
            game_table::log_hash,
            rating_lines(),
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
    if let Some(rated) = query.filter.rated {
        wanted = wanted.filter(me::rated.eq(rated));
    }
    if let Some(since) = query.filter.since {
        wanted = wanted.filter(me::ended_at.ge(TimeCol(since)));
    }
    if let Some(until) = query.filter.until {
        wanted = wanted.filter(me::ended_at.lt(TimeCol(until)));
    }
    if let Some(least) = query.filter.min_duration_ms {
        wanted = wanted.filter(me::duration_ms.ge(least));
    }
    if let Some(tag) = &query.filter.tag {
        wanted = wanted.filter(position_of(me::tags, tagged(tag)).gt(0));
    }
    let rows: Vec<GameRow> = database.read(|mut conn| async move { wanted.load(&mut conn).await }).await?;
    let more = rows.len() > limit;
    let items = rows.into_iter().take(limit).map(GameRow::into_game).collect::<Result<Vec<_>, _>>()?;
    let position = |game: &Game| Some(HistoryPosition { ended_at: game.history_at()?, game_id: game.id });
    let next = if more { items.last().and_then(position) } else { None };
    Ok(Page { items, next })
}
