//! The OpenAPI document against the server: what it lists is there, and what needs a sign-in asks for one.

use serde_json::{Value, json};

use crate::app::Setup;
use crate::client::Answered as _;
use crate::players::Player;
use crate::staff::{HANDLE, PASSWORD, admin, moderator};

/// Every operation. `*`: the caller must be signed in. A route that isn't here fails the test, so that nobody adds one
/// without having thought about who may call it.
const OPERATIONS: &[&str] = &[
    "GET /api/v1/admin/audit *",
    "GET /api/v1/admin/disputes *",
    "POST /api/v1/admin/disputes/{id}/resolve *",
    "GET /api/v1/admin/games *",
    "POST /api/v1/admin/games/{id}/amend *",
    "POST /api/v1/admin/games/{id}/void *",
    "GET /api/v1/admin/modes *",
    "GET /api/v1/admin/modes/{key} *",
    "PUT /api/v1/admin/modes/{key} *",
    "PATCH /api/v1/admin/players/{id} *",
    "POST /api/v1/auth/guest",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/register",
    "GET /api/v1/auth/sessions *",
    "DELETE /api/v1/auth/sessions/{id} *",
    "POST /api/v1/auth/ws-ticket *",
    "GET /api/v1/blocks *",
    "DELETE /api/v1/blocks/{id} *",
    "PUT /api/v1/blocks/{id} *",
    "GET /api/v1/friends *",
    "GET /api/v1/friends/invite-links *",
    "POST /api/v1/friends/invite-links *",
    "DELETE /api/v1/friends/invite-links/{code} *",
    "POST /api/v1/friends/invite-links/{code}/redeem *",
    "GET /api/v1/friends/requests *",
    "POST /api/v1/friends/requests *",
    "DELETE /api/v1/friends/requests/{id} *",
    "POST /api/v1/friends/requests/{id}/accept *",
    "POST /api/v1/friends/requests/{id}/decline *",
    "DELETE /api/v1/friends/{id} *",
    "PATCH /api/v1/friends/{id} *",
    "GET /api/v1/friends/{id}/mutual *",
    "GET /api/v1/game-invites *",
    "POST /api/v1/game-invites/links/{code}/redeem *",
    "DELETE /api/v1/game-invites/{id} *",
    "POST /api/v1/game-invites/{id}/accept *",
    "POST /api/v1/game-invites/{id}/decline *",
    "GET /api/v1/games *",
    "POST /api/v1/games *",
    "GET /api/v1/games/{id} *",
    "POST /api/v1/games/{id}/abandon *",
    "POST /api/v1/games/{id}/claim *",
    "POST /api/v1/games/{id}/dispute *",
    "POST /api/v1/games/{id}/invites *",
    "POST /api/v1/games/{id}/join *",
    "POST /api/v1/games/{id}/moves *",
    "POST /api/v1/games/{id}/ready *",
    "POST /api/v1/games/{id}/rematch *",
    "GET /api/v1/games/{id}/replay *",
    "POST /api/v1/games/{id}/scores *",
    "GET /api/v1/leaderboards *",
    "GET /api/v1/leaderboards/{mode} *",
    "GET /api/v1/matchmaking/proposals/{id} *",
    "POST /api/v1/matchmaking/proposals/{id}/accept *",
    "POST /api/v1/matchmaking/proposals/{id}/decline *",
    "GET /api/v1/matchmaking/queues *",
    "GET /api/v1/matchmaking/tickets *",
    "POST /api/v1/matchmaking/tickets *",
    "DELETE /api/v1/matchmaking/tickets/{id} *",
    "GET /api/v1/matchmaking/tickets/{id} *",
    "GET /api/v1/matchmaking/tickets/{id}/explain *",
    "GET /api/v1/modes",
    "GET /api/v1/modes/{mode}",
    "POST /api/v1/parties *",
    "GET /api/v1/parties/invites *",
    "GET /api/v1/parties/mine *",
    "GET /api/v1/parties/{id} *",
    "POST /api/v1/parties/{id}/invites *",
    "DELETE /api/v1/parties/{id}/invites/{player_id} *",
    "POST /api/v1/parties/{id}/join *",
    "POST /api/v1/parties/{id}/kick *",
    "POST /api/v1/parties/{id}/leave *",
    "POST /api/v1/parties/{id}/promote *",
    "POST /api/v1/parties/{id}/ready *",
    "GET /api/v1/players *",
    "DELETE /api/v1/players/me *",
    "GET /api/v1/players/me *",
    "PATCH /api/v1/players/me *",
    "GET /api/v1/players/me/export *",
    "GET /api/v1/players/{id} *",
    "GET /api/v1/players/{id}/games *",
    "GET /api/v1/players/{id}/head-to-head/{other} *",
    "GET /api/v1/players/{id}/ratings *",
    "GET /api/v1/players/{id}/stats *",
    "GET /api/v1/presence *",
];

struct Operation {
    method: String,
    path: String,
    signed_in: bool,
    value: Value,
}

impl Operation {
    /// Its path, of something that may or may not be there.
    fn somewhere(&self) -> String {
        let mut path = self.path.replace("{mode}", "duel").replace("{key}", "duel").replace("{code}", "AbCdEfGhIjKl");
        for id in ["{id}", "{other}", "{player_id}"] {
            path = path.replace(id, "0192f0c1-2345-7abc-8def-0123456789ab");
        }
        assert!(!path.contains('{'), "{path}: what stands there?");
        path
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        for (method, value) in item.as_object().expect("is an object") {
            if !["get", "put", "post", "patch", "delete", "options", "head", "trace"].contains(&method.as_str()) {
                continue;
            }
            let signed_in = value["security"].as_array().is_some_and(|list| !list.is_empty());
            all.push(Operation { method: method.to_uppercase(), path: path.clone(), signed_in, value: value.clone() });
        }
    }
    all
}

