//! What a player's presence is made of.

use std::time::Duration;

use kernel::{Engagement, GameId, Reach, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a player without a socket is still taken for present: phones change networks, pages reload.
pub const GRACE: Duration = Duration::from_secs(5);

const HOUR: Duration = Duration::from_secs(60 * 60);

/// What somebody is doing, as others see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There, doing nothing in particular.
    Online,
    /// Waiting for a game, in a ready check included.
    InQueue,
    /// In a game that isn't over.
    InGame,
    /// There, but nobody looks at the device.
    Away,
    /// Not there, or not for this viewer to know.
    Offline,
}

/// How long ago somebody was there, in buckets too wide to follow a day by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastSeen {
    /// There now.
    Now,
    /// Within the last hour.
    Hour,
    /// Within the last 24 hours.
    Day,
    /// Within the last 7 days.
    Week,
    /// Longer ago.
    Long,
}

impl LastSeen {
    /// The bucket of somebody who left at `left_at`. A clock that is behind makes it the most recent one.
    #[must_use]
    pub fn bucket(left_at: Timestamp, now: Timestamp) -> Self {
        match () {
            () if now < left_at + HOUR => Self::Hour,
            () if now < left_at + HOUR * 24 => Self::Day,
            () if now < left_at + HOUR * 24 * 7 => Self::Week,
            () => Self::Long,
        }
    }
}

/// Presence as one viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Presence {
    /// What the player is doing.
    pub status: Status,
    /// The game, for friends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_id: Option<GameId>,
    /// Whether the game waits for one more; friends may join it.
    pub joinable: bool,
    /// `None` for somebody who was never there, or whose presence this viewer may not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<LastSeen>,
}

impl Presence {
    /// What a viewer sees who may not know, and what anybody sees of a player who never came.
    pub const HIDDEN: Self = Self { status: Status::Offline, game_id: None, joinable: false, last_seen: None };
}

/// How much of somebody's presence a viewer may know. The interaction policy decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sight {
    /// Nothing: blocked, or the player's privacy is against it.
    Nothing,
    /// What anybody may know.
    Anybody,
    /// What friends may know, and the player.
    Friend,
}

/// What is known of a player, before anybody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Sockets.
    pub reach: Reach,
    /// What the player is engaged in.
    pub engagement: Engagement,
    /// Whether the game engaged in takes one more player now. Counts for nothing without a game.
    pub open_seat: bool,
}

/// Presence out of facts.
///
/// What somebody is doing counts more than whether the device is looked at: who waits in a queue with the phone in the
/// pocket is in the queue. Without a socket for longer than `grace` one is offline, whatever goes on in one's name.
#[must_use]
pub fn compose(facts: &Facts, sight: Sight, now: Timestamp, grace: Duration) -> Presence {
    let Facts { reach, engagement, open_seat } = *facts;
    if sight == Sight::Nothing {
        return Presence::HIDDEN;
    }
    if !reach.online && due(facts, now, grace).is_none() {
        return Presence { last_seen: reach.changed_at.map(|at| LastSeen::bucket(at, now)), ..Presence::HIDDEN };
    }
    let status = match engagement {
        Engagement::Game(_) => Status::InGame,
        Engagement::Ticket(_) | Engagement::Proposal(_) => Status::InQueue,
        Engagement::Idle if reach.online && reach.away => Status::Away,
        Engagement::Idle => Status::Online,
    };
    let game = match engagement {
        Engagement::Game(id) => Some(id),
        _ => None,
    };
    Presence {
        status,
        game_id: game.filter(|_| sight == Sight::Friend),
        joinable: open_seat && game.is_some() && sight == Sight::Friend,
        last_seen: Some(LastSeen::Now),
    }
}

/// When somebody whose last socket went turns offline without anything else happening: look again then. `None` if
/// they are online, or offline already.
///
/// `now` may come from another clock than the facts. A departure further ahead than `grace` is no departure of just now,
/// so a clock that is far behind makes nobody present for hours.
#[must_use]
pub fn due(facts: &Facts, now: Timestamp, grace: Duration) -> Option<Timestamp> {
    let left_at = facts.reach.changed_at.filter(|_| !facts.reach.online)?;
    let end = left_at + grace;
    (now < end && left_at <= now + grace).then_some(end)
}

