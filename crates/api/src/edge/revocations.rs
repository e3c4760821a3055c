use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use kernel::{SessionId, Timestamp};

use crate::tokens::LIFE_SECONDS;

/// How far back behind the last reading the next one looks: a revocation may become visible a while after its time.
const OVERLAP_MS: i64 = 60_000;

/// Sessions that were ended, on any replica, within the life of an access token. Access tokens can't be taken back, so
/// each replica remembers these: told by the bus at once, and by reading the rows every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Revocations(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    ended: HashMap<SessionId, Timestamp>,
    read_at: Option<Timestamp>,
}

impl Revocations {
    /// Whether this session was ended.
    #[must_use]
    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ended.contains_key(&session)
    }

    /// From when on ended sessions must be read: a replica that has just started, or couldn't read for a while, has to
    /// learn of every session whose tokens may still be about.
    #[must_use]
    pub(crate) fn unread_since(&self, now: Timestamp) -> Timestamp {
        let life = now.plus_millis(-1_000 * LIFE_SECONDS);
        let read_at = self.0.read().unwrap_or_else(PoisonError::into_inner).read_at;
        read_at.unwrap_or(life).max(life).plus_millis(-OVERLAP_MS)
    }

    /// Notes what was read at `now`, and forgets sessions whose tokens have all expired. Returns the ones that are news.
    pub(crate) fn note(&self, sessions: impl IntoIterator<Item = SessionId>, now: Timestamp) -> Vec<SessionId> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.read_at = Some(now);
        let horizon = now.plus_millis(-2 * 1_000 * LIFE_SECONDS);
        known.ended.retain(|_, noted| *noted > horizon);
        sessions.into_iter().filter(|session| known.ended.insert(*session, now).is_none()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{IdSource, SeededIds};

    const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    #[test]
    fn a_replica_that_starts_reads_back_over_the_life_of_a_token() {
        let revocations = Revocations::default();
        assert!(revocations.unread_since(START) <= START.plus_millis(-1_000 * LIFE_SECONDS));
        revocations.note([], START);
        assert_eq!(revocations.unread_since(START.plus_millis(2_000)), START.plus_millis(-OVERLAP_MS));
    }

    #[test]
    fn an_outage_leaves_no_gap() {
        let revocations = Revocations::default();
        revocations.note([], START);
        let after = START.plus_millis(5 * 60_000);
        assert!(revocations.unread_since(after) < START, "nothing since the last reading is passed over");
    }

    #[test]
    fn a_session_is_news_once_and_remembered_while_its_tokens_live() {
        let (revocations, session) = (Revocations::default(), SessionId::new(SeededIds::new(1).uuid(START)));
        assert_eq!(revocations.note([session], START), [session]);
        assert!(revocations.note([session], START.plus_millis(2_000)).is_empty());
        revocations.note([], START.plus_millis(1_000 * LIFE_SECONDS));
        assert!(revocations.contains(session));
        revocations.note([], START.plus_millis(3 * 1_000 * LIFE_SECONDS));
        assert!(!revocations.contains(session));
    }
}
