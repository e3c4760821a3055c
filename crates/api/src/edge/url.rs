use actix_web::HttpRequest;
use actix_web::http::header;

use crate::app::EdgeSettings;

/// The address under which players reach this server, without a slash at its end: as configured, else as this request
/// came. Only ever shown to who made the request. Which scheme a proxy was asked by only a trusted one can say.
pub(crate) fn public_url(settings: &EdgeSettings, req: &HttpRequest) -> String {
    if !settings.public_url.is_empty() {
        return settings.public_url.trim_end_matches('/').to_owned();
    }
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let said = req.headers().get("x-forwarded-proto").filter(|_| settings.trusted_hops > 0);
    let scheme =
        if said.is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https")) { "https" } else { "http" };
    format!("{scheme}://{host}")
}
