//! What a simulation drives: our matcher, or somebody else's rules.

use kernel::Timestamp;

use super::peers::{LichessLike, NakamaLike, PlayFabLike};
use super::trace::{Trace, number};
use crate::{Candidate, Group, Matcher, Shape, Tuning};

/// The players of a game, by the numbers of their tickets in the trace, team by team.
pub(super) type Teams = Vec<Vec<usize>>;

/// A way to match.
pub(super) trait Engine {
    /// A ticket comes.
    fn arrive(&mut self, number: usize, ticket: &Candidate, now: Timestamp);
    /// A ticket is cancelled or has expired.
    fn leave(&mut self, ticket: &Candidate);
    /// These two must not meet; both wait.
    fn block(&mut self, a: &Candidate, b: &Candidate);
    /// When to call [`Engine::matches`] next.
    fn next(&mut self) -> Option<Timestamp>;
    /// Who plays now.
    fn matches(&mut self, now: Timestamp) -> Vec<Teams>;
}

/// The engines there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Kinetic,
    /// With the seconds between two ticks.
    Nakama(u32),
    Lichess,
    PlayFab,
}

impl Rules {
    /// By name, as on the command line.
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("kinetic", Self::Kinetic),
        ("nakama-like", Self::Nakama(15)),
        ("nakama-like-1s", Self::Nakama(1)),
        ("lichess-like", Self::Lichess),
        ("playfab-like", Self::PlayFab),
    ];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, rules)| *rules == self).map_or("", |(name, _)| name)
    }

    pub(super) fn engine(self, shape: Shape, tuning: Tuning, trace: &Trace) -> Box<dyn Engine> {
        let start = trace.tickets.first().map_or(super::trace::START, |first| first.created_at);
        match self {
            Self::Kinetic => Box::new(Kinetic(Matcher::new(shape, tuning))),
            Self::Nakama(every) => Box::new(NakamaLike::new(every, start)),
            Self::Lichess => Box::new(LichessLike::new(start)),
            Self::PlayFab => Box::new(PlayFabLike::new(start)),
        }
    }
}

/// Ours: what runs in production.
struct Kinetic(Matcher);

impl Engine for Kinetic {
    fn arrive(&mut self, _number: usize, ticket: &Candidate, now: Timestamp) {
        self.0.insert(ticket.clone(), now);
    }

    fn leave(&mut self, ticket: &Candidate) {
        self.0.remove(ticket.id);
    }

    fn block(&mut self, a: &Candidate, b: &Candidate) {
        self.0.forbid(a.id, b.id);
    }

    fn next(&mut self) -> Option<Timestamp> {
        self.0.next_touch()
    }

    fn matches(&mut self, now: Timestamp) -> Vec<Teams> {
        let numbers = |group: &Group| -> Teams {
            group.teams.iter().map(|team| team.iter().map(|ticket| number(ticket.id())).collect()).collect()
        };
        self.0.matches(now).iter().map(numbers).collect()
    }
}
