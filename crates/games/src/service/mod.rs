//! The use cases: load, decide, commit.

mod apart;
mod attendance;
mod invites;
mod judgement;
mod modes;
mod operators;
mod private;
mod rematch;
mod replay;

pub use attendance::Unseen;
pub use private::{CreateGame, Created};

use std::sync::Arc;

use kernel::{
    Approval, Approved, Clock, Connections, Engage, Engagement, Engagements, FixedApproval, GameId, IdSource, Page,
    PageLimit, PlayerId, Receipt, StoreError, Timestamp,
};
use serde_json::{Value, json};

use crate::catalogue::Catalogue;
use crate::change::Change;
use crate::decide::{self, Decided, InviteWindows, ScoreReport};
use crate::error::Error;
use crate::memory::MemoryGameStore;
use crate::mode::Mode;
use crate::mode_book::ModeBook;
use crate::model::Game;
use crate::roster::{RelayRoster, Rosters};
use crate::store::{
    AttendanceStore, CaseStore, GameStore, HistoryFilter, HistoryPosition, HistoryQuery, InviteStore, ModeStore,
};

/// How often a command on one game is decided anew because somebody else was faster; where many may be at it at once,
/// [`retries`].
const RETRIES: usize = 3;

/// How often a command is decided anew because somebody else was faster: everybody in the game may report at the same
/// moment, and deadlines may pass meanwhile.
const fn retries(seats: usize) -> usize {
    RETRIES + 2 * seats
}

/// A played move.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// Moves played, this one included.
    pub sequence: i64,
    /// The board as the player may see it after this move.
    pub state: Option<Value>,
    /// The game as it stands.
    pub game: Game,
}

/// A report that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// What became of the report: `accepted`, or `held` for a review.
    pub status: &'static str,
    /// Why it is held.
    pub reason: Option<String>,
    /// The result as far as it is: `open`, `disputed`, `settled` or `voided`, and its version (0: none yet).
    pub result: Option<(&'static str, i32)>,
    /// The game as it stands.
    pub game: Game,
}

impl Reported {
    fn of(game: Game, reporter: PlayerId) -> Self {
        let reason = held(&game, reporter).map(str::to_owned);
        Self { status: taken(reason.as_deref()), reason, result: game.result_line(), game }
    }
}

/// Why this player's report is held, if it is.
fn held(game: &Game, reporter: PlayerId) -> Option<&str> {
    game.report_of(reporter)?.held.as_deref()
}

const fn taken(held: Option<&str>) -> &'static str {
    if held.is_some() { "held" } else { "accepted" }
}

/// What one sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Games whose passed deadline was carried out.
    pub expired: Vec<GameId>,
    /// Games for which that failed; they stay due.
    pub failed: Vec<(GameId, Error)>,
}

/// What games work with.
#[derive(Clone)]
pub struct GamesPorts {
    /// Games, histories, the ledger, logs.
    pub games: Arc<dyn GameStore>,
    /// Looks invitations up.
    pub invites: Arc<dyn InviteStore>,
    /// Who was there when.
    pub attendance: Arc<dyn AttendanceStore>,
    /// Lists for operators.
    pub cases: Arc<dyn CaseStore>,
    /// What players are doing now.
    pub engagements: Arc<dyn Engagements>,
    /// Who has a socket.
    pub connections: Arc<dyn Connections>,
    /// Published modes.
    pub mode_versions: Arc<dyn ModeStore>,
    /// The modes of the moment.
    pub modes: Arc<ModeBook>,
    /// Judges what rules can't.
    pub approval: Arc<dyn Approval>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn IdSource>,
}

impl GamesPorts {
    /// All of it in memory, with a gate that decides nothing.
    #[must_use]
    pub fn in_memory(
        store: &Arc<MemoryGameStore>,
        modes: Catalogue,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            games: Arc::clone(store) as _,
            invites: Arc::clone(store) as _,
            attendance: Arc::clone(store) as _,
            cases: Arc::clone(store) as _,
            engagements: store.kernel() as _,
            connections: store.kernel() as _,
            mode_versions: Arc::clone(store) as _,
            modes: ModeBook::new(modes),
            approval: Arc::new(FixedApproval::new(Approved::Pending)),
            clock,
            ids,
        }
    }
}

/// Everything one can do with games. Cheap to clone; any number of them may work on one store.
#[derive(Clone)]
pub struct Games {
    ports: GamesPorts,
    rosters: Arc<Rosters>,
    windows: InviteWindows,
}

