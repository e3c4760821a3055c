//! `/api/openapi.json` and the browsable `/api/docs`, which needs no internet.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document without its paths; those are collected from the endpoints themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "shallweplay-backend",
        description = "Social gaming backend: Quick Match, games, scores, history. Errors are RFC 9457 problem \
                       details; docs/problem-codes.md lists their codes. Realtime is at `/ws`.",
        license(name = "Apache-2.0")
    ),
    tags(
        (name = "auth", description = "Signing in and out"),
        (name = "players", description = "Profiles"),
        (name = "modes", description = "The catalogue of modes"),
        (name = "matchmaking", description = "Quick Match"),
        (name = "parties", description = "Players who queue together"),
        (name = "games", description = "Games, scores and history"),
    ),
    modifiers(&Bearer)
)]
pub(crate) struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The whole document as it is served and committed.
#[must_use]
pub(crate) fn openapi_json() -> String {
    let document = crate::server::document();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
