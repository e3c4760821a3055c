//! A change in the making.

use kernel::{AuditEntry, CoolDown, Engage, Engagement, PlayerId, Timestamp};
use serde_json::Value;

use super::invite;
use crate::change::Change;
use crate::event::{Concluded, GameEvent, Updated};
use crate::ledger::LedgerEntry;
use crate::log::LogEntry;
use crate::mode::Mode;
use crate::model::{Ended, Game, GamePlayer, ResultVersion, Standing};
use crate::words::{PlayerStatus, ResultStatus, Status};

/// Holds the game as it was and as it will be. Whatever ends a game goes through [`Draft::close`], which lets its
/// players go in the same change.
pub(super) struct Draft<'a> {
    before: &'a Game,
    pub(super) game: Game,
    pub(super) now: Timestamp,
    ledger: Option<LedgerEntry>,
    pub(super) also: Option<Box<Change>>,
    log: Vec<LogEntry>,
    pub(super) engage: Vec<Engage>,
    pub(super) cool_downs: Vec<CoolDown>,
    pub(super) audit: Option<AuditEntry>,
    events: Vec<GameEvent>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(before: &'a Game, now: Timestamp) -> Self {
        let mut game = before.clone();
        game.version = before.version.next();
        Self {
            before,
            game,
            now,
            ledger: None,
            also: None,
            log: Vec::new(),
            engage: Vec::new(),
            cool_downs: Vec::new(),
            audit: None,
            events: Vec::new(),
        }
    }

    pub(super) fn into_change(self) -> Change {
        Change {
            expect: self.before.version,
            game: self.game,
            ledger: self.ledger,
            also: self.also,
            log: self.log,
            engage: self.engage,
            cool_downs: self.cool_downs,
            audit: self.audit,
            events: self.events,
        }
    }

    /// Adds a line to the game's log.
    pub(super) fn log(&mut self, kind: &'static str, data: Value) {
        self.log.push(LogEntry { kind, data });
    }

    pub(super) fn say(&mut self, event: GameEvent) {
        self.events.push(event);
    }

    pub(super) fn say_updated(&mut self) {
        self.say(GameEvent::Updated(Updated::of(&self.game)));
    }

    /// Whether status or players aren't what they were: what `game.updated` tells.
    pub(super) fn is_seen_otherwise(&self) -> bool {
        (self.game.status, &self.game.players) != (self.before.status, &self.before.players)
    }

    /// Whoever was held by the game is free with this change.
    pub(super) fn let_go(&mut self, player: PlayerId) {
        if self.before.holds(player) && self.engage.iter().all(|step| step.player != player) {
            self.engage.push(Engage { player, from: Engagement::Game(self.game.id), to: Engagement::Idle });
        }
    }

    /// The player leaves and is free at once, whatever becomes of the game.
    pub(super) fn leave(&mut self, at: usize) {
        self.game.players[at].status = PlayerStatus::Abandoned;
        self.game.players[at].gone = None;
        self.let_go(self.game.players[at].player_id);
    }

    /// The game is over: no deadline, nobody's turn, nobody held, nobody invited.
    fn close(&mut self, status: Status, ended: Option<Ended>) {
        invite::supersede(self);
        self.game.status = status;
        self.game.finished_at.get_or_insert(self.now);
        self.game.ended = ended;
        self.game.due_at = None;
        self.game.turn = None;
        for player in &mut self.game.players {
            player.gone = None;
            if player.status == PlayerStatus::Playing {
                player.status = PlayerStatus::Finished;
            }
        }
        for at in 0..self.game.players.len() {
            self.let_go(self.game.players[at].player_id);
        }
    }

    /// Ends a game that has no result: aborted or abandoned.
    pub(super) fn end_without_result(&mut self, status: Status, ended: Ended) {
        self.close(status, Some(ended));
        self.say_updated();
    }

    /// Voids a game that never had a result.
    pub(super) fn void(&mut self, reason: &str) {
        self.close(Status::Voided, Some(Ended::by_system(reason)));
        self.say(GameEvent::Voided(Concluded::of(&self.game)));
    }

    /// Finishes without agreement: the game waits for evidence.
    pub(super) fn dispute(&mut self, mode: &Mode) {
        self.close(Status::Disputed, None);
        self.say(GameEvent::Finished(Concluded::of(&self.game)));
        self.game.due_at = Some(self.now.plus_millis(mode.windows.evidence_ms));
        self.say(GameEvent::Disputed(Concluded::of(&self.game)));
    }

    /// Finishes and settles at once: the first result version and its ledger entry.
    pub(super) fn settle(&mut self, mode: &Mode, how: Settlement) {
        self.close(Status::Settled, how.ended);
        for standing in &how.standings {
            let line = |player: &&mut GamePlayer| player.player_id == standing.player_id;
            let Some(player) = self.game.players.iter_mut().find(line) else { continue };
            player.score = standing.score;
            player.outcome = standing.outcome;
        }
        let result = ResultVersion {
            version: 1,
            status: ResultStatus::Settled,
            reason: how.reason.to_owned(),
            standings: how.standings,
        };
        self.ledger = Some(LedgerEntry {
            game_id: self.game.id,
            version: result.version,
            family: mode.family().to_owned(),
            sequence: 0,
            mode: self.game.mode.clone(),
            rated: self.game.rated && mode.rating.is_some(),
            status: result.status,
            reason: result.reason.clone(),
            provenance: how.provenance,
            standings: result.standings.clone(),
            at: self.now,
        });
        self.game.result = Some(result);
        self.say(GameEvent::Finished(Concluded::of(&self.game)));
        self.say(GameEvent::Settled(Concluded::of(&self.game)));
    }
}

/// How a game was decided, for [`Draft::settle`].
pub(super) struct Settlement {
    /// `rules`, `reports` or `abandoned`.
    pub(super) reason: &'static str,
    /// On what it stands.
    pub(super) provenance: Value,
    /// By seat, one per player who took part.
    pub(super) standings: Vec<Standing>,
    /// Set where it wasn't played to its end.
    pub(super) ended: Option<Ended>,
}
