use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};

use super::{changed, shown};
use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The game after the player has left.
pub(crate) async fn call(app: &App, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let game = app.games.abandon(player, id, receipt).await.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    app.presences.moved([player]);
    shown(app, player, &game).await
}

/// Leave for good. The others go on, or win.
#[utoipa::path(operation_id = "abandon", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/games/{id}/abandon")]
pub(crate) async fn abandon(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
