use actix_web::{patch, web};
use kernel::{FieldError, PlayerId, Receipt};
use players::Role;

use crate::app::App;
use crate::dto::{OwnPlayerDto, PatchPlayerDto, ProblemDto};
use crate::edge::{Idempotency, LateBody, Operator, Outcome, PathId, Reply};
use crate::problem::Problem;

async fn call(
    app: &App,
    operator: &Operator,
    id: PlayerId,
    wanted: PatchPlayerDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let actor = operator.admin()?;
    let unknown = |_| Problem::invalid(vec![FieldError::new("/role", "unknown", "one of player, moderator, admin")]);
    let role: Role = wanted.role.parse().map_err(unknown)?;
    let given = app.players.set_role(actor, id, role, &wanted.reason, receipt).await;
    let player = given.map_err(|error| app.refuse(error))?;
    app.directory.changed(id).await;
    Ok(Reply::ok(&OwnPlayerDto::from(&player)))
}

/// Give a player another role.
#[utoipa::path(operation_id = "admin_patch_player", tag = "admin", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = PatchPlayerDto,
    responses(
        (status = 200, description = "The player", body = OwnPlayerDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[patch("/admin/players/{id}")]
pub(crate) async fn patch(
    app: web::Data<App>,
    operator: Operator,
    key: Idempotency,
    id: PathId<PlayerId>,
    body: LateBody<PatchPlayerDto>,
) -> Result<Reply, Problem> {
    let body = body?;
    let run = |receipt| call(&app, &operator, id.0, body.0, receipt);
    key.once(&app, operator.player, Outcome::Done, run).await
}
