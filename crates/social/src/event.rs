//! What watchers of a player are told.

use kernel::PlayerId;
use serde::{Deserialize, Serialize};

use crate::{Presence, Sight};

/// Somebody's presence changed. Volatile: told at most once, and never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceEvent {
    /// Whose.
    pub player_id: PlayerId,
    /// How it is now.
    #[serde(flatten)]
    pub presence: Presence,
}

impl PresenceEvent {
    /// The kind it goes by.
    pub const CHANGED: &str = "presence.changed";
}

/// The event for watchers who knew `before`, or nothing, if `after` is worth telling. That somebody was last seen longer
/// and longer ago is not.
#[must_use]
pub fn changed(player_id: PlayerId, before: Option<Presence>, after: Presence) -> Option<PresenceEvent> {
    let told = |presence: Presence| (presence.status, presence.game_id, presence.joinable);
    (before.map(told) != Some(told(after))).then_some(PresenceEvent { player_id, presence: after })
}

/// Where watchers of this sight hear of a player: one topic for all of them, so that an event is serialised once for
/// each of two sights, however many watch. `None` for those who may know nothing: they listen nowhere.
#[must_use]
pub fn topic(player: PlayerId, sight: Sight) -> Option<String> {
    match sight {
        Sight::Nothing => None,
        Sight::Anybody => Some(format!("presence:{player}")),
        Sight::Friend => Some(format!("presence:{player}:friends")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{LastSeen, Status};

    const PLAYER: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    fn offline(last_seen: LastSeen) -> Presence {
        Presence { last_seen: Some(last_seen), ..Presence::HIDDEN }
    }

    #[test]
    fn only_the_passing_of_time_is_not_worth_telling() {
        let player: PlayerId = PLAYER.parse().expect("a valid id");
        let game = Some("0190163d-8694-739b-aea5-966c26f8ad92".parse().expect("a valid id"));
        let (hour, day) = (offline(LastSeen::Hour), offline(LastSeen::Day));
        let in_game =
            Presence { status: Status::InGame, game_id: None, joinable: false, last_seen: Some(LastSeen::Now) };
        assert_eq!(changed(player, Some(hour), day), None);
        assert_eq!(changed(player, Some(in_game), in_game), None);
        let seen = Presence { game_id: game, ..in_game };
        let open = Presence { joinable: true, ..in_game };
        for (before, after) in [(None, hour), (Some(hour), in_game), (Some(in_game), seen), (Some(in_game), open)] {
            assert_eq!(changed(player, before, after), Some(PresenceEvent { player_id: player, presence: after }));
        }
    }

    #[test]
    fn who_may_know_nothing_listens_nowhere() {
        let player = PLAYER.parse().expect("a valid id");
        assert_eq!(topic(player, Sight::Nothing), None);
        assert_ne!(topic(player, Sight::Anybody), topic(player, Sight::Friend));
    }

    /// The snapshot: what stands here is what running replicas of other versions understand.
    #[test]
    fn the_wire_form_stays() {
        let player_id: PlayerId = PLAYER.parse().expect("a valid id");
        for (presence, wire) in [
            (
                offline(LastSeen::Week),
                json!({"player_id": PLAYER, "status": "offline", "joinable": false, "last_seen": "week"}),
            ),
            (Presence::HIDDEN, json!({"player_id": PLAYER, "status": "offline", "joinable": false})),
        ] {
            let event = PresenceEvent { player_id, presence };
            assert_eq!(serde_json::to_value(event).expect("serialises"), wire);
            assert_eq!(serde_json::from_value::<PresenceEvent>(wire).expect("reads back"), event);
        }
    }
}
