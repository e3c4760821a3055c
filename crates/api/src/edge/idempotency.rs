use std::future::{Future, Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use kernel::{PlayerId, Receipt, ReceiptKey, ReceiptRecord, ReceiptReply, StoreError};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{RawBody, Reply};
use crate::app::App;
use crate::problem::Problem;

/// What a command's first reply looks like, for rendering it anew after a crash took the reply but not the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 201 with the resource.
    Created,
    /// 200 with the resource.
    Done,
}

/// The `Idempotency-Key` of a request, or the `key` of a realtime message, with what it is bound to.
pub(crate) struct Idempotency {
    route: String,
    key: Option<Result<String, Problem>>,
    body_hash: [u8; 32],
}

fn checked(key: &str) -> Result<String, Problem> {
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(key.to_owned()) } else { Err(Problem::of("idempotency.invalid_key")) }
}

impl FromRequest for Idempotency {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = req.headers().get("idempotency-key").map(|value| checked(value.to_str().unwrap_or_default()));
        let route = format!("{} {}", req.method(), req.match_pattern().unwrap_or_default());
        let body = req.extensions().get::<RawBody>().cloned().unwrap_or_default();
        // The path counts as body: the same key on another resource is another request.
        let hash = Sha256::new().chain_update(req.path()).chain_update([0]).chain_update(&body.0).finalize();
        ready(Ok(Self { route, key, body_hash: hash.into() }))
    }
}

impl Idempotency {
    /// For a realtime message.
    pub(crate) fn of_message(kind: &str, key: Option<&str>, data: &Value) -> Self {
        let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(data.to_string()).finalize();
        Self { route: kind.to_owned(), key: key.map(checked), body_hash: hash.into() }
    }

    /// Runs a command at most once per key. Without a key it just runs.
    pub(crate) async fn once<F, Fut>(
        self,
        app: &App,
        player: PlayerId,
        first: Outcome,
        run: F,
    ) -> Result<Reply, Problem>
    where
        F: FnOnce(Option<Receipt>) -> Fut,
        Fut: Future<Output = Result<Reply, Problem>>,
    {
        let Some(key) = self.key.transpose()? else { return run(None).await };
        let key = ReceiptKey { player, route: self.route, key };
        if let Some(record) = find(app, &key).await? {
            return replay(app, player, record, &self.body_hash, first).await;
        }
        let receipt = Receipt { key, body_hash: self.body_hash, outcome: Value::Null, at: app.clock.now() };
        let answer = run(Some(receipt.clone())).await;
        match answer {
            Ok(reply) => {
                let body = String::from_utf8_lossy(reply.body()).into_owned();
                match remember(app, receipt, reply.status(), body).await {
                    Some(record) => replay(app, player, record, &self.body_hash, first).await,
                    None => Ok(reply),
                }
            }
            Err(problem) => {
                let key = receipt.key.clone();
                let ours = if problem.is_final() { Some(record_refusal(app, receipt, &problem).await) } else { None };
                // A twin may have won, at any time until the refusal was kept; then its outcome is the answer, not the
                // race this one lost to it.
                if let Some(record) = find(app, &key).await?.filter(|record| record.reply != ours || ours.is_none()) {
                    return replay(app, player, record, &self.body_hash, first).await;
                }
                Err(problem)
            }
        }
    }
}

async fn find(app: &App, key: &ReceiptKey) -> Result<Option<ReceiptRecord>, Problem> {
    app.receipts.find(key).await.map_err(|error| Problem::from_refusal(error, &*app.clock))
}

/// Attaches the reply to the receipt of the change, or stores both where nothing was changed. The command is done either
/// way, so a failure here only means that a retry renders the outcome anew. Where nothing was changed, and a twin's answer
/// was kept first, that one is the answer.
async fn remember(app: &App, receipt: Receipt, status: StatusCode, body: String) -> Option<ReceiptRecord> {
    let reply = ReceiptReply { status: status.as_u16(), body };
    let key = receipt.key.clone();
    let kept = async {
        if app.receipts.attach(&key, &reply).await? {
            return Ok(None);
        }
        app.receipts.record(receipt, reply.clone()).await?;
        app.receipts.find(&key).await
    };
    match kept.await {
        Ok(record) => record.filter(|record| record.reply.as_ref().is_some_and(|kept| *kept != reply)),
        Err::<_, StoreError>(error) => {
            tracing::warn!(%error, "a reply could not be kept for its idempotency key");
            None
        }
    }
}

/// Stores a refusal, and says how. Never attached: a receipt that is there meanwhile is a twin's, with another outcome.
async fn record_refusal(app: &App, receipt: Receipt, problem: &Problem) -> ReceiptReply {
    let reply = ReceiptReply { status: problem.status().as_u16(), body: problem.to_value("").to_string() };
    if let Err(error) = app.receipts.record(receipt, reply.clone()).await {
        tracing::warn!(%error, "a refusal could not be kept for its idempotency key");
    }
    reply
}

async fn replay(
    app: &App,
    player: PlayerId,
    record: ReceiptRecord,
    body_hash: &[u8; 32],
    first: Outcome,
) -> Result<Reply, Problem> {
    if record.receipt.body_hash != *body_hash {
        return Err(Problem::of("idempotency.key_reused"));
    }
    let Some(reply) = record.reply else {
        let reply = crate::rest::outcome(app, player, &record.receipt.outcome).await?;
        let created = first == Outcome::Created && reply.status() == StatusCode::OK;
        let status = if created { StatusCode::CREATED } else { reply.status() };
        return Ok(Reply::raw(status, reply.body().clone()).replayed());
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK);
    Ok(Reply::raw(status, reply.body.into()).replayed())
}
