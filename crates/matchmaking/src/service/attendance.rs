//! Players who are away: their tickets wait a little, then go; their places in parties a little longer.

use kernel::{Engagement, PlayerId, Riders, StoreError, Timestamp};

use super::{ATTEMPTS, Matchmaking};
use crate::decide;
use crate::error::Error;
use crate::hint::Hint;
use crate::model::{Status, Ticket};

impl Matchmaking {
    /// The player's last socket went at `since`, after there had been one.
    ///
    /// # Errors
    /// Those of the store; say it again.
    pub async fn player_gone(&self, player: PlayerId, since: Timestamp) -> Result<(), Error> {
        if let Some(ticket) = self.move_ticket(player, Some(since)).await? {
            self.tell_leader(&ticket.mode, &Hint::Away { id: ticket.id, since }).await;
        }
        self.set_party_absent(player, Some(since)).await
    }

    /// The player has a socket again. `away` are those of the ticket's other players who still have none.
    ///
    /// # Errors
    /// Those of the store; the player's next socket says it again.
    pub async fn player_back(&self, player: PlayerId) -> Result<(), Error> {
        if let Some(ticket) = self.move_ticket(player, None).await?
            && ticket.status == Status::Searching
        {
            self.tell_leader(&ticket.mode, &Hint::again(&ticket)).await;
        }
        self.set_party_absent(player, None).await
    }

    /// Writes down that the player's ticket is detached, or attached again; `None` where nothing changes.
    async fn move_ticket(&self, player: PlayerId, since: Option<Timestamp>) -> Result<Option<Ticket>, Error> {
        for _ in 0..ATTEMPTS {
            let current = self.ports.engagements.current(&[player]).await.map_err(Error::Store)?;
            let Some(Engagement::Ticket(id)) = current.first().copied() else { return Ok(None) };
            let Some(ticket) = self.ports.store.load(id).await.map_err(Error::Store)? else { return Ok(None) };
            if since.is_none() && self.somebody_else_is_away(&ticket, player).await? {
                return Ok(None);
            }
            let Some(change) = decide::attach(&ticket, since) else { return Ok(None) };
            let after = change.ticket.clone();
            match self.ports.store.commit(vec![change].into(), Riders::default()).await {
                Ok(()) => return Ok(Some(after)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// Of a party's ticket: the party knows who is away.
    async fn somebody_else_is_away(&self, ticket: &Ticket, player: PlayerId) -> Result<bool, Error> {
        let Some(id) = ticket.party_id else { return Ok(false) };
        let party = self.ports.parties.party(id).await.map_err(Error::Store)?;
        let away = |party: &crate::party::Party| {
            party.members.iter().any(|member| member.player_id != player && member.absent_since.is_some())
        };
        Ok(party.as_ref().is_some_and(away))
    }
}
