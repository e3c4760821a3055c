use actix_cors::Cors;
use actix_web::HttpRequest;
use actix_web::http::header;

/// Whether a page from this request's origin may open a socket here: no origin (not a browser), our own, or listed.
pub(crate) fn allowed(req: &HttpRequest, listed: &[String]) -> bool {
    let Some(origin) = req.headers().get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if listed.iter().any(|one| one == origin) {
        return true;
    }
    let host = req.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| {
        let own = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        own == Some(host)
    })
}

/// Cross-origin calls, for the listed origins only. Which headers their pages may read is said by [`super::headers`]: this
/// middleware would name them in another order on every worker.
pub(crate) fn cors(listed: &[String]) -> Cors {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([
            "authorization",
            "content-type",
            "idempotency-key",
            "if-none-match",
            "x-request-id",
            "traceparent",
        ])
        .max_age(600);
    for origin in listed {
        cors = cors.allowed_origin(origin);
    }
    cors
}
