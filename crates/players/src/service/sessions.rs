use std::time::Duration;

use kernel::{PlayerId, Riders, SessionId, StoreError, Timestamp};

use super::{ATTEMPTS, Players, SignedIn};
use crate::decide::{self, SecondUse};
use crate::{
    Error, Exchange, PlayerEvent, RefreshToken, RevokeReason, Rotation, SESSION_LIFE, Secret, SecretHash, Session,
    UsedToken, WsTicket,
};

/// How long a WebSocket ticket is good.
pub const WS_TICKET_LIFE: Duration = Duration::from_secs(30);

/// How long ended sessions, used tokens and failed sign-ins are kept: a stolen token shows when its owner comes back with
/// the old one, which may be as late as a session lives.
const KEPT: Duration = SESSION_LIFE;

impl Players {
    /// Exchanges a refresh token for the next. `arrived_at` is when the request came in: one that was under way before
    /// the token's exchange was answered merely lost a race, a later one shows that two parties have the token.
    ///
    /// # Errors
    /// [`Error::RefreshRaced`] (the session goes on), [`Error::RefreshReused`] (it is revoked now),
    /// [`Error::SessionEnded`], [`Error::BadRefreshToken`], [`Error::Suspended`] (it is revoked now).
    pub async fn refresh(&self, token: &str, arrived_at: Timestamp) -> Result<SignedIn, Error> {
        let old = RefreshToken::parse(token).ok_or(Error::BadRefreshToken)?;
        let (new, refresh_token) = RefreshToken::generate(&*self.ports.ids, old.session);
        let at = self.ports.clock.now();
        let exchange =
            Exchange { session: old.session, old: old.hash, new: new.hash, at, expires_at: at + SESSION_LIFE };
        let mut left = ATTEMPTS;
        let rotation = loop {
            left -= 1;
            match self.ports.sessions.rotate(exchange).await {
                // A twin held the row for too long: by now it knows who won.
                Err(StoreError::Stale) if left > 0 => {}
                answer => break answer.map_err(Error::at("refreshing the session"))?,
            }
        };
        match rotation {
            Rotation::Rotated(session) => self.answer_refresh(&old, session, refresh_token).await,
            Rotation::Lost { session, used } => self.refuse_second_use(&session, &used, arrived_at).await,
            Rotation::Ended => Err(Error::SessionEnded),
            Rotation::Unknown => Err(Error::BadRefreshToken),
        }
    }

    async fn answer_refresh(&self, old: &RefreshToken, session: Session, token: Secret) -> Result<SignedIn, Error> {
        let player = self.get(session.player_id).await?;
        let now = self.ports.clock.now();
        if let Some(until) = player.suspended_at(now) {
            self.revoke(&session, RevokeReason::Suspended).await?;
            return Err(Error::Suspended { until });
        }
        // The exchange is committed: should this fail, the token counts as answered after a while, and the client must
        // get its new one all the same.
        let _ = self.ports.sessions.answered(&old.hash, now).await;
        Ok(SignedIn { player, session_id: session.id, refresh_token: token, device_secret: None })
    }

    async fn refuse_second_use(
        &self,
        session: &Session,
        used: &UsedToken,
        arrived_at: Timestamp,
    ) -> Result<SignedIn, Error> {
        match decide::judge_second_use(used, arrived_at) {
            SecondUse::Race => Err(Error::RefreshRaced),
            SecondUse::Theft => {
                self.revoke(session, RevokeReason::TokenReused).await?;
                Err(Error::RefreshReused)
            }
        }
    }

    /// Signs a device out by a refresh token, the present one or an earlier one. What isn't a token of ours, or belongs
    /// to a session that has ended, changes nothing and is no error.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn logout(&self, token: &str) -> Result<(), Error> {
        let Some(token) = RefreshToken::parse(token) else { return Ok(()) };
        let found = self.ports.sessions.find(token.session).await.map_err(Error::at("finding the session"))?;
        let Some(session) = found.filter(|session| session.revoked_at.is_none()) else { return Ok(()) };
        let is_its = session.refresh_hash == token.hash || {
            let used = self.ports.sessions.used(&token.hash).await.map_err(Error::at("finding the token"))?;
            used.is_some_and(|used| used.session_id == session.id)
        };
        if is_its {
            self.revoke(&session, RevokeReason::SignedOut).await?;
        }
        Ok(())
    }

    pub(super) async fn revoke(&self, session: &Session, reason: RevokeReason) -> Result<(), Error> {
        let at = self.ports.clock.now();
        let event = PlayerEvent::SessionRevoked { session: session.id, player: session.player_id, reason };
        let riders = Riders::events(vec![event.into_event(&*self.ports.ids, at)]);
        // `false`: somebody else did it, with their event.
        let revoked = self.ports.sessions.revoke(session.id, at, riders).await;
        revoked.map(|_| ()).map_err(Error::at("revoking the session"))
    }

    /// Sessions revoked at `since` or later: what a replica adds to its list of tokens to refuse. A caller that polls asks
    /// with some overlap, since a revocation may become visible a moment after its time.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, Error> {
        self.ports.sessions.revoked_since(since).await.map_err(Error::at("reading revoked sessions"))
    }

    /// Makes a ticket that opens one WebSocket within [`WS_TICKET_LIFE`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn issue_ws_ticket(&self, player_id: PlayerId, session_id: SessionId) -> Result<Secret, Error> {
        let secret = Secret::new(self.ports.ids.secret());
        let ticket = WsTicket { player_id, session_id, expires_at: self.ports.clock.now() + WS_TICKET_LIFE };
        let hash = SecretHash::of(secret.expose());
        self.ports.ws_tickets.put_ws_ticket(&hash, ticket).await.map_err(Error::at("storing the ticket"))?;
        Ok(secret)
    }

    /// Takes a ticket in: it works once, in its time, while its session is live.
    ///
    /// # Errors
    /// [`Error::BadWsTicket`].
    pub async fn redeem_ws_ticket(&self, secret: &str) -> Result<WsTicket, Error> {
        let taken = self.ports.ws_tickets.take_ws_ticket(&SecretHash::of(secret)).await;
        let ticket = taken.map_err(Error::at("taking the ticket"))?.ok_or(Error::BadWsTicket)?;
        let session = self.ports.sessions.find(ticket.session_id).await.map_err(Error::at("finding the session"))?;
        let now = self.ports.clock.now();
        if ticket.expires_at <= now || !session.is_some_and(|session| session.is_live(now)) {
            return Err(Error::BadWsTicket);
        }
        Ok(ticket)
    }

    /// Deletes what has no use any more, at most `limit` rows of a kind; says how many went. For a background task.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn purge(&self, limit: i64) -> Result<usize, Error> {
        let now = self.ports.clock.now();
        let failed = Error::at("purging");
        let sessions = self.ports.sessions.purge(now - KEPT, limit).await.map_err(&failed)?;
        let tickets = self.ports.ws_tickets.purge_ws_tickets(now, limit).await.map_err(&failed)?;
        let failures = self.ports.guard.purge_failures(now - KEPT, limit).await.map_err(&failed)?;
        Ok(sessions + tickets + failures)
    }
}
