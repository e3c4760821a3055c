use kernel::{Clock as _, ErrorKind, PlayerId, Receipt, ReceiptKey, Receipts as _, Refusal as _, Version};
use serde_json::json;
use shallweplay_players::{Error, PlayerEvent, ProfilePatch};

use super::World;

fn bio(text: &str) -> ProfilePatch {
    ProfilePatch { bio: Some(Some(text.into())), ..ProfilePatch::default() }
}

#[tokio::test]
async fn a_profile_changes_with_one_event() {
    let world = World::new();
    let player = world.guest().await.player;
    let after = world.service.update_profile(player.id, &bio("Hello."), None).await.expect("valid");
    assert_eq!((after.bio.as_deref(), after.version), (Some("Hello."), Version(2)));
    assert_eq!(world.service.get(player.id).await.expect("stored"), after);
    let same = world.service.update_profile(player.id, &bio(" Hello. "), None).await.expect("valid");
    assert_eq!(same, after, "nothing new, no new version");
    assert_eq!(world.events(), [PlayerEvent::Updated { player: player.id, version: Version(2) }]);
    let bad = world.service.update_profile(player.id, &bio("\0"), None).await.expect_err("NUL");
    assert_eq!(bad.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_key_is_taken_even_when_nothing_changes() {
    let world = World::new();
    let player = world.guest().await.player;
    let key = ReceiptKey { player: player.id, route: "PATCH /api/v1/players/me".into(), key: "k".into() };
    let receipt = Receipt { key: key.clone(), body_hash: [1; 32], outcome: json!(null), at: world.clock.now() };
    let patch = ProfilePatch::default();
    world.service.update_profile(player.id, &patch, Some(receipt.clone())).await.expect("valid");
    let stored = world.kernel.find(&key).await.expect("answers").expect("taken");
    assert_eq!(stored.receipt.outcome, json!({ "player": player.id }));
    let again = world.service.update_profile(player.id, &bio("x"), Some(receipt)).await.expect_err("used");
    assert_eq!(again.kind(), ErrorKind::Replayed);
    assert_eq!(world.events(), []);
}

#[tokio::test]
async fn concurrent_changes_of_different_fields_all_count() {
    let world = World::new();
    let id = world.guest().await.player.id;
    let status = ProfilePatch { status_text: Some(Some("here".into())), ..ProfilePatch::default() };
    let locale = ProfilePatch { locale: Some(Some("en".into())), ..ProfilePatch::default() };
    let tasks = [bio("Hello."), status, locale].map(|patch| {
        let service = world.service.clone();
        tokio::spawn(async move { service.update_profile(id, &patch, None).await })
    });
    for task in tasks {
        task.await.expect("no panic").expect("decided anew when stale");
    }
    let after = world.service.get(id).await.expect("stored");
    assert_eq!(
        (after.bio.as_deref(), after.status_text.as_deref(), after.locale.as_deref(), after.version),
        (Some("Hello."), Some("here"), Some("en"), Version(4))
    );
}

#[tokio::test]
async fn unknown_players_are_not_found() {
    let world = World::new();
    let known = world.guest().await;
    let stranger = PlayerId::new(known.session_id.uuid());
    assert!(matches!(world.service.get(stranger).await, Err(Error::NotFound)));
    let both = world.service.get_many(&[stranger, known.player.id]).await.expect("answers");
    assert_eq!(both, [None, Some(known.player)]);
}
