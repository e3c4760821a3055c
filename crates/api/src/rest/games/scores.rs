use actix_web::http::StatusCode;
use actix_web::{post, web};
use games::{Reported, ScoreReport};
use kernel::{GameId, PlayerId, Receipt};

use super::changed;
use crate::app::App;
use crate::dto::{ProblemDto, ReportDto, ReportedDto, ResultLineDto, ScoreDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Takes a score report.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: GameId,
    report: &ScoreReport,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let reported = app.games.report(player, id, report, receipt).await.map_err(|error| app.refuse(error))?;
    changed(app, &reported.game).await;
    app.noticed(player, &reported.game).await;
    let Reported { status, reason, result, .. } = reported;
    Ok(answer(&ReportedDto {
        report: ReportDto { status: status.to_owned(), reason },
        result: result.map(|(status, version)| ResultLineDto { status: status.to_owned(), version }),
    }))
}

/// The reply to a report.
pub(crate) fn answer(reported: &ReportedDto) -> Reply {
    // Taken, but not yet believed: somebody has to look at it.
    let code = if reported.report.status == "held" { StatusCode::ACCEPTED } else { StatusCode::OK };
    Reply::json(code, reported)
}

/// Report a result, in games that are scored on the clients. When all agree it settles at once.
#[utoipa::path(operation_id = "report_score", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = ScoreDto,
    responses(
        (status = 200, description = "Accepted", body = ReportedDto),
        (status = 202, description = "Held for review", body = ReportedDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/games/{id}/scores")]
pub(crate) async fn scores(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
    body: Body<ScoreDto>,
) -> Result<Reply, Problem> {
    let report = ScoreReport::from(body.0);
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, &report, receipt)).await
}
