//! Games, their histories and the ledger.

mod history;
mod row;
pub(crate) mod schema;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use games::{Game, GameChange, GameStore, HistoryPosition, HistoryQuery, LedgerEntry};
use kernel::{GameId, GameSpec, Page, PlayerId, StoreError, Timestamp};

use self::row::LedgerRow;
pub(crate) use self::row::{GameRow, document};
use self::schema::{game_players, games as game_table, ledger};
use super::{Database, IdCol, TimeCol, Tx, dialect, game_batch, riders};

pub(super) struct GameTable {
    database: Database,
}

impl GameTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

fn into_games(rows: Vec<GameRow>) -> Result<Vec<Game>, StoreError> {
    rows.into_iter().map(GameRow::into_game).collect()
}

#[async_trait]
impl GameStore for GameTable {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        let query = game_table::table.find(IdCol::from(id)).select(GameRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(GameRow::into_game).transpose()
    }

    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        let ids: Vec<IdCol> = ids.iter().copied().map(IdCol::from).collect();
        let query = game_table::table.filter(game_table::id.eq_any(ids)).order(game_table::id);
        let query = query.select(GameRow::as_select());
        into_games(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        let query = game_players::table
            .inner_join(game_table::table)
            .filter(game_players::player_id.eq(IdCol::from(player)))
            .filter(game_players::held)
            .order(game_table::id)
            .select(GameRow::as_select());
        into_games(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError> {
        let row = GameRow::of(&change.game)?;
        let expect = change.expect.0;
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &change.riders).await?;
                    update(tx, row, expect).await?;
                    if let Some(players) = moved_players(&change.game) {
                        game_batch::update_players(tx, &change.game, &players).await?;
                    }
                    let sequence = match &change.ledger {
                        Some(entry) => Some(game_batch::enter(tx, entry).await?),
                        None => None,
                    };
                    riders::alight(tx, &change.riders).await?;
                    Ok(sequence)
                })
            })
            .await
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError> {
        let query = game_table::table
            .filter(game_table::due_at.le(TimeCol(now)))
            .order((game_table::due_at, game_table::id))
            .limit(limit)
            .select(GameRow::as_select());
        into_games(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
        history::page(&self.database, query).await
    }

    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        let query = ledger::table
            .filter(ledger::family.eq(family.to_owned()))
            .filter(ledger::sequence.gt(after))
            .order(ledger::sequence)
            .limit(limit)
            .select(LedgerRow::as_select());
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        rows.into_iter().map(LedgerRow::into_entry).collect()
    }
}

/// Compare-and-set of the whole game. What never changes after the opening isn't written again.
async fn update(tx: &mut dialect::Conn, row: GameRow, expect: i64) -> Result<(), Tx> {
    let target = game_table::table.find(row.id).filter(game_table::version.eq(expect));
    let touched = diesel::update(target)
        .set((
            game_table::status.eq(row.status),
            game_table::setup.eq(row.setup),
            game_table::players.eq(row.players),
            game_table::sequence.eq(row.sequence),
            game_table::turn.eq(row.turn),
            game_table::state.eq(row.state),
            game_table::reports.eq(row.reports),
            game_table::conclusion.eq(row.conclusion),
            game_table::started_at.eq(row.started_at),
            game_table::finished_at.eq(row.finished_at),
            game_table::due_at.eq(row.due_at),
            game_table::version.eq(row.version),
        ))
        .execute(tx)
        .await?;
    if touched == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

/// What `game_players` says of one player beside what it said at the opening.
pub(crate) struct PlayerState {
    pub(crate) player: PlayerId,
    pub(crate) held: bool,
    pub(crate) outcome: Option<&'static str>,
}

/// What changed in `game_players`; nothing while everybody seated is still held, which spares a statement per move.
fn moved_players(game: &Game) -> Option<Vec<PlayerState>> {
    let state = |player: &games::GamePlayer| PlayerState {
        player: player.player_id,
        held: game.holds(player.player_id),
        outcome: player.outcome.map(games::Outcome::as_str),
    };
    let states: Vec<_> = game.players.iter().map(state).collect();
    if states.iter().all(|state| state.held) { None } else { Some(states) }
}

/// Opens games in the transaction of somebody else's change.
pub(super) async fn open(tx: &mut dialect::Conn, specs: &[GameSpec]) -> Result<(), Tx> {
    if specs.is_empty() {
        return Ok(());
    }
    let games: Vec<Game> = specs.iter().map(Game::open).collect();
    let rows = games.iter().map(GameRow::of).collect::<Result<Vec<_>, _>>()?;
    game_batch::open(tx, &games, rows).await
}
