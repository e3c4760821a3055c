use actix_web::{post, web};
use kernel::{PlayerId, Receipt};

use super::shown;
use crate::app::App;
use crate::dto::{PartyDto, ProblemDto};
use crate::edge::{Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

async fn call(app: &App, player: PlayerId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    let view = app.matchmaking.found_party(player, receipt).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::created(&shown(app, view).await?))
}

/// Make a party, which you lead. A player is in one at a time.
#[utoipa::path(operation_id = "create_party", tag = "parties", security(("bearer" = [])), responses(
    (status = 201, description = "The party", body = PartyDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/parties")]
pub(crate) async fn create(app: web::Data<App>, caller: Caller, key: Idempotency) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Created, |receipt| call(&app, caller.player, receipt)).await
}
