//! REST: one endpoint, one file. A handler parses, calls one service method and renders. What realtime calls, too, is
//! the file's `call`.

mod admin;
pub(crate) mod auth;
mod blocks;
pub(crate) mod friends;
pub(crate) mod games;
pub(crate) mod invites;
pub(crate) mod matchmaking;
pub(crate) mod modes;
pub(crate) mod parties;
pub(crate) mod players;
mod presence;
mod standings;

use actix_web::web;
use kernel::{PlayerId, Refusal};
use serde::Deserialize as _;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::{MovedDto, ReportedDto};
use crate::edge::Reply;
use crate::problem::Problem;

/// What mounts the endpoints of one area.
type Mount = fn(&mut ServiceConfig<'_>);

const AREAS: [Mount; 12] = [
    auth::mount,
    players::mount,
    modes::mount,
    matchmaking::mount,
    parties::mount,
    games::mount,
    invites::mount,
    friends::mount,
    blocks::mount,
    presence::mount,
    standings::mount,
    admin::mount,
];

/// Mounts every endpoint under `/api/v1`, with its documentation.
pub(crate) fn mount(config: &mut ServiceConfig<'_>) {
    AREAS.iter().for_each(|area| area(config));
}

/// The same without documentation, for the workers: what is collected for it is let go area by area, which leaves each
/// of them some megabytes smaller.
pub(crate) fn mount_alone(config: &mut web::ServiceConfig) {
    AREAS.iter().for_each(|area| area(&mut ServiceConfig::new(config)));
}

impl App {
    /// How a service's refusal looks outside.
    pub(crate) fn refuse<R: Refusal + Send + Sync + 'static>(&self, refusal: R) -> Problem {
        Problem::from_refusal(refusal, &*self.clock)
    }
}

/// Renders a receipt's outcome: the reply of a command that was carried out, when the reply itself was lost.
pub(crate) async fn outcome(app: &App, player: PlayerId, outcome: &Value) -> Result<Reply, Problem> {
    let id = |name: &str| outcome.get(name).and_then(Value::as_str).unwrap_or_default();
    match outcome.get("as").and_then(Value::as_str) {
        // Rendered by the types that rendered it first, so that not even the order of the fields is another one.
        Some("move") => MovedDto::deserialize(outcome).map(|moved| Reply::ok(&moved)).map_err(|_| lost()),
        Some("report") => {
            ReportedDto::deserialize(outcome).map(|reported| games::scores::answer(&reported)).map_err(|_| lost())
        }
        Some("invite") => {
            let invite = id("invite").parse().map_err(|_| lost())?;
            games::invite::again(app, player, id("game").parse().map_err(|_| lost())?, invite).await
        }
        Some("game") => games::get::call(app, player, id("game").parse().map_err(|_| lost())?).await,
        Some("relation") => {
            let made = outcome.get("made").and_then(Value::as_bool).unwrap_or(false);
            Ok(friends::again(id("player").parse().map_err(|_| lost())?, id("state"), made))
        }
        Some("link") => friends::links::again(app, player, id("code")).await,
        Some("mode") => admin::mode_again(app, id("mode")).ok_or_else(lost),
        _ if outcome.get("ticket").is_some() => {
            matchmaking::get::call(app, player, id("ticket").parse().map_err(|_| lost())?).await
        }
        _ if outcome.get("proposal").is_some() => {
            matchmaking::proposals::call(app, player, id("proposal").parse().map_err(|_| lost())?).await
        }
        _ if outcome.get("party").is_some() => parties::again(app, id("party").parse().map_err(|_| lost())?).await,
        _ if outcome.get("player").is_some() => players::me::call(app, id("player").parse().map_err(|_| lost())?).await,
        _ => Err(lost()),
    }
}

/// A receipt that names nothing we know: a bug, or a newer replica's.
fn lost() -> Problem {
    Problem::of("internal")
}
