//! How players and sessions lie in their rows.

use diesel::prelude::*;
use kernel::{StoreError, Version};
use players::{DisplayName, Handle, Player, Privacy, SecretHash, Session};

use super::super::{IdCol, TimeCol};
use super::schema::{players as player_table, sessions};

/// A player without what they sign in with.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = player_table)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct PlayerRow {
    pub(crate) id: IdCol,
    pub(crate) handle: Option<String>,
    pub(crate) handle_key: Option<String>,
    pub(crate) display_name: String,
    pub(crate) avatar_url: Option<String>,
    pub(crate) bio: Option<String>,
    pub(crate) status_text: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) privacy_requests: String,
    pub(crate) privacy_invites: String,
    pub(crate) privacy_presence: String,
    pub(crate) privacy_history: String,
    pub(crate) guest: bool,
    pub(crate) role: String,
    pub(crate) suspended_until: Option<TimeCol>,
    pub(crate) created_at: TimeCol,
    pub(crate) version: i64,
    pub(crate) erased_at: Option<TimeCol>,
}

impl From<Player> for PlayerRow {
    fn from(player: Player) -> Self {
        Self {
            id: player.id.into(),
            handle_key: player.handle.as_ref().map(|handle| handle.key().as_str().to_owned()),
            handle: player.handle.map(|handle| handle.as_str().to_owned()),
            display_name: player.display_name.as_str().to_owned(),
            avatar_url: player.avatar_url,
            bio: player.bio,
            status_text: player.status_text,
            locale: player.locale,
            time_zone: player.time_zone,
            privacy_requests: player.privacy.requests.name().to_owned(),
            privacy_invites: player.privacy.invites.name().to_owned(),
            privacy_presence: player.privacy.presence.name().to_owned(),
            privacy_history: player.privacy.history.name().to_owned(),
            guest: player.guest,
            role: player.role.name().to_owned(),
            suspended_until: player.suspended_until.map(TimeCol),
            created_at: player.created_at.into(),
            version: player.version.0,
            erased_at: player.erased_at.map(TimeCol),
        }
    }
}

impl PlayerRow {
    pub(super) fn into_player(self) -> Result<Player, StoreError> {
        let visibility = |text: &str| text.parse().map_err(|_| StoreError::broken("a privacy choice that isn't one"));
        Ok(Player {
            id: self.id.into(),
            handle: self.handle.map(Handle::from_stored),
            display_name: DisplayName::from_stored(self.display_name),
            avatar_url: self.avatar_url,
            bio: self.bio,
            status_text: self.status_text,
            locale: self.locale,
            time_zone: self.time_zone,
            privacy: Privacy {
                requests: visibility(&self.privacy_requests)?,
                invites: visibility(&self.privacy_invites)?,
                presence: visibility(&self.privacy_presence)?,
                history: visibility(&self.privacy_history)?,
            },
            guest: self.guest,
            role: self.role.parse().map_err(|_| StoreError::broken("a role that isn't one"))?,
            suspended_until: self.suspended_until.map(|at| at.0),
            created_at: self.created_at.into(),
            version: Version(self.version),
            erased_at: self.erased_at.map(|at| at.0),
        })
    }
}

/// A session.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
pub(crate) struct SessionRow {
    pub(crate) id: IdCol,
    pub(crate) player_id: IdCol,
    pub(crate) created_at: TimeCol,
    pub(crate) last_used_at: TimeCol,
    pub(crate) expires_at: TimeCol,
    pub(crate) refresh_hash: Vec<u8>,
    pub(crate) rotated_at: Option<TimeCol>,
    pub(crate) revoked_at: Option<TimeCol>,
    pub(crate) user_agent: Option<String>,
}

impl From<Session> for SessionRow {
    fn from(session: Session) -> Self {
        Self {
            id: session.id.into(),
            player_id: session.player_id.into(),
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            refresh_hash: session.refresh_hash.as_bytes().to_vec(),
            rotated_at: session.rotated_at.map(TimeCol),
            revoked_at: session.revoked_at.map(TimeCol),
            user_agent: session.user_agent,
        }
    }
}

impl SessionRow {
    pub(super) fn into_session(self) -> Result<Session, StoreError> {
        Ok(Session {
            id: self.id.into(),
            player_id: self.player_id.into(),
            created_at: self.created_at.into(),
            last_used_at: self.last_used_at.into(),
            expires_at: self.expires_at.into(),
            refresh_hash: SecretHash::from_stored(&self.refresh_hash)
                .ok_or_else(|| StoreError::broken("a token's hash isn't 32 bytes"))?,
            rotated_at: self.rotated_at.map(|at| at.0),
            revoked_at: self.revoked_at.map(|at| at.0),
            user_agent: self.user_agent,
        })
    }
}
