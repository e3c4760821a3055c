use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::PlayerId;

use crate::app::App;
use crate::dto::{OwnPlayerDto, ProblemDto};
use crate::edge::{Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The caller's own profile.
pub(crate) async fn call(app: &App, player: PlayerId) -> Result<Reply, Problem> {
    let player = app.players.get(player).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&OwnPlayerDto::from(&player)))
}

/// Your own profile, private fields included.
#[utoipa::path(operation_id = "get_me", tag = "players", security(("bearer" = [])), responses(
    (status = 200, description = "You", body = OwnPlayerDto),
    (status = 304, description = "As you have it"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/players/me")]
pub(crate) async fn me(app: web::Data<App>, req: HttpRequest, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(with_etag(&req, call(&app, caller.player).await?))
}
