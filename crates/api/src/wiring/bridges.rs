//! Where one domain must know something of another: the asking crate's port, answered by the other's service.

use std::sync::Arc;

use async_trait::async_trait;
use games::{Catalogue, Mode};
use kernel::{BoxError, PlayerId};
use matchmaking::{Modes, QueueSpec, Rating, Ratings};

/// Matchmaking asks what modes there are.
pub(super) struct ModesOfGames(pub(super) Arc<Catalogue>);

fn spec(mode: &Mode) -> QueueSpec {
    QueueSpec {
        mode: mode.key.clone(),
        teams: mode.teams,
        team_size: mode.team_size,
        rated: mode.rating.is_some(),
        rating_family: mode.family().to_owned(),
        ready_ms: mode.windows.ready_ms,
        ready_check: mode.ready_check,
        enabled: mode.enabled,
    }
}

#[async_trait]
impl Modes for ModesOfGames {
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
        Ok(self.0.get(mode).map(spec))
    }

    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
        Ok(self.0.all().iter().map(spec).collect())
    }
}

/// Matchmaking asks for ratings. Nobody has played a rated family yet, as far as this release knows: results are kept in
/// the ledger, and standings, once they are derived from it, take this one's place. Until then everybody is as strong as
/// a newcomer, which is what the rating models start from.
pub(super) struct NewcomerRatings;

#[async_trait]
impl Ratings for NewcomerRatings {
    async fn rating(&self, _: PlayerId, _: &str) -> Result<Rating, BoxError> {
        Ok(Rating { value: 1_500.0, deviation: 350.0 })
    }
}
