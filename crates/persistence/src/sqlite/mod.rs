//! SQLite, bundled: the embedded default, one file with its write-ahead log.

mod batch;
mod connect;
mod dialect;
#[path = "../sql/mod.rs"]
mod sql;

pub use self::sql::Database;
