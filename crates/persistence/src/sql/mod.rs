//! Written once, mounted twice: `super::dialect` says which database this is.

mod audit;
mod blocks;
mod columns;
mod connections;
mod database;
mod engagements;
mod friends;
pub(super) mod games;
mod leases;
mod outbox;
pub(super) mod players;
mod receipts;
mod riders;
pub(super) mod schema;
pub(super) mod standings;
mod streams;
pub(super) mod tickets;

use super::{batch, connect, connection_batch, dialect, game_batch, player_batch, standing_batch, ticket_batch};

pub(super) use self::columns::{IdCol, JsonCol, TimeCol};
pub use self::database::Database;
pub(super) use self::database::Tx;
pub(super) use self::outbox::Claimed;
pub(super) use self::players::{PlayerRow, SessionRow};
pub(super) use self::streams::Grown;
