//! Friends, requests, and links that make friends.

pub(crate) mod answer;
pub(crate) mod links;
mod list;
mod mutual;
mod note;
pub(crate) mod request;
mod requests;
mod unfriend;

use friends::{Answer, Error};
use kernel::{PlayerId, Timestamp};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::StandingOfDto;
use crate::edge::Reply;
use crate::problem::Problem;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list)
        .service(requests::requests)
        .service(request::request)
        .service(answer::accept)
        .service(answer::decline)
        .service(answer::cancel)
        .service(links::list)
        .service(links::create)
        .service(links::revoke)
        .service(links::redeem)
        .service(mutual::mutual)
        .service(note::note)
        .service(unfriend::unfriend);
}

/// A place in a list by time and player.
type Place = (Timestamp, PlayerId);

/// The reply to a command between two players.
pub(crate) fn answered(app: &App, answer: Result<Answer, Error>) -> Result<Reply, Problem> {
    let answer = answer.map_err(|error| app.refuse(error))?;
    app.wake_relay.notify_one();
    Ok(again(answer.player, answer.state.name(), answer.made))
}

/// The same, from its receipt. A request that wasn't there before is 201.
pub(crate) fn again(player: PlayerId, state: &str, made: bool) -> Reply {
    let standing = StandingOfDto::told(player, state);
    if made { Reply::created(&standing) } else { Reply::ok(&standing) }
}
