use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use kernel::{Decision, Quota};

use super::address::client_address;
use super::caller::SignIn;
use crate::app::App;

/// Takes this call from its quota: sign-in calls by address, others by player, or by address where nobody is signed in.
pub(super) async fn check(app: &App, req: &ServiceRequest, sign_in: SignIn) -> Decision {
    let settings = &app.settings;
    let signing_in = req.path().starts_with("/api/v1/auth/") && !matches!(sign_in, SignIn::Valid(_));
    let (class, per_minute) = if signing_in {
        ("auth", settings.auth_per_minute)
    } else if matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        ("read", settings.read_per_minute)
    } else {
        ("write", settings.write_per_minute)
    };
    if per_minute == 0 {
        return Decision::UNLIMITED;
    }
    let key = match sign_in {
        SignIn::Valid(caller) => format!("{class}:{}", caller.player),
        _ => format!("{class}:{}", client_address(req, settings.trusted_hops)),
    };
    app.limiter.check(&key, Quota::per_minute(per_minute)).await
}
