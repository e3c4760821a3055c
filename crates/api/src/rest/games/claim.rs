use actix_web::{post, web};
use games::Claim;
use kernel::{FieldError, GameId, PlayerId, Receipt};

use super::{changed, shown};
use crate::app::App;
use crate::dto::{ClaimDto, GameDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The game after the claim.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: GameId,
    wanted: ClaimDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let wanted = Claim::parse(&wanted.claim)
        .ok_or_else(|| Problem::invalid(vec![FieldError::new("/claim", "unknown", "one of win, draw")]))?;
    let game = app.games.claim(player, id, wanted, receipt).await.map_err(|error| app.refuse(error))?;
    changed(app, &game).await;
    shown(app, player, &game).await
}

/// Claim a win, or offer mercy with a draw, once the others have been gone for the mode's grace.
#[utoipa::path(operation_id = "claim", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = ClaimDto,
    responses(
        (status = 200, description = "The game", body = GameDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/games/{id}/claim")]
pub(crate) async fn claim(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
    body: Body<ClaimDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, body.0, receipt)).await
}
