use serde_json::{Value, json};

use super::book::Book;
use crate::dto::{
    AskFriendDto, ClaimDto, DeclineDto, GameDto, GameInviteDto, JoinDto, MoveDto, MovedDto, OwnPlayerDto,
    PresenceOfDto, ProposalDto, ReportedDto, ScoreDto, StandingOfDto, TicketDto,
};

/// A request and its reply.
pub(super) struct Request {
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
    /// Schema of its data.
    pub(super) data: Value,
    /// Schema of the reply's data.
    pub(super) reply: Value,
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn position() -> Value {
    object(
        &["epoch", "offset"],
        json!({ "epoch": { "type": "string" }, "offset": { "type": "integer", "minimum": 0 } }),
    )
}

/// The answer to a hello.
fn hello(book: &mut Book) -> Value {
    let place = object(
        &["epoch", "offset", "recovered"],
        json!({
            "epoch": { "type": "string", "format": "uuid" },
            "offset": { "type": "integer", "minimum": 0 },
            "recovered": { "type": "boolean", "description": "Whether all that was missed follows" },
        }),
    );
    let id = json!({ "type": ["string", "null"], "format": "uuid" });
    let live = ["ticket_id", "proposal_id", "game_id", "party_id"];
    let limits = ["messages_per_second", "message_burst", "max_message_bytes", "in_flight", "streams", "missed_events"];
    let each = |names: &[&str], schema: &Value| -> Value {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), schema.clone())).collect())
    };
    let player = book.of::<OwnPlayerDto>();
    let time = json!({ "type": "string", "format": "date-time" });
    let whole = json!({ "type": "integer", "minimum": 0 });
    object(
        &["session_id", "player", "streams", "live", "heartbeat_ms", "resume_window_ms", "limits", "server_time"],
        json!({
            "session_id": { "type": "string" },
            "player": player,
            "streams": { "type": "object", "additionalProperties": place },
            "live": object(&live, each(&live, &id)),
            "heartbeat_ms": whole,
            "resume_window_ms": whole,
            "limits": object(&limits, each(&limits, &whole)),
            "server_time": time,
        }),
    )
}

/// All of them, in the order in which one gets to know them.
pub(super) fn all(book: &mut Book) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut add = |kind, about, data, reply| requests.push(Request { kind, about, data, reply });
    let nothing = || json!({ "type": "object", "additionalProperties": false });
    let time = || json!({ "type": "string", "format": "date-time" });
    let server_time = || object(&["server_time"], json!({ "server_time": time() }));
    let token = json!({ "type": "string", "description": "An access token" });
    let greeting =
        object(&[], json!({ "token": token, "resume": { "type": "object", "additionalProperties": position() } }));
    let (game_id, player_id) = (|| Book::id("game_id"), || Book::id("player_id"));

    add("session.hello", "Signs in, and says where the client stands in its streams", greeting, hello(book));
    let refreshed = object(&["expires_at", "server_time"], json!({ "expires_at": time(), "server_time": time() }));
    add("session.refresh", "Goes on with a new token", object(&["token"], json!({ "token": token })), refreshed);
    add("ping", "Whether the server is there", nothing(), server_time());

    let ticket = book.member::<TicketDto>("ticket");
    add("matchmaking.join", "Asks for a place in a queue", book.of::<JoinDto>(), ticket.clone());
    add("matchmaking.cancel", "Leaves the queue", Book::id("ticket_id"), ticket);
    let proposal = book.member::<ProposalDto>("proposal");
    add("matchmaking.accept", "Is ready for a match", Book::id("proposal_id"), proposal.clone());
    add("matchmaking.decline", "Isn't", Book::id("proposal_id"), proposal);

    let game = book.member::<GameDto>("game");
    let mut followed = game.clone();
    followed["properties"]["streams"] = json!({ "type": "object", "additionalProperties": position() });
    add("game.join", "Shows a game, and follows its stream from there", game_id(), followed);
    add("game.ready", "Is there and ready", game_id(), game.clone());
    let (mv, score) = (book.with_id::<MoveDto>("game_id"), book.with_id::<ScoreDto>("game_id"));
    add("game.move", "Plays a move", mv, book.of::<MovedDto>());
    add("game.score", "Reports a score", score, book.of::<ReportedDto>());
    add("game.abandon", "Gives up", game_id(), game.clone());
    let claim = book.with_id::<ClaimDto>("game_id");
    add("game.claim", "Claims a win or a draw over somebody who is gone", claim, game.clone());
    add("game.rematch", "Asks for the same again", game_id(), game.clone());
    let relayed = json!({
        "game_id": { "type": "string", "format": "uuid" },
        "data": { "description": "Anything; at most 4 KiB of JSON" },
        "to": {
            "description": "One player or several; without it, everybody else",
            "oneOf": [
                { "type": "string", "format": "uuid" },
                { "type": "array", "items": { "type": "string", "format": "uuid" } },
            ],
        },
    });
    let counted = object(&["n"], json!({ "n": { "type": "integer", "minimum": 1 } }));
    add("game.relay", "Says something to the others in a game", object(&["game_id", "data"], relayed), counted);
    add("invite.accept", "Takes the seat", Book::id("invite_id"), game);
    let (decline, invite) = (book.with_id::<DeclineDto>("invite_id"), book.member::<GameInviteDto>("invite"));
    add("invite.decline", "Doesn't", decline, invite);

    let standing = book.of::<StandingOfDto>();
    add("friends.request", "Asks for a friendship", book.of::<AskFriendDto>(), standing.clone());
    add("friends.accept", "Accepts one", player_id(), standing.clone());
    add("friends.decline", "Declines one", player_id(), standing);

    let players = || {
        let ids = json!({ "type": "array", "items": { "type": "string", "format": "uuid" }, "maxItems": 1_000 });
        object(&["player_ids"], json!({ "player_ids": ids }))
    };
    let status = json!({ "enum": ["online", "away"] });
    let set = json!({ "status": status, "text": { "type": ["string", "null"] } });
    add(
        "presence.set",
        "Says whether somebody looks",
        object(&["status"], set),
        object(&["status"], json!({ "status": status })),
    );
    let presences = json!({ "items": { "type": "array", "items": book.of::<PresenceOfDto>() } });
    add("presence.watch", "Watches these players, too", players(), object(&["items"], presences));
    add("presence.unwatch", "Not these any more", players(), nothing());
    requests
}
