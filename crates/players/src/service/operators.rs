use kernel::{AuditEntry, PlayerId, Receipt, Riders, StoreError};
use serde_json::json;

use super::{ATTEMPTS, Players, Registration};
use crate::{Error, Handle, Player, PlayerChange, PlayerEvent, Role, Secret};

impl Players {
    /// Gives a player another role, with an audit entry. The same role again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::LastAdmin`] when an administrator would take the own power away.
    pub async fn set_role(
        &self,
        actor: PlayerId,
        id: PlayerId,
        role: Role,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Player, Error> {
        if actor == id && role != Role::Admin {
            return Err(Error::LastAdmin);
        }
        self.give_role(Some(actor), id, role, reason, receipt).await
    }

    /// Sees to it that there is an account of this handle which is an administrator: registers it with this password if
    /// it isn't there, gives it the role if it hasn't got it. An account that is there must have this password: else
    /// whoever took the handle first would come to power.
    ///
    /// # Errors
    /// As [`Players::register`]; [`Error::BadCredentials`] when the handle is somebody else's.
    pub async fn ensure_admin(&self, handle: &str, password: Secret) -> Result<Player, Error> {
        let key = Handle::parse(handle).map_err(|error| Error::Invalid(vec![error]))?.key();
        for _ in 0..ATTEMPTS {
            let found = self.ports.players.by_handle_key(&key).await.map_err(Error::at("looking the handle up"))?;
            let player = match found {
                Some(player) if player.role == Role::Admin => return Ok(player),
                Some(player) => {
                    let known = self.ports.players.credentials(&key).await;
                    let known = known.map_err(Error::at("reading credentials"))?.map(|found| found.password);
                    if !self.verify(password.clone(), known).await? {
                        return Err(Error::BadCredentials);
                    }
                    player
                }
                None => {
                    let wanted =
                        Registration { handle: handle.to_owned(), password: password.clone(), display_name: None };
                    match self.register(None, wanted, None).await {
                        Ok(signed_in) => signed_in.player,
                        // Another replica starts with the same configuration.
                        Err(Error::HandleTaken) => continue,
                        Err(error) => return Err(error),
                    }
                }
            };
            return self.give_role(None, player.id, Role::Admin, "named in the configuration", None).await;
        }
        Err(Error::HandleTaken)
    }

    async fn give_role(
        &self,
        actor: Option<PlayerId>,
        id: PlayerId,
        role: Role,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Player, Error> {
        let receipt = receipt.map(|receipt| receipt.with_outcome(json!({ "player": id })));
        let mut left = ATTEMPTS;
        loop {
            let before = self.get(id).await?;
            if before.erased_at.is_some() {
                return Err(Error::NotFound);
            }
            if before.role == role && receipt.is_none() {
                return Ok(before);
            }
            let (now, ids) = (self.ports.clock.now(), &*self.ports.ids);
            let (expect, version) = (before.version, before.version.next());
            let audit = AuditEntry {
                id: ids.uuid(now),
                actor,
                action: "player.role".to_owned(),
                subject: format!("player:{id}"),
                reason: reason.to_owned(),
                data: json!({ "from": before.role.name(), "to": role.name() }),
                at: now,
            };
            let event = PlayerEvent::Updated { player: id, version }.into_event(ids, now);
            let riders = Riders {
                receipt: receipt.clone(),
                audit: (before.role != role).then_some(audit),
                ..Riders::events(vec![event])
            };
            let player = Player { role, version, ..before };
            let change =
                PlayerChange { expect, player: player.clone(), device: None, password: None, start: None, riders };
            left -= 1;
            match self.ports.players.commit(change).await {
                Ok(()) => return Ok(player),
                Err(StoreError::Stale) if left > 0 => {}
                Err(error) => return Err(Error::at("storing the role")(error)),
            }
        }
    }
}
