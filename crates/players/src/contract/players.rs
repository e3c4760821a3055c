//! Cases for players as a whole.

use kernel::contract::all_at_once;
use kernel::{Receipt, ReceiptKey, Riders, StoreError, Version};
use serde_json::json;

use super::{PlayerFixture, T0, poll_and_drop};
use crate::{DisplayName, Player, PlayerChange, PlayerEvent, Privacy, Role, Visibility, decide};

/// A change of the display name alone.
fn renamed(before: &Player, name: &str, riders: Riders) -> PlayerChange {
    let expect = before.version;
    let display_name = DisplayName::parse(name).expect("a valid name");
    let player = Player { display_name, version: expect.next(), ..before.clone() };
    PlayerChange { expect, player, device: None, password: None, start: None, riders }
}

/// A guest, their device and their session are there after one commit.
pub async fn a_guest_comes_with_device_and_session(world: &PlayerFixture) {
    let change = world.creation();
    let (device, session) = (change.device.expect("a device"), change.start.clone().expect("a session"));
    assert_eq!(world.players.load(change.player.id).await.expect("answers"), None);
    world.players.commit(change.clone()).await.expect("a new guest");
    assert_eq!(world.players.load(change.player.id).await.expect("answers"), Some(change.player.clone()));
    assert_eq!(world.players.by_device(&device).await.expect("answers"), Some(change.player));
    assert_eq!(world.players.by_device(&world.hash()).await.expect("answers"), None);
    assert_eq!(world.sessions.find(session.id).await.expect("answers"), Some(session));
    assert_eq!(world.new_events().await, [], "a new guest is no event");
}

/// What was written is what is read, to the microsecond and the last character.
pub async fn every_field_reads_back(world: &PlayerFixture) {
    let (before, _) = world.signed_in().await;
    let full = Player {
        avatar_url: Some("https://example.org/a?b=c&d=%00".into()),
        bio: Some("Ünïcødé 👩\u{200d}🚀 \"quoted\" 'quoted' \\ 日本語".into()),
        status_text: Some("x".repeat(80)),
        locale: Some("zh-Hant-TW".into()),
        time_zone: Some("America/Argentina/Buenos_Aires".into()),
        privacy: Privacy {
            requests: Visibility::Friends,
            invites: Visibility::Nobody,
            presence: Visibility::Everyone,
            history: Visibility::Friends,
        },
        role: Role::Moderator,
        suspended_until: Some(T0.plus_millis(1)),
        ..world.registration(before, "Full_Player").player
    };
    let change = PlayerChange {
        expect: Version(1),
        player: full.clone(),
        device: None,
        password: None,
        start: None,
        riders: Riders::default(),
    };
    world.players.commit(change.clone()).await.expect("current");
    let handle = full.handle.clone().expect("registered");
    assert_eq!(world.players.load(full.id).await.expect("answers"), Some(full.clone()));
    assert_eq!(world.players.by_handle_key(&handle.key()).await.expect("answers"), Some(full.clone()));
    for role in Role::ALL {
        for visibility in Visibility::ALL {
            let current = world.players.load(full.id).await.expect("answers").expect("stored");
            let privacy = Privacy { history: *visibility, ..current.privacy };
            let player = Player { role: *role, privacy, version: current.version.next(), bio: None, ..current.clone() };
            let change = PlayerChange { expect: current.version, player: player.clone(), ..change.clone() };
            world.players.commit(change).await.expect("current");
            assert_eq!(world.players.load(full.id).await.expect("answers"), Some(player));
        }
    }
}

/// One answer per id asked, in order, repeated ones too.
pub async fn several_players_come_in_the_order_asked(world: &PlayerFixture) {
    let mut known = Vec::new();
    for _ in 0..5 {
        known.push(world.signed_in().await.0);
    }
    let stranger = world.guest();
    let (a, b) = (&known[3], &known[0]);
    let asked = [a.id, stranger.id, b.id, a.id];
    let found = world.players.load_many(&asked).await.expect("answers");
    assert_eq!(found, [Some(a.clone()), None, Some(b.clone()), Some(a.clone())]);
    assert_eq!(world.players.load_many(&[]).await.expect("answers"), []);
}

