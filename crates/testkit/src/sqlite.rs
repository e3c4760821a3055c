//! A database file of one test's own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A path for an SQLite database that does not exist yet. Dropping this
/// removes the file and the ones SQLite puts beside it (`-wal`, `-shm`).
#[derive(Debug)]
pub struct ScratchFile {
    _directory: TempDir,
    path: PathBuf,
}

impl ScratchFile {
    /// A fresh path in a temporary directory.
    ///
    /// # Panics
    /// Where no temporary directory can be made.
    #[must_use]
    pub fn new() -> Self {
        let directory =
            tempfile::Builder::new().prefix("swp-sqlite-").tempdir().expect("a temporary directory can be made");
        let path = directory.path().join("scratch.sqlite");
        Self { _directory: directory, path }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as text.
    ///
    /// # Panics
    /// Where the temporary directory's path is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.path.to_str().expect("the temporary directory's path is UTF-8")
    }
}

impl Default for ScratchFile {
    fn default() -> Self {
        Self::new()
    }
}
