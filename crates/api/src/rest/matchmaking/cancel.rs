use actix_web::{delete, web};
use kernel::{PlayerId, Receipt, TicketId};

use crate::app::App;
use crate::dto::{ProblemDto, TicketDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Leaves the queue.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: TicketId,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let ticket = app.matchmaking.cancel(player, id, receipt).await.map_err(|error| app.refuse(error))?;
    app.presences.moved(ticket.players());
    Ok(Reply::ok(&TicketDto::from(&ticket)))
}

/// Leave the queue. Doing it twice is no error; a match that was quicker is (409 with the game's id).
#[utoipa::path(operation_id = "cancel_ticket", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The ticket, cancelled", body = TicketDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/matchmaking/tickets/{id}")]
pub(crate) async fn cancel(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<TicketId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
