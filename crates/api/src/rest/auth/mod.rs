//! Signing in and out. These calls ignore `Idempotency-Key`; their replies hold secrets and are never stored.

pub(crate) mod guest;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod refresh;
pub(crate) mod register;
mod sessions;
pub(crate) mod ws_ticket;

use actix_web::HttpRequest;
use actix_web::http::header;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(guest::guest)
        .service(register::register)
        .service(login::login)
        .service(refresh::refresh)
        .service(logout::logout)
        .service(ws_ticket::ws_ticket)
        .service(sessions::list)
        .service(sessions::end);
}

/// What the device calls itself, for the list of sessions.
fn user_agent(req: &HttpRequest) -> Option<&str> {
    req.headers().get(header::USER_AGENT)?.to_str().ok()
}
