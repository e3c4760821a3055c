//! Parties: who is in one, and what becomes of its ticket.

use kernel::{Engagement, PartyId, PlayerId, Receipt, Riders, StoreError, TicketId, Timestamp};
use serde_json::json;

use super::{ATTEMPTS, Matchmaking};
use crate::change::{Change, PartyChange, TicketChange};
use crate::decide;
use crate::error::Error;
use crate::event::{PartySnapshot, PartyState, party_invited, party_updated};
use crate::hint::Hint;
use crate::model::{Status, Ticket};
use crate::party::{Party, PartyInvite};
use crate::proposal::Answer;

/// Invitations shown at a time.
const INVITED: i64 = 100;

/// A party, and what it does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyView {
    /// The party.
    pub party: Party,
    /// As its members see it.
    pub shown: PartySnapshot,
}

/// What a command makes of a party.
struct Step {
    after: Party,
    /// Whether who is in it changed, which takes it out of the queue.
    regroups: bool,
    /// Who must not be apart.
    together: Vec<PlayerId>,
    /// Somebody invited.
    invited: Option<PartyInvite>,
}

impl Step {
    const fn of(after: Party) -> Self {
        Self { after, regroups: false, together: Vec::new(), invited: None }
    }

    const fn regrouped(after: Party) -> Self {
        Self { after, regroups: true, together: Vec::new(), invited: None }
    }
}

