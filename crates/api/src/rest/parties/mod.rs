//! Parties: players who queue together.

mod create;
mod get;
mod invites;
mod members;

use kernel::PartyId;
use matchmaking::{Error, PartyView};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::PartyDto;
use crate::edge::Reply;
use crate::problem::Problem;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    // What is named before what is numbered.
    config.service(create::create).service(get::mine).service(invites::list).service(get::get);
    config.service(invites::invite).service(invites::withdraw).service(members::join).service(members::leave);
    config.service(members::ready).service(members::kick).service(members::promote);
}

/// A party as its members see it.
async fn shown(app: &App, view: PartyView) -> Result<PartyDto, Problem> {
    let shown = view.shown;
    let members = shown.members.iter().map(|member| member.player_id);
    let names = app.directory.names(members.chain(shown.invited.iter().copied())).await?;
    Ok(PartyDto::of(shown, &names))
}

/// What every command on a party answers.
async fn answered(app: &App, answer: Result<PartyView, Error>) -> Result<Reply, Problem> {
    let view = answer.map_err(|error| app.refuse(error))?;
    app.presences.moved(view.party.players());
    app.wake_relay.notify_one();
    Ok(Reply::ok(&shown(app, view).await?))
}

/// The party as it stands: the reply of a command whose first reply was lost.
pub(crate) async fn again(app: &App, id: PartyId) -> Result<Reply, Problem> {
    let view = app.matchmaking.party_again(id).await.map_err(|error| app.refuse(error))?;
    Ok(Reply::ok(&shown(app, view).await?))
}