#[cfg(test)]
mod tests {
    use kernel::{IdSource, ProposalId, SeededIds, TicketId};
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    fn a_facts() -> impl Strategy<Value = Facts> {
        let changed_at = proptest::option::of((0_i64..20_000).prop_map(|millis| T0.plus_millis(-millis)));
        (any::<bool>(), any::<bool>(), changed_at, 0..4, any::<bool>()).prop_map(
            |(online, away, changed_at, engaged, open_seat)| {
                let id = SeededIds::new(3).uuid(T0);
                let engagement = match engaged {
                    0 => Engagement::Idle,
                    1 => Engagement::Ticket(TicketId::new(id)),
                    2 => Engagement::Proposal(ProposalId::new(id)),
                    _ => Engagement::Game(GameId::new(id)),
                };
                let reach = Reach { online, away: online && away, changed_at };
                Facts { reach, engagement, open_seat }
            },
        )
    }

    fn gone(ago: Duration) -> Facts {
        let changed_at = Some(T0.plus_millis(-i64::try_from(ago.as_millis()).expect("short")));
        Facts {
            reach: Reach { online: false, away: false, changed_at },
            engagement: Engagement::Idle,
            open_seat: false,
        }
    }

    #[test]
    fn last_seen_is_bucketed_from_its_lower_bound_on() {
        let moment = Duration::from_millis(1);
        let seen = |ago| compose(&gone(ago), Sight::Anybody, T0, GRACE).last_seen.expect("was there once");
        assert_eq!(seen(GRACE - moment), LastSeen::Now);
        assert_eq!([GRACE, HOUR - moment].map(seen), [LastSeen::Hour; 2]);
        assert_eq!([HOUR, HOUR * 24 - moment].map(seen), [LastSeen::Day; 2]);
        assert_eq!([HOUR * 24, HOUR * 168 - moment].map(seen), [LastSeen::Week; 2]);
        assert_eq!([HOUR * 168, HOUR * 10_000].map(seen), [LastSeen::Long; 2]);
    }

    #[test]
    fn a_clock_that_is_far_behind_makes_nobody_present() {
        let facts = Facts { reach: Reach { changed_at: Some(T0 + HOUR), ..gone(HOUR).reach }, ..gone(HOUR) };
        let seen = compose(&facts, Sight::Friend, T0, GRACE);
        assert_eq!((seen.status, seen.last_seen), (Status::Offline, Some(LastSeen::Hour)));
        assert_eq!(due(&facts, T0, GRACE), None);
    }

    #[test]
    fn being_away_gives_way_to_what_one_is_doing() {
        let reach = Reach { online: true, away: true, changed_at: Some(T0) };
        let id = SeededIds::new(1).uuid(T0);
        let status =
            |engagement| compose(&Facts { reach, engagement, open_seat: false }, Sight::Anybody, T0, GRACE).status;
        assert_eq!(status(Engagement::Idle), Status::Away);
        assert_eq!(status(Engagement::Ticket(TicketId::new(id))), Status::InQueue);
        assert_eq!(status(Engagement::Proposal(ProposalId::new(id))), Status::InQueue);
        assert_eq!(status(Engagement::Game(GameId::new(id))), Status::InGame);
    }

    proptest! {
        #[test]
        fn who_may_not_know_sees_somebody_who_never_came(facts in a_facts()) {
            let never = Facts { reach: Reach::default(), ..facts };
            let hidden = compose(&facts, Sight::Nothing, T0, GRACE);
            prop_assert_eq!(hidden, Presence::HIDDEN);
            prop_assert_eq!(hidden, compose(&never, Sight::Anybody, T0, GRACE));
        }

        #[test]
        fn a_game_is_named_to_friends_only(facts in a_facts()) {
            let friend = compose(&facts, Sight::Friend, T0, GRACE);
            let anybody = compose(&facts, Sight::Anybody, T0, GRACE);
            prop_assert_eq!(friend.game_id.is_some(), friend.status == Status::InGame);
            prop_assert!(anybody.game_id.is_none() && !anybody.joinable);
            prop_assert_eq!(Presence { game_id: None, joinable: false, ..friend }, anybody);
        }

        #[test]
        fn only_who_is_offline_has_a_past(facts in a_facts()) {
            let seen = compose(&facts, Sight::Anybody, T0, GRACE);
            prop_assert_eq!(seen.status != Status::Offline, seen.last_seen == Some(LastSeen::Now));
        }

        #[test]
        fn nothing_but_last_seen_changes_with_time_unless_it_is_due(facts in a_facts(), later in 0_i64..30_000) {
            let then = T0.plus_millis(later);
            let (before, after) = (compose(&facts, Sight::Friend, T0, GRACE), compose(&facts, Sight::Friend, then, GRACE));
            let turned = due(&facts, T0, GRACE).is_some_and(|end| end <= then);
            prop_assert_eq!(turned, before.status != after.status);
            prop_assert!(turned || before.game_id == after.game_id);
        }
    }
}
