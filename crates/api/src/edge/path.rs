use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use kernel::{GameId, InviteId, PartyId, PlayerId, ProposalId, SessionId, TicketId};

use crate::problem::Problem;

/// Ids that stand in paths, each with the code of its absence.
pub(crate) trait InPath: FromStr {
    const ABSENT: &'static str;
}

impl InPath for PlayerId {
    const ABSENT: &'static str = "players.not_found";
}

impl InPath for GameId {
    const ABSENT: &'static str = "games.not_found";
}

impl InPath for InviteId {
    const ABSENT: &'static str = "games.invite_not_found";
}

impl InPath for SessionId {
    const ABSENT: &'static str = "players.not_found";
}

impl InPath for TicketId {
    const ABSENT: &'static str = "matchmaking.ticket_not_found";
}

impl InPath for ProposalId {
    const ABSENT: &'static str = "matchmaking.proposal_not_found";
}

impl InPath for PartyId {
    const ABSENT: &'static str = "parties.not_found";
}

/// The `{id}` of the path. What isn't an id names nothing, so it looks like anything absent.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: InPath> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("id").and_then(|text| text.parse().ok());
        ready(id.map(Self).ok_or_else(|| Problem::of(T::ABSENT)))
    }
}