/// A change decided on an old version is refused whole: no fields, no session, no events, no receipt.
pub async fn a_stale_change_changes_nothing(world: &PlayerFixture) {
    let (before, _) = world.signed_in().await;
    let current = renamed(&before, "Second", Riders::default());
    world.players.commit(current.clone()).await.expect("current");
    let event = PlayerEvent::Updated { player: before.id, version: Version(2) }.into_event(&*world.ids, T0);
    let receipt = receipt(&before, "stale");
    let key = receipt.key.clone();
    let riders = Riders { receipt: Some(receipt), ..Riders::events(vec![event]) };
    let session = world.session(&before);
    let stale = PlayerChange { start: Some(session.clone()), ..renamed(&before, "Too late", riders) };
    assert!(matches!(world.players.commit(stale).await, Err(StoreError::Stale)));
    assert_eq!(world.players.load(before.id).await.expect("answers"), Some(current.player.clone()));
    assert_eq!(world.sessions.find(session.id).await.expect("answers"), None);
    assert_eq!(world.receipts.find(&key).await.expect("answers"), None);
    assert_eq!(world.new_events().await, []);

    let unknown = renamed(&Player { version: Version(4), ..world.guest() }, "Nobody", Riders::default());
    assert!(matches!(world.players.commit(unknown.clone()).await, Err(StoreError::Stale)));
    assert_eq!(world.players.load(unknown.player.id).await.expect("answers"), None);
    let again = PlayerChange { expect: Version::NEW, ..renamed(&before, "Again", Riders::default()) };
    assert!(matches!(world.players.commit(again).await, Err(StoreError::Stale)), "the id exists");
    assert_eq!(world.players.load(before.id).await.expect("answers"), Some(current.player));
}

/// Of changes decided on the same version at the same time one is taken, with its events.
pub async fn of_concurrent_changes_one_wins(world: &PlayerFixture) {
    let (before, _) = world.signed_in().await;
    let changes: Vec<_> = (0..8)
        .map(|n| {
            let event = PlayerEvent::Updated { player: before.id, version: Version(2) }.into_event(&*world.ids, T0);
            renamed(&before, &format!("Name {n}"), Riders::events(vec![event]))
        })
        .collect();
    let answers = all_at_once(changes.iter().map(|change| world.players.commit(change.clone()))).await;
    let winners: Vec<_> = changes.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).map(|(c, _)| c).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(StoreError::Stale))), "{answers:?}");
    assert_eq!(world.players.load(before.id).await.expect("answers"), Some(winners[0].player.clone()));
    assert_eq!(world.new_events().await, winners[0].riders.events);
}

/// A handle, and whatever looks like it, is one player's; refusing another changes nothing.
pub async fn a_handle_belongs_to_one_player(world: &PlayerFixture) {
    let (first, _) = world.signed_in().await;
    let first = world.registration(first, "alice");
    world.players.commit(first.clone()).await.expect("a free handle");
    world.new_events().await;
    let (second, _) = world.signed_in().await;
    for alike in ["alice", "al_1ce", "ALICE"] {
        for newcomer in [second.clone(), world.guest()] {
            let change = world.registration(newcomer.clone(), alike);
            let answer = world.players.commit(change.clone()).await;
            assert!(matches!(answer, Err(StoreError::Taken("handle"))), "{alike}: {answer:?}");
            let stands = world.players.load(newcomer.id).await.expect("answers");
            assert_eq!(stands, Some(newcomer).filter(|player| player.version != Version::NEW));
            let session = change.start.expect("registrations start a session");
            assert_eq!(world.sessions.find(session.id).await.expect("answers"), None);
        }
    }
    assert_eq!(world.new_events().await, []);
    let key = first.player.handle.as_ref().expect("registered").key();
    assert_eq!(world.players.by_handle_key(&key).await.expect("answers"), Some(first.player.clone()));
    let renamed = renamed(&first.player, "Alice again", Riders::default());
    world.players.commit(renamed).await.expect("one's own handle is not taken");
    world.players.commit(world.registration(second, "alicia")).await.expect("a free handle");
}

