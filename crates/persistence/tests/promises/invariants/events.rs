//! Every transition is told once, and everything told is in its streams once, in order.

use std::collections::{BTreeMap, BTreeSet};

use games::{Game, ResultStatus};
use kernel::{Event, EventId, GameId, PlayerId, StreamKey};
use serde_json::{Value, json};

use super::Violation;
use super::games::Ledger;
use crate::story::{Story, by_id};

type Handed = BTreeMap<i64, (Event, usize)>;

pub(super) async fn check(story: &Story, games: &[Game], ledger: &Ledger) {
    let events = story.seen().events.clone();
    if let Some((event, _)) = events.values().find(|(_, times)| *times == 0) {
        story.violated(Violation::Event(format!("never handed out: {event:?}")));
    }
    let ids: BTreeSet<EventId> = events.values().map(|(event, _)| event.id).collect();
    if ids.len() != events.len() {
        story.violated(Violation::Event("two rows of the outbox have one event's id".to_owned()));
    }
    for violation in results(&events, ledger).into_iter().chain(starts(&events, games)).chain(ratings(&events, ledger))
    {
        story.violated(violation);
    }
    streams(story, &events).await;
}

/// Each result version is told once.
fn results(events: &Handed, ledger: &Ledger) -> Vec<Violation> {
    let mut told: BTreeMap<(String, i64), usize> = BTreeMap::new();
    for (event, _) in events.values() {
        let kind = &*event.kind;
        if let ("game.settled" | "game.voided", Some(version)) = (kind, event.data["result"]["version"].as_i64()) {
            *told.entry((format!("{kind} {}", event.data["game_id"]), version)).or_default() += 1;
        }
    }
    let mut found = Vec::new();
    for entry in ledger.values().flatten() {
        let kind = if entry.status == ResultStatus::Settled { "game.settled" } else { "game.voided" };
        let (name, version) = (format!("{kind} {}", json!(entry.game_id)), i64::from(entry.version));
        match told.remove(&(name.clone(), version)) {
            Some(1) => {}
            times => found.push(Violation::Event(format!("{name}, version {version}: told {times:?}"))),
        }
    }
    found.extend(told.keys().map(|key| Violation::Event(format!("{key:?} isn't in the ledger"))));
    found
}

/// Each player of a game that started is told so once, and each end is told.
fn starts(events: &Handed, games: &[Game]) -> Vec<Violation> {
    let mut started: BTreeMap<(GameId, PlayerId), usize> = BTreeMap::new();
    let mut last: BTreeMap<String, Value> = BTreeMap::new();
    for (event, _) in events.values() {
        let status = match &*event.kind {
            "game.started" => {
                let game = serde_json::from_value(event.data["game"]["id"].clone());
                if let (Ok(game), Some(player)) = (game, event.audience.first().and_then(StreamKey::player_id)) {
                    *started.entry((game, player)).or_default() += 1;
                }
                continue;
            }
            "game.updated" => event.data["status"].clone(),
            "game.finished" => json!("finished"),
            "game.settled" => json!("settled"),
            "game.disputed" => json!("disputed"),
            "game.voided" => json!("voided"),
            _ => continue,
        };
        last.insert(event.aggregate.clone(), status);
    }
    let mut found = Vec::new();
    for game in games {
        let told = last.remove(&format!("game:{}", game.id));
        if told.as_ref() != Some(&json!(game.status)) {
            found.push(Violation::Event(format!("{} is {:?}, and {told:?} was told", game.id, game.status)));
        }
        for player in game.people() {
            let times = started.remove(&(game.id, player.player_id)).unwrap_or(0);
            let plays = game.started_at.is_some();
            if times > usize::from(plays) {
                found.push(Violation::Event(format!("{} of {} was told {times} starts", player.player_id, game.id)));
            }
            if plays && times == 0 && player.ready_at.is_some() {
                found.push(Violation::Event(format!("{} wasn't told that {} started", player.player_id, game.id)));
            }
        }
    }
    found
}

/// One `rating.changed` for each result version and player: all that were played, and none twice.
fn ratings(events: &Handed, ledger: &Ledger) -> Vec<Violation> {
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (event, _) in events.values().filter(|(event, _)| event.kind == "rating.changed") {
        let data = &event.data;
        let name = format!("{} {} {}", data["reason"], data["game_id"], data["version"]);
        *told.entry((name, data["player_id"].to_string())).or_default() += 1;
    }
    let twice = told.iter().filter(|(_, times)| **times > 1);
    let mut found: Vec<_> =
        twice.map(|(what, times)| Violation::Event(format!("{what:?} was told {times} times"))).collect();
    let firsts = ledger.values().flatten().filter(|entry| entry.version == 1 && entry.rated);
    for entry in firsts.filter(|entry| entry.status == ResultStatus::Settled) {
        for line in entry.standings.iter().filter(|_| entry.standings.len() > 1) {
            let name = format!("{} {} 1", json!("played"), json!(entry.game_id));
            if told.remove(&(name, json!(line.player_id).to_string())).is_none() {
                let why = format!("no rating.changed for {} in {}", line.player_id, entry.game_id);
                found.push(Violation::Event(why));
            }
        }
    }
    let more = told.keys().filter(|(name, _)| name.starts_with("\"played\""));
    found.extend(more.map(|what| Violation::Event(format!("{what:?} wasn't rated"))));
    found
}

/// Each event once in each of its streams, gapless, those of one aggregate in the order they happened.
async fn streams(story: &Story, events: &Handed) {
    let mut expected: BTreeMap<StreamKey, BTreeSet<EventId>> = BTreeMap::new();
    for (event, _) in events.values() {
        for stream in &event.audience {
            expected.entry(stream.clone()).or_default().insert(event.id);
        }
    }
    let known = by_id(events);
    for (stream, mut ids) in expected {
        let (mut top, mut last): (i64, BTreeMap<&str, i64>) = (0, BTreeMap::new());
        let wrong = |why: String| story.violated(Violation::Delivery(format!("{stream}: {why}")));
        loop {
            let page = story.world.stores.streams.read(&stream, top, 500).await.expect("readable");
            if page.is_empty() {
                break;
            }
            for carried in page {
                if carried.offset != top + 1 {
                    wrong(format!("after {top} comes {}", carried.offset));
                }
                top = carried.offset;
                if !ids.remove(&carried.event_id) {
                    wrong(format!("{} {} once more, or by mistake", carried.kind, carried.event_id));
                }
                let Some((seq, event)) = known.get(&carried.event_id) else { continue };
                let before = last.insert(event.aggregate.as_str(), *seq);
                if before.is_some_and(|before| before > *seq) {
                    wrong(format!("{} of {} came too late", carried.kind, event.aggregate));
                }
            }
        }
        if !ids.is_empty() {
            wrong(format!("{ids:?} never came"));
        }
    }
}
