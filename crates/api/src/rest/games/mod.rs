//! Games: live ones, moves, scores, history.

pub(crate) mod abandon;
pub(crate) mod claim;
mod create;
mod dispute;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod invite;
mod join;
pub(crate) mod live;
pub(crate) mod play;
pub(crate) mod ready;
pub(crate) mod rematch;
mod replay;
pub(crate) mod scores;

use std::future::Future;

use games::{Error, Game, Invite};
use kernel::{CacheKey, Engagement, PlayerId};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::{GameDto, GameInviteDto};
use crate::edge::Reply;
use crate::problem::Problem;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(live::live)
        .service(create::create)
        .service(get::get)
        .service(join::join)
        .service(ready::ready)
        .service(abandon::abandon)
        .service(play::play)
        .service(scores::scores)
        .service(claim::claim)
        .service(rematch::rematch)
        .service(invite::invite)
        .service(dispute::dispute)
        .service(replay::replay)
        .service(history::history);
}

/// A game as this viewer sees it, with names.
pub(crate) async fn shown(app: &App, viewer: PlayerId, game: &Game) -> Result<Reply, Problem> {
    let names = app.directory.names(GameDto::people(game)).await?;
    Ok(Reply::ok(&GameDto::of(game, Some(viewer), &names)))
}

/// An invitation with names.
pub(crate) async fn invite_shown(app: &App, game: &Game, invite: &Invite) -> Result<GameInviteDto, Problem> {
    let names = app.directory.names(std::iter::once(invite.from).chain(invite.to)).await?;
    Ok(GameInviteDto::of(game, invite, &names))
}

/// A command that may take the player out of a queue: afterwards the ticket, which ended in the same step, says so.
pub(crate) async fn taking<T>(
    app: &App,
    player: PlayerId,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, Problem> {
    let before = app.engagements.current(&[player]).await.map_err(|error| app.refuse(error))?;
    let done = command.await.map_err(|error| app.refuse(error))?;
    app.presences.moved([player]);
    if let Some(Engagement::Ticket(ticket)) = before.first()
        && let Err(error) = app.matchmaking.superseded(*ticket).await
    {
        tracing::warn!(%error, "a ticket's end could not be told; the sweep will");
    }
    Ok(done)
}

/// The cache key of the first page of somebody's history.
pub(crate) fn history_key(player: PlayerId) -> CacheKey {
    CacheKey::new("history", player.to_string())
}

/// To be called after a command on a game, before its reply: a game that is over stands in its players' histories.
pub(crate) async fn changed(app: &App, game: &Game) {
    if game.history_at().is_some() {
        let keys: Vec<CacheKey> = game.players.iter().map(|player| history_key(player.player_id)).collect();
        app.cache.invalidate(&keys).await;
    }
}
