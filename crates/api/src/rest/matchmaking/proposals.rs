use actix_web::{get, web};
use kernel::{PlayerId, ProposalId};
use matchmaking::Proposal;

use crate::app::App;
use crate::dto::{ProblemDto, ProposalDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// A ready check as everybody in it sees it.
pub(super) async fn shown(app: &App, proposal: &Proposal) -> Result<Reply, Problem> {
    let names = app.directory.names(proposal.players()).await?;
    Ok(Reply::ok(&ProposalDto::of(proposal, &names)))
}

/// The ready check the player is or was in.
pub(crate) async fn call(app: &App, player: PlayerId, id: ProposalId) -> Result<Reply, Problem> {
    let proposal = app.matchmaking.proposal(player, id).await.map_err(|error| app.refuse(error))?;
    shown(app, &proposal).await
}

/// A ready check you are in: poll it where there is no socket.
#[utoipa::path(operation_id = "get_proposal", tag = "matchmaking", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The ready check", body = ProposalDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/matchmaking/proposals/{id}")]
pub(crate) async fn get(app: web::Data<App>, caller: Caller, id: PathId<ProposalId>) -> Result<Reply, Problem> {
    call(&app, caller.player, id.0).await
}
