use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use bytes::Bytes;
use kernel::CacheOutcome;
use serde::Serialize;

/// A successful answer: status and JSON body.
pub(crate) struct Reply {
    status: StatusCode,
    body: Bytes,
    cache: Option<CacheOutcome>,
    no_store: bool,
    replayed: bool,
}

impl Reply {
    fn new(status: StatusCode, body: Bytes) -> Self {
        Self { status, body, cache: None, no_store: false, replayed: false }
    }

    /// 200 with this body.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with the new resource.
    pub(crate) fn created(body: &impl Serialize) -> Self {
        Self::json(StatusCode::CREATED, body)
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self::new(StatusCode::NO_CONTENT, Bytes::new())
    }

    /// Any status with this body.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Self::new(status, serde_json::to_vec(body).unwrap_or_default().into())
    }

    /// Any status with a body that is JSON already.
    pub(crate) fn raw(status: StatusCode, body: Bytes) -> Self {
        Self::new(status, body)
    }

    /// Says how the cache took part.
    pub(crate) fn cache(mut self, outcome: CacheOutcome) -> Self {
        self.cache = Some(outcome);
        self
    }

    /// For bodies with secrets.
    pub(crate) fn no_store(mut self) -> Self {
        self.no_store = true;
        self
    }

    /// This is a stored reply, sent again.
    pub(crate) fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) const fn body(&self) -> &Bytes {
        &self.body
    }
}

/// RFC 9211.
const fn cache_status(outcome: CacheOutcome) -> &'static str {
    match outcome {
        CacheOutcome::Hit => "shallweplay; hit",
        CacheOutcome::Stale => "shallweplay; hit; detail=stale",
        CacheOutcome::Miss => "shallweplay; fwd=miss",
        CacheOutcome::Bypass => "shallweplay; fwd=bypass",
    }
}

impl Responder for Reply {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(outcome) = self.cache {
            response.insert_header(("cache-status", cache_status(outcome)));
        }
        if self.no_store {
            response.insert_header((header::CACHE_CONTROL, "no-store"));
        }
        if self.replayed {
            response.insert_header(("idempotent-replayed", "true"));
        }
        if self.status == StatusCode::NO_CONTENT {
            return response.finish();
        }
        let kind = if self.status.is_success() { "application/json" } else { "application/problem+json" };
        response.content_type(kind).body(self.body)
    }
}
