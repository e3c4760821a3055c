//! Games: live ones, moves, scores, history.

pub(crate) mod abandon;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod play;
pub(crate) mod ready;
pub(crate) mod scores;

use games::Game;
use kernel::{CacheKey, PlayerId};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::dto::GameDto;
use crate::edge::Reply;
use crate::problem::Problem;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(live::live)
        .service(get::get)
        .service(ready::ready)
        .service(abandon::abandon)
        .service(play::play)
        .service(scores::scores)
        .service(history::history);
}

/// A game as this viewer sees it, with names.
pub(crate) async fn shown(app: &App, viewer: PlayerId, game: &Game) -> Result<Reply, Problem> {
    let names = app.directory.names(game.players.iter().map(|player| player.player_id)).await?;
    Ok(Reply::ok(&GameDto::of(game, Some(viewer), &names)))
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
