use actix_web::{HttpRequest, post, web};
use players::Secret;

use super::user_agent;
use crate::app::App;
use crate::dto::{LoginDto, ProblemDto, SignedInDto};
use crate::edge::{Body, Reply};
use crate::problem::Problem;

/// Sign in with handle and password. An unknown handle and a wrong password get the same answer.
#[utoipa::path(operation_id = "login", tag = "auth", request_body = LoginDto, responses(
    (status = 200, description = "Signed in", body = SignedInDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/login")]
pub(crate) async fn login(app: web::Data<App>, req: HttpRequest, body: Body<LoginDto>) -> Result<Reply, Problem> {
    let Body(LoginDto { handle, password }) = body;
    let signed_in = app.players.login(&handle, Secret::new(password), user_agent(&req)).await;
    Ok(Reply::ok(&SignedInDto::of(&app, &signed_in.map_err(|error| app.refuse(error))?)).no_store())
}
