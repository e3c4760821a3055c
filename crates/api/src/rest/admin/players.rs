use actix_web::{patch, web};
use kernel::{FieldError, PlayerId, Receipt, Timestamp};
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
    let wrong = |at, code, detail| Problem::invalid(vec![FieldError::new(at, code, detail)]);
    let player = match (wanted.role, wanted.suspended_until) {
        (Some(role), None) => {
            let actor = operator.admin()?;
            let role: Role = role.parse().map_err(|_| wrong("/role", "unknown", "one of player, moderator, admin"))?;
            app.players.set_role(actor, id, role, &wanted.reason, receipt).await
        }
        (None, Some(until)) => {
            let time = |text: String| Timestamp::parse_rfc3339(&text);
            let until = until
                .map_or_else(|| Some(app.clock.now()), time)
                .ok_or_else(|| wrong("/suspended_until", "time", "a time as in 2026-11-22T20:00:00Z"))?;
            app.players.suspend(operator.player, id, until, &wanted.reason, receipt).await
        }
        _ => return Err(wrong("", "one_of", "either role or suspended_until, one at a time")),
    };
    let player = player.map_err(|error| app.refuse(error))?;
    app.directory.changed(id).await;
    app.notice_revocations().await;
    Ok(Reply::ok(&OwnPlayerDto::from(&player)))
}

/// Give a player another role, or suspend them.
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
