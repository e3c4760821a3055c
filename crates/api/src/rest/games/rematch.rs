use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};

use super::{changed, shown, taking};
use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The game that repeats this one.
pub(crate) async fn call(app: &App, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let game = taking(app, player, app.games.rematch(player, id, receipt)).await?;
    changed(app, &game).await;
    shown(app, player, &game).await
}

/// Ask for a rematch, or agree to one: it starts with the last of you.
#[utoipa::path(operation_id = "rematch", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The new game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/games/{id}/rematch")]
pub(crate) async fn rematch(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
