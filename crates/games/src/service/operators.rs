//! What operators do with games. Who may is the edge's to say; what was done stands in the audit log.

use std::collections::BTreeMap;

use kernel::{ApprovalRequest, AuditEntry, GameId, Page, PageLimit, PlayerId, Receipt, Timestamp};
use serde_json::{Map, Value, json};

use super::judgement::allowed;
use super::{Games, plain_outcome};
use crate::change::Change;
use crate::decide::{self, Decided, Resolution};
use crate::error::Error;
use crate::mode::Mode;
use crate::model::Game;
use crate::store::CaseFilter;

/// A deed for which the approval gate is asked before it is done.
struct Deed<'a> {
    actor: PlayerId,
    game: GameId,
    /// As the audit log names it.
    action: &'static str,
    /// As the gate is asked about it.
    kind: &'static str,
    reason: &'a str,
    /// What is to hold instead.
    scores: Option<&'a BTreeMap<PlayerId, f64>>,
}

impl Games {
    /// Games for operators, newest first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<GameId>,
        limit: PageLimit,
    ) -> Result<Page<Game, GameId>, Error> {
        self.ports.cases.cases(filter, after, limit).await.map_err(Error::Store)
    }

    /// Any game, for operators.
    ///
    /// # Errors
    /// [`Error::NotFound`], and the store's.
    pub async fn case(&self, id: GameId) -> Result<Game, Error> {
        self.load(id).await
    }

    /// Takes a game's result back, or ends a game without one. The approval gate is asked first (`game.void`).
    ///
    /// # Errors
    /// As [`decide::void`], [`Error::NotApproved`], [`Error::ApprovalPending`], and the store's.
    pub async fn void(
        &self,
        actor: PlayerId,
        id: GameId,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Game, Error> {
        let deed = Deed { actor, game: id, action: "game.void", kind: "game.void", reason, scores: None };
        self.sensitive(&deed, receipt, decide::void, |_| true).await
    }

    /// Puts other scores in place of a game's result. The approval gate is asked first (`game.amend`).
    ///
    /// # Errors
    /// As [`decide::amend`], [`Error::NotApproved`], [`Error::ApprovalPending`], and the store's.
    pub async fn amend(
        &self,
        actor: PlayerId,
        id: GameId,
        reason: &str,
        scores: &BTreeMap<PlayerId, f64>,
        receipt: Option<Receipt>,
    ) -> Result<Game, Error> {
        let deed = Deed { actor, game: id, action: "game.amend", kind: "game.amend", reason, scores: Some(scores) };
        let decide = |game: &Game, mode: Option<&Mode>, entry| {
            decide::amend(game, mode.ok_or(Error::UnknownMode)?, scores, entry)
        };
        self.sensitive(&deed, receipt, decide, |_| true).await
    }

    /// Decides a game that waits for a decision or is doubted. The approval gate is asked first only where a result
    /// stands that this would change: where none does, the operator is the one who was waited for.
    ///
    /// # Errors
    /// As [`decide::resolve`], [`Error::NotApproved`], [`Error::ApprovalPending`], and the store's.
    pub async fn resolve(
        &self,
        actor: PlayerId,
        id: GameId,
        resolution: &Resolution,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Game, Error> {
        let (kind, scores) = match resolution {
            Resolution::Settle { scores } => ("game.amend", Some(scores)),
            Resolution::Void => ("game.void", None),
        };
        let deed = Deed { actor, game: id, action: "dispute.resolve", kind, reason, scores };
        let decide = |game: &Game, mode: Option<&Mode>, entry| decide::resolve(game, mode, resolution, entry);
        let corrects = |change: &Change| change.ledger.as_ref().is_some_and(|entry| entry.version > 1);
        self.sensitive(&deed, receipt, decide, corrects).await
    }

    /// Decides once to see whether there is anything to ask for. Only what the gate allowed is ever committed, whatever
    /// happens to the game while it thinks.
    async fn sensitive(
        &self,
        deed: &Deed<'_>,
        receipt: Option<Receipt>,
        decide: impl Fn(&Game, Option<&Mode>, AuditEntry) -> Decided + Sync,
        asks: impl Fn(&Change) -> bool + Sync,
    ) -> Result<Game, Error> {
        let attempt = |approved: bool| {
            self.command_without(deed.game, receipt.clone(), plain_outcome, {
                let (decide, asks) = (&decide, &asks);
                move |game: &Game, mode: Option<&Mode>, now| match decide(game, mode, self.entry(deed, now))? {
                    Some(change) if !approved && asks(&change) => Err(Error::ApprovalPending),
                    decided => Ok(decided),
                }
            })
        };
        match attempt(false).await {
            Err(Error::ApprovalPending) => {
                let request = self.request(deed).await?;
                allowed(self.ports.approval.ask(&request).await)?;
                attempt(true).await
            }
            done => done,
        }
    }

    fn entry(&self, deed: &Deed<'_>, now: Timestamp) -> AuditEntry {
        AuditEntry {
            id: self.ports.ids.uuid(now),
            actor: Some(deed.actor),
            action: deed.action.to_owned(),
            subject: format!("game:{}", deed.game),
            reason: deed.reason.to_owned(),
            data: Value::Null,
            at: now,
        }
    }

    async fn request(&self, deed: &Deed<'_>) -> Result<ApprovalRequest, Error> {
        let game = self.load(deed.game).await?;
        let scores = deed.scores.map(|scores| {
            let seat = |id| game.player(id).map(|player| player.seat.to_string());
            let by_seat = scores.iter().filter_map(|(player, score)| Some((seat(*player)?, json!(score))));
            by_seat.collect::<Map<_, _>>()
        });
        Ok(ApprovalRequest {
            subject: game.id.to_string(),
            kind: deed.kind.into(),
            content: json!({ "reason": deed.reason, "scores": scores }),
            context: json!({
                "mode": game.mode,
                "status": game.status,
                "players": game.players.len(),
                "result": game.result_line().map(|(status, version)| json!({ "status": status, "version": version })),
            }),
        })
    }
}
