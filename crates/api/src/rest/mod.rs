//! REST: one endpoint, one file. A handler parses, calls one service method and renders. What realtime calls, too, is
//! the file's `call`.

mod admin;
pub(crate) mod auth;
pub(crate) mod games;
pub(crate) mod invites;
pub(crate) mod matchmaking;
pub(crate) mod modes;
pub(crate) mod players;
mod standings;

use bytes::Bytes;
use kernel::{PlayerId, Refusal};
use serde_json::{Value, json};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::problem::Problem;

/// Mounts every endpoint under `/api/v1`.
pub(crate) fn mount(config: &mut ServiceConfig<'_>) {
    auth::mount(config);
    players::mount(config);
    modes::mount(config);
    matchmaking::mount(config);
    games::mount(config);
    invites::mount(config);
    standings::mount(config);
    admin::mount(config);
}

impl App {
    /// How a service's refusal looks outside.
    pub(crate) fn refuse<R: Refusal + Send + Sync + 'static>(&self, refusal: R) -> Problem {
        Problem::from_refusal(refusal, &*self.clock)
    }
}

/// Renders a receipt's outcome: the reply of a command that was carried out, when the reply itself was lost.
pub(crate) async fn outcome(app: &App, player: PlayerId, outcome: &Value) -> Result<Bytes, Problem> {
    let id = |name: &str| outcome.get(name).and_then(Value::as_str).unwrap_or_default();
    let reply = match outcome.get("as").and_then(Value::as_str) {
        Some("move") => return json(&json!({ "sequence": outcome["sequence"], "state": outcome["state"] })),
        Some("report") => return json(&json!({ "report": outcome["report"], "result": outcome["result"] })),
        Some("invite") => {
            let invite = id("invite").parse().map_err(|_| lost())?;
            games::invite::again(app, player, id("game").parse().map_err(|_| lost())?, invite).await?
        }
        Some("game") => games::get::call(app, player, id("game").parse().map_err(|_| lost())?).await?,
        _ if outcome.get("ticket").is_some() => {
            matchmaking::get::call(app, player, id("ticket").parse().map_err(|_| lost())?).await?
        }
        _ if outcome.get("player").is_some() => players::me::call(app, player).await?,
        _ => return Err(lost()),
    };
    Ok(reply.body().clone())
}

fn json(value: &Value) -> Result<Bytes, Problem> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|_| lost())
}

/// A receipt that names nothing we know: a bug, or a newer replica's.
fn lost() -> Problem {
    Problem::of("internal")
}
