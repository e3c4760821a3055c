use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};

use super::{changed, shown};
use crate::app::App;
use crate::dto::{DisputeDto, GameDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

async fn call(
    app: &App,
    player: PlayerId,
    id: GameId,
    said: DisputeDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let disputed = app.games.dispute(player, id, &said.reason, said.evidence.as_ref(), receipt).await;
    let game = disputed.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    shown(app, player, &game).await
}

/// Say what is wrong with a result: evidence in a dispute, or a doubt about a settled one.
#[utoipa::path(operation_id = "dispute", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = DisputeDto,
    responses(
        (status = 200, description = "The game", body = GameDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/games/{id}/dispute")]
pub(crate) async fn dispute(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
    body: Body<DisputeDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, body.0, receipt)).await
}
