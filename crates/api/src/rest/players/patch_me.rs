use actix_web::{patch, web};
use kernel::{PlayerId, Receipt};
use players::ProfilePatch;

use crate::app::App;
use crate::dto::{OwnPlayerDto, ProblemDto, ProfilePatchDto};
use crate::edge::{Body, Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::rest::games::history_key;
use crate::tokens::Caller;

pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    patch: &ProfilePatch,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let player = app.players.update_profile(player, patch, receipt).await.map_err(|error| app.refuse(error))?;
    app.directory.changed(player.id).await;
    // The own name stands in it.
    app.cache.invalidate(&[history_key(player.id)]).await;
    Ok(Reply::ok(&OwnPlayerDto::from(&player)))
}

/// Change your profile. Absent fields stay, null clears.
#[utoipa::path(operation_id = "update_me", tag = "players", security(("bearer" = [])), request_body = ProfilePatchDto, responses(
    (status = 200, description = "You, as changed", body = OwnPlayerDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[patch("/players/me")]
pub(crate) async fn patch_me(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    body: Body<ProfilePatchDto>,
) -> Result<Reply, Problem> {
    let patch = ProfilePatch::from(body.0);
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, &patch, receipt)).await
}
