//! What a command decided, and what a store is asked to commit.

use kernel::{
    AuditEntry, CoolDown, Engage, Engagement, Event, EventId, GameId, IdSource, PlayerId, Receipt, Riders, Timestamp,
    Version,
};

use crate::event::GameEvent;
use crate::ledger::LedgerEntry;
use crate::log::{LogEntry, LogLine};
use crate::model::{Game, LogHead};

/// What a decision led to: pure values, no ids yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The version it was decided on.
    pub expect: Version,
    /// The game as it will be, with the next version.
    pub game: Game,
    /// The result version to enter in the ledger, if this change settles.
    pub ledger: Option<LedgerEntry>,
    /// Another game that changes with it: the one this repeats, or the one its new player leaves for it.
    pub also: Option<Box<Self>>,
    /// What its log gains, in order.
    pub log: Vec<LogEntry>,
    /// Players this change takes or lets go.
    pub engage: Vec<Engage>,
    /// Players who let others wait.
    pub cool_downs: Vec<CoolDown>,
    /// The deed of an operator, where it is one.
    pub audit: Option<AuditEntry>,
    /// What happened, in order.
    pub events: Vec<GameEvent>,
}

impl Change {
    /// The change as a store takes it: events get their ids, log lines their hashes, and the receipt rides along.
    #[must_use]
    pub fn into_commit(mut self, ids: &dyn IdSource, receipt: Option<Receipt>, now: Timestamp) -> GameChange {
        let together = self.company();
        let mut riders = Riders { receipt, audit: self.audit.take(), together, ..Riders::default() };
        let mut log = Vec::new();
        let also = self.also.take().map(|mut other| {
            other.board(&mut riders, &mut log, ids, now);
            (other.expect, other.game)
        });
        self.board(&mut riders, &mut log, ids, now);
        GameChange { expect: self.expect, game: self.game, also, log, ledger: self.ledger, riders }
    }

    /// Whom this change brings together: everybody seated, where somebody takes a seat, and whoever invites with whom
    /// they invite. A game that two are in already goes on whatever they think of each other since.
    fn company(&self) -> Vec<Vec<PlayerId>> {
        let id = self.game.id;
        let seats = self.engage.iter().any(|step| step.to == Engagement::Game(id));
        let seated = self.game.people().filter(|player| player.status.engaged()).map(|player| player.player_id);
        let invited = self.events.iter().filter_map(|event| match event {
            GameEvent::Invited(to, invited) => Some(vec![invited.from, *to]),
            _ => None,
        });
        seats.then(|| seated.collect()).into_iter().chain(invited).collect()
    }

    fn board(&mut self, riders: &mut Riders, log: &mut Vec<(GameId, LogLine)>, ids: &dyn IdSource, now: Timestamp) {
        riders.engage.append(&mut self.engage);
        riders.cool_downs.append(&mut self.cool_downs);
        riders.events.extend(self.events.drain(..).map(|event| Event {
            id: EventId::new(ids.uuid(now)),
            aggregate: format!("game:{}", self.game.id),
            kind: event.kind().into(),
            audience: event.audience(),
            data: event.data(),
            at: now,
        }));
        for entry in self.log.drain(..) {
            let line = entry.chain(&self.game.log, now);
            self.game.log = LogHead { n: line.n, hash: line.hash.clone() };
            log.push((self.game.id, line));
        }
    }
}

/// One commit of a game: all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct GameChange {
    /// The version that must stand; else [`Stale`](kernel::StoreError::Stale). [`Version::NEW`]: the game is inserted.
    pub expect: Version,
    /// The whole game as it will be, its invitations included.
    pub game: Game,
    /// Another game under the same conditions, as it will be.
    pub also: Option<(Version, Game)>,
    /// Lines to append to the logs of these games.
    pub log: Vec<(GameId, LogLine)>,
    /// A ledger entry, whose sequence the store assigns under the lock of the family's head.
    pub ledger: Option<LedgerEntry>,
    /// Receipt, engagements and events.
    pub riders: Riders,
}
