use actix_web::{delete, post, web};
use kernel::{PlayerId, Receipt};

use super::answered;
use crate::app::App;
use crate::dto::{ProblemDto, StandingOfDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Says yes to the request of `from`.
pub(crate) async fn accepted(
    app: &App,
    player: PlayerId,
    from: PlayerId,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    answered(app, app.friends.accept(player, from, receipt).await)
}

/// Says no to the request of `from`.
pub(crate) async fn declined(
    app: &App,
    player: PlayerId,
    from: PlayerId,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    answered(app, app.friends.decline(player, from, receipt).await)
}

/// Accept the request of this player.
#[utoipa::path(operation_id = "accept_friend_request", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "You are friends", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/friends/requests/{id}/accept")]
pub(crate) async fn accept(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = |receipt| accepted(&app, caller.player, id.0, receipt);
    key.once(&app, caller.player, Outcome::Done, run).await
}

/// Decline the request of this player. They are not told.
#[utoipa::path(operation_id = "decline_friend_request", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Declined", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/friends/requests/{id}/decline")]
pub(crate) async fn decline(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = |receipt| declined(&app, caller.player, id.0, receipt);
    key.once(&app, caller.player, Outcome::Done, run).await
}

/// Take your request to this player back.
#[utoipa::path(operation_id = "cancel_friend_request", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Taken back", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/friends/requests/{id}")]
pub(crate) async fn cancel(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = async |receipt| answered(&app, app.friends.cancel(caller.player, id.0, receipt).await);
    key.once(&app, caller.player, Outcome::Done, run).await
}
