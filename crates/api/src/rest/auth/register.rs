use actix_web::{HttpRequest, post, web};
use players::{Registration, Secret};

use super::user_agent;
use crate::app::App;
use crate::dto::{ProblemDto, RegisterDto, SignedInDto};
use crate::edge::{Body, Reply};
use crate::problem::Problem;
use crate::tokens::Caller;

/// Make an account; with a guest's bearer token that guest becomes one and keeps everything.
#[utoipa::path(operation_id = "register", tag = "auth", request_body = RegisterDto, responses(
    (status = 201, description = "The account, signed in", body = SignedInDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/register")]
pub(crate) async fn register(app: web::Data<App>, req: HttpRequest, body: Body<RegisterDto>) -> Result<Reply, Problem> {
    let Body(RegisterDto { handle, password, display_name }) = body;
    let identity = Caller::of_optional(&req)?.map(|caller| caller.player);
    let wanted = Registration { handle, password: Secret::new(password), display_name };
    let signed_in =
        app.players.register(identity, wanted, user_agent(&req)).await.map_err(|error| app.refuse(error))?;
    app.directory.changed(signed_in.player.id).await;
    Ok(Reply::created(&SignedInDto::of(&app, &signed_in)).no_store())
}
