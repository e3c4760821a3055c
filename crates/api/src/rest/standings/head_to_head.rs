use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::PlayerId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{GameDto, HeadToHeadDto, ProblemDto};
use crate::edge::{Query, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// In which mode.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadToHeadParams {
    /// Key of a mode; all modes unless given.
    mode: Option<String>,
}

/// What a player did against another, from the first one's side.
#[utoipa::path(operation_id = "get_head_to_head", tag = "standings", security(("bearer" = [])),
    params(("id" = uuid::Uuid, Path), ("other" = uuid::Uuid, Path), HeadToHeadParams), responses(
        (status = 200, description = "All zero for players who never met", body = HeadToHeadDto),
        (status = 304, description = "As you have it"),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[get("/players/{id}/head-to-head/{other}")]
pub(crate) async fn head_to_head(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    query: Query<HeadToHeadParams>,
) -> Result<HttpResponse, Problem> {
    let absent = |_| Problem::of("players.not_found");
    let (one, other): (PlayerId, PlayerId) = (path.0.parse().map_err(absent)?, path.1.parse().map_err(absent)?);
    app.visible_history(caller.player, one).await?;
    app.visible_history(caller.player, other).await?;
    let met = app.standings.head_to_head(one, other, query.0.mode.as_deref()).await;
    let met = met.map_err(|error| app.refuse(error))?;
    let last = match met.last_game {
        Some(id) => app.games.look_at(&[id]).await.map_err(|error| app.refuse(error))?.pop(),
        None => None,
    };
    let names = app.directory.names(last.iter().flat_map(|game| &game.players).map(|p| p.player_id)).await?;
    let last = last.as_ref().map(|game| GameDto::of(game, None, &names));
    Ok(with_etag(&req, Reply::ok(&HeadToHeadDto::of(&met, last))))
}
