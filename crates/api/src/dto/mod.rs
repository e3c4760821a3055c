//! What goes over the wire. Domain types don't serialise; these do.

mod admin;
mod auth;
mod export;
mod friend;
mod game;
mod invite;
mod mode;
mod party;
mod player;
mod problem;
mod proposal;
mod standings;
mod ticket;

pub(crate) use admin::*;
pub(crate) use auth::*;
pub(crate) use export::*;
pub(crate) use friend::*;
pub(crate) use game::*;
pub(crate) use invite::*;
pub(crate) use mode::*;
pub(crate) use party::*;
pub(crate) use player::*;
pub(crate) use problem::*;
pub(crate) use proposal::*;
pub(crate) use standings::*;
pub(crate) use ticket::*;

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageDto<T> {
    /// The items, in the list's order.
    pub(crate) items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
}
