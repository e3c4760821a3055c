use actix_web::{post, web};
use kernel::{PlayerId, ProposalId, Receipt};
use matchmaking::{Answer, Matchmaking};

use super::proposals::shown;
use crate::app::App;
use crate::dto::{ProblemDto, ProposalDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// The ready check after the player's answer; with the last yes its game starts.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    id: ProposalId,
    said: Answer,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let proposal = app.matchmaking.answer(player, id, said, receipt).await.map_err(|error| app.refuse(error))?;
    if let Some(game) = Matchmaking::game_of(&proposal)
        && let Err(error) = app.games.begin(game).await
    {
        tracing::debug!(%game, %error, "a game's start waits for the sweep");
    }
    app.presences.moved(proposal.players());
    app.wake_relay.notify_one();
    shown(app, &proposal).await
}

/// Say yes to a match. Your first answer counts; once everybody has said yes, the game starts.
#[utoipa::path(operation_id = "accept_proposal", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The ready check", body = ProposalDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/matchmaking/proposals/{id}/accept")]
pub(crate) async fn accept(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<ProposalId>,
) -> Result<Reply, Problem> {
    let answer = |receipt| call(&app, caller.player, id.0, Answer::Accepted, receipt);
    key.once(&app, caller.player, Outcome::Done, answer).await
}

/// Say no to a match. The others go on waiting; you wait a moment before you can queue again.
#[utoipa::path(operation_id = "decline_proposal", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The ready check", body = ProposalDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/matchmaking/proposals/{id}/decline")]
pub(crate) async fn decline(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<ProposalId>,
) -> Result<Reply, Problem> {
    let answer = |receipt| call(&app, caller.player, id.0, Answer::Declined, receipt);
    key.once(&app, caller.player, Outcome::Done, answer).await
}
