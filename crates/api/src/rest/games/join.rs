use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};
use social::Sight;

use crate::app::App;
use crate::dto::{GameDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::presence::sight;
use crate::problem::Problem;
use crate::rest::invites::redeem;
use crate::tokens::Caller;

/// Takes a seat as with the game's last link, if the asker is a friend who may see that its maker is there. Whether it
/// still works is the link's to say.
async fn call(app: &App, player: PlayerId, id: GameId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let game = app.games.case(id).await.map_err(|error| app.refuse(error))?;
    let link = game.invites.iter().rev().find(|invite| invite.to.is_none());
    let link = link.ok_or_else(|| Problem::of("games.not_found"))?;
    let judged = app.friends.policy().facts(player, &[link.from]).await.map_err(|error| app.refuse(error))?;
    let code = link.code.as_deref().filter(|_| judged.iter().any(|facts| sight(facts) == Sight::Friend));
    redeem::call(app, player, code.ok_or_else(|| Problem::of("games.not_found"))?, receipt).await
}

/// Join a friend's game that waits for one more: presence says `joinable`.
#[utoipa::path(operation_id = "join_game", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The game, with you in it", body = GameDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/games/{id}/join")]
pub(crate) async fn join(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, receipt)).await
}
