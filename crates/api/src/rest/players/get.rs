use actix_web::{HttpRequest, HttpResponse, get, web};
use friends::Surface;
use kernel::PlayerId;

use crate::app::App;
use crate::dto::{PlayerDto, ProblemDto};
use crate::edge::{PathId, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// A player's public profile.
#[utoipa::path(operation_id = "get_player", tag = "players", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The player", body = PlayerDto),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/{id}")]
pub(crate) async fn get(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    id: PathId<PlayerId>,
) -> Result<HttpResponse, Problem> {
    app.require(caller.player, id.0, Surface::Profile).await?;
    let (profile, outcome) = app.directory.profile(id.0).await?;
    let profile = profile.ok_or_else(|| Problem::of("players.not_found"))?;
    Ok(with_etag(&req, Reply::ok(&profile).cache(outcome)))
}
