//! Problem details (RFC 9457): the one table from kinds of refusals to statuses.

mod catalogue;

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use kernel::{BoxError, Clock, ErrorKind, FieldError, Refusal};
use serde_json::{Map, Value, json};

pub(crate) use catalogue::as_markdown;

/// An error as a client sees it. `Display` is its `detail`; the source is logged once, here at the edge.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<u64>,
    /// Apart, because errors travel in every `Result` of a handler.
    more: Box<More>,
}

/// What most problems have nothing of.
#[derive(Debug, Default)]
struct More {
    errors: Vec<FieldError>,
    extensions: Vec<(&'static str, Value)>,
    allow: Option<String>,
    instance: String,
    source: Option<BoxError>,
}

impl Problem {
    /// A problem of the edge itself; its status and title come from the catalogue.
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let status = catalogue::find(code).map_or(500, |entry| entry.status);
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            detail: detail.into(),
            retry_after: None,
            more: Box::default(),
        }
    }

    /// The problem whose detail is its title.
    pub(crate) fn of(code: &'static str) -> Self {
        Self::new(code, format!("{}.", catalogue::find(code).map_or(code, |entry| entry.title)))
    }

    /// How a domain's refusal looks outside.
    pub(crate) fn from_refusal<R: Refusal + Send + Sync + 'static>(refusal: R, clock: &dyn Clock) -> Self {
        let mut problem = Self::describe(&refusal, clock);
        let internal = matches!(refusal.kind(), ErrorKind::Internal | ErrorKind::Unavailable);
        problem.more.source = internal.then(|| BoxError::from(refusal));
        problem
    }

    /// How a refusal looks outside, without its source.
    pub(crate) fn describe(refusal: &dyn Refusal, clock: &dyn Clock) -> Self {
        let status = match refusal.kind() {
            ErrorKind::Malformed => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict | ErrorKind::Replayed => StatusCode::CONFLICT,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        // Who lost to a twin with the same key is answered with what the twin is, as soon as that is known.
        let replayed = refusal.kind() == ErrorKind::Replayed;
        let code = if replayed { "idempotency.in_progress" } else { refusal.code() };
        debug_assert!(catalogue::find(code).is_some(), "{code} isn't in the catalogue");
        let seconds = |at: kernel::Timestamp| at.since(clock.now()).as_millis().div_ceil(1_000).max(1);
        let retry_after = refusal.retry_at().map(|at| u64::try_from(seconds(at)).unwrap_or(1));
        let internal = matches!(refusal.kind(), ErrorKind::Internal | ErrorKind::Unavailable);
        let detail = if internal || replayed { Self::of(code).detail } else { sentence(&refusal.to_string()) };
        Self {
            status,
            code,
            detail,
            retry_after: retry_after.or((replayed || status == StatusCode::SERVICE_UNAVAILABLE).then_some(1)),
            more: Box::new(More { errors: refusal.fields(), extensions: refusal.extensions(), ..More::default() }),
        }
    }

    /// A validation problem: these fields aren't valid.
    pub(crate) fn invalid(errors: Vec<FieldError>) -> Self {
        let named: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let mut problem = Self::new("validation.failed", sentence(&named.join("; ")));
        problem.more.errors = errors;
        problem
    }

    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.more.allow = Some(methods);
        self
    }

    /// Names the request, for errors that no handler's response carries.
    pub(crate) fn for_request(mut self, id: &str) -> Self {
        id.clone_into(&mut self.more.instance);
        self
    }

    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) const fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the same request can never fare better: such answers are worth remembering under an idempotency key.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self.status.as_u16(), 403 | 404 | 409)
            && !matches!(self.code, "conflict.concurrent_change" | "idempotency.in_progress")
    }

    /// The source's whole chain, for the log.
    pub(crate) fn chain(&self) -> Option<String> {
        let mut step: &dyn std::error::Error = self.more.source.as_deref()?;
        let mut text = step.to_string();
        while let Some(next) = step.source() {
            text.push_str(": ");
            text.push_str(&next.to_string());
            step = next;
        }
        Some(text)
    }

    /// The body.
    pub(crate) fn to_value(&self, instance: &str) -> Value {
        let title = catalogue::find(self.code).map_or("Error", |entry| entry.title);
        let mut body = Map::new();
        body.insert("type".into(), json!(format!("https://shallweplay.valina.ai/problems/{}", self.code)));
        body.insert("title".into(), json!(title));
        body.insert("status".into(), json!(self.status.as_u16()));
        body.insert("detail".into(), json!(self.detail));
        body.insert("instance".into(), json!(instance));
        body.insert("code".into(), json!(self.code));
        if !self.more.errors.is_empty() {
            let field = |e: &FieldError| json!({ "pointer": e.pointer, "code": e.code, "detail": e.detail });
            body.insert("errors".into(), self.more.errors.iter().map(field).collect());
        }
        for (name, value) in &self.more.extensions {
            body.insert((*name).into(), value.clone());
        }
        Value::Object(body)
    }

    /// The response, for the request `instance`.
    pub(crate) fn respond(&self, instance: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.more.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if !instance.is_empty() {
            response.insert_header(("x-request-id", instance));
        }
        response.body(self.to_value(instance).to_string())
    }
}

/// A sentence begins with a capital and ends with a full stop, whoever worded it.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    out.push_str(letters.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.more.source.as_deref().map(|source| source as _)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// The edge's middleware renders a handler's error again, with its request id.
    fn error_response(&self) -> HttpResponse {
        self.respond(&self.more.instance)
    }
}
