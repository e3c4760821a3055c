use actix_web::{delete, get, post, web};
use kernel::{PartyId, PlayerId, Receipt};

use super::answered;
use crate::app::App;
use crate::dto::{PageDto, PartyDto, PartyInviteDto, PartyPlayerDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The parties you may come into, newest invitation first.
#[utoipa::path(operation_id = "list_party_invites", tag = "parties", security(("bearer" = [])), responses(
    (status = 200, description = "At most 100", body = PageDto<PartyInviteDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/parties/invites")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let invites = app.matchmaking.party_invites(caller.player).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(invites.iter().map(|(_, found)| found.from)).await?;
    let items = invites.iter().map(|(party, found)| PartyInviteDto::of(*party, found, &names)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}

async fn send(
    app: &App,
    player: PlayerId,
    id: PartyId,
    to: PlayerId,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    if to != player {
        // Whether there is such a party is said before whether there is such a player.
        app.matchmaking.party(player, id).await.map_err(|error| app.refuse(error))?;
        app.may_invite_to_party(player, to).await?;
    }
    answered(app, app.matchmaking.invite_to_party(player, id, to, receipt).await).await
}

/// Invite a player to your party; again prolongs the invitation.
#[utoipa::path(operation_id = "invite_to_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = PartyPlayerDto, responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/invites")]
pub(crate) async fn invite(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
    body: Body<PartyPlayerDto>,
) -> Result<Reply, Problem> {
    let to = body.0.player_id;
    key.once(&app, caller.player, Outcome::Done, |receipt| send(&app, caller.player, id.0, to, receipt)).await
}

/// Take an invitation back, or decline your own.
#[utoipa::path(operation_id = "withdraw_party_invite", tag = "parties", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path), ("player_id" = uuid::Uuid, Path)),
    responses(
        (status = 200, description = "The party", body = PartyDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[delete("/parties/{id}/invites/{player_id}")]
pub(crate) async fn withdraw(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
    path: web::Path<(String, String)>,
) -> Result<Reply, Problem> {
    let to: PlayerId = path.1.parse().map_err(|_| Problem::of("players.not_found"))?;
    let withdraw =
        |receipt| async { answered(&app, app.matchmaking.uninvite(caller.player, id.0, to, receipt).await).await };
    key.once(&app, caller.player, Outcome::Done, withdraw).await
}
