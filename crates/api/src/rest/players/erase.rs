use actix_web::{delete, web};
use kernel::{PlayerId, Receipt};

use crate::app::App;
use crate::dto::ProblemDto;
use crate::edge::{Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

async fn call(app: &App, player: PlayerId, receipt: Option<Receipt>) -> Result<Reply, Problem> {
    app.players.erase(player, receipt).await.map_err(|error| app.refuse(error))?;
    app.directory.changed(player).await;
    app.notice_revocations().await;
    app.wake_erasures.notify_one();
    Ok(Reply::nothing())
}

/// Erase yourself, for good. You are signed out everywhere at once; within a minute nothing here names you. In games that
/// others played with you a pseudonym stands.
#[utoipa::path(operation_id = "erase_me", tag = "players", security(("bearer" = [])), responses(
    (status = 204, description = "Erased"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/players/me")]
pub(crate) async fn erase(app: web::Data<App>, caller: Caller, key: Idempotency) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, receipt)).await
}
