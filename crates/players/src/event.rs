//! What the rest of the house hears of players.

use kernel::{Event, EventId, IdSource, PlayerId, SessionId, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::RevokeReason;

/// Events of this crate. They hold ids only: names resolve when somebody reads. Nobody's stream carries them; they are
/// for handlers (caches, revocation lists).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayerEvent {
    /// Somebody has an account now, a guest until then or not. (A new guest is no event: nobody knows of them yet.)
    Registered {
        /// Who.
        player: PlayerId,
    },
    /// The profile changed.
    Updated {
        /// Whose.
        player: PlayerId,
        /// The version that shows the change.
        version: Version,
    },
    /// The player is erased: nothing names them from now on.
    Erased {
        /// Who it was.
        player: PlayerId,
    },
    /// A session ended before its time: access tokens of it are refused from now on, its sockets close.
    SessionRevoked {
        /// Which.
        session: SessionId,
        /// Whose.
        player: PlayerId,
        /// Why.
        reason: RevokeReason,
    },
}

/// The wire form, version 1: a field is never renamed, and new ones are optional.
#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    v: u8,
    player_id: PlayerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_id: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl PlayerEvent {
    /// Kind of [`PlayerEvent::Registered`].
    pub const REGISTERED: &str = "player.registered";
    /// Kind of [`PlayerEvent::Updated`].
    pub const UPDATED: &str = "player.updated";
    /// Kind of [`PlayerEvent::Erased`].
    pub const ERASED: &str = "player.erased";
    /// Kind of [`PlayerEvent::SessionRevoked`].
    pub const SESSION_REVOKED: &str = "session.revoked";

    /// The dotted name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Registered { .. } => Self::REGISTERED,
            Self::Updated { .. } => Self::UPDATED,
            Self::Erased { .. } => Self::ERASED,
            Self::SessionRevoked { .. } => Self::SESSION_REVOKED,
        }
    }

    /// The event as the outbox takes it.
    #[must_use]
    pub fn into_event(self, ids: &dyn IdSource, at: Timestamp) -> Event {
        let wire = |player_id| Wire { v: 1, player_id, version: None, session_id: None, reason: None };
        let (aggregate, wire) = match self {
            Self::Registered { player } | Self::Erased { player } => (format!("player:{player}"), wire(player)),
            Self::Updated { player, version } => {
                (format!("player:{player}"), Wire { version: Some(version.0), ..wire(player) })
            }
            Self::SessionRevoked { session, player, reason } => (
                format!("session:{session}"),
                Wire { session_id: Some(session), reason: Some(reason.name().to_owned()), ..wire(player) },
            ),
        };
        Event {
            id: EventId::new(ids.uuid(at)),
            aggregate,
            kind: self.kind().into(),
            audience: Vec::new(),
            data: serde_json::to_value(wire).unwrap_or_default(),
            at,
        }
    }

    /// Reads an event back; `None` if it isn't one of these.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        let known = [Self::REGISTERED, Self::UPDATED, Self::ERASED, Self::SESSION_REVOKED];
        if !known.contains(&event.kind.as_ref()) {
            return None;
        }
        let wire = Wire::deserialize(&event.data).ok()?;
        let player = wire.player_id;
        Some(match event.kind.as_ref() {
            Self::REGISTERED => Self::Registered { player },
            Self::UPDATED => Self::Updated { player, version: Version(wire.version?) },
            Self::ERASED => Self::Erased { player },
            _ => Self::SessionRevoked { session: wire.session_id?, player, reason: wire.reason?.parse().ok()? },
        })
    }
}

#[cfg(test)]
mod tests {
    use kernel::SeededIds;
    use serde_json::json;

    use super::*;

    /// The snapshot: what stands here is what running replicas of other versions understand.
    #[test]
    fn the_wire_form_stays() {
        let ids = SeededIds::new(1);
        let at = Timestamp::from_millis(1_700_000_000_000);
        let player: PlayerId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().expect("a valid id");
        let session: SessionId = "0190163d-8694-739b-aea5-966c26f8ad92".parse().expect("a valid id");
        for (event, aggregate, data) in [
            (PlayerEvent::Registered { player }, format!("player:{player}"), json!({"v": 1, "player_id": player})),
            (PlayerEvent::Erased { player }, format!("player:{player}"), json!({"v": 1, "player_id": player})),
            (
                PlayerEvent::Updated { player, version: Version(7) },
                format!("player:{player}"),
                json!({"v": 1, "player_id": player, "version": 7}),
            ),
            (
                PlayerEvent::SessionRevoked { session, player, reason: RevokeReason::TokenReused },
                format!("session:{session}"),
                json!({"v": 1, "player_id": player, "session_id": session, "reason": "token_reused"}),
            ),
        ] {
            let sent = event.into_event(&ids, at);
            assert_eq!((sent.aggregate.as_str(), &sent.data), (aggregate.as_str(), &data));
            assert!(sent.audience.is_empty());
            assert_eq!(PlayerEvent::from_event(&sent), Some(event));
        }
    }
}
