//! Games in few words.

use kernel::{PlayerId, Timestamp};
use shallweplay_standings::rating::{self, RatedSeat};
use shallweplay_standings::{Model, Outcome, Rating};

pub(crate) const BOTH: [Model; 2] = [Model::WengLin, Model::Glicko2];

/// A moment, in days.
pub(crate) fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + day * 86_400_000)
}

/// A rating after some games, the last today.
pub(crate) fn settled(model: Model, value: f64, deviation: f64) -> Rating {
    Rating { value, deviation, games: 50, last_at: Some(day(0)), ..rating::newcomer(model) }
}

/// A seat of this team.
pub(crate) fn seat(team: u8, rating: Rating, outcome: Outcome, score: Option<i64>) -> RatedSeat {
    let player_id: PlayerId = format!("00000000-0000-7000-8000-0000000000{team:02x}").parse().expect("an id");
    RatedSeat { player_id, team, rating, outcome: Some(outcome), score }
}

/// A duel that the first wins, with scores or without, and both afterwards.
pub(crate) fn duel(model: Model, winner: Rating, loser: Rating, scores: Option<(i64, i64)>) -> (Rating, Rating) {
    let seats = [
        seat(0, winner, Outcome::Win, scores.map(|(ours, _)| ours)),
        seat(1, loser, Outcome::Loss, scores.map(|(_, theirs)| theirs)),
    ];
    let after = rating::rate(model, &seats, 1.0, day(0));
    (after[0], after[1])
}
