//! Metrics and the names they go by. User ids are never labels.

use std::time::Duration;

use actix_web::http::Method;

/// One request was answered.
pub(crate) fn request_done(method: &Method, route: &str, status: u16, took: Duration, trace_id: Option<&str>) {
    let class = match status {
        ..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let labels = [("method", method.as_str().to_owned()), ("route", route.to_owned()), ("status", class.to_owned())];
    metrics::histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
    tracing::debug!(method = %method, route, status, trace_id, micros = took.as_micros(), "request");
}
