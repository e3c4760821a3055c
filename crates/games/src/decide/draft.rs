//! A change in the making.

use kernel::{AuditEntry, CoolDown, Engage, Engagement, PlayerId, Timestamp, Version};
use serde_json::{Value, json};

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

    pub(super) fn into_change(mut self) -> Change {
        self.open_log();
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

    /// A game another domain's change opened has an empty log; its first line says so before anything else does.
    fn open_log(&mut self) {
        if self.before.log.n > 0 || self.log.first().is_some_and(|entry| entry.kind == "opened") {
            return;
        }
        let opened = opened(if self.before.version == Version::NEW { &self.game } else { self.before });
        self.log.insert(0, opened);
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

    fn release(&mut self, player: PlayerId) {
        if self.before.holds(player) && self.engage.iter().all(|step| step.player != player) {
            self.engage.push(Engage { player, from: Engagement::Game(self.game.id), to: Engagement::Idle });
        }
    }

    /// The player leaves and is free at once, whatever becomes of the game.
    pub(super) fn leave(&mut self, at: usize) {
        self.game.players[at].status = PlayerStatus::Abandoned;
        self.release(self.game.players[at].player_id);
    }

    /// The game is over: no deadline, nobody's turn, nobody held.
    fn close(&mut self, status: Status, ended: Option<Ended>) {
        self.game.status = status;
        self.game.finished_at.get_or_insert(self.now);
        self.game.ended = ended;
        self.game.due_at = None;
        self.game.turn = None;
        for player in &mut self.game.players {
            if player.status == PlayerStatus::Playing {
                player.status = PlayerStatus::Finished;
            }
        }
        for at in 0..self.game.players.len() {
            self.release(self.game.players[at].player_id);
        }
    }

    /// Ends a game that has no result: aborted or abandoned.
    pub(super) fn end_without_result(&mut self, status: Status, ended: Ended) {
        let absent = self.game.players.iter().filter(|player| player.status == PlayerStatus::NoShow);
        let data = json!({ "ended": ended, "no_shows": absent.map(|player| player.player_id).collect::<Vec<_>>() });
        self.log(if status == Status::Abandoned { "abandoned" } else { "aborted" }, data);
        self.close(status, Some(ended));
        self.say_updated();
    }

    /// Voids a game that never had a result.
    pub(super) fn void(&mut self, reason: &str) {
        self.close(Status::Voided, Some(Ended::by_system(reason)));
        let provenance = json!({ "source": "system" });
        let ended = &self.game.ended;
        let data =
            json!({ "version": null, "reason": reason, "standings": [], "provenance": provenance, "ended": ended });
        self.log("voided", data);
        self.say(GameEvent::Voided(Concluded::of(&self.game)));
    }

    /// Finishes without agreement: the game waits for evidence.
    pub(super) fn dispute(&mut self, mode: &Mode) {
        self.close(Status::Disputed, None);
        self.say(GameEvent::Finished(Concluded::of(&self.game)));
        self.game.due_at = Some(self.now.plus_millis(mode.windows.evidence_ms));
        self.log("finished", json!({ "ended": null }));
        self.log("disputed", json!({ "evidence_until": self.game.due_at }));
        self.say(GameEvent::Disputed(Concluded::of(&self.game)));
    }

    /// Finishes and settles at once: the first result version and its ledger entry.
    pub(super) fn settle(&mut self, mode: &Mode, how: Settlement) {
        self.close(Status::Settled, how.ended);
        for (player, standing) in self.game.players.iter_mut().zip(&how.standings) {
            player.score = standing.score;
            player.outcome = standing.outcome;
        }
        let result = ResultVersion {
            version: 1,
            status: ResultStatus::Settled,
            reason: how.reason.to_owned(),
            standings: how.standings,
        };
        self.log("finished", json!({ "ended": self.game.ended }));
        self.log(
            "settled",
            json!({
                "version": result.version,
                "reason": result.reason,
                "standings": result.standings,
                "provenance": how.provenance,
            }),
        );
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

fn opened(game: &Game) -> LogEntry {
    let data = json!({
        "mode": game.mode,
        "origin": game.origin,
        "rated": game.rated,
        "seats": seats(game),
        "created_at": game.created_at,
    });
    LogEntry { kind: "opened", data }
}

/// Who sits where, as the log has it.
pub(super) fn seats(game: &Game) -> Value {
    let seat = |player: &GamePlayer| json!({ "player_id": player.player_id, "team": player.team, "seat": player.seat });
    game.players.iter().map(seat).collect()
}

/// How a game was decided, for [`Draft::settle`].
pub(super) struct Settlement {
    /// `rules`, `reports` or `abandoned`.
    pub(super) reason: &'static str,
    /// On what it stands.
    pub(super) provenance: Value,
    /// By seat, one per player.
    pub(super) standings: Vec<Standing>,
    /// Set where it wasn't played to its end.
    pub(super) ended: Option<Ended>,
}
