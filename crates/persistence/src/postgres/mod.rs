//! PostgreSQL 15 or newer: what serves production.

mod batch;
mod connect;
mod dialect;
#[path = "../sql/mod.rs"]
mod sql;

pub use self::connect::PostgresConfig;
pub use self::sql::Database;
