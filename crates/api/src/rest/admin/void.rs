use actix_web::{post, web};
use kernel::{GameId, Receipt};

use crate::app::App;
use crate::dto::{GameDto, ProblemDto, ReasonDto};
use crate::edge::{Idempotency, LateBody, Operator, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::{changed, shown};

async fn call(
    app: &App,
    operator: &Operator,
    id: GameId,
    why: &ReasonDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let voided = app.games.void(operator.player, id, &why.reason, receipt).await;
    let game = voided.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    shown(app, operator.player, &game).await
}

/// Take a result back. What stood on it is undone in order.
#[utoipa::path(operation_id = "admin_void_game", tag = "admin", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = ReasonDto,
    responses(
        (status = 200, description = "The game", body = GameDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/admin/games/{id}/void")]
pub(crate) async fn void(
    app: web::Data<App>,
    operator: Operator,
    key: Idempotency,
    id: PathId<GameId>,
    body: LateBody<ReasonDto>,
) -> Result<Reply, Problem> {
    let body = body?;
    let run = |receipt| call(&app, &operator, id.0, &body.0, receipt);
    key.once(&app, operator.player, Outcome::Done, run).await
}
