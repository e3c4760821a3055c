use actix_web::{HttpRequest, HttpResponse, get, web};
use kernel::PlayerId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{ProblemDto, StatsDto};
use crate::edge::{PathId, Query, Reply, with_etag};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Of which season.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatsParams {
    /// `2026-11`; all time unless given.
    season: Option<String>,
}

/// A player's stats, in all and by mode.
#[utoipa::path(operation_id = "get_stats", tag = "standings", security(("bearer" = [])), params(("id" = uuid::Uuid, Path), StatsParams),
    responses(
        (status = 200, description = "The stats; all zero for somebody who never played", body = StatsDto),
        (status = 304, description = "As you have it"),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[get("/players/{id}/stats")]
pub(crate) async fn stats(
    app: web::Data<App>,
    req: HttpRequest,
    caller: Caller,
    id: PathId<PlayerId>,
    query: Query<StatsParams>,
) -> Result<HttpResponse, Problem> {
    app.visible_history(caller.player, id.0).await?;
    let stats = app.standings.stats_of(id.0, query.0.season.as_deref()).await.map_err(|error| app.refuse(error))?;
    Ok(with_etag(&req, Reply::ok(&StatsDto::from(&stats))))
}
