//! Invite links.

use kernel::{PlayerId, Receipt, Riders, StoreError};
use serde_json::json;

use super::{ATTEMPTS, Answer, Friends};
use crate::change::{Committed, FriendChange, LinkChange};
use crate::decide::{self, NewLink, Redeemed};
use crate::error::Error;
use crate::model::{InviteLink, Pair};

/// What redeeming came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRedeemed {
    /// How its owner and who redeemed it stand now.
    pub answer: Answer,
    /// Whether it counted as a use.
    pub counted: bool,
}

/// 120 random bits: nobody guesses a code, however many there are.
const CODE_LENGTH: usize = 24;

/// Characters that can be read out to somebody: no two of them look alike.
const CODE_CHARACTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

impl Friends {
    /// Makes a link. The receipt's outcome becomes `{"as": "link", "code": …}`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every bad field; [`Error::Limit`].
    pub async fn create_link(
        &self,
        owner: PlayerId,
        wanted: NewLink,
        receipt: Option<Receipt>,
    ) -> Result<InviteLink, Error> {
        let link = decide::new_link(owner, self.code(), wanted, &self.settings, self.ports.clock.now())?;
        let receipt = receipt.map(|r| r.with_outcome(json!({ "as": "link", "code": link.code })));
        match self.commit_link(Some(LinkChange::Make(link.clone())), receipt).await? {
            Committed::Full(reached) => Err(Error::full(reached, owner)),
            _ => Ok(link),
        }
    }

    /// Takes a link back: from now on it looks like none. A second time changes nothing.
    ///
    /// # Errors
    /// [`Error::LinkNotFound`], also for somebody else's.
    pub async fn revoke_link(
        &self,
        owner: PlayerId,
        code: &str,
        receipt: Option<Receipt>,
    ) -> Result<InviteLink, Error> {
        let found = self.link(code).await?.filter(|link| link.owner == owner).ok_or(Error::LinkNotFound)?;
        let at = self.ports.clock.now();
        let receipt = receipt.map(|r| r.with_outcome(json!({ "as": "link", "code": found.code })));
        let revoke = found.revoked_at.is_none().then(|| LinkChange::Revoke { code: found.code.clone(), at });
        if revoke.is_some() || receipt.is_some() {
            self.commit_link(revoke, receipt).await?;
        }
        Ok(InviteLink { revoked_at: found.revoked_at.or(Some(at)), ..found })
    }

    /// A player's links that work, newest first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn links_of(&self, owner: PlayerId) -> Result<Vec<InviteLink>, Error> {
        let (now, most) = (self.ports.clock.now(), i64::from(self.settings.links));
        self.ports.links.links_of(owner, now, most).await.map_err(Error::at("reading links"))
    }

    /// One's own link, whatever its state, to show it again.
    ///
    /// # Errors
    /// [`Error::LinkNotFound`], also for somebody else's.
    pub async fn own_link(&self, owner: PlayerId, code: &str) -> Result<InviteLink, Error> {
        self.link(code).await?.filter(|link| link.owner == owner).ok_or(Error::LinkNotFound)
    }

    /// Redeems a link: makes friends of its owner and `by`, or a request. A second time counts as no use.
    ///
    /// # Errors
    /// [`Error::Myself`] (the own link), [`Error::LinkNotFound`] (also where a block stands), [`Error::LinkExpired`],
    /// [`Error::LinkUsedUp`], [`Error::AlreadyFriends`], [`Error::Limit`].
    pub async fn redeem(&self, by: PlayerId, code: &str, receipt: Option<Receipt>) -> Result<LinkRedeemed, Error> {
        let mut left = ATTEMPTS;
        loop {
            let link = self.link(code).await?.filter(|link| link.revoked_at.is_none()).ok_or(Error::LinkNotFound)?;
            let pair = Pair::of(by, link.owner).ok_or(Error::Myself)?;
            // Of somebody who can't be met at the moment the link isn't there for now.
            self.person(link.owner).await?.filter(|owner| !owner.suspended).ok_or(Error::LinkNotFound)?;
            let redeemed = self.ports.links.redeemed(&link.code, by).await.map_err(Error::at("reading the link"))?;
            let before = self.load(pair).await?;
            let now = self.ports.clock.now();
            let Redeemed { decided, used } = decide::redeem(&before, &link, by, redeemed, &self.settings, now)?;
            let counted = used.is_some();
            left -= 1;
            match self.put(by, before, decided, used, receipt.as_ref(), now).await {
                Ok(Some(answer)) => return Ok(LinkRedeemed { answer, counted }),
                // Used up or revoked meanwhile: the next look says which.
                Ok(None) if left > 0 => {}
                Ok(None) => return Err(Error::LinkUsedUp),
                Err(Error::Store { source: StoreError::Stale, .. }) if left > 0 => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn link(&self, code: &str) -> Result<Option<InviteLink>, Error> {
        // What can't be a code is looked for nowhere.
        if code.len() != CODE_LENGTH || !code.bytes().all(|byte| CODE_CHARACTERS.contains(&byte)) {
            return Ok(None);
        }
        self.ports.links.link(code).await.map_err(Error::at("reading the link"))
    }

    async fn commit_link(&self, link: Option<LinkChange>, receipt: Option<Receipt>) -> Result<Committed, Error> {
        let mut left = ATTEMPTS;
        loop {
            let riders = Riders { receipt: receipt.clone(), ..Riders::default() };
            let caps = self.settings.caps();
            let change = FriendChange { relation: None, counts: Vec::new(), caps, link: link.clone(), riders };
            left -= 1;
            match self.ports.relations.commit(change).await {
                Err(StoreError::Stale) if left > 0 => {}
                answer => return answer.map_err(Error::at("storing the link")),
            }
        }
    }

    fn code(&self) -> String {
        let mut bytes = [0; CODE_LENGTH];
        self.ports.ids.fill(&mut bytes);
        bytes.iter().map(|byte| char::from(CODE_CHARACTERS[usize::from(byte % 32)])).collect()
    }
}
