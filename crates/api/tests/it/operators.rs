//! An operator, and modes as a test needs them.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::players::Player;
use crate::wait::{seconds, until};

/// Of the administrator who is there from the start.
pub(crate) const HANDLE: &str = "the_admin";
pub(crate) const PASSWORD: &str = "an unlikely row of words";

/// The administrator of [`HANDLE`], at that replica; the account is made while the replica begins to serve.
pub(crate) async fn operator(app: &TestApp, number: usize) -> Player {
    let api = app.client(number);
    let login = json!({ "handle": HANDLE, "password": PASSWORD });
    let body = until("the administrator can sign in", seconds(10), || async {
        let answer = api.post("/api/v1/auth/login", login.clone()).await;
        let administers = answer.status == 200 && {
            let token = answer.json()["access_token"].as_str().expect("is text").to_owned();
            api.bearing(&token).get("/api/v1/admin/disputes").await.status == 200
        };
        administers.then(|| answer.json())
    })
    .await;
    Player::signed_in(&api, &body)
}

/// The path of a mode file: the shipped modes, with `change` made to the one of this key. `name` is the test's.
pub(crate) fn modes_with(name: &str, key: &str, change: &Value) -> String {
    let mut modes: Value = serde_json::from_str(include_str!("../../../games/modes/shipped.json")).expect("is JSON");
    let list = modes.as_array_mut().expect("is a list");
    let mode = list.iter_mut().find(|mode| mode["key"] == key).expect("is shipped");
    for (field, value) in change.as_object().expect("is an object") {
        match (mode[field.as_str()].as_object_mut(), value.as_object()) {
            (Some(members), Some(changed)) => {
                members.extend(changed.iter().map(|(name, value)| (name.clone(), value.clone())))
            }
            _ => mode[field.as_str()] = value.clone(),
        }
    }
    let path = format!("{}/modes-{name}-{}.json", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    std::fs::write(&path, modes.to_string()).expect("is written");
    path
}
