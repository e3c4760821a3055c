//! Who has power, and who gave it.

use kernel::{AuditLog, PageLimit};
use shallweplay_players::{Error, Role, Secret};

use super::World;

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn the_first_administrator_is_made_once_and_can_sign_in() {
    let w = World::new();
    let made = w.service.ensure_admin("root_admin", Secret::new(PASSWORD)).await.expect("nobody has the handle");
    let again = w.service.ensure_admin("root_admin", Secret::new("another one entirely")).await.expect("is one");
    assert_eq!((made.role, made.id), (Role::Admin, again.id));
    assert_eq!(w.login("root_admin", PASSWORD).await.expect("the first password stands").player.role, Role::Admin);
}

#[tokio::test]
async fn who_took_the_administrators_handle_first_does_not_come_to_power() {
    let w = World::new();
    let thief = w.account("root_admin").await.player;
    let refused = w.service.ensure_admin("root_admin", Secret::new("what the operator set")).await;
    assert!(matches!(refused, Err(Error::BadCredentials)), "{refused:?}");
    assert_eq!(w.service.get(thief.id).await.expect("is there").role, Role::Player);
}

#[tokio::test]
async fn a_role_is_given_with_an_audit_entry_and_never_taken_from_oneself() {
    let w = World::new();
    let admin = w.service.ensure_admin("root_admin", Secret::new(PASSWORD)).await.expect("nobody has the handle");
    let ann = w.account("ann_b").await.player;
    for _ in 0..2 {
        let after = w.service.set_role(admin.id, ann.id, Role::Moderator, "helps out", None).await.expect("may");
        assert_eq!(after.role, Role::Moderator);
    }
    let limit = PageLimit::default();
    let deeds = w.kernel.page(Some(&format!("player:{}", ann.id)), None, limit).await.expect("readable").items;
    assert_eq!(deeds.len(), 1, "the second time nothing changed");
    assert_eq!((deeds[0].actor, deeds[0].reason.as_str()), (Some(admin.id), "helps out"));
    let own = w.service.set_role(admin.id, admin.id, Role::Player, "enough", None).await;
    assert!(matches!(own, Err(Error::LastAdmin)), "{own:?}");
}
