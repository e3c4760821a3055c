//! The playground and the client library, compiled in: a single binary is the whole backend.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TYPES: &str = "text/plain; charset=utf-8";

/// Served path, content type, bytes.
type Asset = (&'static str, &'static str, &'static [u8]);

macro_rules! asset {
    ($path:literal, $kind:expr) => {
        ($path, $kind, include_bytes!(concat!("../assets", $path)) as &[u8])
    };
}

const ASSETS: &[Asset] = &[
    ("/", HTML, include_bytes!("../assets/playground/index.html")),
    asset!("/playground/account.js", SCRIPT),
    asset!("/playground/app.js", SCRIPT),
    asset!("/playground/base.css", STYLE),
    asset!("/playground/blocked.js", SCRIPT),
    asset!("/playground/boards.js", SCRIPT),
    asset!("/playground/challenge.js", SCRIPT),
    asset!("/playground/circle.js", SCRIPT),
    asset!("/playground/connect-four.js", SCRIPT),
    asset!("/playground/connection.js", SCRIPT),
    asset!("/playground/controls.js", SCRIPT),
    asset!("/playground/cool-down.js", SCRIPT),
    asset!("/playground/credentials.js", SCRIPT),
    asset!("/playground/dispute.js", SCRIPT),
    asset!("/playground/dom.js", SCRIPT),
    asset!("/playground/faces.js", SCRIPT),
    asset!("/playground/find-friends.js", SCRIPT),
    asset!("/playground/format.js", SCRIPT),
    asset!("/playground/friend-links.js", SCRIPT),
    asset!("/playground/friend-row.js", SCRIPT),
    asset!("/playground/friends.css", STYLE),
    asset!("/playground/friends.js", SCRIPT),
    asset!("/playground/game-state.js", SCRIPT),
    asset!("/playground/game.js", SCRIPT),
    asset!("/playground/games.css", STYLE),
    asset!("/playground/gone.js", SCRIPT),
    asset!("/playground/history.js", SCRIPT),
    asset!("/playground/invites.js", SCRIPT),
    asset!("/playground/leaderboard.js", SCRIPT),
    asset!("/playground/link.js", SCRIPT),
    asset!("/playground/lobby.js", SCRIPT),
    asset!("/playground/matching.css", STYLE),
    asset!("/playground/moves.js", SCRIPT),
    asset!("/playground/nudge.js", SCRIPT),
    asset!("/playground/options.js", SCRIPT),
    asset!("/playground/pages.css", STYLE),
    asset!("/playground/party-panel.js", SCRIPT),
    asset!("/playground/party.js", SCRIPT),
    asset!("/playground/plaques.js", SCRIPT),
    asset!("/playground/played.js", SCRIPT),
    asset!("/playground/poller.js", SCRIPT),
    asset!("/playground/presence.js", SCRIPT),
    asset!("/playground/qr.js", SCRIPT),
    asset!("/playground/quick-match.js", SCRIPT),
    asset!("/playground/range-view.js", SCRIPT),
    asset!("/playground/ready-check.js", SCRIPT),
    asset!("/playground/replay.js", SCRIPT),
    asset!("/playground/requests.js", SCRIPT),
    asset!("/playground/result.js", SCRIPT),
    asset!("/playground/rival.js", SCRIPT),
    asset!("/playground/rock-paper-scissors.js", SCRIPT),
    asset!("/playground/room.js", SCRIPT),
    asset!("/playground/screens.css", STYLE),
    asset!("/playground/search-words.js", SCRIPT),
    asset!("/playground/taps.js", SCRIPT),
    asset!("/playground/theme.js", SCRIPT),
    asset!("/playground/tic-tac-toe.js", SCRIPT),
    asset!("/playground/waiting.js", SCRIPT),
    asset!("/playground/welcome.js", SCRIPT),
    asset!("/playground/wire.js", SCRIPT),
    ("/api/realtime/", HTML, include_bytes!("../assets/realtime/index.html")),
    asset!("/realtime/reference.css", STYLE),
    asset!("/realtime/reference.js", SCRIPT),
    asset!("/sdk/shallweplay.d.ts", TYPES),
    asset!("/sdk/shallweplay.js", SCRIPT),
];

/// Mounts every asset under its path.
pub(crate) fn mount(config: &mut web::ServiceConfig) {
    for (path, kind, bytes) in ASSETS {
        let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(bytes)[..12]));
        let serve = move |req: HttpRequest| {
            let tag = tag.clone();
            async move { answer(&req, kind, bytes, tag) }
        };
        config.route(path, web::get().to(serve));
    }
}

fn answer(req: &HttpRequest, kind: &'static str, bytes: &'static [u8], tag: String) -> HttpResponse {
    let known = req.headers().get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Asked about each time: a new release shows at once, an unchanged file costs no body.
    response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, "no-cache"));
    if known { response.finish() } else { response.content_type(kind).body(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_playground_is_served() {
        for folder in ["playground", "realtime", "sdk"] {
            let path = format!("{}/assets/{folder}", env!("CARGO_MANIFEST_DIR"));
            for file in std::fs::read_dir(path).expect("the folder is there") {
                let name = file.expect("readable").file_name().to_string_lossy().into_owned();
                if name.ends_with(".test.mjs") || name == "index.html" {
                    continue;
                }
                let path = format!("/{folder}/{name}");
                assert!(ASSETS.iter().any(|(served, ..)| *served == path), "{path} isn't served");
            }
        }
    }
}
