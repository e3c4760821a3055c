use actix_web::{post, web};
use kernel::PartyId;

use super::answered;
use crate::app::App;
use crate::dto::{PartyDto, PartyPlayerDto, PartyReadyDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Come into a party you are invited to. Who is in it changes, so it leaves the queue, keeping what it has waited.
#[utoipa::path(operation_id = "join_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/join")]
pub(crate) async fn join(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
) -> Result<Reply, Problem> {
    let join = |receipt| async { answered(&app, app.matchmaking.join_party(caller.player, id.0, receipt).await).await };
    key.once(&app, caller.player, Outcome::Done, join).await
}

/// Leave a party. Who has been in it longest leads it then, if you did.
#[utoipa::path(operation_id = "leave_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The party without you", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/leave")]
pub(crate) async fn leave(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
) -> Result<Reply, Problem> {
    let leave =
        |receipt| async { answered(&app, app.matchmaking.leave_party(caller.player, id.0, receipt).await).await };
    key.once(&app, caller.player, Outcome::Done, leave).await
}

/// Say whether you are ready. Not to be any more takes the party out of the queue.
#[utoipa::path(operation_id = "ready_in_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = PartyReadyDto, responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/ready")]
pub(crate) async fn ready(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
    body: Body<PartyReadyDto>,
) -> Result<Reply, Problem> {
    let ready = |receipt| async {
        answered(&app, app.matchmaking.party_ready(caller.player, id.0, body.0.ready, receipt).await).await
    };
    key.once(&app, caller.player, Outcome::Done, ready).await
}

/// Put a member out of the party you lead.
#[utoipa::path(operation_id = "kick_from_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = PartyPlayerDto, responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/kick")]
pub(crate) async fn kick(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
    body: Body<PartyPlayerDto>,
) -> Result<Reply, Problem> {
    let kick = |receipt| async {
        answered(&app, app.matchmaking.kick(caller.player, id.0, body.0.player_id, receipt).await).await
    };
    key.once(&app, caller.player, Outcome::Done, kick).await
}

/// Make a member the leader in your place.
#[utoipa::path(operation_id = "promote_in_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = PartyPlayerDto, responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties/{id}/promote")]
pub(crate) async fn promote(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PartyId>,
    body: Body<PartyPlayerDto>,
) -> Result<Reply, Problem> {
    let promote = |receipt| async {
        answered(&app, app.matchmaking.promote(caller.player, id.0, body.0.player_id, receipt).await).await
    };
    key.once(&app, caller.player, Outcome::Done, promote).await
}
