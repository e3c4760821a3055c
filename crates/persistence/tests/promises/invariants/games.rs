//! Games, their logs, their invitations, and the ledger.

use std::collections::BTreeMap;

use games::{Game, LedgerEntry, LogLine, ResultStatus, ResultVersion, Status, verify};
use kernel::{Engagement, GameId};

use super::Violation;
use crate::story::Story;

/// Every entry of every family.
pub(super) type Ledger = BTreeMap<String, Vec<LedgerEntry>>;

pub(super) async fn ledger_of(story: &Story) -> Ledger {
    let (store, mut ledger) = (&story.world.stores.games, Ledger::new());
    for (family, last) in store.families().await.expect("readable") {
        let mut entries: Vec<LedgerEntry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.sequence);
            let page = store.ledger(&family, after, 500).await.expect("readable");
            if page.is_empty() {
                break;
            }
            entries.extend(page);
        }
        let gapless = entries.iter().map(|entry| entry.sequence).eq(1..=last);
        if !gapless {
            story.violated(Violation::Ledger(format!("{family}: sequences aren't 1 to {last}")));
        }
        ledger.insert(family, entries);
    }
    ledger
}

pub(super) async fn check(story: &Story, games: &[Game], ledger: &Ledger) {
    let mut versions: BTreeMap<GameId, Vec<&LedgerEntry>> = BTreeMap::new();
    for entry in ledger.values().flatten() {
        versions.entry(entry.game_id).or_default().push(entry);
    }
    let results = story.seen().results.clone();
    for game in games {
        let entries = versions.remove(&game.id).unwrap_or_default();
        let wrong = |why: &str| story.violated(Violation::Ledger(format!("{} ({:?}): {why}", game.id, game.status)));
        if !entries.iter().map(|entry| entry.version).eq((1..).take(entries.len())) {
            wrong("its versions have a gap");
        }
        match (entries.last(), &game.result) {
            (None, None) if game.status != Status::Settled => {}
            (Some(entry), Some(result)) if says(entry, result) => {}
            (entry, result) => wrong(&format!("the ledger says {entry:?}, the game {result:?}")),
        }
        let settled = game.result.as_ref().is_some_and(|result| result.status == ResultStatus::Settled);
        if settled != (game.status == Status::Settled) {
            wrong("its status isn't that of its result");
        }
        for entry in entries {
            if results.get(&(game.id, entry.version)).is_some_and(|seen| !says(entry, seen)) {
                story.violated(Violation::ResultChanged(format!("{} was seen otherwise than {entry:?}", game.id)));
            }
        }
        over(story, game);
        log(story, game).await;
    }
    if !versions.is_empty() {
        story.violated(Violation::Ledger(format!("results of no games: {:?}", versions.keys())));
    }
    engagements(story, games).await;
}

fn says(entry: &LedgerEntry, result: &ResultVersion) -> bool {
    (entry.version, entry.status, &entry.reason, &entry.standings)
        == (result.version, result.status, &result.reason, &result.standings)
}

/// Everything pending has come to an end.
fn over(story: &Story, game: &Game) {
    if !game.status.terminal() {
        story.violated(Violation::Pending(format!("{} is {:?}", game.id, game.status)));
    }
    if let Some(invite) = game.invites.iter().find(|invite| invite.state.open()) {
        story.violated(Violation::Invite(format!("{} of {} is {:?}", invite.id, game.id, invite.state)));
    }
}

async fn log(story: &Story, game: &Game) {
    let mut lines: Vec<LogLine> = Vec::new();
    loop {
        let after = i64::try_from(lines.len()).expect("rises");
        let page = story.world.stores.games.log(game.id, after, 200).await.expect("readable");
        if page.is_empty() {
            break;
        }
        lines.extend(page);
    }
    let head = lines.last().map(|line| (line.n, line.hash.as_str()));
    if head != Some((game.log.n, game.log.hash.as_str())) {
        story.violated(Violation::Log(format!("{}: ends at {head:?} and not at {:?}", game.id, game.log)));
    }
    if let Err(error) = verify(lines.iter().map(LogLine::to_json)) {
        story.violated(Violation::Log(format!("{} ({:?}): {error}", game.id, game.status)));
    }
}

/// A player is engaged in a game exactly while the game holds the player, and in one.
async fn engagements(story: &Story, games: &[Game]) {
    let doing = story.world.stores.engagements.current(&story.players).await.expect("readable");
    for (player, doing) in story.players.iter().zip(doing) {
        let held: Vec<_> = games.iter().filter(|game| game.holds(*player)).map(|game| game.id).collect();
        let fits = match doing {
            Engagement::Idle => held.is_empty(),
            Engagement::Game(id) => held == [id],
            _ => false,
        };
        if !fits {
            story.violated(Violation::Engagement(format!("{player} is {doing:?} and held by {held:?}")));
        }
    }
}
