//! Ready checks: answers, and what happens when the time is over.

use kernel::{GameId, PlayerId, ProposalId, Receipt, StoreError, TicketId, Timestamp};
use serde_json::json;

use super::{ATTEMPTS, Matchmaking, unreadable};
use crate::change::Change;
use crate::decide::{self, Outcome, Verdict};
use crate::error::Error;
use crate::hint::Hint;
use crate::model::{Status, Ticket};
use crate::proposal::{Answer, Proposal, ProposalStatus};

impl Matchmaking {
    /// A ready check that the player is or was in.
    ///
    /// # Errors
    /// [`Error::ProposalNotFound`] for others.
    pub async fn proposal(&self, player: PlayerId, id: ProposalId) -> Result<Proposal, Error> {
        let found = self.ports.proposals.proposal(id).await.map_err(Error::Store)?;
        found.filter(|proposal| proposal.seat_of(player).is_some()).ok_or(Error::ProposalNotFound)
    }

    /// The player answers. The first answer is final; the same one again changes nothing. With the last yes the game is
    /// open, and everybody ready in it; with the first no there is none.
    ///
    /// # Errors
    /// [`Error::ProposalNotFound`]; [`Error::Answered`] when it is over or was answered otherwise.
    pub async fn answer(
        &self,
        player: PlayerId,
        id: ProposalId,
        said: Answer,
        receipt: Option<Receipt>,
    ) -> Result<Proposal, Error> {
        for _ in 0..ATTEMPTS * 4 {
            let proposal = self.proposal(player, id).await?;
            let now = self.ports.clock.now();
            if proposal.is_overdue(now) {
                self.lapsed(&proposal, now).await?;
            }
            let verdict = decide::answer(&proposal, player, said, now)?;
            let receipt = receipt.clone().map(|receipt| receipt.with_outcome(json!({ "proposal": id })));
            let done = match verdict {
                Verdict::Kept => return Ok(proposal),
                Verdict::Awaits(after) => {
                    let outcome = decide::without(after, &*self.ports.ids, now);
                    self.carry_out(outcome, receipt, &[]).await?
                }
                Verdict::Confirms(after) => self.confirm(after, receipt, now).await?,
                Verdict::Fails(after) => {
                    let tickets = self.tickets_of(&after).await?;
                    let outcome = decide::lapse(after, &tickets, self.settings.cool_down_ms, &*self.ports.ids, now);
                    self.carry_out(outcome, receipt, &tickets).await?
                }
            };
            if let Some(done) = done {
                return Ok(done);
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// Everybody said yes. Where two of them keep apart by now, or a mode was taken away, there is no game and nobody is
    /// to blame. `None`: decided on an old state.
    async fn confirm(
        &self,
        proposal: Proposal,
        receipt: Option<Receipt>,
        now: Timestamp,
    ) -> Result<Option<Proposal>, Error> {
        let tickets = self.tickets_of(&proposal).await?;
        let spec = self.ports.modes.queue(&proposal.mode).await.map_err(unreadable("mode catalogue"))?;
        if let Some(spec) = spec.filter(|spec| spec.enabled) {
            let (mut outcome, _) = decide::game_of(proposal.clone(), &tickets, &spec, &*self.ports.ids, now);
            outcome.riders.receipt.clone_from(&receipt);
            let after = proposal_in(&outcome.change);
            match self.ports.store.commit(outcome.change, outcome.riders).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Stale) => return Ok(None),
                Err(StoreError::Apart { .. } | StoreError::Engaged { .. }) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        let outcome = decide::lapse(proposal, &tickets, self.settings.cool_down_ms, &*self.ports.ids, now);
        self.carry_out(outcome, receipt, &tickets).await
    }

    /// The time of this ready check is over.
    async fn lapsed(&self, proposal: &Proposal, now: Timestamp) -> Result<bool, Error> {
        if !proposal.is_overdue(now) {
            return Ok(false);
        }
        let tickets = self.tickets_of(proposal).await?;
        let outcome = decide::lapse(proposal.clone(), &tickets, self.settings.cool_down_ms, &*self.ports.ids, now);
        Ok(self.carry_out(outcome, None, &tickets).await?.is_some())
    }

    /// Commits, and tells the leader of the tickets that were in it. `None`: decided on an old state.
    async fn carry_out(
        &self,
        mut outcome: Outcome,
        receipt: Option<Receipt>,
        tickets: &[Ticket],
    ) -> Result<Option<Proposal>, Error> {
        outcome.riders.receipt = receipt;
        let after = proposal_in(&outcome.change);
        let moved: Vec<_> = outcome.change.tickets.iter().map(|change| change.ticket.clone()).collect();
        match self.ports.store.commit(outcome.change, outcome.riders).await {
            Ok(()) => {
                for ticket in &moved {
                    let hint = match ticket.status {
                        Status::Searching => Hint::again(ticket),
                        _ => Hint::Gone { id: ticket.id },
                    };
                    self.tell_leader(&ticket.mode, &hint).await;
                }
                Ok(after)
            }
            Err(StoreError::Stale) => Ok(None),
            // Only an erasure takes somebody out of a ready check; whoever is left goes on waiting.
            Err(StoreError::Engaged { player, .. }) if !tickets.is_empty() => Err(Error::Store(StoreError::broken(
                format!("a player of a ready check is engaged elsewhere: {player}"),
            ))),
            Err(error) => Err(Error::Store(error)),
        }
    }

    async fn tickets_of(&self, proposal: &Proposal) -> Result<Vec<Ticket>, Error> {
        let mut tickets = Vec::new();
        for id in proposal.tickets() {
            tickets.extend(self.ticket_if_there(id).await?);
        }
        Ok(tickets)
    }

    async fn ticket_if_there(&self, id: TicketId) -> Result<Option<Ticket>, Error> {
        self.ports.store.load(id).await.map_err(Error::Store)
    }

    /// Ends ready checks whose time is over.
    pub(super) async fn sweep_checks(&self, now: Timestamp, limit: i64) -> Result<usize, Error> {
        let mut ended = 0;
        for proposal in self.ports.proposals.overdue(now, limit).await.map_err(Error::Store)? {
            ended += usize::from(self.lapsed(&proposal, now).await?);
        }
        Ok(ended)
    }

    /// The game a confirmed ready check became.
    #[must_use]
    pub fn game_of(proposal: &Proposal) -> Option<GameId> {
        proposal.game_id.filter(|_| proposal.status == ProposalStatus::Confirmed)
    }
}

fn proposal_in(change: &Change) -> Option<Proposal> {
    change.proposal.as_ref().map(|change| change.proposal.clone())
}
