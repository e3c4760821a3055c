//! Names by id. Events, games and the ledger hold ids only; names resolve here, at reading, cache-aside and in batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Cache, CacheKey, CacheOutcome, Clock, FillToken, Lookup, PlayerId};
use players::Players;
use serde::{Deserialize, Serialize};

use crate::dto::PlayerDto;
use crate::problem::Problem;

/// Namespace of cached public profiles.
const PROFILES: &str = "profile";
const TTL: Duration = Duration::from_secs(30);

/// Public profiles of some players.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<PlayerId, Known>);

/// What is kept of a player: the public profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    player: PlayerDto,
    /// Nobody any more: a pseudonym in what others played.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    erased: bool,
}

impl Names {
    /// This player's profile; somebody who isn't there any more has a pseudonym.
    pub(crate) fn get(&self, id: PlayerId) -> PlayerDto {
        if id.is_bot() {
            return PlayerDto::bot();
        }
        self.0.get(&id).map_or_else(|| PlayerDto::gone(id), |known| known.player.clone())
    }
}

/// Looks profiles up.
#[derive(Clone)]
pub(crate) struct Directory {
    players: Players,
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
}

/// The cache key of a public profile.
fn key(id: PlayerId) -> CacheKey {
    CacheKey::new(PROFILES, id.to_string())
}

impl Directory {
    /// Over these players and this cache.
    #[must_use]
    pub(crate) fn new(players: Players, cache: Arc<dyn Cache>, clock: Arc<dyn Clock>) -> Self {
        Self { players, cache, clock }
    }

    /// Profiles of these players: one call of the cache, and one query for all it didn't have.
    pub(crate) async fn names(&self, ids: impl IntoIterator<Item = PlayerId>) -> Result<Names, Problem> {
        Ok(self.look_up(ids).await?.0)
    }

    /// One profile, `None` if there is no such player, or none any more.
    pub(crate) async fn profile(&self, id: PlayerId) -> Result<(Option<PlayerDto>, CacheOutcome), Problem> {
        let (mut names, outcome) = self.look_up([id]).await?;
        Ok((names.0.remove(&id).filter(|known| !known.erased).map(|known| known.player), outcome))
    }

    /// To be called after a profile changed, before the reply.
    pub(crate) async fn changed(&self, id: PlayerId) {
        self.cache.invalidate(&[key(id)]).await;
    }

    async fn look_up(&self, ids: impl IntoIterator<Item = PlayerId>) -> Result<(Names, CacheOutcome), Problem> {
        // Nobody keeps the practice bot: it is known.
        let mut ids: Vec<PlayerId> = ids.into_iter().filter(|id| !id.is_bot()).collect();
        ids.sort_unstable();
        ids.dedup();
        let keys: Vec<CacheKey> = ids.iter().copied().map(key).collect();
        let (mut names, mut missing, mut outcome) = (HashMap::with_capacity(ids.len()), Vec::new(), CacheOutcome::Hit);
        for (id, found) in ids.iter().zip(self.cache.lookup_many(&keys).await) {
            let token = match found {
                Lookup::Hit(bytes) => {
                    if let Ok(profile) = serde_json::from_slice(&bytes) {
                        names.insert(*id, profile);
                        continue;
                    }
                    // An older replica's form: ask the database, and leave the cache to the one who wrote it.
                    None
                }
                Lookup::Miss(token) => Some(token),
                Lookup::Bypass => None,
            };
            outcome = if token.is_some() { CacheOutcome::Miss } else { CacheOutcome::Bypass };
            missing.push((*id, token));
        }
        if missing.is_empty() {
            return Ok((Names(names), outcome));
        }
        match self.fill(&missing, &mut names).await {
            Ok(()) => Ok((Names(names), outcome)),
            Err(problem) if problem.status().as_u16() == 503 => {
                // The database is down: what this replica saw last is better than no answer at all.
                for (id, _) in &missing {
                    let bytes =
                        self.cache.last_known(&key(*id)).ok_or_else(|| Problem::of("unavailable").retry_after(1))?;
                    let profile = serde_json::from_slice(&bytes).map_err(|_| Problem::of("internal"))?;
                    names.insert(*id, profile);
                }
                Ok((Names(names), CacheOutcome::Stale))
            }
            Err(problem) => Err(problem),
        }
    }

    async fn fill(
        &self,
        missing: &[(PlayerId, Option<FillToken>)],
        names: &mut HashMap<PlayerId, Known>,
    ) -> Result<(), Problem> {
        let ids: Vec<PlayerId> = missing.iter().map(|(id, _)| *id).collect();
        let players = self.players.get_many(&ids).await.map_err(|error| Problem::from_refusal(error, &*self.clock))?;
        for ((id, token), player) in missing.iter().zip(players) {
            let Some(player) = player else { continue };
            let profile = Known { player: PlayerDto::from(&player), erased: player.erased_at.is_some() };
            if let (Some(token), Ok(bytes)) = (token.clone(), serde_json::to_vec(&profile)) {
                self.cache.fill(&key(*id), token, bytes.into(), TTL).await;
            }
            names.insert(*id, profile);
        }
        Ok(())
    }
}
