//! Where one domain must know something of another: the asking crate's port, answered by the other's service.

use std::sync::Arc;

use async_trait::async_trait;
use games::{GameStore, LedgerEntry, Mode, ModeBook, RatingModel, ResultStatus};
use kernel::{BoxError, PlayerId};
use matchmaking::{AttributeRule, Modes, QueueSpec, Rating, Ratings};
use standings::{Fact, FactLine, FactSource, Metric, ModeScheme, Model, Outcome, Schemes, Standings};

/// Matchmaking asks what modes there are.
pub(super) struct ModesOfGames {
    pub(super) modes: Arc<ModeBook>,
    /// How long a ready check lasts, in milliseconds.
    pub(super) check_ms: i64,
}

fn spec(mode: &Mode, check_ms: i64) -> QueueSpec {
    QueueSpec {
        mode: mode.key.clone(),
        teams: mode.teams,
        team_size: mode.team_size,
        rated: mode.rating.is_some(),
        rating_family: mode.family().to_owned(),
        ready_ms: mode.windows.ready_ms,
        check_ms: mode.ready_check.then_some(check_ms),
        latency_cap_ms: mode.matching.latency_cap_ms,
        attributes: mode
            .matching
            .attributes
            .iter()
            .map(|rule| AttributeRule { key: rule.key.clone(), strict: rule.strict })
            .collect(),
        practice: mode.practice(),
        enabled: mode.enabled,
    }
}

#[async_trait]
impl Modes for ModesOfGames {
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
        Ok(self.modes.now().get(mode).map(|mode| spec(mode, self.check_ms)))
    }

    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
        Ok(self.modes.now().all().iter().map(|mode| spec(mode, self.check_ms)).collect())
    }
}

/// Matchmaking asks for ratings.
pub(super) struct RatingsOfStandings(pub(super) Standings);

#[async_trait]
impl Ratings for RatingsOfStandings {
    async fn rating(&self, player: PlayerId, family: &str) -> Result<Rating, BoxError> {
        let rating = self.0.rating(player, family).await?.rating;
        Ok(Rating { value: rating.value, deviation: rating.deviation })
    }
}

/// Standings ask what modes there are.
pub(super) struct SchemesOfGames(pub(super) Arc<ModeBook>);

fn scheme(mode: &Mode) -> ModeScheme {
    ModeScheme {
        mode: mode.key.clone(),
        family: mode.family().to_owned(),
        model: match mode.rating_model {
            RatingModel::WengLin => Model::WengLin,
            RatingModel::Glicko2 => Model::Glicko2,
        },
        rated: mode.rating.is_some(),
        scored: mode.score().is_some(),
        board: Metric::parse(&mode.board).unwrap_or(Metric::Wins),
    }
}

#[async_trait]
impl Schemes for SchemesOfGames {
    async fn scheme(&self, mode: &str) -> Result<Option<ModeScheme>, BoxError> {
        Ok(self.0.now().get(mode).map(scheme))
    }

    async fn schemes(&self) -> Result<Vec<ModeScheme>, BoxError> {
        Ok(self.0.now().all().iter().map(scheme).collect())
    }
}

/// Standings read the ledger.
pub(super) struct LedgerOfGames(pub(super) Arc<dyn GameStore>);

const fn outcome(outcome: games::Outcome) -> Outcome {
    match outcome {
        games::Outcome::Win => Outcome::Win,
        games::Outcome::Loss => Outcome::Loss,
        games::Outcome::Draw => Outcome::Draw,
    }
}

/// Of a practice game the ledger keeps the place and nobody takes part: so nothing follows from it.
fn fact(entry: LedgerEntry) -> Fact {
    let counts = !entry.is_practice();
    let line = |line: games::Standing| FactLine {
        player_id: line.player_id,
        team: line.team,
        outcome: line.outcome.map(outcome),
        score: line.score,
    };
    Fact {
        family: entry.family,
        sequence: entry.sequence,
        game_id: entry.game_id,
        version: entry.version,
        mode: entry.mode,
        rated: entry.rated,
        voided: entry.status == ResultStatus::Voided,
        lines: entry.standings.into_iter().filter(|_| counts).map(line).collect(),
        at: entry.at,
    }
}

#[async_trait]
impl FactSource for LedgerOfGames {
    async fn families(&self) -> Result<Vec<(String, i64)>, BoxError> {
        Ok(self.0.families().await?)
    }

    async fn facts(&self, family: &str, after: i64, limit: i64) -> Result<Vec<Fact>, BoxError> {
        Ok(self.0.ledger(family, after, limit).await?.into_iter().map(fact).collect())
    }
}
