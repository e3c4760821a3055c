use actix_web::{get, web};
use kernel::FieldError;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::dto::{GameDto, PageDto, ProblemDto};
use crate::edge::{Query, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Which games.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveQuery {
    /// `live`: those that aren't over. Past games are `GET /players/{id}/games`.
    status: Option<String>,
}

/// Your games that aren't over.
#[utoipa::path(operation_id = "list_live_games", tag = "games", security(("bearer" = [])), params(LiveQuery), responses(
    (status = 200, description = "At most one: nobody is in two games", body = PageDto<GameDto>),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/games")]
pub(crate) async fn live(app: web::Data<App>, caller: Caller, query: Query<LiveQuery>) -> Result<Reply, Problem> {
    if query.0.status.is_some_and(|status| status != "live") {
        let detail = "the only status to ask for is live";
        return Err(Problem::invalid(vec![FieldError::new("/status", "unknown", detail)]));
    }
    let game = app.games.live_of(caller.player).await.map_err(|error| app.refuse(error))?;
    let names = app.directory.names(game.iter().flat_map(GameDto::people)).await?;
    let items = game.iter().map(|game| GameDto::of(game, Some(caller.player), &names)).collect();
    Ok(Reply::ok(&PageDto { items, next_cursor: None }))
}
