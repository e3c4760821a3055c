use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The cache namespaces this replica has used, and which of them it must not trust.
///
/// Every cached value begins with the epoch its namespace had when it was filled. A replica that could not invalidate
/// marks the namespace, answers from the database from then on, and trusts the cache again when it has given the
/// namespace a new epoch, which outdates all values of the old one on every replica.
#[derive(Default)]
pub(crate) struct Namespaces(RwLock<HashMap<&'static str, Marks>>);

#[derive(Default, Clone, Copy)]
struct Marks {
    /// How often it was marked.
    made: u64,
    /// How many of those marks an epoch has settled since.
    settled: u64,
}

impl Namespaces {
    /// Whether values of this namespace may be used.
    pub(crate) fn trusted(&self, namespace: &'static str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(namespace).copied();
        match known {
            Some(marks) => marks.made == marks.settled,
            None => {
                // Known from now on, so that `mark_all` finds it; two at once is fine.
                self.0.write().unwrap_or_else(PoisonError::into_inner).entry(namespace).or_default();
                true
            }
        }
    }

    /// An invalidation in this namespace failed.
    pub(crate) fn mark(&self, namespace: &'static str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(namespace).or_default().made += 1;
    }

    /// Another Redis answers than before, or the same one restarted: it may hold values from any time.
    pub(crate) fn mark_all(&self) {
        for marks in self.0.write().unwrap_or_else(PoisonError::into_inner).values_mut() {
            marks.made += 1;
        }
    }

    /// What is marked, each with the mark to give to [`Self::settle`].
    pub(crate) fn marked(&self) -> Vec<(&'static str, u64)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().filter(|(_, marks)| marks.made != marks.settled).map(|(name, marks)| (*name, marks.made)).collect()
    }

    /// A new epoch was written after this mark was made; marks made since still count.
    pub(crate) fn settle(&self, namespace: &'static str, mark: u64) {
        if let Some(marks) = self.0.write().unwrap_or_else(PoisonError::into_inner).get_mut(namespace) {
            marks.settled = marks.settled.max(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_made_while_an_epoch_moves_still_counts() {
        let namespaces = Namespaces::default();
        assert!(namespaces.trusted("profile"));
        namespaces.mark("profile");
        let [(name, mark)] = namespaces.marked()[..] else { panic!("one is marked") };
        namespaces.mark("profile");
        namespaces.settle(name, mark);
        assert!(!namespaces.trusted("profile"));
        namespaces.settle(name, mark + 1);
        assert!(namespaces.trusted("profile"));
        assert!(namespaces.marked().is_empty());
    }

    #[test]
    fn another_redis_outdates_every_namespace_used() {
        let namespaces = Namespaces::default();
        assert!(namespaces.trusted("profile") && namespaces.trusted("history"));
        namespaces.mark_all();
        assert_eq!(namespaces.marked().len(), 2);
        assert!(namespaces.trusted("never used before"));
    }
}
