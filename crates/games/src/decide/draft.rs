//! A change in the making.

use kernel::{AuditEntry, CoolDown, Engage, Engagement, PlayerId, Timestamp, Version};
use serde_json::{Value, json};

use super::invite;
use crate::change::Change;
use crate::event::{Concluded, GameEvent, Updated};
use crate::ledger::LedgerEntry;
use crate::log::LogEntry;
use crate::mode::Mode;
use crate::model::{Ended, Entered, Game, GamePlayer, ResultVersion, Standing};
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

    pub(super) const fn before(&self) -> &Game {
        self.before
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

    /// Tells operators what is odd; see [`flag`](super::flag).
    pub(super) fn flag(&mut self, word: &str) {
        if self.game.flags.iter().all(|flag| flag != word) {
            self.game.flags.push(word.to_owned());
        }
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
        let absent = self.game.players.iter().filter(|player| player.status == PlayerStatus::NoShow);
        let data = json!({ "ended": ended, "no_shows": absent.map(|player| player.player_id).collect::<Vec<_>>() });
        self.log(if status == Status::Abandoned { "abandoned" } else { "aborted" }, data);
        self.close(status, Some(ended));
        self.say_updated();
    }

    /// Voids a game that never had a result.
    pub(super) fn void(&mut self, reason: &str) {
        self.close(Status::Voided, Some(Ended::by_system(reason)));
        self.game.needs_review = false;
        let provenance = json!({ "source": "system" });
        let ended = &self.game.ended;
        let data =
            json!({ "version": null, "reason": reason, "standings": [], "provenance": provenance, "ended": ended });
        self.log("voided", data);
        self.say(GameEvent::Voided(Concluded::of(&self.game)));
    }

    /// Finishes without agreement: the game waits for evidence, and operators see it while they can still decide it.
    /// `why` is the flag.
    pub(super) fn dispute(&mut self, mode: &Mode, why: &str) {
        self.close(Status::Disputed, None);
        self.say(GameEvent::Finished(Concluded::of(&self.game)));
        self.game.due_at = Some(self.now.plus_millis(mode.windows.evidence_ms));
        self.game.needs_review = true;
        self.flag(why);
        self.log("finished", json!({ "ended": null }));
        self.log("disputed", json!({ "reason": why, "evidence_until": self.game.due_at }));
        self.say(GameEvent::Disputed(Concluded::of(&self.game)));
    }

    /// Finishes without a result yet: a review decides. It is asked for at once, so the game is due right away.
    pub(super) fn review(&mut self, held: &[PlayerId]) {
        self.close(Status::Finished, None);
        self.game.due_at = Some(self.now);
        self.game.needs_review = true;
        self.log("finished", json!({ "held": held }));
        self.say(GameEvent::Finished(Concluded::of(&self.game)));
    }

    /// Settles, and finishes first where that hasn't happened yet: the next result version and its ledger entry.
    pub(super) fn settle(&mut self, mode: &Mode, how: Settlement) {
        self.close(Status::Settled, how.ended.clone());
        self.enter(Some(mode), ResultStatus::Settled, how);
        if self.before.finished_at.is_none() {
            self.say(GameEvent::Finished(Concluded::of(&self.game)));
        }
        self.say(GameEvent::Settled(Concluded::of(&self.game)));
    }

    /// Takes a result back: the next version says so, in the ledger too.
    pub(super) fn revoke(&mut self, mode: Option<&Mode>, how: Settlement) {
        self.close(Status::Voided, Some(Ended::by_system(how.reason)));
        self.enter(mode, ResultStatus::Voided, how);
        self.say(GameEvent::Voided(Concluded::of(&self.game)));
    }

    /// Writes the next result version: into the game, the ledger and the log.
    fn enter(&mut self, mode: Option<&Mode>, status: ResultStatus, how: Settlement) {
        self.game.needs_review = false;
        for standing in &how.standings {
            let line = |player: &&mut GamePlayer| player.player_id == standing.player_id;
            let Some(player) = self.game.players.iter_mut().find(line) else { continue };
            player.score = standing.score;
            player.outcome = standing.outcome;
        }
        let version = self.before.result.as_ref().map_or(1, |result| result.version + 1);
        let result = ResultVersion { version, status, reason: how.reason.to_owned(), standings: how.standings };
        let kind = if status == ResultStatus::Settled { "settled" } else { "voided" };
        if self.before.finished_at.is_none() {
            self.log("finished", json!({ "ended": self.game.ended }));
        }
        self.log(
            kind,
            json!({
                "version": version,
                "reason": result.reason,
                "standings": result.standings,
                "provenance": told(&how.provenance),
            }),
        );
        let Entered { family, rated } = self.game.entered.get_or_insert_with(|| Entered {
            family: mode.map_or(&*self.game.mode, Mode::family).to_owned(),
            rated: self.game.rated && mode.is_none_or(|mode| mode.rating.is_some()),
        });
        self.ledger = Some(LedgerEntry {
            game_id: self.game.id,
            version,
            family: family.clone(),
            sequence: 0,
            mode: self.game.mode.clone(),
            rated: *rated,
            status,
            reason: result.reason.clone(),
            provenance: how.provenance,
            standings: result.standings.clone(),
            at: self.now,
        });
        self.game.result = Some(result);
    }
}

fn opened(game: &Game) -> LogEntry {
    let data = json!({
        "mode": game.mode,
        "origin": game.origin,
        "rated": game.rated,
        "seats": seats(game.players.iter()),
        "created_at": game.created_at,
    });
    LogEntry { kind: "opened", data }
}

/// Who sits where, as the log has it.
pub(super) fn seats<'a>(players: impl Iterator<Item = &'a GamePlayer>) -> Value {
    let seat = |player: &GamePlayer| json!({ "player_id": player.player_id, "team": player.team, "seat": player.seat });
    players.map(seat).collect()
}

/// A provenance as the log tells it. Every player reads that and nothing in it can ever be blanked, so who of the
/// operators it was and in which words stands in the ledger and the audit log only.
fn told(provenance: &Value) -> Value {
    let mut told = provenance.clone();
    if let Some(fields) = told.as_object_mut()
        && fields.get("source").is_some_and(|source| source == "admin")
    {
        fields.retain(|key, _| !matches!(key.as_str(), "by" | "reason"));
    }
    told
}

/// How a game was decided, for [`Draft::settle`].
pub(super) struct Settlement {
    /// See [`ResultVersion::reason`].
    pub(super) reason: &'static str,
    /// On what it stands.
    pub(super) provenance: Value,
    /// By seat, one per player who took part.
    pub(super) standings: Vec<Standing>,
    /// Set where it wasn't played to its end.
    pub(super) ended: Option<Ended>,
}
