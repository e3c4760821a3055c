use actix_web::{post, web};
use kernel::{FieldError, PlayerId, Receipt};

use super::answered;
use crate::app::App;
use crate::dto::{AskFriendDto, ProblemDto, StandingOfDto};
use crate::edge::{Body, Idempotency, Outcome, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Asks, by id or by handle.
pub(crate) async fn call(
    app: &App,
    player: PlayerId,
    wanted: AskFriendDto,
    receipt: Option<Receipt>,
) -> Result<Reply, Problem> {
    let answer = match (wanted.player_id, wanted.handle) {
        (Some(id), None) => app.friends.request(player, id, receipt).await,
        (None, Some(handle)) => app.friends.request_handle(player, &handle, receipt).await,
        _ => {
            let detail = "either player_id or handle, and not both";
            return Err(Problem::invalid(vec![FieldError::new("", "one_of", detail)]));
        }
    };
    answered(app, answer)
}

/// Ask somebody to be friends. Who asked you already becomes your friend.
#[utoipa::path(operation_id = "request_friend", tag = "friends", security(("bearer" = [])), request_body = AskFriendDto, responses(
    (status = 201, description = "The request waits for an answer", body = StandingOfDto),
    (status = 200, description = "It crossed one and you are friends, or nothing changed", body = StandingOfDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/friends/requests")]
pub(crate) async fn request(
    app: web::Data<App>,
    caller: Caller,
    key: Idempotency,
    body: Body<AskFriendDto>,
) -> Result<Reply, Problem> {
    key.once(&app, caller.player, Outcome::Done, |receipt| call(&app, caller.player, body.0, receipt)).await
}
