//! Cases for devices, passwords and failed sign-ins.

use kernel::Riders;
use kernel::contract::all_at_once;

use super::{PlayerFixture, T0};
use crate::{Failures, Handle, HandleKey, PasswordHash, Player, PlayerChange, decide};

fn key(handle: &str) -> HandleKey {
    Handle::parse(handle).expect("a valid handle").key()
}

/// Device and password stay until a change brings others; a guest has no credentials.
pub async fn credentials_are_kept_until_replaced(world: &PlayerFixture) {
    let creation = world.creation();
    let device = creation.device.expect("a device");
    world.players.commit(creation.clone()).await.expect("a new guest");
    assert_eq!(world.players.credentials(&key("keeper")).await.expect("answers"), None);
    let registered = world.registration(creation.player, "keeper");
    world.players.commit(registered.clone()).await.expect("a free handle");
    let found = world.players.credentials(&key("k_eeper")).await.expect("answers").expect("registered");
    assert_eq!((&found.player, Some(&found.password)), (&registered.player, registered.password.as_ref()));
    let by_device = world.players.by_device(&device).await.expect("answers");
    assert_eq!(by_device.as_ref(), Some(&registered.player), "the device goes on working");

    let (device_2, password_2) = (world.hash(), PasswordHash("another".into()));
    let mut player = registered.player;
    for (new_device, new_password) in [(None, None), (Some(device_2), Some(password_2.clone())), (None, None)] {
        let expect = player.version;
        player = Player { version: expect.next(), ..player };
        let (device, password) = (new_device, new_password);
        let change =
            PlayerChange { expect, player: player.clone(), device, password, start: None, riders: Riders::default() };
        world.players.commit(change).await.expect("current");
    }
    let found = world.players.credentials(&key("keeper")).await.expect("answers").expect("registered");
    assert_eq!((&found.player, &found.password), (&player, &password_2));
    assert_eq!(world.players.by_device(&device).await.expect("answers"), None, "replaced");
    assert_eq!(world.players.by_device(&device_2).await.expect("answers"), Some(player));
}

/// Failures count per key, whether a player has it or not.
pub async fn failures_count_per_handle(world: &PlayerFixture) {
    let (a, b) = (key("somebody"), key("nobody"));
    assert_eq!(world.guard.failures(&a).await.expect("answers"), Failures::default());
    for count in 1..=7 {
        let at = T0.plus_millis(i64::from(count));
        let failures = Failures { count, last_at: Some(at) };
        assert_eq!(world.guard.record_failure(&a, at).await.expect("answers"), failures);
        assert_eq!(world.guard.failures(&a).await.expect("answers"), failures);
    }
    let late = world.guard.record_failure(&a, T0).await.expect("answers");
    assert_eq!(late, Failures { count: 8, last_at: Some(T0.plus_millis(7)) }, "the last time never goes back");
    assert!(decide::locked_until(late).is_some());
    assert_eq!(world.guard.failures(&b).await.expect("answers"), Failures::default());
}

/// No failure is lost when many come at once.
pub async fn failures_are_counted_under_concurrency(world: &PlayerFixture) {
    let key = key("guessed");
    let counts = all_at_once((0..16).map(|_| world.guard.record_failure(&key, T0))).await;
    let mut counts: Vec<_> = counts.into_iter().map(|failures| failures.expect("answers").count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=16).collect::<Vec<_>>());
}

/// Clearing forgets what was seen, and nothing that came since.
pub async fn failures_are_cleared_unless_more_came(world: &PlayerFixture) {
    let key = key("forgetful");
    assert_eq!(world.guard.clear(&key, 0).await.expect("answers"), Failures::default());
    for _ in 0..3 {
        world.guard.record_failure(&key, T0).await.expect("answers");
    }
    let three = Failures { count: 3, last_at: Some(T0) };
    assert_eq!(world.guard.clear(&key, 0).await.expect("answers"), three);
    assert_eq!(world.guard.clear(&key, 2).await.expect("answers"), three);
    assert_eq!(world.guard.clear(&key, 3).await.expect("answers"), Failures::default());
    assert_eq!(world.guard.failures(&key).await.expect("answers"), Failures::default());
    assert_eq!(world.guard.record_failure(&key, T0).await.expect("answers").count, 1);
}

/// Old failures go, at most so many at a time.
pub async fn old_failures_are_purged(world: &PlayerFixture) {
    for n in 0..5 {
        world.guard.record_failure(&key(&format!("old_{n}x")), T0).await.expect("answers");
    }
    let fresh = key("fresh");
    world.guard.record_failure(&fresh, T0.plus_millis(10)).await.expect("answers");
    let before = T0.plus_millis(10);
    assert_eq!(world.guard.purge_failures(before, 3).await.expect("answers"), 3);
    assert_eq!(world.guard.purge_failures(before, 3).await.expect("answers"), 2);
    assert_eq!(world.guard.purge_failures(before, 3).await.expect("answers"), 0);
    assert_eq!(world.guard.failures(&fresh).await.expect("answers").count, 1);
}
