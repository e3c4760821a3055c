//! From groups that touch to claims.

use std::collections::VecDeque;

use kernel::{Lease, PlayerId, StoreError, Timestamp};

use super::{READ_MS, ShardLeader};
use crate::change::ClaimedTicket;
use crate::decide;
use crate::matcher::{Group, Waiting};
use crate::ports::QueueSpec;

/// Matches per transaction.
const BATCH: usize = 32;
/// After so many refusals of a batch its matches are tried one by one.
const PATIENCE: usize = 3;

impl ShardLeader {
    pub(super) async fn match_all(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let mut matched = 0;
        while let (Some(lease), Some(spec)) = (self.lease.clone(), self.spec.clone()) {
            // Who comes back from a refused claim may touch somebody else, hence the loop; each turn makes a match,
            // takes somebody out, or learns that two keep apart.
            let mut groups = VecDeque::from(self.index.matches(now));
            if groups.is_empty() {
                break;
            }
            while !groups.is_empty() {
                let batch = groups.drain(..groups.len().min(BATCH)).collect();
                if self.lease.is_some() {
                    matched += self.claim_batch(batch, &spec, &lease, now).await?;
                }
            }
        }
        Ok(matched)
    }

    /// Claims these matches together, without the ones that are refused; says how many were made.
    async fn claim_batch(
        &mut self,
        batch: Vec<Group>,
        spec: &QueueSpec,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut matched = 0;
        let mut refused = 0;
        let mut queue = VecDeque::from([batch]);
        while let Some(mut groups) = queue.pop_front() {
            let claims = groups.iter().map(|group| decide::claim(teams(group), spec, &*self.ports.ids, now)).collect();
            match self.ports.store.claim(claims, lease).await {
                Ok(()) => {
                    matched += groups.len();
                    for group in &groups {
                        let players: Vec<_> = group.players().map(|member| member.player).collect();
                        self.index.met(&players, now);
                        for ticket in group.tickets() {
                            self.ended.note(ticket.candidate.id, now);
                        }
                    }
                }
                Err(StoreError::Fenced) => {
                    self.forget();
                    self.renew_at = now;
                    break;
                }
                Err(StoreError::Engaged { player, .. }) if groups.len() == 1 || refused < PATIENCE => {
                    refused += 1;
                    if let Some(at) = groups.iter().position(|group| group.holds(player)) {
                        self.separate(groups.remove(at), player, now);
                    }
                    queue.extend((!groups.is_empty()).then_some(groups));
                }
                Err(StoreError::Apart { player, other }) if groups.len() == 1 || refused < PATIENCE => {
                    refused += 1;
                    let Some(at) = groups.iter().position(|group| group.holds(player) && group.holds(other)) else {
                        self.compare_at = now;
                        return Err(StoreError::broken("a claim was refused for players whom it doesn't match"));
                    };
                    self.keep_apart(groups.remove(at), player, other);
                    queue.extend((!groups.is_empty()).then_some(groups));
                }
                Err(StoreError::Stale | StoreError::Engaged { .. } | StoreError::Apart { .. }) if groups.len() > 1 => {
                    queue.extend(groups.into_iter().map(|group| vec![group]));
                }
                // A row that isn't what its player's engagement says, or a lock not had in time: read again.
                Err(StoreError::Stale) => self.compare_at = self.compare_at.min(now.plus_millis(READ_MS)),
                Err(error) => {
                    // It may have happened or not.
                    self.compare_at = now;
                    return Err(error);
                }
            }
        }
        Ok(matched)
    }

    /// All go on waiting, with their age, but the tickets of these two not for each other. A party in which two keep
    /// apart is about to part: until then its ticket is left out.
    fn keep_apart(&mut self, group: Group, player: PlayerId, other: PlayerId) {
        let of = |wanted: PlayerId| {
            let held = group.tickets().find(|ticket| holds(ticket, wanted));
            held.map(|ticket| ticket.candidate.id)
        };
        let (one, another) = (of(player), of(other));
        for ticket in group.into_tickets() {
            if one != another || Some(ticket.candidate.id) != one {
                self.index.put_back(ticket);
            }
        }
        if let (Some(one), Some(another)) = (one, another)
            && one != another
        {
            self.index.forbid(one, another);
        }
    }

    /// One of them is engaged elsewhere; the others go on waiting, with their age.
    fn separate(&mut self, group: Group, engaged: PlayerId, now: Timestamp) {
        for ticket in group.into_tickets() {
            if holds(&ticket, engaged) {
                self.ended.note(ticket.candidate.id, now);
            } else {
                self.index.put_back(ticket);
            }
        }
    }
}

fn holds(ticket: &Waiting, player: PlayerId) -> bool {
    ticket.candidate.members.iter().any(|member| member.player == player)
}

fn teams(group: &Group) -> Vec<Vec<ClaimedTicket>> {
    let claimed = |ticket: &Waiting| ClaimedTicket {
        ticket: ticket.candidate.id,
        players: ticket.candidate.members.iter().map(|member| member.player).collect(),
    };
    group.teams.iter().map(|team| team.iter().map(claimed).collect()).collect()
}
