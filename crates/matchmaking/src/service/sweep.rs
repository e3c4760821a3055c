//! Deadlines of tickets. Every replica may sweep: compare-and-set makes sure that each is carried out once.

use kernel::{Riders, StoreError, Timestamp};

use super::{Matchmaking, unreadable};
use crate::change::TicketChange;
use crate::decide;
use crate::error::Error;
use crate::event::ticket_updated;
use crate::hint::Hint;
use crate::model::{Due, Ticket};
use crate::ports::QueueSpec;

/// Tickets ended per transaction.
const BATCH: usize = 64;

impl Matchmaking {
    /// Carries out what is due: ends tickets past their time, those of players who stay away and those of modes that
    /// were switched off, offers something else to those that wait for long, ends ready checks and puts members who stay
    /// away out of parties. Says how many changes were made.
    ///
    /// # Errors
    /// Those of the store and the catalogue; the next sweep goes on.
    pub async fn sweep_due(&self, now: Timestamp, limit: i64) -> Result<usize, Error> {
        let queues = self.ports.modes.queues().await.map_err(unreadable("mode catalogue"))?;
        let mut done = 0;
        let due = self.due(Due::Expiry, now, limit).await?;
        done += self.end(&due, &queues, now).await?;
        let away = self.due(Due::Detached, now.plus_millis(-self.settings.detached_ms), limit).await?;
        done += self.end_all(away.iter().filter_map(|ticket| decide::detach(ticket, now)).collect(), now).await?;
        let waiting = self.due(Due::Offer, now.plus_millis(-self.settings.offer_ms), limit).await?;
        done += self.offer(&waiting, &queues, now).await?;
        for spec in queues.iter().filter(|spec| !spec.enabled) {
            done += self.switch_off(spec, &queues, now, limit).await?;
        }
        done += self.sweep_checks(now, limit).await?;
        done += self.sweep_parties(now, limit).await?;
        Ok(done)
    }

    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, Error> {
        self.ports.store.due(what, at, limit).await.map_err(Error::Store)
    }

    /// Ends these if their time is over.
    pub(super) async fn end(&self, due: &[Ticket], queues: &[QueueSpec], now: Timestamp) -> Result<usize, Error> {
        let expired = |ticket: &Ticket| decide::expire(ticket, decide::alternatives(queues, ticket, true), now);
        self.end_all(due.iter().filter_map(expired).collect(), now).await
    }

    async fn switch_off(
        &self,
        spec: &QueueSpec,
        queues: &[QueueSpec],
        now: Timestamp,
        limit: i64,
    ) -> Result<usize, Error> {
        let waiting = self.ports.store.waiting(&spec.mode, None, limit).await.map_err(Error::Store)?;
        let off = |ticket: &Ticket| decide::switch_off(ticket, decide::alternatives(queues, ticket, false), now);
        self.end_all(waiting.iter().filter_map(off).collect(), now).await
    }

    async fn end_all(&self, changes: Vec<TicketChange>, now: Timestamp) -> Result<usize, Error> {
        let mut ended = 0;
        for batch in changes.chunks(BATCH) {
            match self.ports.store.commit(batch.to_vec().into(), self.leaving(batch, now)).await {
                Ok(()) => ended += batch.len(),
                // Somebody was faster with one of them: one by one, then.
                Err(StoreError::Stale | StoreError::Engaged { .. }) => {
                    for change in batch {
                        ended += usize::from(self.end_one(change, now).await?);
                    }
                }
                Err(error) => return Err(Error::Store(error)),
            }
            for change in batch {
                self.tell_leader(&change.ticket.mode, &Hint::Gone { id: change.ticket.id }).await;
            }
        }
        Ok(ended)
    }

    async fn end_one(&self, change: &TicketChange, now: Timestamp) -> Result<bool, Error> {
        let one = std::slice::from_ref(change);
        match self.ports.store.commit(one.to_vec().into(), self.leaving(one, now)).await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            // One of its players left it by another way, unless the row has moved as well.
            Err(StoreError::Engaged { .. }) => match self.ports.store.load(change.ticket.id).await {
                Ok(Some(ticket)) if ticket.version == change.expect => self.ended_elsewhere(&ticket, now).await,
                Ok(_) => Ok(false),
                Err(error) => Err(Error::Store(error)),
            },
            Err(error) => Err(Error::Store(error)),
        }
    }

    async fn offer(&self, waiting: &[Ticket], queues: &[QueueSpec], now: Timestamp) -> Result<usize, Error> {
        let mut offered = 0;
        for ticket in waiting {
            let Some(change) = decide::offer(ticket, decide::alternatives(queues, ticket, false), now) else {
                continue;
            };
            let riders = Riders::events(vec![ticket_updated(&change.ticket, &*self.ports.ids, now)]);
            match self.ports.store.commit(vec![change].into(), riders).await {
                Ok(()) => offered += 1,
                Err(StoreError::Stale) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Ok(offered)
    }

    /// Deletes what nobody looks at any more; says how much.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, Error> {
        let checks = self.ports.proposals.purge_proposals(before, limit).await.map_err(Error::Store)?;
        let parties = self.ports.parties.purge_parties(before, limit).await.map_err(Error::Store)?;
        Ok(checks + parties)
    }
}
