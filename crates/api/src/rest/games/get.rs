use actix_web::{get, web};
use kernel::{GameId, PlayerId};

use super::shown;
use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The game as this player sees it.
pub(crate) async fn call(app: &App, player: PlayerId, id: GameId) -> Result<Reply, Problem> {
    let game = app.games.get(player, id).await.map_err(|error| app.refuse(error))?;
    app.noticed(player, &game).await;
    shown(app, player, &game).await
}

/// A game: yours at any time, anybody's once it is over.
#[utoipa::path(operation_id = "get_game", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/games/{id}")]
pub(crate) async fn get(app: web::Data<App>, caller: Caller, id: PathId<GameId>) -> Result<Reply, Problem> {
    Ok(call(&app, caller.player, id.0).await?.no_store())
}
