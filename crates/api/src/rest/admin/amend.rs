use actix_web::{post, web};
use kernel::{GameId, Receipt};

use crate::app::App;
use crate::dto::{AmendDto, GameDto, ProblemDto};
use crate::edge::{Idempotency, LateBody, Operator, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::{changed, shown};

async fn call(
    app: &App,
    operator: &Operator,
    id: GameId,
    wanted: AmendDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let amended = app.games.amend(operator.player, id, &wanted.reason, &wanted.scores, receipt).await;
    let game = amended.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    shown(app, operator.player, &game).await
}

/// Replace a result by other scores: its next version. What stood on it is undone and done again in order.
#[utoipa::path(operation_id = "admin_amend_game", tag = "admin", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = AmendDto,
    responses(
        (status = 200, description = "The game", body = GameDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/admin/games/{id}/amend")]
pub(crate) async fn amend(
    app: web::Data<App>,
    operator: Operator,
    key: Idempotency,
    id: PathId<GameId>,
    body: LateBody<AmendDto>,
) -> Result<Reply, Problem> {
    let body = body?;
    let run = |receipt| call(&app, &operator, id.0, body.0, receipt);
    key.once(&app, operator.player, Outcome::Done, run).await
}
