//! What players and the rest of the house hear of friends.

use kernel::{Event, EventId, GameId, IdSource, PlayerId, StreamKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Pair;

/// Events of this crate: one per transition. They hold ids only: names resolve when somebody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FriendEvent {
    /// Somebody asked; the one asked hears of it.
    Requested {
        /// Who asked.
        from: PlayerId,
        /// Whom.
        to: PlayerId,
    },
    /// Two are friends now; both hear of it.
    Added {
        /// Who.
        pair: Pair,
        /// Since when.
        since: Timestamp,
        /// The game they met in.
        met_in: Option<GameId>,
    },
    /// A player changed the note of a friend; the player's own devices hear of it.
    Updated {
        /// Who.
        player: PlayerId,
        /// Whose note.
        friend: PlayerId,
    },
    /// A friendship or a request is over, for whatever reason; no notice, but lists must be right.
    Removed {
        /// Who.
        pair: Pair,
        /// Those of them who hear of it: not the one to whom nothing may seem to have happened.
        told: Vec<PlayerId>,
    },
    /// A block was taken up. For handlers: nobody hears of it.
    BlockPlaced {
        /// By whom.
        blocker: PlayerId,
        /// Against whom.
        blocked: PlayerId,
    },
    /// A block was lifted. For handlers: nobody hears of it.
    BlockLifted {
        /// By whom.
        blocker: PlayerId,
        /// Against whom.
        blocked: PlayerId,
    },
}

/// The wire form, version 1: a field is never renamed, and new ones are optional.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Wire {
    v: u8,
    /// Of a request, who asked; of a note, whom it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    player_id: Option<PlayerId>,
    /// Both, the lower id first: one event serves both streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    player_ids: Option<[PlayerId; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met_in: Option<GameId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocker_id: Option<PlayerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blocked_id: Option<PlayerId>,
}

impl FriendEvent {
    /// Kind of [`FriendEvent::Requested`].
    pub const REQUESTED: &str = "friend.requested";
    /// Kind of [`FriendEvent::Added`].
    pub const ADDED: &str = "friend.added";
    /// Kind of [`FriendEvent::Updated`].
    pub const UPDATED: &str = "friend.updated";
    /// Kind of [`FriendEvent::Removed`].
    pub const REMOVED: &str = "friend.removed";
    /// Kind of [`FriendEvent::BlockPlaced`].
    pub const BLOCK_PLACED: &str = "block.placed";
    /// Kind of [`FriendEvent::BlockLifted`].
    pub const BLOCK_LIFTED: &str = "block.lifted";

