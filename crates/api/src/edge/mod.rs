//! What every request passes: request id, sign-in, limits, body, deadline, problem details, headers, metrics.

mod address;
mod body;
mod caller;
mod etag;
mod headers;
mod idempotency;
mod layer;
mod limits;
mod operator;
mod origin;
mod path;
mod query;
mod reply;
mod revocations;
mod text;
mod url;

pub(crate) use body::{Body, LateBody, RawBody, from_data};
pub(crate) use caller::ArrivedAt;
pub(crate) use etag::with_etag;
pub(crate) use idempotency::{Idempotency, Outcome};
pub(crate) use layer::layer;
pub(crate) use operator::Operator;
pub(crate) use origin::{allowed as origin_allowed, cors};
pub(crate) use path::PathId;
pub(crate) use query::{PageQuery, Query};
pub(crate) use reply::Reply;
pub(crate) use revocations::Revocations;
pub(crate) use url::public_url;