impl Matchmaking {
    /// Founds a party.
    ///
    /// # Errors
    /// [`Error::InParty`].
    pub async fn found_party(&self, by: PlayerId, receipt: Option<Receipt>) -> Result<PartyView, Error> {
        for _ in 0..ATTEMPTS {
            if let Some(party) = self.ports.parties.party_of(by).await.map_err(Error::Store)? {
                return Err(Error::InParty(party.id));
            }
            let now = self.ports.clock.now();
            let party = decide::found(PartyId::new(self.ports.ids.uuid(now)), by, now);
            let (before, after) = (party.clone(), party);
            if let Some(view) = self.commit_party(&before, Step::of(after), None, receipt.clone(), now).await? {
                return Ok(view);
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// A party that the player is in, or invited to.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`] for others.
    pub async fn party(&self, player: PlayerId, id: PartyId) -> Result<PartyView, Error> {
        let now = self.ports.clock.now();
        let party = self.ports.parties.party(id).await.map_err(Error::Store)?;
        let seen = |party: &Party| party.member(player).is_some() || party.invite_of(player, now).is_some();
        self.view(party.filter(seen).ok_or(Error::PartyNotFound)?, now).await
    }

    /// A party as it stands, whoever asks: for the reply of a command whose first reply was lost.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`].
    pub async fn party_again(&self, id: PartyId) -> Result<PartyView, Error> {
        let party = self.ports.parties.party(id).await.map_err(Error::Store)?;
        self.view(party.ok_or(Error::PartyNotFound)?, self.ports.clock.now()).await
    }

    /// Which party the player is in, if any.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn party_of(&self, player: PlayerId) -> Result<Option<PartyId>, Error> {
        let party = self.ports.parties.party_of(player).await.map_err(Error::Store)?;
        Ok(party.map(|party| party.id))
    }

    /// The party the player is in.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`] if none.
    pub async fn my_party(&self, player: PlayerId) -> Result<PartyView, Error> {
        let party = self.ports.parties.party_of(player).await.map_err(Error::Store)?;
        self.view(party.ok_or(Error::PartyNotFound)?, self.ports.clock.now()).await
    }

    /// The invitations the player can take up, newest first, with where they lead.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn party_invites(&self, player: PlayerId) -> Result<Vec<(PartyId, PartyInvite)>, Error> {
        let now = self.ports.clock.now();
        let parties = self.ports.parties.inviting(player, now, INVITED).await.map_err(Error::Store)?;
        Ok(parties.iter().filter_map(|party| Some((party.id, party.invite_of(player, now)?.clone()))).collect())
    }

    /// The party of this id, if this player is in it.
    pub(super) async fn own_party(&self, id: PartyId, player: PlayerId) -> Result<Party, Error> {
        let party = self.ports.parties.party(id).await.map_err(Error::Store)?;
        party.filter(|party| party.member(player).is_some()).ok_or(Error::PartyNotFound)
    }

    /// A member invites a player, whom the interaction policy lets be invited.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`] (also where somebody in it keeps apart from the player), [`Error::Oneself`],
    /// [`Error::PartyFull`].
    pub async fn invite_to_party(
        &self,
        by: PlayerId,
        id: PartyId,
        to: PlayerId,
        receipt: Option<Receipt>,
    ) -> Result<PartyView, Error> {
        let (most, lasts_ms) = (self.settings.party_size, self.settings.party_invite_ms);
        self.change_party(id, receipt, |party, now| {
            let invited = decide::invite(party, by, to, most, lasts_ms, now)?;
            Ok(invited.map(|(after, invite)| {
                let mut together = after.players();
                together.push(to);
                Step { together, invited: Some(invite), ..Step::of(after) }
            }))
        })
        .await
    }

    /// The leader, the one who invited, or the one invited takes an invitation away.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::NotLeader`].
    pub async fn uninvite(
        &self,
        by: PlayerId,
        id: PartyId,
        to: PlayerId,
        receipt: Option<Receipt>,
    ) -> Result<PartyView, Error> {
        self.change_party(id, receipt, |party, _| Ok(decide::disband_invite(party, by, to)?.map(Step::of))).await
    }

    /// Somebody invited comes in.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::InParty`], [`Error::PartyFull`], [`Error::PartyBusy`].
    pub async fn join_party(&self, by: PlayerId, id: PartyId, receipt: Option<Receipt>) -> Result<PartyView, Error> {
        if let Some(party) = self.ports.parties.party_of(by).await.map_err(Error::Store)?
            && party.id != id
        {
            // Only who may come in learns that there is something to leave first.
            self.party(by, id).await?;
            return Err(Error::InParty(party.id));
        }
        let most = self.settings.party_size;
        self.change_party(id, receipt, |party, now| {
            let joined = decide::join(party, by, most, now)?;
            Ok(joined.map(|after| Step { together: after.players(), ..Step::regrouped(after) }))
        })
        .await
    }

    /// A member goes.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::PartyBusy`] in a ready check.
    pub async fn leave_party(&self, by: PlayerId, id: PartyId, receipt: Option<Receipt>) -> Result<PartyView, Error> {
        self.change_party(id, receipt, |party, now| {
            let after = decide::leave(party, by, now).ok_or(Error::PartyNotFound)?;
            Ok(Some(Step::regrouped(after)))
        })
        .await
    }

    /// The leader puts a member out.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::NotLeader`], [`Error::Oneself`], [`Error::NoMember`], [`Error::PartyBusy`].
    pub async fn kick(
        &self,
        by: PlayerId,
        id: PartyId,
        who: PlayerId,
        receipt: Option<Receipt>,
    ) -> Result<PartyView, Error> {
        self.change_party(id, receipt, |party, now| Ok(Some(Step::regrouped(decide::kick(party, by, who, now)?)))).await
    }

    /// The leader hands the party over.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::NotLeader`], [`Error::NoMember`].
    pub async fn promote(
        &self,
        by: PlayerId,
        id: PartyId,
        who: PlayerId,
        receipt: Option<Receipt>,
    ) -> Result<PartyView, Error> {
        self.change_party(id, receipt, |party, _| Ok(decide::promote(party, by, who)?.map(Step::of))).await
    }

    /// A member is ready, or isn't any more, which takes a waiting party out of the queue.
    ///
    /// # Errors
    /// [`Error::PartyNotFound`], [`Error::PartyBusy`].
    pub async fn party_ready(
        &self,
        by: PlayerId,
        id: PartyId,
        is_ready: bool,
        receipt: Option<Receipt>,
    ) -> Result<PartyView, Error> {
        self.change_party(id, receipt, |party, _| {
            let changed = decide::ready(party, by, is_ready)?;
            Ok(changed.map(|after| if is_ready { Step::of(after) } else { Step::regrouped(after) }))
        })
        .await
    }

    /// Two players keep apart from now on: one of them goes where both are in one party, and neither stays invited by the
    /// other's.
    ///
    /// # Errors
    /// Those of the store; say it again.
    pub async fn part(&self, blocker: PlayerId, blocked: PlayerId) -> Result<(), Error> {
        for (member, other) in [(blocker, blocked), (blocked, blocker)] {
            let Some(party) = self.ports.parties.party_of(member).await.map_err(Error::Store)? else { continue };
            if party.member(other).is_some() {
                // The leader's party stays the leader's; else the one who blocks goes.
                let goes = if party.leader_id == blocker { blocked } else { blocker };
                self.put_out(party.id, goes).await?;
            } else if party.invites.iter().any(|invite| invite.player_id == other) {
                self.change_party(party.id, None, |party, _| {
                    Ok(decide::disband_invite(party, other, other)?.map(Step::of))
                })
                .await?;
            }
        }
        Ok(())
    }

    /// The player was erased: out of the queue, out of any ready check, out of the party.
    ///
    /// # Errors
    /// Those of the store; say it again.
    pub async fn forget(&self, player: PlayerId) -> Result<(), Error> {
        let current = self.ports.engagements.current(&[player]).await.map_err(Error::Store)?;
        let left = match current.first() {
            Some(Engagement::Ticket(id)) => self.cancel(player, *id, None).await.map(|_| ()),
            Some(Engagement::Proposal(id)) => self.answer(player, *id, Answer::Declined, None).await.map(|_| ()),
            _ => Ok(()),
        };
        match left {
            // Matched in the meantime: then the game is left. In a ready check the answer was yes: the game is, later.
            Ok(()) | Err(Error::StateChanged { .. } | Error::Answered { .. } | Error::NotFound) => {}
            Err(error) => return Err(error),
        }
        if let Some(party) = self.ports.parties.party_of(player).await.map_err(Error::Store)? {
            self.put_out(party.id, player).await?;
        }
        for (party, _) in self.party_invites(player).await? {
            self.uninvite(player, party, player, None).await?;
        }
        Ok(())
    }

    /// In a ready check the answer comes first: then this is tried again when it is over.
    async fn put_out(&self, id: PartyId, who: PlayerId) -> Result<(), Error> {
        match self.leave_party(who, id, None).await {
            Ok(_) | Err(Error::PartyNotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn set_party_absent(&self, player: PlayerId, since: Option<Timestamp>) -> Result<(), Error> {
        let Some(party) = self.ports.parties.party_of(player).await.map_err(Error::Store)? else { return Ok(()) };
        for _ in 0..ATTEMPTS {
            let Some(before) = self.ports.parties.party(party.id).await.map_err(Error::Store)? else { return Ok(()) };
            let Some(after) = decide::set_absent(&before, player, since) else { return Ok(()) };
            match self.ports.store.commit(written(&before, after, None), Riders::default()).await {
                Ok(()) => return Ok(()),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// Puts members who stay away out.
    pub(super) async fn sweep_parties(&self, now: Timestamp, limit: i64) -> Result<usize, Error> {
        let before = now.plus_millis(-self.settings.party_grace_ms);
        let mut gone = 0;
        for party in self.ports.parties.with_absent(before, limit).await.map_err(Error::Store)? {
            let away = |at: Option<Timestamp>| at.is_some_and(|at| at < before);
            for member in party.members.iter().filter(|member| away(member.absent_since)) {
                match self.put_out(party.id, member.player_id).await {
                    Ok(()) => gone += 1,
                    Err(Error::PartyBusy { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(gone)
    }

    /// Load, decide, commit; again where somebody was faster.
    async fn change_party(
        &self,
        id: PartyId,
        receipt: Option<Receipt>,
        decide: impl Fn(&Party, Timestamp) -> Result<Option<Step>, Error>,
    ) -> Result<PartyView, Error> {
        for _ in 0..ATTEMPTS * 2 {
            let now = self.ports.clock.now();
            let before = self.ports.parties.party(id).await.map_err(Error::Store)?.ok_or(Error::PartyNotFound)?;
            let Some(step) = decide(&before, now)? else { return self.view(before, now).await };
            let ticket = if step.regroups { self.live_ticket(&before).await? } else { None };
            if let Some(view) = self.commit_party(&before, step, ticket, receipt.clone(), now).await? {
                return Ok(view);
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// `None`: decided on an old state.
    async fn commit_party(
        &self,
        before: &Party,
        step: Step,
        ticket: Option<Ticket>,
        receipt: Option<Receipt>,
        now: Timestamp,
    ) -> Result<Option<PartyView>, Error> {
        let Step { mut after, regroups, together, invited } = step;
        let ended = if regroups { decide::unqueue(&mut after, ticket.as_ref(), now)? } else { None };
        let mut riders =
            ended.as_ref().map_or_else(Riders::default, |change| self.leaving(std::slice::from_ref(change), now));
        riders.receipt = receipt.map(|receipt| receipt.with_outcome(json!({ "party": after.id })));
        riders.together = if together.len() > 1 { vec![together] } else { Vec::new() };
        let invites = invited.is_some();
        let mut told = before.players();
        told.extend(after.players());
        told.sort_unstable();
        told.dedup();
        let state = self.state_of(&after).await?;
        let ids = &*self.ports.ids;
        riders.events.push(party_updated(PartySnapshot::of(&after, state, now), &told, ids, now));
        riders.events.extend(invited.map(|invite| party_invited(after.id, &invite, ids, now)));
        let gone = ended.as_ref().map(|change| (change.ticket.mode.clone(), change.ticket.id));
        let change = written(before, after, ended);
        let party = change.party.as_ref().map(|change| change.party.clone());
        match self.ports.store.commit(change, riders).await {
            Ok(()) => {
                if let Some((mode, id)) = gone {
                    self.tell_leader(&mode, &Hint::Gone { id }).await;
                }
                match party {
                    Some(party) => Ok(Some(PartyView { shown: PartySnapshot::of(&party, state, now), party })),
                    None => Ok(None),
                }
            }
            Err(StoreError::Stale | StoreError::Engaged { .. }) => Ok(None),
            // Somebody in it keeps apart from the one to come: to the inviter there is no such player, to the other no
            // such party.
            Err(StoreError::Apart { .. }) if !invites => Err(Error::PartyNotFound),
            Err(error) => Err(Error::Store(error)),
        }
    }

    /// The ticket the party queued with, unless that is over.
    async fn live_ticket(&self, party: &Party) -> Result<Option<Ticket>, Error> {
        let Some(queued) = &party.queued else { return Ok(None) };
        let ticket = self.ports.store.load(queued.ticket_id).await.map_err(Error::Store)?;
        Ok(ticket.filter(|ticket| !ticket.status.is_final()))
    }

    async fn view(&self, party: Party, now: Timestamp) -> Result<PartyView, Error> {
        let state = self.state_of(&party).await?;
        Ok(PartyView { shown: PartySnapshot::of(&party, state, now), party })
    }

    async fn state_of(&self, party: &Party) -> Result<PartyState, Error> {
        if party.ended_at.is_some() {
            return Ok(PartyState::Ended);
        }
        let Some(queued) = &party.queued else { return Ok(PartyState::Open) };
        let ticket: Option<(TicketId, Status)> = self
            .ports
            .store
            .load(queued.ticket_id)
            .await
            .map_err(Error::Store)?
            .map(|ticket| (ticket.id, ticket.status));
        Ok(match ticket {
            Some((_, Status::Searching | Status::Proposed)) => PartyState::Queued,
            Some((_, Status::Matched)) => {
                let doing = self.ports.engagements.current(&[party.leader_id]).await.map_err(Error::Store)?;
                let plays = doing.iter().any(|doing| matches!(doing, Engagement::Game(_)));
                if plays { PartyState::InGame } else { PartyState::Open }
            }
            _ => PartyState::Open,
        })
    }

    /// What a party's queueing tells its members.
    pub(super) fn queued_event(&self, party: &Party, now: Timestamp) -> kernel::Event {
        let snapshot = PartySnapshot::of(party, PartyState::Queued, now);
        party_updated(snapshot, &party.players(), &*self.ports.ids, now)
    }
}

fn written(before: &Party, mut after: Party, ticket: Option<TicketChange>) -> Change {
    after.version = before.version.next();
    let party = Some(PartyChange { expect: before.version, party: after });
    Change { tickets: ticket.into_iter().collect(), proposal: None, party }
}
