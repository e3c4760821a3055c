//! Operators as the tests know them.

use serde_json::json;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::wait::seconds;

/// The first administrator, where a setup has `SWP__ADMIN__BOOTSTRAP_HANDLE` and `…_PASSWORD` like this.
pub(crate) const HANDLE: &str = "warden";
pub(crate) const PASSWORD: &str = "an analytical engine";

/// The first administrator, signed in at that replica.
pub(crate) async fn admin(app: &TestApp, number: usize) -> Player {
    let there = |line: &str| line.contains("the configured administrator is there");
    app.replica(number).line(there, seconds(20)).await.expect("the administrator is made");
    let api = app.client(number);
    let login = json!({ "handle": HANDLE, "password": PASSWORD });
    Player::signed_in(&api, &api.post("/api/v1/auth/login", login).await.expect_status(200))
}

/// Gives somebody a role.
pub(crate) async fn give_role(admin: &Player, player: &Player, role: &str) {
    let body = json!({ "role": role, "reason": "a new season" });
    let given = admin.api.patch(&format!("/api/v1/admin/players/{}", player.id), body).await.expect_status(200);
    assert_eq!(given["id"], *player.id, "{given}");
}

/// A new moderator at that replica.
pub(crate) async fn moderator(app: &TestApp, admin: &Player, number: usize) -> Player {
    let player = app.guest(number, "Mo").await;
    give_role(admin, &player, "moderator").await;
    player
}
