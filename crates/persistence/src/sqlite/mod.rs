//! SQLite, bundled: the embedded default, one file with its write-ahead log.

mod batch;
mod blocking;
mod clock;
mod connect;
mod connection_batch;
mod dialect;
mod game_batch;
mod player_batch;
#[path = "../sql/mod.rs"]
mod sql;
mod standing_batch;
mod ticket_batch;

pub use self::sql::Database;
