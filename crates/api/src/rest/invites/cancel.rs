use actix_web::{delete, web};
use kernel::{InviteId, PlayerId, Receipt};

use crate::app::App;
use crate::dto::{GameInviteDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::invite_shown;
use crate::tokens::Caller;

async fn call(app: &App, player: PlayerId, id: InviteId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let (game, invite) =
        app.games.cancel(player, id, receipt).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&invite_shown(app, &game, &invite).await?))
}

/// Take back an invitation that you made.
#[utoipa::path(operation_id = "cancel_game_invite", tag = "invites", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The invitation", body = GameInviteDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/game-invites/{id}")]
pub(crate) async fn cancel(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<InviteId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
