use kernel::{Page, PageLimit, PlayerId, Receipt, SessionId, StoreError, Timestamp};
use serde_json::json;

use super::{ATTEMPTS, Players};
use crate::{Error, Handle, Player, RevokeReason, Session, decide};

/// Sessions of one player that are listed, exported and ended at once.
pub const MAX_SESSIONS: i64 = 1_000;

/// Everything this crate knows of a player. The secrets are not in it: nobody knows them, only their hashes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The profile with its privacy choices.
    pub player: Player,
    /// Devices signed in, the latest used first.
    pub sessions: Vec<Session>,
}

impl Players {
    /// The player's live sessions, the latest used first, at most [`MAX_SESSIONS`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn sessions_of(&self, player: PlayerId) -> Result<Vec<Session>, Error> {
        let now = self.ports.clock.now();
        let mut sessions = self.standing(player).await?;
        sessions.retain(|session| session.is_live(now));
        Ok(sessions)
    }

    /// Ends one of the player's own sessions. One that has ended already is left as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] for somebody else's session as for none.
    pub async fn revoke_session(&self, player: PlayerId, session: SessionId) -> Result<(), Error> {
        let found = self.ports.sessions.find(session).await.map_err(Error::at("finding the session"))?;
        let session = found.filter(|session| session.player_id == player).ok_or(Error::NotFound)?;
        if session.revoked_at.is_some() {
            return Ok(());
        }
        self.revoke(&session, RevokeReason::EndedElsewhere).await
    }

    /// Accounts whose handle begins with this, by handle. A prefix that begins no handle finds none. Who of them the
    /// asker may see is the interaction policy's.
    ///
    /// # Errors
    /// [`Error::Invalid`] for less than 2 or more than 24 characters.
    pub async fn by_handle_prefix(
        &self,
        prefix: &str,
        after: Option<&Handle>,
        limit: PageLimit,
    ) -> Result<Page<Player, Handle>, Error> {
        let prefix = prefix.to_ascii_lowercase();
        if !(2..=24).contains(&prefix.chars().count()) {
            let error = kernel::FieldError::new("/handle_prefix", "length", "a search has 2 to 24 characters");
            return Err(Error::Invalid(vec![error]));
        }
        if !prefix.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let found = self.ports.players.by_handle_prefix(&prefix, after, self.ports.clock.now(), limit).await;
        found.map_err(Error::at("searching players"))
    }

    /// Keeps a player out until `until` and ends all their sessions. The receipt's outcome becomes `{"player": id}`.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotAllowed`].
    pub async fn suspend(
        &self,
        actor: PlayerId,
        id: PlayerId,
        until: Timestamp,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Player, Error> {
        let receipt = receipt.map(|receipt| receipt.with_outcome(json!({ "player": id })));
        let actor = self.get(actor).await?;
        self.depart(id, RevokeReason::Suspended, "suspending the player", |before, standing| {
            let (ids, now) = (&*self.ports.ids, self.ports.clock.now());
            let mut departure = decide::suspend(&actor, before, until, reason, standing, ids, now)?;
            departure.change.riders.receipt.clone_from(&receipt);
            Ok(departure)
        })
        .await
    }

    /// Erases a player: see [`decide::erase`]. What other crates know of them goes by the event `player.erased`.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for who is erased already; [`Error::LastAdmin`].
    pub async fn erase(&self, id: PlayerId, receipt: Option<Receipt>) -> Result<(), Error> {
        let receipt = receipt.map(|receipt| receipt.with_outcome(json!({ "player": id })));
        self.depart(id, RevokeReason::Erased, "erasing the player", |before, standing| {
            decide::erase(&before, standing, receipt.clone(), &*self.ports.ids, self.ports.clock.now())
        })
        .await
        .map(|_| ())
    }

    /// Players erased at `since` or later, the earliest first, at most `limit`: for whoever forgets them elsewhere.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn erased_since(&self, since: Timestamp, limit: i64) -> Result<Vec<PlayerId>, Error> {
        self.ports.players.erased_since(since, limit).await.map_err(Error::at("reading who was erased"))
    }

    /// Everything this crate knows of a player.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for an erased player.
    pub async fn export(&self, id: PlayerId) -> Result<Export, Error> {
        let player = Some(self.get(id).await?).filter(|player| player.erased_at.is_none()).ok_or(Error::NotFound)?;
        Ok(Export { player, sessions: self.standing(id).await? })
    }

    async fn standing(&self, player: PlayerId) -> Result<Vec<Session>, Error> {
        self.ports.sessions.standing(player, MAX_SESSIONS).await.map_err(Error::at("reading sessions"))
    }

    async fn depart(
        &self,
        id: PlayerId,
        reason: RevokeReason,
        step: &'static str,
        decide: impl Fn(Player, &[SessionId]) -> Result<crate::Departure, Error> + Send + Sync,
    ) -> Result<Player, Error> {
        let mut left = ATTEMPTS;
        loop {
            let before = self.get(id).await?;
            let found = self.standing(id).await?;
            let standing: Vec<SessionId> = found.iter().map(|session| session.id).collect();
            let departure = decide(before, &standing)?;
            // More than a change may end: nobody escapes by having too many.
            if i64::try_from(found.len()).is_ok_and(|count| count >= MAX_SESSIONS) {
                for session in &found {
                    self.revoke(session, reason).await?;
                }
                continue;
            }
            let after = departure.change.player.clone();
            left -= 1;
            match self.ports.players.depart(departure).await {
                Ok(()) => return Ok(after),
                Err(StoreError::Stale) if left > 0 => {}
                Err(error) => return Err(Error::at(step)(error)),
            }
        }
    }
}
