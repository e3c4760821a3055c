use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};

use super::{changed, shown};
use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The game after the player is ready.
pub(crate) async fn call(app: &App, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let game = app.games.ready(player, id, receipt).await.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    app.noticed(player, &game).await;
    shown(app, player, &game).await
}

/// Say that you are ready; with the last one the game starts.
#[utoipa::path(operation_id = "ready", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/games/{id}/ready")]
pub(crate) async fn ready(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
