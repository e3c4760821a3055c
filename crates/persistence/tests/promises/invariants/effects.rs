//! Each accepted command is there exactly once, and each refused one not at all.

use std::collections::{BTreeMap, BTreeSet};

use games::{Game, OriginKind};
use kernel::{AuditEntry, GameId, PageLimit};
use serde_json::Value;

use super::Violation;
use crate::calls::{Call, Deed};
use crate::client::Answer;
use crate::story::Story;

pub(super) async fn check(story: &Story, games: &[Game]) {
    let calls = story.seen().calls.clone();
    let (audit, mut made) = (audit_log(story).await, BTreeMap::<GameId, Vec<String>>::new());
    for (call, answer) in &calls {
        let record = story.world.stores.receipts.find(&call.receipt_key()).await.expect("readable");
        let outcome = record.as_ref().map_or(Value::Null, |record| record.receipt.outcome.clone());
        if let (Ok(id), true) = (serde_json::from_value::<GameId>(outcome["game"].clone()), makes_games(&call.deed)) {
            made.entry(id).or_default().push(call.key.clone());
        }
        for violation in judge(story, call, answer, &outcome, record.is_some()) {
            story.violated(violation);
        }
        for violation in traces(call, answer, &outcome, games, &audit) {
            story.violated(violation);
        }
    }
    for game in games {
        let makers = made.remove(&game.id).unwrap_or_default();
        if makers.is_empty() || (game.origin.kind == OriginKind::Matched && makers.len() > 1) {
            story.violated(Violation::Unreceipted(format!("game {} was made by {makers:?}", game.id)));
        }
    }
    for (id, makers) in made {
        story.violated(Violation::EffectLost(format!("game {id} of {makers:?} isn't there")));
    }
}

const fn makes_games(deed: &Deed) -> bool {
    matches!(deed, Deed::Match { .. } | Deed::Create(_) | Deed::Rematch(_))
}

/// By receipts, and by what the stores answered.
fn judge(story: &Story, call: &Call, answer: &Answer, outcome: &Value, receipted: bool) -> Vec<Violation> {
    let (mut found, effects) = (Vec::new(), story.faults.effects_of(&call.key));
    if effects > 1 {
        found.push(Violation::EffectTwice(format!("{call:?}: {effects} times")));
    }
    match answer {
        Answer::Done if !receipted => found.push(Violation::Unreceipted(format!("{call:?}"))),
        Answer::Done if effects == 1 && outcome.is_null() => found.push(Violation::Unreceipted(format!("{call:?}"))),
        Answer::Refused(code) if effects > 0 || !outcome.is_null() => {
            found.push(Violation::RefusedYetDone(format!("{call:?}: {code}, and {outcome}")));
        }
        // What may be sent again is asked for once more in peace, so nothing of it is on its way any more.
        Answer::NotNow(code) if effects > 0 || !outcome.is_null() => {
            found.push(Violation::RefusedYetDone(format!("{call:?}: {code}, and {outcome}")));
        }
        _ => {}
    }
    found
}

/// By what commands left behind that names them: reports, statements, deeds.
fn traces(call: &Call, answer: &Answer, outcome: &Value, games: &[Game], audit: &[AuditEntry]) -> Vec<Violation> {
    let words = call.words();
    let count = match &call.deed {
        Deed::Report { .. } => {
            let reports = games.iter().flat_map(|game| &game.reports);
            let key = Value::from(call.key.as_str());
            reports.filter(|report| report.payload.as_ref().is_some_and(|payload| payload["key"] == key)).count()
        }
        Deed::Dispute(_) => {
            let evidence = games.iter().flat_map(|game| &game.evidence);
            evidence.filter(|evidence| evidence.reason == words).count()
        }
        Deed::Void(_) | Deed::Amend { .. } | Deed::Resolve { .. } => {
            audit.iter().filter(|entry| entry.reason == words).count()
        }
        _ => return Vec::new(),
    };
    let changed = !outcome.is_null();
    match (count, answer) {
        (2.., _) => vec![Violation::EffectTwice(format!("{call:?}: {count} traces"))],
        (1, Answer::Refused(code)) => vec![Violation::RefusedYetDone(format!("{call:?}: {code}"))],
        (0, Answer::Done) if changed => vec![Violation::EffectLost(format!("{call:?}"))],
        _ => Vec::new(),
    }
}

async fn audit_log(story: &Story) -> Vec<AuditEntry> {
    let (mut entries, mut after, mut ids) = (Vec::new(), None, BTreeSet::new());
    loop {
        let limit = PageLimit::new(100).expect("a limit");
        let page = story.world.stores.audit.page(None, after, limit).await.expect("readable");
        entries.extend(page.items.into_iter().filter(|entry| ids.insert(entry.id)));
        after = page.next;
        if after.is_none() {
            return entries;
        }
    }
}
