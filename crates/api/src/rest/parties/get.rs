use actix_web::{get, web};
use kernel::PartyId;

use super::shown;
use crate::app::App;
use crate::dto::{PartyDto, ProblemDto};
use crate::edge::{PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// A party you are in, or invited to.
#[utoipa::path(operation_id = "get_party", tag = "parties", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/parties/{id}")]
pub(crate) async fn get(app: web::Data<App>, caller: Caller, id: PathId<PartyId>) -> Result<Reply, Problem> {
    let view = app.matchmaking.party(caller.player, id.0).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&shown(&app, view).await?))
}

/// The party you are in; 404 where there is none.
#[utoipa::path(operation_id = "get_my_party", tag = "parties", security(("bearer" = [])), responses(
    (status = 200, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[get("/parties/mine")]
pub(crate) async fn mine(app: web::Data<App>, caller: Caller) -> Result<Reply, Problem> {
    let view = app.matchmaking.my_party(caller.player).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&shown(&app, view).await?))
}
