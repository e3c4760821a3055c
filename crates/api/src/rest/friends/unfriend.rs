use actix_web::{delete, web};
use kernel::PlayerId;

use super::answered;
use crate::app::App;
use crate::dto::{ProblemDto, StandingOfDto};
use crate::edge::{Idempotency, Outcome, PathId, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// End a friendship. The other one gets no notice.
#[utoipa::path(operation_id = "unfriend", tag = "friends", security(("bearer" = [])), params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "You aren't friends any more", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[delete("/friends/{id}")]
pub(crate) async fn unfriend(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    id: PathId<PlayerId>,
) -> Result<Reply, Problem> {
    let run = async |receipt| answered(&app, app.friends.unfriend(caller.player, id.0, receipt).await);
    key.once(&app, caller.player, Outcome::Done, run).await
}