impl Games {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: GamesPorts) -> Self {
        Self { ports, rosters: Arc::default(), windows: InviteWindows::default() }
    }

    /// The same with invitations that last as long as this says.
    #[must_use]
    pub fn with_invite_windows(self, windows: InviteWindows) -> Self {
        Self { windows, ..self }
    }

    /// Every mode, switched-off ones included, as they stand now.
    #[must_use]
    pub fn modes(&self) -> Arc<Catalogue> {
        self.ports.modes.now()
    }

    /// A game: to its players always, to anybody once it is over.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for a live game of others.
    pub async fn get(&self, viewer: PlayerId, id: GameId) -> Result<Game, Error> {
        let game = self.load(id).await?;
        if game.finished_at.is_some() || game.player(viewer).is_some() { Ok(game) } else { Err(Error::NotFound) }
    }

    /// Those of these games that are over, as anybody may see them.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn look_at(&self, ids: &[GameId]) -> Result<Vec<Game>, Error> {
        let games = self.ports.games.load_many(ids).await.map_err(Error::Store)?;
        Ok(games.into_iter().filter(|game| game.finished_at.is_some()).collect())
    }

    /// The game this player is in now.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn live_of(&self, player: PlayerId) -> Result<Option<Game>, Error> {
        Ok(self.ports.games.live_of(player).await.map_err(Error::Store)?.pop())
    }

    /// The player is ready; with the last one the game starts.
    ///
    /// # Errors
    /// As [`decide::ready`], and the store's.
    pub async fn ready(&self, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Game, Error> {
        self.act(player, id, receipt, plain_outcome, |game, mode, now| decide::ready(game, mode, player, now)).await
    }

    /// The player leaves for good.
    ///
    /// # Errors
    /// As [`decide::abandon`], and the store's.
    pub async fn abandon(&self, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Game, Error> {
        self.act(player, id, receipt, plain_outcome, |game, mode, now| decide::abandon(game, mode, player, now)).await
    }

    /// Plays a move on the position after `expected_sequence` moves. The receipt's outcome carries the reply's
    /// `sequence` and `state`.
    ///
    /// # Errors
    /// As [`decide::play`], and the store's.
    pub async fn play(
        &self,
        player: PlayerId,
        id: GameId,
        mv: &Value,
        expected_sequence: i64,
        receipt: Option<Receipt>,
    ) -> Result<Played, Error> {
        let outcome = |game: &Game| {
            let state = game.view(Some(player));
            json!({ "game": game.id, "as": "move", "sequence": game.sequence, "state": state })
        };
        let decide = |game: &Game, mode: &Mode, now| decide::play(game, mode, player, mv, expected_sequence, now);
        let game = self.act(player, id, receipt, outcome, decide).await?;
        Ok(Played { sequence: game.sequence, state: game.view(Some(player)), game })
    }

    /// Takes a score report. The receipt's outcome carries the reply's `report` and `result`.
    ///
    /// # Errors
    /// As [`decide::report`], and the store's.
    pub async fn report(
        &self,
        player: PlayerId,
        id: GameId,
        report: &ScoreReport,
        receipt: Option<Receipt>,
    ) -> Result<Reported, Error> {
        let outcome = |game: &Game| {
            let result = game.result_line().map(|(status, version)| json!({ "status": status, "version": version }));
            let reason = held(game, player);
            json!({
                "game": game.id,
                "as": "report",
                "report": { "status": taken(reason), "reason": reason },
                "result": result,
            })
        };
        let decide = |game: &Game, mode: &Mode, now| decide::report(game, mode, player, report, now);
        self.act(player, id, receipt, outcome, decide).await.map(|game| Reported::of(game, player))
    }

    /// Whom this player's relayed messages go to: everybody still in the game, the player included. Answers from what
    /// it saw at most a second ago, for relaying must not cost a query per message.
    ///
    /// # Errors
    /// As [`decide::may_relay`], and the store's.
    pub async fn may_relay(&self, player: PlayerId, id: GameId) -> Result<RelayRoster, Error> {
        let now = self.ports.clock.now();
        if let Some(roster) = self.rosters.get(id, now) {
            return if roster.contains(&player) { Ok(roster) } else { Err(Error::NotFound) };
        }
        let game = self.load(id).await?;
        decide::may_relay(&game, player, now)?;
        Ok(self.rosters.put(&game, now))
    }

    /// One page of a player's games that started and are over, newest first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn history(
        &self,
        player: PlayerId,
        filter: HistoryFilter,
        after: Option<HistoryPosition>,
        limit: PageLimit,
    ) -> Result<Page<Game, HistoryPosition>, Error> {
        self.ports.games.history(&HistoryQuery { player, filter, after, limit }).await.map_err(Error::Store)
    }

    /// Carries out up to `limit` deadlines that have passed at `now`, and then asks the approval gate about games that
    /// wait for it; those count as expired once it has decided. Every replica may do this at any time: of two that
    /// take the same game one wins, the other finds nothing to do.
    ///
    /// # Errors
    /// When the store can't be asked; failures of single games are in [`Swept::failed`].
    pub async fn sweep_due(&self, now: Timestamp, limit: i64) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        let mut asked = Vec::new();
        for game in self.ports.games.due(now, limit).await.map_err(Error::Store)? {
            let mode = self.mode_of(&game).await?;
            let Some(change) = decide::expire(&game, mode.as_deref(), now) else {
                match self.ask_for(&game, now).await {
                    Ok(question) => asked.extend(question),
                    Err(error @ Error::Store(StoreError::Unavailable(_))) => return Err(error),
                    Err(error) => swept.failed.push((game.id, error)),
                }
                continue;
            };
            match self.commit(change, None, now).await {
                Ok(game) => swept.expired.push(game.id),
                Err(Error::Store(StoreError::Stale)) => {}
                Err(error @ Error::Store(StoreError::Unavailable(_))) => return Err(error),
                Err(error) => swept.failed.push((game.id, error)),
            }
        }
        self.judge(asked, &mut swept).await;
        Ok(swept)
    }

    /// Carries out the deadline of this game if it has passed, without waiting for the sweep: where everybody was ready from
    /// the beginning, it starts.
    ///
    /// # Errors
    /// Those of the store; the sweep makes up for it.
    pub async fn begin(&self, id: GameId) -> Result<(), Error> {
        let now = self.ports.clock.now();
        let game = self.load(id).await?;
        let mode = self.mode_of(&game).await?;
        let Some(change) = decide::expire(&game, mode.as_deref(), now) else { return Ok(()) };
        match self.commit(change, None, now).await {
            Ok(_) | Err(Error::Store(StoreError::Stale)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn load(&self, id: GameId) -> Result<Game, Error> {
        self.ports.games.load(id).await.map_err(Error::Store)?.ok_or(Error::NotFound)
    }

    /// Load, decide, commit; again if somebody was faster. A deadline that has passed is carried out first, so that the
    /// command is answered by the state it led to.
    async fn command(
        &self,
        id: GameId,
        receipt: Option<Receipt>,
        outcome: impl Fn(&Game) -> Value,
        decide: impl Fn(&Game, &Mode, Timestamp) -> Decided,
    ) -> Result<Game, Error> {
        let decide = |game: &Game, mode: Option<&Mode>, now| decide(game, mode.ok_or(Error::UnknownMode)?, now);
        self.command_without(id, receipt, outcome, decide).await
    }

    /// The same for what can be decided without the game's mode.
    async fn command_without(
        &self,
        id: GameId,
        receipt: Option<Receipt>,
        outcome: impl Fn(&Game) -> Value,
        decide: impl Fn(&Game, Option<&Mode>, Timestamp) -> Decided,
    ) -> Result<Game, Error> {
        let mut retried = 0;
        loop {
            let now = self.ports.clock.now();
            let game = self.load(id).await?;
            let mode = self.mode_of(&game).await?;
            let mode = mode.as_deref();
            let expired = decide::expire(&game, mode, now);
            let is_expiry = expired.is_some();
            let seats = game.players.len();
            let change = match expired {
                Some(change) => change,
                None => match decide(&game, mode, now)? {
                    Some(change) => change,
                    None => return Ok(game),
                },
            };
            let receipt = receipt.clone().filter(|_| !is_expiry).map(|r| r.with_outcome(outcome(&change.game)));
            match self.commit(change, receipt, now).await {
                Ok(game) if !is_expiry => return Ok(game),
                // What a passed deadline led to isn't due again, but may be of a clock that runs on.
                Ok(_) | Err(Error::Store(StoreError::Stale)) if retried < retries(seats) => retried += 1,
                Ok(_) => return Err(Error::Store(StoreError::Stale)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Commits. Whoever would be brought together with somebody across a block finds nobody there. And it keeps a game
    /// closable: letting a player go who is not held any more is no reason to refuse.
    async fn commit(&self, change: Change, receipt: Option<Receipt>, now: Timestamp) -> Result<Game, Error> {
        let mut commit = change.into_commit(&*self.ports.ids, receipt, now);
        loop {
            match self.ports.games.commit(commit.clone()).await {
                Ok(_) => {
                    self.rosters.forget(commit.game.id);
                    return Ok(commit.game);
                }
                Err(StoreError::Engaged { player, .. })
                    if commit.riders.engage.iter().any(|step| frees(step, player)) =>
                {
                    commit.riders.engage.retain(|step| !frees(step, player));
                }
                Err(StoreError::Apart { .. }) => return Err(Error::NoSuchPlayer),
                Err(error) => return Err(Error::Store(error)),
            }
        }
    }
}

fn frees(step: &Engage, player: PlayerId) -> bool {
    step.player == player && step.to == Engagement::Idle
}

fn plain_outcome(game: &Game) -> Value {
    json!({ "game": game.id, "as": "game" })
}
