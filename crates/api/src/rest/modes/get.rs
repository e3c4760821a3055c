use actix_web::{HttpRequest, HttpResponse, get, web};

use crate::app::App;
use crate::dto::{ModeDto, ProblemDto};
use crate::edge::{Reply, with_etag};
use crate::problem::Problem;

/// One mode.
#[utoipa::path(operation_id = "get_mode", tag = "modes", params(("mode" = String, Path, description = "Its key")), responses(
    (status = 200, description = "The mode", body = ModeDto),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/modes/{mode}")]
pub(crate) async fn get(
    app: web::Data<App>,
    req: HttpRequest,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let modes = app.games.modes();
    let mode = modes.get(&key).ok_or_else(|| Problem::of("games.unknown_mode"))?;
    Ok(with_etag(&req, Reply::ok(&ModeDto::from(mode))))
}
