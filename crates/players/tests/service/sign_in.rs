use kernel::{Clock as _, ErrorKind, PlayerId, Refusal as _};
use shallweplay_players::{Error, PlayerEvent, Registration, Secret};

use super::{PASSWORD, World, registration};

#[tokio::test]
async fn a_guest_comes_back_by_the_device_secret() {
    let world = World::new();
    let first = world.guest().await;
    let secret = first.device_secret.clone().expect("new guests get one");
    let again = world.service.sign_in_device(&secret, Some("phone")).await.expect("known");
    assert_eq!(again.player, first.player);
    assert_ne!(again.session_id, first.session_id);
    assert_eq!(again.device_secret, None);
    let unknown = world.service.sign_in_device(&Secret::new("x"), None).await;
    assert!(matches!(unknown, Err(Error::UnknownDevice)));
    assert_eq!(world.events(), []);
}

#[tokio::test]
async fn a_guest_may_bring_a_name() {
    let world = World::new();
    let named = world.service.sign_in_new_guest(Some(" Ana "), None).await.expect("a valid name");
    assert_eq!(named.player.display_name.as_str(), "Ana");
    let bad = world.service.sign_in_new_guest(Some("a\u{202e}"), None).await.expect_err("an override");
    assert_eq!(
        (bad.code(), bad.kind(), bad.fields()[0].pointer.as_str()),
        ("validation.failed", ErrorKind::Invalid, "/display_name")
    );
}

#[tokio::test]
async fn a_guest_who_registers_stays_the_same_player() {
    let world = World::new();
    let guest = world.guest().await;
    let id = guest.player.id;
    let upgraded = world.service.register(Some(id), registration("Alice"), None).await.expect("a free handle");
    assert_eq!((upgraded.player.id, upgraded.player.guest), (id, false));
    assert_eq!(upgraded.player.handle.as_ref().map(|h| h.as_str()), Some("alice"));
    assert_eq!(upgraded.player.display_name, guest.player.display_name);
    assert_eq!(world.events(), [PlayerEvent::Registered { player: id }]);
    let by_device = world.service.sign_in_device(&guest.device_secret.expect("new guests get one"), None).await;
    assert_eq!(by_device.expect("goes on working").player, upgraded.player);
    assert_eq!(world.login("ALICE", PASSWORD).await.expect("right").player, upgraded.player);
    let twice = world.service.register(Some(id), registration("another"), None).await;
    assert!(matches!(twice, Err(Error::AlreadyRegistered)));
    let nobody = PlayerId::new(guest.session_id.uuid());
    let ghost = world.service.register(Some(nobody), registration("another"), None).await;
    assert!(matches!(ghost, Err(Error::NotFound)));
}

#[tokio::test]
async fn a_new_account_is_called_by_its_handle() {
    let world = World::new();
    let account = world.account("Bob_7").await;
    assert_eq!(account.player.display_name.as_str(), "bob_7");
    assert!(!account.player.guest && account.device_secret.is_none());
    let taken = world.service.register(None, registration("b0b7"), None).await.expect_err("looks the same");
    assert_eq!((taken.code(), taken.kind()), ("players.handle_taken", ErrorKind::Conflict));
}

#[tokio::test]
async fn a_bad_registration_lists_every_field() {
    let world = World::new();
    let wanted =
        Registration { handle: "1x".into(), password: Secret::new("short"), display_name: Some(String::new()) };
    let error = world.service.register(None, wanted, None).await.expect_err("nothing is right");
    let pointers: Vec<_> = error.fields().into_iter().map(|field| field.pointer).collect();
    assert_eq!(pointers, ["/handle", "/password", "/display_name"]);
}

#[tokio::test]
async fn of_two_who_register_one_handle_at_once_one_gets_it() {
    let world = World::new();
    let tasks = (0..8).map(|_| {
        let service = world.service.clone();
        tokio::spawn(async move { service.register(None, registration("wanted"), None).await })
    });
    let mut won = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(error, Error::HandleTaken), "{error:?}"),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn unknown_and_wrong_take_the_same_work_and_answer() {
    let world = World::new();
    world.account("known").await;
    let too_long = "x".repeat(129);
    for (handle, password) in [
        ("known", "wrong password"),
        ("unknown", PASSWORD),
        ("k_nown", PASSWORD),
        ("no handle!", PASSWORD),
        ("known", &too_long),
    ] {
        let before = world.hasher.verified();
        let error = world.login(handle, password).await.expect_err("not both right");
        assert_eq!((error.code(), error.kind()), ("auth.bad_credentials", ErrorKind::Unauthenticated));
        assert_eq!(world.hasher.verified() - before, 1, "{handle}");
    }
}

#[tokio::test]
async fn failures_lock_an_account_out_for_longer_and_longer() {
    let world = World::new();
    world.account("known").await;
    for handle in ["known", "unknown"] {
        for _ in 0..5 {
            assert!(matches!(world.login(handle, "wrong password").await, Err(Error::BadCredentials)));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let error = world.login(handle, PASSWORD).await.expect_err("locked, right or wrong");
            assert_eq!((error.code(), error.kind()), ("auth.locked_out", ErrorKind::RateLimited));
            assert_eq!(error.retry_at(), Some(world.clock.now().plus_millis(seconds * 1_000)), "{handle}");
            world.clock.advance_millis(seconds * 1_000);
            assert!(matches!(world.login(handle, "wrong password").await, Err(Error::BadCredentials)));
        }
        world.clock.advance_millis(900_000);
    }
    world.login("known", PASSWORD).await.expect("right, and waited");
    for _ in 0..4 {
        assert!(matches!(world.login("known", "wrong password").await, Err(Error::BadCredentials)));
    }
    world.login("known", PASSWORD).await.expect("signing in forgives");
}

#[tokio::test]
async fn a_suspended_player_signs_in_nowhere() {
    let world = World::new();
    let guest = world.guest().await;
    let secret = guest.device_secret.clone().expect("new guests get one");
    let id = Some(guest.player.id);
    let account = world.service.register(id, registration("naughty"), None).await.expect("free");
    world.suspend(&account.player, 1_000).await;
    let until = world.clock.now().plus_millis(1_000);
    let refused = [
        world.service.sign_in_device(&secret, None).await,
        world.login("naughty", PASSWORD).await,
        world.refresh(&account.refresh_token).await,
    ];
    for answer in refused {
        let error = answer.expect_err("suspended");
        assert_eq!((error.code(), error.kind()), ("auth.suspended", ErrorKind::Forbidden));
        assert_eq!(error.extensions(), [("suspended_until", serde_json::json!(until))]);
    }
    assert!(matches!(world.login("naughty", "wrong password").await, Err(Error::BadCredentials)), "tells no stranger");
    assert!(!world.is_live(&account).await, "the session that was refreshed ended");
    world.clock.advance_millis(1_000);
    world.login("naughty", PASSWORD).await.expect("over");
}