#[tokio::test]
async fn each_operation_that_needs_a_sign_in_asks_for_one() {
    let app = Setup::embedded().start().await;
    let api = app.client(0);
    let document = api.get("/api/openapi.json").await.expect_status(200);
    let all = operations(&document);
    let mut listed: Vec<String> =
        all.iter().map(|one| format!("{} {}{}", one.method, one.path, if one.signed_in { " *" } else { "" })).collect();
    let mut expected: Vec<String> = OPERATIONS.iter().map(ToString::to_string).collect();
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected, "the document and OPERATIONS disagree");
    for one in &all {
        let path = one.somewhere();
        let none = api.request(&one.method, &path, None).await;
        let bad = api.bearing("e30.e30.e30").request(&one.method, &path, None).await;
        let what = format!("{} {}", one.method, one.path);
        if one.signed_in {
            assert_eq!((none.status, &none.json()["code"]), (401, &"auth.missing_token".into()), "{what}");
            assert_eq!((bad.status, &bad.json()["code"]), (401, &"auth.bad_token".into()), "{what}");
        } else {
            assert!(!matches!(none.status, 401 | 404 | 405), "{what}: {}", none.status);
        }
    }
}

#[tokio::test]
async fn operations_of_operators_are_for_them_only() {
    let setup =
        Setup::embedded().with("SWP__ADMIN__BOOTSTRAP_HANDLE", HANDLE).with("SWP__ADMIN__BOOTSTRAP_PASSWORD", PASSWORD);
    let app = setup.start().await;
    let (admin, guest, ada) = (admin(&app, 0).await, app.guest(0, "Guest").await, app.guest(0, "Ada").await);
    let register = json!({ "handle": "ada", "password": "another engine for her" });
    let ada = Player::signed_in(&ada.api, &ada.api.post("/api/v1/auth/register", register).await.expect_status(201));
    let moderator = moderator(&app, &admin, 0).await;
    let document = app.client(0).get("/api/openapi.json").await.expect_status(200);
    let all = operations(&document).into_iter().filter(|one| one.path.starts_with("/api/v1/admin/"));
    let mut count = 0;
    for one in all {
        count += 1;
        let (path, what) = (one.somewhere(), format!("{} {}", one.method, one.path));
        assert!(one.signed_in, "{what}");
        for player in [&guest, &ada] {
            player.api.request(&one.method, &path, None).await.expect_problem(403, "admin.not_allowed");
            // Nor does anything they send make them one.
            let body = json!({ "role": "admin", "reason": "please", "decision": "void", "enabled": false });
            let answer = player.api.request(&one.method, &path, Some(&body)).await;
            assert_eq!(answer.status, 403, "{what}: {}", answer.json());
        }
        let answer = admin.api.request(&one.method, &path, None).await;
        assert!(!matches!(answer.status, 401 | 403 | 405 | 500..), "{what}: {} {}", answer.status, answer.json());
        let only_admins = ["admin_put_mode", "admin_list_audit", "admin_patch_player"];
        let id = one.value["operationId"].as_str().expect("has an id");
        let body = json!({ "role": "moderator", "reason": "x", "decision": "void", "scores": {} });
        let reads = one.method == "GET";
        let answer = moderator.api.request(&one.method, &path, Some(&body).filter(|_| !reads)).await;
        let refused = answer.status == 403;
        assert!(!only_admins.contains(&id) || matches!(answer.status, 403 | 422), "{what}: {}", answer.status);
        assert!(only_admins.contains(&id) || !refused, "{what}: moderators may: {}", answer.json());
    }
    assert!(count >= 10, "{count}");
    // Nothing of all that has changed anything.
    let duel = app.client(0).get("/api/v1/modes/duel").await.expect_status(200);
    assert_eq!((&duel["enabled"], &duel["version"]), (&json!(true), &json!(1)));
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole() {
    let app = Setup::embedded().start().await;
    let document = app.client(0).get("/api/openapi.json").await.expect_status(200);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")), "{}", document["openapi"]);
    for field in ["title", "version", "description"] {
        assert!(document["info"][field].as_str().is_some_and(|text| !text.is_empty()), "info.{field}");
    }
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "the answers have schemas");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = std::collections::HashSet::new();
    for Operation { method, path, value, .. } in operations(&document) {
        let id = value["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no operationId"));
        assert!(ids.insert(id.to_owned()), "{id} names two operations");
        assert!(value["summary"].is_string() || value["description"].is_string(), "{method} {path} says nothing");
        let problem = &value["responses"]["default"]["content"]["application/problem+json"]["schema"];
        assert!(problem.is_object(), "{method} {path} has no problem response");
        let declared: Vec<_> =
            value["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path").collect();
        assert_eq!(declared.len(), path.matches('{').count(), "{method} {path}: parameters of the path");
        for scheme in value["security"].as_array().into_iter().flatten().filter_map(Value::as_object) {
            for name in scheme.keys() {
                assert!(document["components"]["securitySchemes"][name].is_object(), "{name} is no scheme");
            }
        }
    }
}
