//! Modes while the service runs: published by operators, picked up by every replica.

use std::sync::Arc;

use kernel::{AuditEntry, PlayerId, Receipt, Riders, StoreError};
use serde_json::{Value, json};

use super::{Games, RETRIES};
use crate::error::Error;
use crate::mode::{Mode, ModeError};
use crate::model::Game;

impl Games {
    /// A mode as it was written down, without the windows of this process's environment; none for an unknown key.
    #[must_use]
    pub fn written_mode(&self, key: &str) -> Option<Value> {
        self.ports.modes.written(key)
    }

    /// What is wrong with published versions that this release can't use, for its log.
    #[must_use]
    pub fn unreadable_modes(&self) -> Vec<ModeError> {
        self.ports.modes.unreadable()
    }

    /// Looks what is published. Whether that changed anything here.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn refresh_modes(&self) -> Result<bool, Error> {
        let published = self.ports.mode_versions.versions().await.map_err(Error::Store)?;
        Ok(self.ports.modes.replace(&published))
    }

    /// Publishes the next version of a mode, or a new mode. `written` is a mode as [`Mode::written`] shows it; its
    /// `version`, where it has one, is the one it was made from: if another stands, somebody was faster, and nothing is
    /// overwritten. What stands already in these words, whatever it was made from, changes nothing.
    ///
    /// # Errors
    /// [`Error::InvalidMode`] with the place, [`StoreError::Stale`] if another version stands, and the store's.
    pub async fn publish_mode(
        &self,
        actor: PlayerId,
        key: &str,
        written: Value,
        reason: &str,
        receipt: Option<Receipt>,
    ) -> Result<Arc<Mode>, Error> {
        let mut retries = 0;
        loop {
            self.refresh_modes().await?;
            let latest = self.ports.modes.latest(key);
            let (mode, made_from) = next_version(key, latest, &written)?;
            let mut as_before = mode.written();
            as_before["version"] = json!(latest);
            if let Some(stands) = self.ports.modes.at(key, latest)
                && self.ports.modes.written(key) == Some(as_before)
            {
                return Ok(stands);
            }
            // A new mode may say that it is the first one.
            if made_from.is_some_and(|from| from != i64::from(latest.max(1))) {
                return Err(Error::Store(StoreError::Stale));
            }
            self.ports.modes.check_beside(&mode).map_err(Error::InvalidMode)?;
            self.check_model(&mode).await?;
            let now = self.ports.clock.now();
            let audit = AuditEntry {
                id: self.ports.ids.uuid(now),
                actor: Some(actor),
                action: String::from("mode.publish"),
                subject: format!("mode:{key}"),
                reason: reason.to_owned(),
                data: json!({ "version": mode.version, "previous": (latest > 0).then_some(latest) }),
                at: now,
            };
            let outcome = json!({ "mode": key, "as": "mode", "version": mode.version });
            let receipt = receipt.clone().map(|receipt| receipt.with_outcome(outcome));
            let riders = Riders { receipt, audit: Some(audit), ..Riders::default() };
            match self.ports.mode_versions.publish(key, mode.version, mode.written(), riders).await {
                Ok(()) => {
                    self.refresh_modes().await?;
                    return Ok(self.ports.modes.at(key, mode.version).unwrap_or_else(|| Arc::new(mode)));
                }
                Err(StoreError::Stale) if retries < RETRIES => retries += 1,
                Err(error) => return Err(Error::Store(error)),
            }
        }
    }

    /// Ratings are told anew from all their results, so a family that has any keeps its model, even when the only mode
    /// of it is changed.
    async fn check_model(&self, mode: &Mode) -> Result<(), Error> {
        let Some(family) = mode.rating.as_deref() else { return Ok(()) };
        if self.ports.modes.model_of(family).is_none_or(|model| model == mode.rating_model) {
            return Ok(());
        }
        let families = self.ports.games.families().await.map_err(Error::Store)?;
        if families.iter().all(|(played, _)| played != family) {
            return Ok(());
        }
        let why = "results of this rating family are rated by another model: name a new family";
        Err(Error::InvalidMode(ModeError { pointer: String::from("/rating_model"), why: String::from(why) }))
    }

    /// The mode a game is played and judged by: the version it started under, or the newest before that and where that
    /// version is gone. What isn't known here may be published on another replica, so the store is asked, once.
    pub(super) async fn mode_of(&self, game: &Game) -> Result<Option<Arc<Mode>>, Error> {
        let modes = &self.ports.modes;
        let find = || match game.mode_version {
            Some(version) => modes.at(&game.mode, version),
            None => modes.newest(&game.mode),
        };
        if let Some(mode) = find() {
            return Ok(Some(mode));
        }
        if modes.may_be_published(&game.mode, game.mode_version.unwrap_or(0)) {
            self.refresh_modes().await?;
        }
        Ok(find().or_else(|| modes.newest(&game.mode)))
    }
}

/// The mode `written` says, as version `latest + 1` of `key`, and the version it says it was made from.
fn next_version(key: &str, latest: i32, written: &Value) -> Result<(Mode, Option<i64>), Error> {
    let wrong =
        |pointer: &str, why: &str| Error::InvalidMode(ModeError { pointer: pointer.to_owned(), why: why.to_owned() });
    let Value::Object(fields) = written else {
        return Err(wrong("", "must be a JSON object"));
    };
    let mut fields = fields.clone();
    if fields.get("key").is_some_and(|given| *given != json!(key)) {
        return Err(wrong("/key", "must be the key it is published under, or missing"));
    }
    let made_from = fields.get("version").map(|version| {
        version.as_i64().ok_or_else(|| wrong("/version", "must be the version it was made from, or missing"))
    });
    let next = latest.checked_add(1).ok_or_else(|| wrong("/version", "there are no more versions"))?;
    fields.insert(String::from("key"), json!(key));
    fields.insert(String::from("version"), json!(next));
    let mode = Mode::read(&Value::Object(fields)).map_err(Error::InvalidMode)?;
    Ok((mode, made_from.transpose()?))
}
