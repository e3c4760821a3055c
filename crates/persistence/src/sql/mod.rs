//! Written once, mounted twice: `super::dialect` says which database this is.

mod columns;
mod database;
mod engagements;
mod leases;
mod outbox;
mod receipts;
mod riders;
pub(super) mod schema;
mod streams;

use super::{batch, connect, dialect};

pub(super) use self::columns::{IdCol, JsonCol, TimeCol};
pub use self::database::Database;
pub(super) use self::database::Tx;
pub(super) use self::outbox::Claimed;
pub(super) use self::streams::Grown;
