use actix_web::{post, web};

use crate::app::App;
use crate::dto::{ProblemDto, RefreshDto};
use crate::edge::{Body, Reply};
use crate::problem::Problem;

/// Sign this device out. Its tokens are refused and its sockets closed, on every replica; doing it twice is no error.
#[utoipa::path(operation_id = "logout", tag = "auth", request_body = RefreshDto, responses(
    (status = 204, description = "Signed out"),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/logout")]
pub(crate) async fn logout(app: web::Data<App>, body: Body<RefreshDto>) -> Result<Reply, Problem> {
    app.players.logout(&body.0.refresh_token).await.map_err(|error| app.refuse(error))?;
    app.notice_revocations().await;
    Ok(Reply::nothing())
}
