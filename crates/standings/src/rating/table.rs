//! Who is compared with whom in a game, and how it came out.

use std::collections::BTreeMap;

use super::RatedSeat;
use super::margin::{Margin, Showing};
use crate::fact::Outcome;

/// A game's teams.
pub(super) struct Table<'a> {
    seats: &'a [RatedSeat],
    teams: BTreeMap<u8, Team>,
}

/// A team is as good as its best outcome: who left it lost alone, and adds nothing to its score.
#[derive(Debug, Default)]
struct Team {
    seats: Vec<usize>,
    outcome: Option<Outcome>,
    score: Option<i64>,
}

impl<'a> Table<'a> {
    pub(super) fn of(seats: &'a [RatedSeat]) -> Self {
        let mut teams: BTreeMap<u8, Team> = BTreeMap::new();
        for (number, seat) in seats.iter().enumerate() {
            let team = teams.entry(seat.team).or_default();
            team.seats.push(number);
            team.outcome = std::cmp::max_by_key(team.outcome, seat.outcome, |outcome| outcome.map(worth));
        }
        for team in teams.values_mut() {
            let stayed = team.seats.iter().map(|seat| &seats[*seat]).filter(|seat| seat.outcome == team.outcome);
            team.score = stayed.filter_map(|seat| seat.score).reduce(i64::saturating_add);
        }
        Self { seats, teams }
    }

    /// How many other teams each team has.
    pub(super) fn opponents(&self) -> usize {
        self.teams.len().saturating_sub(1)
    }

    pub(super) fn team_of(&self, seat: usize) -> u8 {
        self.seats[seat].team
    }

    pub(super) fn seats_of(&self, team: u8) -> impl Iterator<Item = usize> + '_ {
        self.teams.get(&team).into_iter().flat_map(|team| team.seats.iter().copied())
    }

    /// How the game came out for this seat against each other team about which something is known, by team.
    pub(super) fn results(&self, seat: usize, margin: &Margin) -> Vec<(u8, Showing)> {
        let (own_team, own_outcome) = (self.seats[seat].team, self.seats[seat].outcome);
        let own = &self.teams[&own_team];
        let left = own_outcome != own.outcome;
        let others = self.teams.iter().filter(|(number, _)| **number != own_team);
        let known = others.filter_map(|(number, other)| {
            let (Some(ours), Some(theirs)) = (own_outcome, other.outcome) else { return None };
            let result = if left { Some(Showing::Plain(0.0)) } else { compared(own, ours, other, theirs, margin) };
            result.map(|result| (*number, result))
        });
        known.collect()
    }
}

/// Losers are told apart by their scores, if they have any: that both lost doesn't mean they were equal.
fn compared(own: &Team, ours: Outcome, other: &Team, theirs: Outcome, margin: &Margin) -> Option<Showing> {
    let scores = own.score.zip(other.score);
    let result = match worth(ours).cmp(&worth(theirs)) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Less => 0.0,
        std::cmp::Ordering::Equal if ours != Outcome::Loss => 0.5,
        std::cmp::Ordering::Equal => {
            let (own, other) = scores?;
            match own.cmp(&other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            }
        }
    };
    Some(scores.map_or(Showing::Plain(result), |(own, other)| margin.showing(result, own, other)))
}

fn worth(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Win => 2,
        Outcome::Draw => 1,
        Outcome::Loss => 0,
    }
}
