use actix_web::{post, web};
use kernel::{InviteId, PlayerId, Receipt};

use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::{changed, shown, taking};
use crate::tokens::Caller;

/// The game of the invitation, with the player in it.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: InviteId,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let game = taking(app, player, app.games.accept(player, id, receipt)).await?;
    changed(app, &game).await;
    shown(app, player, &game).await
}

/// Accept an invitation: you are seated, and out of any queue, in the same step.
#[utoipa::path(operation_id = "accept_game_invite", tag = "invites", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/game-invites/{id}/accept")]
pub(crate) async fn accept(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<InviteId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
