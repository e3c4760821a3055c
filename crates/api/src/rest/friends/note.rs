use actix_web::{patch, web};
use kernel::PlayerId;

use super::answered;
use crate::app::App;
use crate::dto::{NoteDto, ProblemDto, StandingOfDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Note something about a friend; nobody else sees it.
#[utoipa::path(operation_id = "note_friend", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = NoteDto, responses(
    (status = 200, description = "Noted", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[patch("/friends/{id}")]
pub(crate) async fn note(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
    body: Body<NoteDto>,
) -> Result<Reply, Problem> {
    let note = body.0.note.as_deref();
    let run = async |receipt| answered(&app, app.friends.note(caller.player, id.0, note, receipt).await);
    key.once(&app, caller.player, Outcome::Done, run).await
}
