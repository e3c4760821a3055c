//! Games, their histories and the ledger.

mod beside;
mod history;
mod row;
pub(crate) mod schema;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use games::{
    Game, GameChange, GameStore, HistoryPosition, HistoryQuery, Invite, LedgerEntry, LogLine, OriginKind, Outcome,
};
use kernel::{BoxError, GameId, GameSpec, Page, PlayerId, StoreError, Timestamp, Version};

use self::row::LedgerRow;
pub(crate) use self::row::{GameRow, document};
use self::schema::{game_log, game_players, games as game_table, ledger, ledger_heads};
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
        let GameChange { expect, game, also, log, ledger, riders } = change;
        let mut games = vec![(expect, game)];
        games.extend(also);
        // Of two games every change locks the lower id first.
        games.sort_by_key(|(_, game)| game.id);
        let (written, strays) = Written::all(games, log)?;
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    for game in &written {
                        if !game_batch::write(tx, game).await? {
                            return Err(StoreError::Stale.into());
                        }
                    }
                    if !strays.is_empty() {
                        return Err(StoreError::broken("a log line of a game that doesn't change").into());
                    }
                    riders::alight(tx, &riders).await?;
                    // Last: it locks the head of its family, for which all other results of the family wait.
                    Ok(match &ledger {
                        Some(entry) => Some(game_batch::enter(tx, entry).await?),
                        None => None,
                    })
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

    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let mut families: Vec<(String, i64)> =
            self.database.read(|mut conn| async move { ledger_heads::table.load(&mut conn).await }).await?;
        // By the bytes of the name: a database would go by its locale.
        families.sort();
        Ok(families)
    }

    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        let query = game_log::table
            .filter(game_log::game_id.eq(IdCol::from(id)))
            .filter(game_log::n.gt(after))
            .order(game_log::n)
            .limit(limit)
            .select((game_log::n, game_log::at, game_log::kind, game_log::data, game_log::prev, game_log::hash));
        let rows: Vec<LineRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        rows.into_iter().map(line).collect()
    }
}

/// Log lines with their games.
type Lines = Vec<(GameId, LogLine)>;

type LineRow = (i64, TimeCol, String, String, String, String);

fn line((n, at, kind, data, prev, hash): LineRow) -> Result<LogLine, StoreError> {
    let data = serde_json::from_str(&data).map_err(|why| StoreError::Broken(BoxError::from(why)))?;
    Ok(LogLine { n, at: at.into(), kind, data, prev, hash })
}

/// One game as a change leaves it, with what follows from it for other tables.
pub(crate) struct Written {
    pub(crate) row: GameRow,
    pub(crate) expect: i64,
    pub(crate) seats: Vec<Seat>,
    /// What histories say of it; nothing until it is over.
    pub(crate) over: Option<Over>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) invites: Vec<Invite>,
    /// Players may give up their seats so that others can have them: where there are invitations.
    pub(crate) may_lose_seats: bool,
}

/// What `game_players` says of one player.
pub(crate) struct Seat {
    pub(crate) player: IdCol,
    pub(crate) held: bool,
    pub(crate) gone: bool,
    pub(crate) outcome: Option<&'static str>,
}

/// What `game_players` says of a game that is over.
pub(crate) struct Over {
    pub(crate) at: TimeCol,
    pub(crate) duration_ms: Option<i64>,
    /// With a space around each.
    pub(crate) tags: String,
}

impl Written {
    /// Each game with its own lines, and the lines of none.
    fn all(games: Vec<(Version, Game)>, mut log: Lines) -> Result<(Vec<Self>, Lines), StoreError> {
        let mut written = Vec::with_capacity(games.len());
        for (expect, game) in games {
            let (lines, others) = log.into_iter().partition(|(id, _)| *id == game.id);
            log = others;
            written.push(Self::of(expect, game, lines)?);
        }
        Ok((written, log))
    }

    fn of(expect: Version, game: Game, log: Lines) -> Result<Self, StoreError> {
        let seat = |player: &games::GamePlayer| Seat {
            player: player.player_id.into(),
            held: game.holds(player.player_id),
            gone: player.gone.is_some(),
            outcome: player.outcome.map(Outcome::as_str),
        };
        let over =
            |at| Over { at: TimeCol(at), duration_ms: game.lasted_ms(), tags: format!(" {} ", game.tags().join(" ")) };
        Ok(Self {
            row: GameRow::of(&game)?,
            expect: expect.0,
            // The practice bot sits in many games at once, and nobody looks for them by it.
            seats: game.people().map(seat).collect(),
            over: game.history_at().map(over),
            log: log.into_iter().map(|(_, line)| line).collect(),
            may_lose_seats: !matches!(game.origin.kind, OriginKind::Matched | OriginKind::Practice)
                && game.status.live(),
            invites: game.invites,
        })
    }
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
