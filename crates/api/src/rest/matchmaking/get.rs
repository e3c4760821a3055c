use actix_web::{get, web};
use kernel::{PlayerId, TicketId};

use crate::app::App;
use crate::dto::{ProblemDto, TicketDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The player's ticket.
pub(crate) async fn call(app: &App, player: PlayerId, id: TicketId) -> Result<Reply, Problem> {
    let ticket = app.matchmaking.ticket(player, id).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&TicketDto::from(&ticket)))
}

/// One of your tickets: poll it where there is no socket.
#[utoipa::path(operation_id = "get_ticket", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The ticket", body = TicketDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/matchmaking/tickets/{id}")]
pub(crate) async fn get(app: web::Data<App>, caller: Caller, id: PathId<TicketId>) -> Result<Reply, Problem> {
    call(&app, caller.player, id.0).await
}
