use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Reply;

/// Adds an `ETag` over the body and answers 304 where the client has it already.
pub(crate) fn with_etag(req: &HttpRequest, reply: Reply) -> HttpResponse {
    let digest = Sha256::digest(reply.body());
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]));
    let known = req.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
    });
    let mut response = reply.respond_to(req);
    if known {
        let cache_status = response.headers().get("cache-status").cloned();
        response = HttpResponse::NotModified().finish();
        if let Some(value) = cache_status {
            response.headers_mut().insert(header::HeaderName::from_static("cache-status"), value);
        }
    }
    if let Ok(value) = header::HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    response
}