    /// The dotted name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => Self::REQUESTED,
            Self::Added { .. } => Self::ADDED,
            Self::Updated { .. } => Self::UPDATED,
            Self::Removed { .. } => Self::REMOVED,
            Self::BlockPlaced { .. } => Self::BLOCK_PLACED,
            Self::BlockLifted { .. } => Self::BLOCK_LIFTED,
        }
    }

    /// The event as the outbox takes it. All events of a pair are of one aggregate, so they keep their order.
    #[must_use]
    pub fn into_event(self, pair: Pair, ids: &dyn IdSource, at: Timestamp) -> Event {
        let kind = self.kind();
        let both = |pair: Pair| Some([pair.low(), pair.high()]);
        let wire = Wire { v: 1, ..Wire::default() };
        let (told, wire) = match self {
            Self::Requested { from, to } => (vec![to], Wire { player_id: Some(from), ..wire }),
            Self::Added { pair, since, met_in } => {
                (vec![pair.low(), pair.high()], Wire { player_ids: both(pair), since: Some(since), met_in, ..wire })
            }
            Self::Updated { player, friend } => (vec![player], Wire { player_id: Some(friend), ..wire }),
            Self::Removed { pair, told } => (told, Wire { player_ids: both(pair), ..wire }),
            Self::BlockPlaced { blocker, blocked } | Self::BlockLifted { blocker, blocked } => {
                (Vec::new(), Wire { blocker_id: Some(blocker), blocked_id: Some(blocked), ..wire })
            }
        };
        Event {
            id: EventId::new(ids.uuid(at)),
            aggregate: format!("relation:{}:{}", pair.low(), pair.high()),
            kind: kind.into(),
            audience: told.into_iter().map(StreamKey::player).collect(),
            data: serde_json::to_value(wire).unwrap_or_default(),
            at,
        }
    }

    /// Reads an event back; `None` if it isn't one of these.
    #[must_use]
    pub fn from_event(event: &Event) -> Option<Self> {
        let told: Vec<PlayerId> = event.audience.iter().filter_map(StreamKey::player_id).collect();
        Self::from_parts(&event.kind, &event.data, &told)
    }

    /// The same for an event in somebody's stream; `told` are those who hear of it, or the one who does here.
    #[must_use]
    pub fn from_parts(kind: &str, data: &Value, told: &[PlayerId]) -> Option<Self> {
        let kinds =
            [Self::REQUESTED, Self::ADDED, Self::UPDATED, Self::REMOVED, Self::BLOCK_PLACED, Self::BLOCK_LIFTED];
        let kind = kinds.into_iter().find(|known| *known == kind)?;
        let wire = Wire::deserialize(data).ok()?;
        let one = told.first().copied();
        let pair = || wire.player_ids.and_then(|[low, high]| Pair::of(low, high));
        Some(match kind {
            Self::REQUESTED => Self::Requested { from: wire.player_id?, to: one? },
            Self::ADDED => Self::Added { pair: pair()?, since: wire.since?, met_in: wire.met_in },
            Self::UPDATED => Self::Updated { player: one?, friend: wire.player_id? },
            Self::REMOVED => Self::Removed { pair: pair()?, told: told.to_vec() },
            Self::BLOCK_PLACED => Self::BlockPlaced { blocker: wire.blocker_id?, blocked: wire.blocked_id? },
            _ => Self::BlockLifted { blocker: wire.blocker_id?, blocked: wire.blocked_id? },
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
        let ann: PlayerId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().expect("a valid id");
        let ben: PlayerId = "0190163d-8694-739b-aea5-966c26f8ad92".parse().expect("a valid id");
        let game: GameId = "0190163d-8694-739b-aea5-966c26f8ad93".parse().expect("a valid id");
        let pair = Pair::of(ben, ann).expect("two players");
        let both = json!([ann, ben]);
        for (event, kind, told, data) in [
            (
                FriendEvent::Requested { from: ann, to: ben },
                "friend.requested",
                vec![ben],
                json!({"v": 1, "player_id": ann}),
            ),
            (
                FriendEvent::Added { pair, since: at, met_in: Some(game) },
                "friend.added",
                vec![ann, ben],
                json!({"v": 1, "player_ids": both, "since": "2023-11-14T22:13:20.000Z", "met_in": game}),
            ),
            (
                FriendEvent::Added { pair, since: at, met_in: None },
                "friend.added",
                vec![ann, ben],
                json!({"v": 1, "player_ids": both, "since": "2023-11-14T22:13:20.000Z"}),
            ),
            (
                FriendEvent::Updated { player: ann, friend: ben },
                "friend.updated",
                vec![ann],
                json!({"v": 1, "player_id": ben}),
            ),
            (
                FriendEvent::Removed { pair, told: vec![ben] },
                "friend.removed",
                vec![ben],
                json!({"v": 1, "player_ids": both}),
            ),
            (
                FriendEvent::BlockPlaced { blocker: ann, blocked: ben },
                "block.placed",
                vec![],
                json!({"v": 1, "blocker_id": ann, "blocked_id": ben}),
            ),
            (
                FriendEvent::BlockLifted { blocker: ann, blocked: ben },
                "block.lifted",
                vec![],
                json!({"v": 1, "blocker_id": ann, "blocked_id": ben}),
            ),
        ] {
            let sent = event.clone().into_event(pair, &ids, at);
            assert_eq!((&*sent.kind, &sent.data), (kind, &data));
            assert_eq!(sent.aggregate, format!("relation:{ann}:{ben}"));
            assert_eq!(sent.audience, told.into_iter().map(StreamKey::player).collect::<Vec<_>>());
            assert_eq!(FriendEvent::from_event(&sent), Some(event));
        }
    }
}
