use std::sync::Arc;

use kernel::{Clock, IdSource};

use crate::board::BoardCopies;
use crate::fact::FactSource;
use crate::model::Schemes;
use crate::store::{SeasonStore, StandingsReads, StandingsStore};

/// What standings stand on.
#[derive(Clone)]
pub struct StandingsPorts {
    /// Where they are kept.
    pub store: Arc<dyn StandingsStore>,
    /// Where they are read.
    pub reads: Arc<dyn StandingsReads>,
    /// Closed seasons.
    pub seasons: Arc<dyn SeasonStore>,
    /// The ledger.
    pub facts: Arc<dyn FactSource>,
    /// The modes.
    pub schemes: Arc<dyn Schemes>,
    /// Quick copies of boards; [`NoCopies`](crate::NoCopies) where the database is quick enough.
    pub copies: Arc<dyn BoardCopies>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Ids of events.
    pub ids: Arc<dyn IdSource>,
}
