use actix_web::{post, web};
use kernel::{GameId, PlayerId, Receipt};

use super::changed;
use crate::app::App;
use crate::dto::{MoveDto, MovedDto, ProblemDto};
use crate::edge::{Body, Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Plays a move.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: GameId,
    wanted: &MoveDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let played = app.games.play(player, id, &wanted.r#move, wanted.expected_sequence, receipt).await;
    let played = played.map_err(|error| app.refuse(error))?;
    changed(app, &played.game).await;
    app.noticed(player, &played.game).await;
    Ok(Reply::ok(&MovedDto { sequence: played.sequence, state: played.state }))
}

/// Play a move, in games with rules. The server checks it.
#[utoipa::path(operation_id = "play_move", tag = "games", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), request_body = MoveDto,
    responses(
        (status = 200, description = "Played", body = MovedDto),
        (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
    ))]
#[post("/games/{id}/moves")]
pub(crate) async fn play(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<GameId>,
    body: Body<MoveDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, id.0, &body.0, receipt)).await
}
