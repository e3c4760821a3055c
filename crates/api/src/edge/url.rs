use actix_web::HttpRequest;
use actix_web::http::header;

use crate::app::EdgeSettings;

/// The address under which players reach this server, without a slash at its end: as configured, else as this request
/// came. Only ever shown to who made the request.
pub(crate) fn public_url(settings: &EdgeSettings, req: &HttpRequest) -> String {
    if !settings.public_url.is_empty() {
        return settings.public_url.trim_end_matches('/').to_owned();
    }
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}
