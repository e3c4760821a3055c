use actix_web::{HttpRequest, HttpResponse, get, put, web};
use kernel::Receipt;
use serde_json::Value;

use crate::app::App;
use crate::dto::{PageDto, ProblemDto, PublishModeDto, WrittenModeDto};
use crate::edge::{Idempotency, LateBody, Operator, Outcome, Reply, with_etag};
use crate::problem::Problem;

/// Every mode with all its fields, switched-off ones included.
#[utoipa::path(operation_id = "admin_list_modes", tag = "admin", security(("bearer" = [])), responses(
    (status = 200, description = "The catalogue", body = PageDto<WrittenModeDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/admin/modes")]
pub(crate) async fn list(app: web::Data<App>, _operator: Operator) -> Result<Reply, Problem> {
    let items = app
        .games
        .modes()
        .all()
        .iter()
        .filter_map(|mode| app.games.written_mode(&mode.key))
        .map(WrittenModeDto)
        .collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}

/// One mode with all its fields, as it can be sent back by PUT.
#[utoipa::path(operation_id = "admin_get_mode", tag = "admin", security(("bearer" = [])), params(("key" = String, Path)), responses(
    (status = 200, description = "The mode", body = WrittenModeDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/admin/modes/{key}")]
pub(crate) async fn get(
    app: web::Data<App>,
    req: HttpRequest,
    _operator: Operator,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let mode = app.games.written_mode(&key).ok_or_else(|| Problem::of("games.unknown_mode"))?;
    Ok(with_etag(&req, Reply::ok(&WrittenModeDto(mode))))
}

/// A mode as it stands, where the reply that said so was lost.
pub(crate) fn again(app: &App, key: &str) -> Option<Reply> {
    app.games.written_mode(key).map(|mode| Reply::ok(&WrittenModeDto(mode)))
}

async fn publish(
    app: &App,
    operator: &Operator,
    key: &str,
    wanted: PublishModeDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let actor = operator.admin()?;
    let PublishModeDto { reason, mode } = wanted;
    let published = app.games.publish_mode(actor, key, Value::Object(mode), &reason.unwrap_or_default(), receipt).await;
    published.map_err(|error| app.refuse(error))?;
    app.modes_changed().await;
    // As it was written: this process's own windows lie over what it plays by.
    again(app, key).ok_or_else(|| Problem::of("internal"))
}

/// Publish a mode: a new version of it, or a new one. Games that are on go on under the version they started with.
#[utoipa::path(operation_id = "admin_put_mode", tag = "admin", security(("bearer" = [])), params(("key" = String, Path)), request_body = PublishModeDto,
    responses(
        (status = 200, description = "The mode as it stands now", body = WrittenModeDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[put("/admin/modes/{key}")]
pub(crate) async fn put(
    app: web::Data<App>,
    operator: Operator,
    once: Idempotency,
    key: web::Path<String>,
    body: LateBody<PublishModeDto>,
) -> Result<Reply, Problem> {
    let body = body?;
    let run = |receipt| publish(&app, &operator, &key, body.0, receipt);
    once.once(&app, operator.player, Outcome::Done, run).await
}
