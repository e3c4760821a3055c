//! Requests about presence: these belong to the socket they come over.

use ::players::ProfilePatch;
use kernel::{FieldError, PlayerId, Receipt};
use realtime::{Json, SocketId};
use serde::Deserialize;
use serde_json::json;

use super::dispatch::Done;
use crate::app::App;
use crate::dto::PresenceOfDto;
use crate::edge::{Idempotency, Outcome};
use crate::problem::Problem;
use crate::rest::players;

/// What somebody says of themself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetDto {
    status: ChosenStatus,
    /// The status text of the profile, with it.
    text: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChosenStatus {
    Online,
    Away,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchDto {
    player_ids: Vec<PlayerId>,
}

/// `presence.set`: nobody looks at this device, or somebody does again.
pub(super) async fn set(
    app: &App,
    player: PlayerId,
    socket: SocketId,
    wanted: SetDto,
    once: Idempotency,
) -> Result<Done, Problem> {
    if let Some(text) = wanted.text {
        let patch = ProfilePatch { status_text: Some(Some(text)), ..ProfilePatch::default() };
        let change = |receipt: Option<Receipt>| async { players::patch_me::call(app, player, &patch, receipt).await };
        once.once(app, player, Outcome::Done, change).await?;
    }
    app.presences.set_away(socket, player, wanted.status == ChosenStatus::Away);
    let status = if wanted.status == ChosenStatus::Away { "away" } else { "online" };
    Ok(Json::from_value(&json!({ "status": status })).into())
}

/// `presence.watch`: these players, beside those watched already.
pub(super) async fn watch(app: &App, player: PlayerId, socket: SocketId, wanted: WatchDto) -> Result<Done, Problem> {
    let mut ids = wanted.player_ids;
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    if ids.is_empty() {
        let detail = "names one player or more";
        return Err(Problem::invalid(vec![FieldError::new("/player_ids", "required", detail)]));
    }
    let items = app.watch_presence(player, socket, &ids).await?;
    let items: Vec<PresenceOfDto> = items.into_iter().map(|(id, presence)| PresenceOfDto::of(id, presence)).collect();
    Ok(Json::from_value(&json!({ "items": items })).into())
}

/// `presence.unwatch`: not these any more.
pub(super) fn unwatch(app: &App, socket: SocketId, wanted: WatchDto) -> Result<Done, Problem> {
    app.unwatch_presence(socket, &wanted.player_ids);
    Ok(Json::empty_object().into())
}
