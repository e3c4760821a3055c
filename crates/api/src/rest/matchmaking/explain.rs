use actix_web::{get, web};
use kernel::TicketId;

use crate::app::App;
use crate::dto::{ExplainedDto, ProblemDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Why your ticket still waits: who is there, which rule keeps them away, and when that changes.
#[utoipa::path(operation_id = "explain_wait", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The queue from the ticket's place", body = ExplainedDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/matchmaking/tickets/{id}/explain")]
pub(crate) async fn explain(app: web::Data<App>, caller: Caller, id: PathId<TicketId>) -> Result<Reply, Problem> {
    let explained = app.matchmaking.explain(caller.player, id.0).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&ExplainedDto::from(explained)))
}