/// Of players who want one handle at the same time, one gets it.
pub async fn of_concurrent_registrations_of_a_handle_one_wins(world: &PlayerFixture) {
    let (guest, _) = world.signed_in().await;
    let mut changes: Vec<_> = (0..7).map(|_| world.registration(world.guest(), "wanted")).collect();
    changes.push(world.registration(guest, "w_anted"));
    let answers = all_at_once(changes.iter().map(|change| world.players.commit(change.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(StoreError::Taken("handle")))), "{answers:?}");
    let winner = changes.iter().zip(&answers).find(|(_, answer)| answer.is_ok()).map(|(change, _)| change);
    let winner = winner.expect("counted above");
    let key = winner.player.handle.as_ref().expect("registered").key();
    assert_eq!(world.players.by_handle_key(&key).await.expect("answers"), Some(winner.player.clone()));
    assert_eq!(world.new_events().await, winner.riders.events);
}

fn receipt(player: &Player, key: &str) -> Receipt {
    let key = ReceiptKey { player: player.id, route: "PATCH /players/me".into(), key: key.into() };
    Receipt { key, body_hash: [7; 32], outcome: json!({ "player": player.id }), at: T0 }
}

/// The second change under one idempotency key is refused as replayed, even where it would be stale or taken.
pub async fn a_used_receipt_changes_nothing(world: &PlayerFixture) {
    let (before, _) = world.signed_in().await;
    let riders = Riders { receipt: Some(receipt(&before, "k")), ..Riders::default() };
    let first = renamed(&before, "First", riders.clone());
    world.players.commit(first.clone()).await.expect("current");
    let found = world.receipts.find(&receipt(&before, "k").key).await.expect("answers");
    assert_eq!(found.map(|record| record.receipt), Some(receipt(&before, "k")));
    for again in [first.clone(), renamed(&first.player, "Second", riders)] {
        assert!(matches!(world.players.commit(again).await, Err(StoreError::Replayed)));
    }
    assert_eq!(world.players.load(before.id).await.expect("answers"), Some(first.player));
}

/// Events of a change are in the outbox, in order, once.
pub async fn events_come_with_their_change(world: &PlayerFixture) {
    let (guest, _) = world.signed_in().await;
    let registered = world.registration(guest, "eventful");
    world.players.commit(registered.clone()).await.expect("a free handle");
    let event = PlayerEvent::Updated { player: registered.player.id, version: Version(3) };
    let events = vec![event.into_event(&*world.ids, T0), event.into_event(&*world.ids, T0)];
    let change = renamed(&registered.player, "Eventful", Riders::events(events.clone()));
    world.players.commit(change).await.expect("current");
    let mut expected = registered.riders.events;
    expected.extend(events);
    assert_eq!(world.new_events().await, expected);
}

/// Wherever a caller goes away, a change is there whole or not at all, and the store goes on.
pub async fn survives_a_dropped_commit(world: &PlayerFixture) {
    for polls in 0..12 {
        let handle = format!("dropped_{polls}");
        let change = world.registration(world.guest(), &handle);
        poll_and_drop(polls, world.players.commit(change.clone())).await;
        // The same change again: taken if the first one wasn't, else found to be there. It waits for one under way.
        let again = world.players.commit(change.clone()).await;
        assert!(matches!(again, Ok(()) | Err(StoreError::Stale)), "after {polls} polls: {again:?}");
        let session = change.start.expect("registrations start a session");
        assert_eq!(world.players.load(change.player.id).await.expect("answers"), Some(change.player.clone()));
        assert_eq!(world.sessions.find(session.id).await.expect("answers"), Some(session));
        assert_eq!(world.new_events().await, change.riders.events, "once, after {polls} polls");
        let next = decide::update_profile(
            &change.player,
            &crate::ProfilePatch { bio: Some(Some("goes on".into())), ..crate::ProfilePatch::default() },
            &*world.ids,
            T0,
        );
        let next = next.expect("valid").expect("a change");
        world.players.commit(next).await.expect("the store goes on");
        world.new_events().await;
    }
}
