//! What standings ask of games, as the service wires it.

use std::sync::Arc;

use async_trait::async_trait;
use games::{Catalogue, GameStore, LedgerEntry, Mode, RatingModel, ResultStatus};
use kernel::BoxError;
use standings::{Fact, FactLine, FactSource, Metric, ModeScheme, Model, Outcome, Schemes};

pub(crate) struct Modes(pub(crate) Catalogue);

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
        board: Metric::parse(&mode.board).expect("a metric"),
    }
}

#[async_trait]
impl Schemes for Modes {
    async fn scheme(&self, mode: &str) -> Result<Option<ModeScheme>, BoxError> {
        Ok(self.0.get(mode).map(scheme))
    }

    async fn schemes(&self) -> Result<Vec<ModeScheme>, BoxError> {
        Ok(self.0.all().iter().map(scheme).collect())
    }
}

pub(crate) struct Ledger(pub(crate) Arc<dyn GameStore>);

const fn outcome(outcome: games::Outcome) -> Outcome {
    match outcome {
        games::Outcome::Win => Outcome::Win,
        games::Outcome::Loss => Outcome::Loss,
        games::Outcome::Draw => Outcome::Draw,
    }
}

pub(crate) fn fact(entry: LedgerEntry) -> Fact {
    let line = |line: games::Standing| FactLine {
        player_id: line.player_id,
        team: line.team,
        outcome: line.outcome.map(outcome),
        score: line.score,
    };
    // Nobody takes part in what a practice bot played.
    let practice = entry.is_practice();
    Fact {
        family: entry.family,
        sequence: entry.sequence,
        game_id: entry.game_id,
        version: entry.version,
        mode: entry.mode,
        rated: entry.rated,
        voided: entry.status == ResultStatus::Voided,
        lines: entry.standings.into_iter().filter(|_| !practice).map(line).collect(),
        at: entry.at,
    }
}

#[async_trait]
impl FactSource for Ledger {
    async fn families(&self) -> Result<Vec<(String, i64)>, BoxError> {
        Ok(self.0.families().await?)
    }

    async fn facts(&self, family: &str, after: i64, limit: i64) -> Result<Vec<Fact>, BoxError> {
        Ok(self.0.ledger(family, after, limit).await?.into_iter().map(fact).collect())
    }
}
