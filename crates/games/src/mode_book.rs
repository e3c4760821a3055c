//! The modes as they stand now, for everybody who asks, and every earlier version for the games that began under it.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::mode::{Mode, ModeError, RatingModel, WindowSettings};

/// More versions than games can be running under without the book knowing of them.
const MOST_ABSENT: usize = 1_024;

/// Holds the catalogue of the moment. Readers take an `Arc` of it and are never in the way of a change.
///
/// A mode's versions are those of the operator's file and those published since; the newest one is in the catalogue. A
/// published version stands for ever, so where the file has the same one with other words, the published one counts.
/// A file that says something new therefore raises the version beyond what was published.
#[derive(Debug)]
pub struct ModeBook {
    base: Catalogue,
    settings: WindowSettings,
    now: RwLock<Open>,
}

/// What the book says at the moment.
#[derive(Debug, Default)]
struct Open {
    newest: Arc<Catalogue>,
    /// The newest ones as they were written down, without an operator's windows.
    written: Catalogue,
    all: BTreeMap<(String, i32), Arc<Mode>>,
    /// The greatest version of each key, whether or not it can be read here.
    latest: BTreeMap<String, i32>,
    unreadable: Vec<ModeError>,
    /// How many versions are published.
    published: usize,
    /// Versions that were looked for in the store and weren't there.
    absent: HashSet<(String, i32)>,
}

impl ModeBook {
    /// A book open at this catalogue.
    #[must_use]
    pub fn new(base: Catalogue) -> Arc<Self> {
        Self::with_windows(base, WindowSettings::default())
    }

    /// A book open at this catalogue, as it was written down; every version of every mode is shown with these windows
    /// in place of its own.
    #[must_use]
    pub fn with_windows(base: Catalogue, settings: WindowSettings) -> Arc<Self> {
        let now = RwLock::new(Open::of(&base, settings, &[]));
        Arc::new(Self { base, settings, now })
    }

    /// The modes as they stand.
    #[must_use]
    pub fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.open().newest)
    }

    /// The newest version of a mode.
    #[must_use]
    pub fn newest(&self, key: &str) -> Option<Arc<Mode>> {
        let open = self.open();
        let version = open.written.get(key)?.version;
        open.all.get(&(key.to_owned(), version)).cloned()
    }

    /// Exactly this version of a mode.
    #[must_use]
    pub fn at(&self, key: &str, version: i32) -> Option<Arc<Mode>> {
        self.open().all.get(&(key.to_owned(), version)).cloned()
    }

    /// The newest version of a mode as it was written down: what an operator edits.
    #[must_use]
    pub fn written(&self, key: &str) -> Option<Value> {
        self.open().written.get(key).map(Mode::written)
    }

    /// Published versions that aren't used here, and why: those of a newer release, mostly, or of a file that says
    /// otherwise. A sentence for the log.
    #[must_use]
    pub fn unreadable(&self) -> Vec<ModeError> {
        self.open().unreadable.clone()
    }

    /// The greatest version of this key there is, 0 if there is none.
    pub(crate) fn latest(&self, key: &str) -> i32 {
        self.open().latest.get(key).copied().unwrap_or(0)
    }

    /// The model of a rating family: its modes' of the moment, or if it has none any more, the last that was named for it.
    pub(crate) fn model_of(&self, family: &str) -> Option<RatingModel> {
        let open = self.open();
        let of_it = |mode: &&Mode| mode.rating.as_deref() == Some(family);
        let now = open.written.all().iter().find(of_it);
        let before = || open.all.values().map(|mode| &**mode).filter(of_it).max_by_key(|mode| mode.version);
        now.or_else(before).map(|mode| mode.rating_model)
    }

    /// Whether this mode can stand among the others.
    pub(crate) fn check_beside(&self, mode: &Mode) -> Result<(), ModeError> {
        self.open().written.with(mode).map(drop)
    }

    /// Opens the book at what is published now. Says whether that changed anything. Versions are only ever added, so
    /// what is shorter than what is known was read earlier, and overtaken on its way here.
    pub(crate) fn replace(&self, published: &[Value]) -> bool {
        let open = Open::of(&self.base, self.settings, published);
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if open.published < now.published {
            return false;
        }
        let changed = now.all != open.all || now.newest != open.newest;
        if changed || now.published != open.published || now.unreadable != open.unreadable {
            *now = open;
        }
        changed
    }

    /// Whether it is worth asking the store for this version; the first one who is told so asks.
    pub(crate) fn may_be_published(&self, key: &str, version: i32) -> bool {
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        if now.absent.len() >= MOST_ABSENT {
            now.absent.clear();
        }
        now.absent.insert((key.to_owned(), version))
    }

    fn open(&self) -> RwLockReadGuard<'_, Open> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn of(base: &Catalogue, settings: WindowSettings, published: &[Value]) -> Self {
        let mut open = Self { written: base.clone(), published: published.len(), ..Self::default() };
        let mut readable: Vec<Mode> = base.all().to_vec();
        for value in published {
            match Mode::read(value) {
                Ok(mode) => readable.push(mode),
                Err(error) => {
                    let named = (value["key"].as_str(), value["version"].as_i64().and_then(|n| i32::try_from(n).ok()));
                    if let (Some(key), Some(version)) = named {
                        open.see(key, version);
                        open.unreadable.push(error.under(&format!("/{key}/{version}")));
                    }
                }
            }
        }
        // Stable: a published version comes after the file's of the same number.
        readable.sort_by_key(|mode| mode.version);
        for mode in readable {
            open.see(&mode.key, mode.version);
            let shown = Mode { windows: settings.over(mode.windows), ..mode.clone() };
            open.all.insert((mode.key.clone(), mode.version), Arc::new(shown));
            match open.written.with(&mode) {
                Ok(written) => open.written = written,
                Err(error) => open.unreadable.push(error.under(&format!("/{}/{}", mode.key, mode.version))),
            }
        }
        open.newest = Arc::new(open.written.clone().with_windows(settings));
        open
    }

    fn see(&mut self, key: &str, version: i32) {
        let latest = self.latest.entry(key.to_owned()).or_insert(version);
        *latest = version.max(*latest);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_that_was_read_before_the_last_one_changes_nothing() {
        let book = ModeBook::new(Catalogue::shipped().expect("valid"));
        let published = |version: i32| {
            let mut written = book.written("duel").expect("ships");
            written["version"] = json!(version);
            written
        };
        let (second, third) = (published(2), published(3));
        assert!(book.replace(&[second.clone(), third]));
        assert!(!book.replace(&[second]), "read before the third version was published");
        assert_eq!(book.newest("duel").map(|mode| mode.version), Some(3));
    }
}
