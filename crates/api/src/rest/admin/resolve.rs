use actix_web::{post, web};
use games::Resolution;
use kernel::{FieldError, GameId, Receipt};

use crate::app::App;
use crate::dto::{GameDto, ProblemDto, ResolveDto};
use crate::edge::{Idempotency, LateBody, Operator, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::rest::games::{changed, shown};

async fn call(
    app: &App,
    operator: &Operator,
    id: GameId,
    wanted: ResolveDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let resolution = match (wanted.decision.as_str(), wanted.scores) {
        ("settle", Some(scores)) => Resolution::Settle { scores },
        ("settle", None) => {
            let detail = "to settle, say everybody's score";
            return Err(Problem::invalid(vec![FieldError::new("/scores", "required", detail)]));
        }
        ("void", _) => Resolution::Void,
        _ => return Err(Problem::invalid(vec![FieldError::new("/decision", "unknown", "one of settle, void")])),
    };
    let resolved = app.games.resolve(operator.player, id, &resolution, &wanted.reason, receipt).await;
    let game = resolved.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    shown(app, operator.player, &game).await
}

/// Decide a dispute, a held report or a doubt.
#[utoipa::path(operation_id = "admin_resolve_dispute", tag = "admin", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = ResolveDto,
    responses(
        (status = 200, description = "The game", body = GameDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/admin/disputes/{id}/resolve")]
pub(crate) async fn resolve(
    app: web::Data<App>,
    operator: Operator,
    key: Idempotency,
    id: PathId<GameId>,
    body: LateBody<ResolveDto>,
) -> Result<Reply, Problem> {
    let body = body?;
    let run = |receipt| call(&app, &operator, id.0, body.0, receipt);
    key.once(&app, operator.player, Outcome::Done, run).await
}
