//! What clients see of stored events: ids become names, in one look-up for a whole batch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use friends::FriendEvent;
use games::{Game, Started};
use kernel::{GameId, GameSpec, PlayerId, StreamEvent, Timestamp};
use realtime::{EventRenderer, RenderedEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::directory::{Directory, Names};
use crate::dto::GameDto;

/// How long names are waited for. An event without them is better than a late one.
const PATIENCE: Duration = Duration::from_millis(300);

/// Renders the events of this release's domains.
pub(super) struct Renderer<'a>(pub(super) &'a Directory);

/// Where an invitation's event names players.
const ENDS: [&str; 2] = ["from", "to"];

/// The parts of an event that names belong into.
enum Parts {
    MatchFound {
        ticket_id: Value,
        game: Box<Game>,
    },
    Started(Box<Started>),
    Updated,
    Invitation,
    Party,
    /// About this other player; the time and the game of a friendship with it.
    Friend {
        other: PlayerId,
        since: Option<Timestamp>,
        met_in: Option<GameId>,
    },
    /// Somebody isn't a friend any more, and perhaps nobody at all to whom it is told.
    Unfriended(PlayerId),
    AsStored,
}

impl Parts {
    /// Events that can't be read go out as they are stored: they are a newer replica's.
    fn of(event: &StreamEvent) -> Self {
        let data = &event.data;
        match &*event.kind {
            "match.found" => match data.get("game").map(GameSpec::deserialize) {
                Some(Ok(spec)) => {
                    let ticket_id = data.get("ticket_id").cloned().unwrap_or_default();
                    Self::MatchFound { ticket_id, game: Box::new(Game::open(&spec)) }
                }
                _ => Self::AsStored,
            },
            "game.started" => Started::deserialize(data).map_or(Self::AsStored, |data| Self::Started(Box::new(data))),
            "game.updated" | "match.proposed" | "proposal.updated" => Self::Updated,
            "game.invited" | "invite.updated" | "party.invited" => Self::Invitation,
            "party.updated" => Self::Party,
            kind if kind.starts_with("friend.") => Self::of_friend(event).unwrap_or(Self::AsStored),
            _ => Self::AsStored,
        }
    }

    fn of_friend(event: &StreamEvent) -> Option<Self> {
        let told = event.stream.player_id()?;
        let plain = |other| Self::Friend { other, since: None, met_in: None };
        Some(match FriendEvent::from_parts(&event.kind, &event.data, &[told])? {
            FriendEvent::Requested { from, .. } => plain(from),
            FriendEvent::Updated { friend, .. } => plain(friend),
            FriendEvent::Added { pair, since, met_in } => {
                Self::Friend { other: pair.other(told), since: Some(since), met_in }
            }
            FriendEvent::Removed { pair, .. } => Self::Unfriended(pair.other(told)),
            FriendEvent::BlockPlaced { .. } | FriendEvent::BlockLifted { .. } => return None,
        })
    }

    fn players(&self, event: &StreamEvent, into: &mut BTreeSet<PlayerId>) {
        match self {
            Self::MatchFound { game, .. } => into.extend(game.players.iter().map(|player| player.player_id)),
            Self::Started(data) => into.extend(data.game.players.iter().map(|player| player.player_id)),
            Self::Updated => into.extend(listed(&event.data, "/players").filter_map(player_of)),
            Self::Party => {
                into.extend(listed(&event.data, "/party/members").filter_map(player_of));
                into.extend(listed(&event.data, "/party/invited").filter_map(id_in));
            }
            Self::Invitation => {
                into.extend(ENDS.iter().filter_map(|end| event.data[end].as_str()?.parse::<PlayerId>().ok()))
            }
            Self::Friend { other, .. } => _ = into.insert(*other),
            Self::Unfriended(_) | Self::AsStored => {}
        }
    }

    fn render(&self, event: &StreamEvent, names: &Names) -> RenderedEvent {
        match self {
            Self::MatchFound { ticket_id, game } => {
                let game = GameDto::from_snapshot(&game.snapshot(None), names);
                RenderedEvent::new(event, &json!({ "ticket_id": ticket_id, "game": game }))
            }
            Self::Started(data) => {
                let game = GameDto::from_snapshot(&data.game, names);
                let data = json!({ "game": game, "seed": data.seed, "session_secret": data.session_secret });
                RenderedEvent::new(event, &data)
            }
            Self::Updated => {
                let mut data = event.data.clone();
                name_all(data.get_mut("players"), names);
                RenderedEvent::new(event, &data)
            }
            Self::Party => {
                let mut data = event.data.clone();
                name_all(data.pointer_mut("/party/members"), names);
                for invited in data.pointer_mut("/party/invited").and_then(Value::as_array_mut).into_iter().flatten() {
                    if let Some(id) = id_in(invited) {
                        *invited = json!(names.get(id));
                    }
                }
                RenderedEvent::new(event, &data)
            }
            Self::Invitation => {
                let mut data = event.data.clone();
                for end in ENDS {
                    if let Some(id) = data[end].as_str().and_then(|text| text.parse().ok()) {
                        data[end] = json!(names.get(id));
                    }
                }
                RenderedEvent::new(event, &data)
            }
            Self::Friend { other, since, met_in } => {
                let mut data = json!({ "player_id": other, "player": names.get(*other) });
                if let Some(since) = since {
                    data["since"] = json!(since);
                    data["met_in"] = json!(met_in);
                }
                RenderedEvent::new(event, &data)
            }
            Self::Unfriended(other) => RenderedEvent::new(event, &json!({ "player_id": other })),
            Self::AsStored => RenderedEvent::new(event, &event.data),
        }
    }
}

fn listed<'a>(data: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    data.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn player_of(listed: &Value) -> Option<PlayerId> {
    id_in(listed.get("player_id")?)
}

fn id_in(value: &Value) -> Option<PlayerId> {
    value.as_str()?.parse().ok()
}

/// Puts the player in place of the `player_id` of each in this list.
fn name_all(list: Option<&mut Value>, names: &Names) {
    for listed in list.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(id) = player_of(listed)
            && let Some(members) = listed.as_object_mut()
        {
            members.remove("player_id");
            members.insert("player".to_owned(), json!(names.get(id)));
        }
    }
}

#[async_trait]
impl EventRenderer for Renderer<'_> {
    async fn render(&self, events: &[StreamEvent]) -> Vec<Arc<RenderedEvent>> {
        let parts: Vec<Parts> = events.iter().map(Parts::of).collect();
        let mut players = BTreeSet::new();
        events.iter().zip(&parts).for_each(|(event, parts)| parts.players(event, &mut players));
        let names = if players.is_empty() { Names::default() } else { self.names(players).await };
        events.iter().zip(&parts).map(|(event, parts)| Arc::new(parts.render(event, &names))).collect()
    }
}

impl Renderer<'_> {
    async fn names(&self, players: BTreeSet<PlayerId>) -> Names {
        match tokio::time::timeout(PATIENCE, self.0.names(players)).await {
            Ok(Ok(names)) => names,
            Ok(Err(problem)) => {
                tracing::debug!(%problem, "names for events can't be looked up");
                Names::default()
            }
            Err(_) => {
                tracing::debug!("names for events were not looked up in time");
                Names::default()
            }
        }
    }
}
