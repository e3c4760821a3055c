use actix_web::{post, web};

use crate::app::App;
use crate::dto::{ProblemDto, RefreshDto, SignedInDto};
use crate::edge::{ArrivedAt, Body, Reply};
use crate::problem::Problem;

/// Exchange a refresh token, which works once, for a new pair. Using one twice ends the session.
#[utoipa::path(operation_id = "refresh", tag = "auth", request_body = RefreshDto, responses(
    (status = 200, description = "A new pair of tokens", body = SignedInDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/refresh")]
pub(crate) async fn refresh(app: web::Data<App>, arrived: ArrivedAt, body: Body<RefreshDto>) -> Result<Reply, Problem> {
    let signed_in = app.players.refresh(&body.0.refresh_token, arrived.0).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&SignedInDto::of(&app, &signed_in)).no_store())
}
