use actix_web::{post, web};
use kernel::{InviteId, PlayerId, Receipt};

use crate::app::App;
use crate::dto::{DeclineDto, GameInviteDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::invite_shown;
use crate::tokens::Caller;

/// The invitation, declined.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: InviteId,
    said: DeclineDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let declined = app.games.decline(player, id, said.reason.as_deref(), receipt).await;
    let (game, invite) = declined.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&invite_shown(app, &game, &invite).await?))
}

/// Decline an invitation.
#[utoipa::path(operation_id = "decline_game_invite", tag = "invites", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)),
    request_body = Option<DeclineDto>, responses(
        (status = 200, description = "The invitation", body = GameInviteDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/game-invites/{id}/decline")]
pub(crate) async fn decline(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<InviteId>,
    body: Body<DeclineDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, body.0, receipt)).await
}
