//! Closing seasons: their final places are written once, and once more whenever a result in them changes later.

use std::time::Duration;

use kernel::{Event, EventId, Riders, StoreError, Timestamp};
use serde_json::json;

use crate::board::{BoardKey, BoardSpan, Metric};
use crate::effects::Scheming;
use crate::model::{Head, SeasonClose, SeasonFinal};
use crate::ports::StandingsPorts;
use crate::season::{end_of, season_of};

/// Closes what is over.
pub struct SeasonCloser {
    ports: StandingsPorts,
}

impl SeasonCloser {
    /// How long after its end a season is closed: games that ended in it are settled by then.
    const SETTLED: Duration = Duration::from_secs(60 * 60);
    /// Final places per board.
    const PLACES: i64 = 100;

    /// Over these ports.
    #[must_use]
    pub const fn new(ports: StandingsPorts) -> Self {
        Self { ports }
    }

    /// Closes every season that is over, applied and not closed as it stands; says how many. Any number of replicas may
    /// try: of each closing one is carried out.
    ///
    /// # Errors
    /// Those of the ports. What was closed stays so; call again later.
    pub async fn close_due(&self, now: Timestamp) -> Result<usize, StoreError> {
        let due = self.ports.seasons.to_close(&season_of(now)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let schemes = Scheming::new(self.ports.schemes.schemes().await.map_err(StoreError::Unavailable)?);
        let mut closed = 0;
        for (mode, season) in due {
            let family = schemes.get(&mode).map_or(&mode, |scheme| &scheme.family);
            // A correction may come between reading the places and writing them: then they are written once more.
            while let Some(head) = self.settled(family, &season, now).await? {
                match self.close(&mode, &season, now).await {
                    Ok(()) => closed += 1,
                    Err(StoreError::Stale) => break,
                    Err(error) => return Err(error),
                }
                if self.ports.store.head(family).await? == head {
                    break;
                }
            }
        }
        Ok(closed)
    }

    /// The family's head, if everything that belongs into the season was applied and nothing is being redone.
    async fn settled(&self, family: &str, season: &str, now: Timestamp) -> Result<Option<Head>, StoreError> {
        let Some(settled) = end_of(season).map(|end| end + Self::SETTLED).filter(|settled| *settled <= now) else {
            return Ok(None);
        };
        let head = self.ports.store.head(family).await?;
        let next = self.ports.facts.facts(family, head.applied, 1).await.map_err(StoreError::Unavailable)?;
        let complete = head.redo_from.is_none() && next.first().is_none_or(|fact| fact.at >= settled);
        Ok(complete.then_some(head))
    }

    async fn close(&self, mode: &str, season: &str, now: Timestamp) -> Result<(), StoreError> {
        let before = self.ports.reads.seasons(mode).await?;
        let last = before.into_iter().find(|(name, _)| name == season).and_then(|(_, close)| close);
        let revision = last.map_or(1, |close| close.revision + 1);
        let mut finals = Vec::new();
        for metric in Metric::ALL {
            let board = BoardKey { mode: mode.to_owned(), season: season.to_owned(), metric };
            let lines = self.ports.reads.board(&board, BoardSpan::After(None), Self::PLACES).await?;
            finals.extend(lines.into_iter().map(|line| SeasonFinal {
                metric,
                rank: line.rank,
                player_id: line.player_id,
                value: line.value,
            }));
        }
        let event = Event {
            id: EventId::new(self.ports.ids.uuid(now)),
            aggregate: format!("season:{mode}:{season}"),
            kind: "season.closed".into(),
            audience: Vec::new(),
            data: json!({ "mode": mode, "season": season, "revision": revision }),
            at: now,
        };
        let close = SeasonClose { mode: mode.to_owned(), season: season.to_owned(), revision, at: now };
        self.ports.seasons.close(close, finals, Riders::events(vec![event])).await
    }
}
