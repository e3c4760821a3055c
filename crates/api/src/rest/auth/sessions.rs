//! The devices a player is signed in on.

use actix_web::{delete, get, web};
use kernel::SessionId;

use crate::app::App;
use crate::dto::{PageDto, ProblemDto, SessionDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The devices you are signed in on, the latest used first.
#[utoipa::path(operation_id = "list_sessions", tag = "auth", security(("bearer" = [])), responses(
    (status = 200, description = "All of them", body = PageDto<SessionDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/auth/sessions")]
pub(crate) async fn list(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let sessions = app.players.sessions_of(caller.player).await.map_err(|error| app.refuse(error))?;
    let items = sessions.iter().map(|session| SessionDto::of(session, caller.session)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}

/// Sign one of your devices out, on every replica; doing it twice is no error.
#[utoipa::path(operation_id = "end_session", tag = "auth", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Signed out"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn end(app: web::Data<App>, caller: Caller, id: PathId<SessionId>) -> Result<Reply, Problem> {
    app.players.revoke_session(caller.player, id.0).await.map_err(|error| match error {
        players::Error::NotFound => Problem::of("auth.no_such_session"),
        error => app.refuse(error),
    })?;
    app.notice_revocations().await;
    Ok(Reply::nothing())
}
