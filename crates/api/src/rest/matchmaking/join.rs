use actix_web::{post, web};
use kernel::{PlayerId, Receipt};
use matchmaking::{Join, Wishes};

use crate::app::App;
use crate::dto::{JoinDto, ProblemDto, TicketDto};
use crate::edge::{Body, Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Queues the player.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    wanted: JoinDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let wishes = Wishes { latencies: wanted.region_latencies_ms, attributes: wanted.attributes };
    let asked = Join { player, mode: wanted.mode, party: wanted.party_id, wishes };
    let ticket = app.matchmaking.join(asked, receipt).await.map_err(|error| app.refuse(error))?;
    app.presences.moved(ticket.players());
    if ticket.party_id.is_some() {
        app.wake_relay.notify_one();
    }
    Ok(Reply::created(&TicketDto::from(&ticket)))
}

/// Ask for a place in a queue, alone or with the party you lead. One at a time: a second one is refused with the first
/// one's id.
#[utoipa::path(operation_id = "join_queue", tag = "matchmaking", security(("bearer" = [])), request_body = JoinDto, responses(
    (status = 201, description = "The ticket", body = TicketDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/matchmaking/tickets")]
pub(crate) async fn join(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    body: Body<JoinDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Created, |receipt| call(&app, caller.player, body.0, receipt)).await
}
