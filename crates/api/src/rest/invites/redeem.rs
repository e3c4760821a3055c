use actix_web::{post, web};
use kernel::{PlayerId, Receipt};

use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::rest::games::{changed, shown, taking};
use crate::tokens::Caller;

pub(crate) async fn call(app: &App, player: PlayerId, code: &str, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let game = taking(app, player, app.games.redeem(player, code, receipt)).await?;
    changed(app, &game).await;
    shown(app, player, &game).await
}

/// Take a seat by a link's code.
#[utoipa::path(operation_id = "redeem_game_invite_link", tag = "invites", security(("bearer" = [])), params(("code" = String, Path)), responses(
    (status = 200, description = "The game", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/game-invites/links/{code}/redeem")]
pub(crate) async fn redeem(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    code: web::Path<String>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, &code, receipt)).await
}
