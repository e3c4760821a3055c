use actix_web::{post, web};
use players::WS_TICKET_LIFE;

use crate::app::App;
use crate::dto::{ProblemDto, WsTicketDto};
use crate::edge::Reply;
use crate::problem::Problem;
use crate::tokens::Caller;

/// A ticket for `/ws?ticket=…`: one use, 30 s. For clients that can't send the token in their first message.
#[utoipa::path(operation_id = "issue_ws_ticket", tag = "auth", security(("bearer" = [])), responses(
    (status = 201, description = "The ticket", body = WsTicketDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/ws-ticket")]
pub(crate) async fn ws_ticket(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let secret = app.players.issue_ws_ticket(caller.player, caller.session).await.map_err(|error| app.refuse(error))?;
    let ticket = WsTicketDto { ticket: secret.expose().to_owned(), expires_in: WS_TICKET_LIFE.as_secs() };
    Ok(Reply::created(&ticket).no_store())
}
