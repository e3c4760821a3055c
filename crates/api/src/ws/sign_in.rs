//! Who opens a socket: by what the upgrade brought, or by the token of the hello.

use std::future::Future;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header;
use futures_util::future::join_all;
use kernel::{Engagement, PartyId, PlayerId, SessionId, StreamKey, Timestamp};
use realtime::{CallId, Input, Json, SignInFailure, SignedIn, Token};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::dto::OwnPlayerDto;
use crate::problem::Problem;
use crate::tokens::{Caller, Rejected};

/// How long a sign-in may take; the stores' own deadlines end it earlier.
const PATIENCE: Duration = Duration::from_secs(2);

/// Credentials that were good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    player: PlayerId,
    device: SessionId,
    /// `None`: as long as the device is signed in.
    expires_at: Option<Timestamp>,
}

impl From<Caller> for Known {
    fn from(caller: Caller) -> Self {
        Self { player: caller.player, device: caller.session, expires_at: Some(caller.expires_at) }
    }
}

impl Known {
    /// The answer to [`Effect::Refresh`](realtime::Effect::Refresh): this is whose fresh token it is.
    pub(super) fn refreshes(self, call: CallId, now: Timestamp) -> Input {
        Input::Refreshed { call, player: self.player, expires_at: self.expires_at.unwrap_or(now) }
    }
}

#[derive(Deserialize)]
struct TicketQuery {
    ticket: Option<String>,
}

/// What the upgrade request brought: a ticket, a bearer token, or nothing. What it brought must be good.
pub(super) async fn at_upgrade(app: &App, req: &HttpRequest) -> Result<Option<Known>, Problem> {
    if let Some(value) = req.headers().get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let (_, token) = token.ok_or_else(|| Problem::of("auth.bad_token"))?;
        return check(app, token.trim()).map(Some).map_err(|(_, problem)| problem);
    }
    let query = actix_web::web::Query::<TicketQuery>::from_query(req.query_string());
    let bad = |_| Problem::of("auth.bad_ws_ticket");
    let Some(ticket) = query.map_err(bad)?.into_inner().ticket else { return Ok(None) };
    let ticket = app.players.redeem_ws_ticket(&ticket).await.map_err(|error| app.refuse(error))?;
    Ok(Some(Known { player: ticket.player_id, device: ticket.session_id, expires_at: None }))
}

type Failed = (SignInFailure, Problem);

/// Whose token this is, if it is good.
pub(super) fn check(app: &App, token: &str) -> Result<Known, Failed> {
    let caller = app.tokens.judge(token).map_err(|rejected| {
        let reason = match rejected {
            Rejected::Bad => SignInFailure::NotAuthenticated,
            Rejected::Expired => SignInFailure::TokenExpired,
        };
        (reason, Problem::of("auth.bad_token"))
    })?;
    if app.revocations.contains(caller.session) {
        return Err((SignInFailure::SignedOut, Problem::of("auth.session_ended")));
    }
    Ok(caller.into())
}

/// Runs within the time that a socket's own reads have.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let late = |_| Err(Problem::of("unavailable.deadline").retry_after(1));
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(late)
}

/// Signs a socket in; the token counts before what the upgrade brought.
pub(super) async fn sign_in(
    app: &App,
    known: Option<Known>,
    token: Option<Token>,
    streams: &[StreamKey],
) -> Result<(SignedIn, SessionId), Failed> {
    let known = match (token, known) {
        (Some(token), _) => check(app, &token.0)?,
        (None, Some(known)) if app.revocations.contains(known.device) => {
            return Err((SignInFailure::SignedOut, Problem::of("auth.session_ended")));
        }
        (None, Some(known)) => known,
        (None, None) => return Err((SignInFailure::NotAuthenticated, Problem::of("auth.missing_token"))),
    };
    let (signed, suspended) = in_time(look_up(app, known, streams)).await.map_err(|problem| {
        // A player who isn't there any more: erased, with tokens still in time.
        let gone = problem.status().is_client_error();
        (if gone { SignInFailure::NotAuthenticated } else { SignInFailure::Unavailable }, problem)
    })?;
    if suspended {
        return Err((SignInFailure::Suspended, Problem::of("auth.suspended")));
    }
    Ok((signed, known.device))
}

async fn look_up(app: &App, known: Known, streams: &[StreamKey]) -> Result<(SignedIn, bool), Problem> {
    let players = [known.player];
    let own = join_all(streams.iter().map(|stream| may_follow(app, known.player, stream)));
    let (player, engaged, party, own) = tokio::join!(
        app.players.get(known.player),
        app.engagements.current(&players),
        app.matchmaking.party_of(known.player),
        own
    );
    let party = party.map_err(|error| app.refuse(error))?;
    let player = player.map_err(|error| app.refuse(error))?;
    let engaged = engaged.map_err(|error| app.refuse(error))?.first().copied().unwrap_or(Engagement::Idle);
    let streams = streams.iter().zip(own.into_iter().collect::<Result<Vec<_>, _>>()?);
    let now = app.clock.now();
    let signed = SignedIn {
        session_id: app.ids.uuid(now).to_string(),
        player_id: player.id,
        player: Json::of(&OwnPlayerDto::from(&player)).unwrap_or_else(|_| Json::empty_object()),
        live: live(engaged, party),
        expires_at: known.expires_at,
        streams: streams.filter(|(_, may)| *may).map(|(stream, _)| stream.clone()).collect(),
    };
    Ok((signed, player.suspended_at(now).is_some()))
}

/// Where the player stands.
fn live(engaged: Engagement, party: Option<PartyId>) -> Json {
    let (mut ticket, mut proposal, mut game) = (None, None, None);
    match engaged {
        Engagement::Idle => {}
        Engagement::Ticket(id) => ticket = Some(id),
        Engagement::Proposal(id) => proposal = Some(id),
        Engagement::Game(id) => game = Some(id),
    }
    Json::from_value(&json!({ "ticket_id": ticket, "proposal_id": proposal, "game_id": game, "party_id": party }))
}

/// Whether a player may follow a stream: those of the games they are, or were, in.
async fn may_follow(app: &App, player: PlayerId, stream: &StreamKey) -> Result<bool, Problem> {
    let Some(game) = stream.game_id() else { return Ok(false) };
    match app.games.get(player, game).await.map_err(|error| app.refuse(error)) {
        Ok(game) => Ok(game.player(player).is_some()),
        Err(problem) if problem.status().is_client_error() => Ok(false),
        Err(problem) => Err(problem),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{GameId, PartyId, TicketId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn says_where_a_player_stands() {
        let id = Uuid::from_u128(7);
        for (engaged, field) in
            [(Engagement::Ticket(TicketId::new(id)), "ticket_id"), (Engagement::Game(GameId::new(id)), "game_id")]
        {
            let mut expected = json!({ "ticket_id": null, "proposal_id": null, "game_id": null, "party_id": null });
            assert_eq!(live(Engagement::Idle, None), Json::from_value(&expected));
            expected[field] = json!(id);
            assert_eq!(live(engaged, None), Json::from_value(&expected));
            expected["party_id"] = json!(id);
            assert_eq!(live(engaged, Some(PartyId::new(id))), Json::from_value(&expected));
        }
    }
}
