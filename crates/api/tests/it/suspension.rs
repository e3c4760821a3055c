//! A suspended player.

use futures_util::future::join_all;
use serde_json::json;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::sockets::Socket;
use crate::staff;
use crate::wait::{seconds, until};

in_both_worlds_with_operators!(a_suspended_player_is_out_and_cant_be_met);

async fn a_suspended_player_is_out_and_cant_be_met(app: TestApp) {
    let warden = staff::admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let mut socket = Socket::open(&ben).await;
    let path = format!("/api/v1/admin/players/{}", ben.id);
    ada.api
        .patch(&path, json!({ "suspended_until": null, "reason": "x" }))
        .await
        .expect_problem(403, "admin.not_allowed");
    let until_then = json!({ "suspended_until": "2099-01-01T00:00:00Z", "reason": "cheats" });
    warden.api.patch(&path, until_then).await.expect_status(200);
    assert_eq!(socket.close_code().await, Ok(Some(4502)));
    let refused = until("the token is refused", seconds(5), || async {
        let answer = ben.api.get("/api/v1/players/me").await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert!(matches!(refused.status, 401 | 403), "{refused:?}");
    let asked = ada.api.post("/api/v1/friends/requests", json!({ "player_id": ben.id })).await;
    asked.expect_problem(403, "privacy.refused");
    let invited = ada.api.post("/api/v1/games", json!({ "mode": "duel", "invite": [ben.id] })).await;
    invited.expect_problem(403, "privacy.refused");
    let secret = json!({ "device_secret": ben.device_secret });
    app.client(0).post("/api/v1/auth/guest", secret.clone()).await.expect_problem(403, "auth.suspended");
    warden.api.patch(&path, json!({ "suspended_until": null, "reason": "a mistake" })).await.expect_status(200);
    let back = join_all([0, 1].map(|number| {
        let (api, secret) = (app.client(number), secret.clone());
        async move { api.post("/api/v1/auth/guest", secret).await.status }
    }));
    assert_eq!(back.await, [200, 200]);
}
