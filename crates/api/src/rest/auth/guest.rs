use actix_web::{HttpRequest, post, web};
use players::Secret;

use super::user_agent;
use crate::app::App;
use crate::dto::{GuestDto, ProblemDto, SignedInDto};
use crate::edge::{Body, Reply};
use crate::problem::Problem;

/// Sign in as a guest: a new one, or by `device_secret` the one this device has been before.
#[utoipa::path(operation_id = "sign_in_guest", tag = "auth", request_body = GuestDto, responses(
    (status = 201, description = "A new guest; keep the device secret", body = SignedInDto),
    (status = 200, description = "The guest this device has been before", body = SignedInDto),
    (status = "default", description = "A problem", body = ProblemDto, content_type = "application/problem+json"),
))]
#[post("/auth/guest")]
pub(crate) async fn guest(app: web::Data<App>, req: HttpRequest, body: Body<GuestDto>) -> Result<Reply, Problem> {
    let Body(GuestDto { display_name, device_secret }) = body;
    let reply = match device_secret {
        Some(secret) => {
            let signed_in = app.players.sign_in_device(&Secret::new(secret), user_agent(&req)).await;
            Reply::ok(&SignedInDto::of(&app, &signed_in.map_err(|error| app.refuse(error))?))
        }
        None => {
            let signed_in = app.players.sign_in_new_guest(display_name.as_deref(), user_agent(&req)).await;
            Reply::created(&SignedInDto::of(&app, &signed_in.map_err(|error| app.refuse(error))?))
        }
    };
    Ok(reply.no_store())
}
