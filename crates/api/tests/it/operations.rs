//! The OpenAPI document against the server: what it lists is there, and what needs a sign-in asks for one.

use serde_json::Value;

use crate::app::Setup;
use crate::client::Answered as _;

/// Every operation. `*`: the caller must be signed in. A route that isn't here fails the test, so that nobody adds one
/// without having thought about who may call it.
const OPERATIONS: &[&str] = &[
    "POST /api/v1/auth/guest",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/register",
    "POST /api/v1/auth/ws-ticket *",
    "GET /api/v1/games *",
    "GET /api/v1/games/{id} *",
    "POST /api/v1/games/{id}/abandon *",
    "POST /api/v1/games/{id}/moves *",
    "POST /api/v1/games/{id}/ready *",
    "POST /api/v1/games/{id}/scores *",
    "GET /api/v1/matchmaking/queues *",
    "GET /api/v1/matchmaking/tickets *",
    "POST /api/v1/matchmaking/tickets *",
    "DELETE /api/v1/matchmaking/tickets/{id} *",
    "GET /api/v1/matchmaking/tickets/{id} *",
    "GET /api/v1/modes",
    "GET /api/v1/modes/{mode}",
    "GET /api/v1/players/me *",
    "PATCH /api/v1/players/me *",
    "GET /api/v1/players/{id} *",
    "GET /api/v1/players/{id}/games *",
];

struct Operation {
    method: String,
    path: String,
    signed_in: bool,
    value: Value,
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
        let path = one.path.replace("{id}", "0192f0c1-2345-7abc-8def-0123456789ab").replace("{mode}", "duel");
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
