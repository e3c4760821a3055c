use kernel::contract::{Pace, all_at_once};
use kernel::{AuditEntry, PageLimit, Riders, StoreError};
use serde_json::{Value, json};

use super::GamesFixture;
use super::fixture::{at, mode};

fn version(key: &str, version: i32) -> Value {
    let mut written = mode("duel").written();
    (written["key"], written["version"]) = (json!(key), json!(version));
    written
}

fn deed(f: &GamesFixture, reason: &str) -> Riders {
    let entry = AuditEntry {
        id: f.ids.uuid(at(0)),
        actor: Some(f.player()),
        action: String::from("mode.publish"),
        subject: String::from("mode:duel"),
        reason: reason.to_owned(),
        data: json!({ "version": 2 }),
        at: at(0),
    };
    Riders { audit: Some(entry), ..Riders::default() }
}

/// Every version, as it was written down, by key and version.
pub async fn published_modes_come_back_in_order(f: &GamesFixture, _: Pace) {
    assert_eq!(f.modes.versions().await.expect("readable"), Vec::<Value>::new());
    for (key, n) in [("race", 10), ("duel", 3), ("race", 9), ("duel", 2)] {
        f.modes.publish(key, n, version(key, n), Riders::default()).await.expect("published");
    }
    let expected = [("duel", 2), ("duel", 3), ("race", 9), ("race", 10)].map(|(key, n)| version(key, n));
    assert_eq!(f.modes.versions().await.expect("readable"), expected);
}

/// However many try: a version is published once, with its riders, and never changes.
pub async fn a_mode_version_is_published_once(f: &GamesFixture, _: Pace) {
    let tries = ["a", "b", "c", "d"].map(|reason| {
        let mut written = version("duel", 2);
        written["name"] = json!(reason);
        (written, deed(f, reason))
    });
    let answers =
        all_at_once(tries.map(|(written, riders)| async { f.modes.publish("duel", 2, written, riders).await })).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(StoreError::Stale))), "{answers:?}");
    let published = f.modes.versions().await.expect("readable");
    let audit = f.audit.page(Some("mode:duel"), None, PageLimit::default()).await.expect("readable").items;
    assert_eq!((published.len(), audit.len()), (1, 1), "a refused one leaves nothing");
    assert_eq!(published[0]["name"], json!(audit[0].reason));
}
