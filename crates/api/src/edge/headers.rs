use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use kernel::Decision;

/// Pages load nothing from elsewhere and run only our own scripts.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; base-uri 'none'; \
                           form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The API browser styles its own elements from script.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; \
                           form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// What pages from other origins may read, where they may read anything.
const EXPOSED: &str = "cache-status, etag, idempotent-replayed, ratelimit-limit, ratelimit-remaining, ratelimit-reset, \
                       retry-after, x-request-id";

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// The headers every response has.
pub(super) fn finish<B>(response: &mut ServiceResponse<B>, request_id: &str, decision: Decision) {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    let policy = if response.request().path().starts_with("/api/docs") { DOCS_POLICY } else { PAGE_POLICY };
    let headers = response.headers_mut();
    put(headers, "x-request-id", request_id);
    put(headers, "x-content-type-options", "nosniff");
    put(headers, "access-control-expose-headers", EXPOSED);
    put(headers, "referrer-policy", "no-referrer");
    if is_page && !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        put(headers, "content-security-policy", policy);
    }
    if decision.limit > 0 {
        put(headers, "ratelimit-limit", &decision.limit.to_string());
        put(headers, "ratelimit-remaining", &decision.remaining.to_string());
        put(headers, "ratelimit-reset", &decision.reset.as_millis().div_ceil(1_000).to_string());
    }
}
