//! Every code that a client can meet, in one table. `shallweplay-backend codes` prints it as `docs/problem-codes.md`.

/// One code: what it means and what to do about it.
pub(crate) struct Entry {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) title: &'static str,
}

const fn entry(code: &'static str, status: u16, title: &'static str) -> Entry {
    Entry { code, status, title }
}

/// Sorted by code: a test says so.
pub(crate) const CATALOGUE: &[Entry] = &[
    entry("admin.not_allowed", 403, "Only operators with the right role may do this"),
    entry("auth.bad_credentials", 401, "Wrong handle or password"),
    entry("auth.bad_refresh_token", 401, "This refresh token isn't valid: sign in again"),
    entry("auth.bad_token", 401, "This access token isn't valid: refresh it or sign in again"),
    entry("auth.bad_ws_ticket", 401, "This WebSocket ticket was used or has expired: ask for another"),
    entry("auth.busy", 503, "Too many sign-ins at once: try again shortly"),
    entry("auth.locked_out", 429, "Too many wrong passwords: wait before trying again"),
    entry("auth.missing_token", 401, "Sign in and send the access token as a bearer token"),
    entry("auth.refresh_raced", 401, "Another refresh with this token won: use what it answered"),
    entry("auth.refresh_reused", 401, "This refresh token was used before: the session was ended, sign in again"),
    entry("auth.no_such_session", 404, "You aren't signed in on such a device"),
    entry("auth.session_ended", 401, "This session was ended: sign in again"),
    entry("auth.suspended", 403, "This account is suspended"),
    entry("auth.unknown_device", 401, "No guest belongs to this device secret: sign in as a new guest"),
    entry("conflict.concurrent_change", 409, "Others changed it at the same time: read it and try again"),
    entry("conflict.engaged", 409, "The player is in a queue or a game already"),
    entry("conflict.fenced", 409, "Another replica took over: try again"),
    entry("conflict.taken", 409, "Somebody else has it"),
    entry("friends.already_friends", 409, "You are friends already"),
    entry("friends.limit", 409, "You or the other have as many friends or requests as may be"),
    entry("friends.link_expired", 409, "This link has expired"),
    entry("friends.link_not_found", 404, "There is no such link"),
    entry("friends.link_used_up", 409, "This link was used as often as it may be"),
    entry("friends.no_request", 404, "There is no such request"),
    entry("friends.not_found", 404, "There is no such player"),
    entry("friends.not_friends", 404, "You aren't friends with this player"),
    entry("friends.self", 422, "This is yourself"),
    entry("friends.state_changed", 409, "The request has changed meanwhile"),
    entry("friends.too_many_links", 409, "You have as many invite links as may be"),
    entry("games.already_disputed", 409, "You have said something else about this result, and that stands"),
    entry("games.already_reported", 409, "You have reported another result for this game"),
    entry("games.approval_pending", 409, "This awaits approval: it is done, or not, once that is there"),
    entry("games.bad_invitees", 422, "These players can't be invited together"),
    entry("games.bad_secret", 403, "The session secret isn't yours for this game"),
    entry("games.busy", 409, "You are in a queue or a game already"),
    entry("games.deadline_passed", 409, "The time for this is over"),
    entry("games.full", 409, "Every seat is taken"),
    entry("games.illegal_move", 422, "The rules don't allow this move"),
    entry("games.invalid_mode", 422, "The mode isn't valid"),
    entry("games.invalid_report", 422, "The report doesn't fit this game"),
    entry("games.invalid_scores", 422, "The scores aren't complete, or name strangers"),
    entry("games.invalid_statement", 422, "A reason is 1 to 500 characters of plain text"),
    entry("games.invite_not_found", 404, "There is no such invitation"),
    entry("games.invite_not_open", 409, "The invitation can't be answered any more"),
    entry("games.left", 409, "You have left this game"),
    entry("games.mode_disabled", 409, "This mode is switched off"),
    entry("games.nothing_to_claim", 409, "The others are there, or may still come back"),
    entry("games.not_approved", 409, "The approval gate said no"),
    entry("games.not_a_player", 403, "You aren't in this game"),
    entry("games.not_disputable", 409, "This result can't be disputed now"),
    entry("games.not_finished", 409, "The game isn't over"),
    entry("games.not_found", 404, "There is no such game"),
    entry("games.not_in_progress", 409, "The game's state doesn't allow this"),
    entry("games.not_waiting", 409, "The game isn't waiting for players any more"),
    entry("games.not_your_turn", 409, "It is another player's turn"),
    entry("games.no_bot", 422, "No practice bot plays this mode"),
    entry("games.no_moves", 409, "This game is played on the clients and takes no moves"),
    entry("games.no_rematch", 409, "Only a game that was played can be repeated"),
    entry("games.no_result", 409, "The game has no result that could be changed"),
    entry("games.out_of_envelope", 422, "The report is outside what the mode allows"),
    entry("games.player_busy", 409, "Another player is in a queue or a game"),
    entry("games.server_decided", 409, "The server decides this game: it takes no reports"),
    entry("games.stale_sequence", 409, "The game has moved on: read it and decide anew"),
    entry("games.unknown_mode", 404, "There is no such mode"),
    entry("idempotency.invalid_key", 422, "An Idempotency-Key is 1 to 255 visible ASCII characters"),
    entry("idempotency.in_progress", 409, "The first request with this key is still running"),
    entry("idempotency.key_reused", 422, "This Idempotency-Key was used for another request"),
    entry("internal", 500, "The server failed: the request id finds the reason in its log"),
    entry("matchmaking.already_queued", 409, "You are waiting in a queue already"),
    entry("matchmaking.cooling_down", 409, "You let others wait: wait a moment yourself"),
    entry("matchmaking.in_game", 409, "You are in a game that isn't over"),
    entry("matchmaking.proposal_closed", 409, "The ready check is over, or you have answered otherwise"),
    entry("matchmaking.proposal_not_found", 404, "There is no such ready check"),
    entry("matchmaking.state_changed", 409, "The ticket isn't waiting any more"),
    entry("matchmaking.ticket_not_found", 404, "There is no such ticket"),
    entry("matchmaking.unsupported_mode", 422, "This mode can't be queued for"),
    entry("modes.disabled", 409, "This mode is switched off"),
    entry("modes.unknown", 422, "There is no such mode"),
    entry("parties.already_in_party", 409, "You are in a party already"),
    entry("parties.full", 409, "The party is full"),
    entry("parties.member_busy", 409, "One of the party can't queue now"),
    entry("parties.no_member", 404, "This player isn't in the party"),
    entry("parties.not_found", 404, "There is no such party"),
    entry("parties.not_leader", 403, "Only the party's leader can do this"),
    entry("parties.not_ready", 409, "Not everybody in the party is ready"),
    entry("parties.self", 422, "This can't be done to oneself"),
    entry("parties.state_changed", 409, "The party is about to play"),
    entry("parties.too_large", 409, "The party is too large for this mode's teams"),
    entry("players.already_registered", 409, "This player has a handle and password already"),
    entry("players.handle_taken", 409, "This handle, or one that looks like it, is taken"),
    entry("players.not_allowed", 403, "Only somebody of a higher role may do that"),
    entry("players.not_found", 404, "There is no such player"),
    entry("players.own_role", 409, "An administrator's role is taken by another administrator"),
    entry("privacy.refused", 403, "The player doesn't show this to you"),
    entry("rate_limited", 429, "Too many requests: wait as Retry-After says"),
    entry("realtime.full", 503, "This replica has no room for another socket: try again"),
    entry("realtime.origin_refused", 403, "Pages from this origin may not open sockets here"),
    entry("request.bad_cursor", 422, "This cursor wasn't made for this list"),
    entry("request.body_timeout", 408, "The body didn't arrive in time"),
    entry("request.control_character", 422, "Text may not hold NUL or control characters"),
    entry("request.malformed", 400, "The request can't be read"),
    entry("request.method_not_allowed", 405, "This address doesn't take this method"),
    entry("request.not_found", 404, "There is nothing at this address"),
    entry("request.too_large", 413, "The body is larger than 64 KiB"),
    entry("request.unsupported_media_type", 415, "Bodies must be application/json"),
    entry("session.already_signed_in", 409, "This socket is signed in already"),
    entry("session.duplicate_id", 409, "A request with this id is still in flight on this socket"),
    entry("session.not_signed_in", 401, "Say session.hello first and wait for session.ready"),
    entry("session.other_player", 403, "This token belongs to another player"),
    entry("session.too_many_in_flight", 429, "Too many requests in flight on this socket: wait for replies"),
    entry("session.unknown_type", 404, "There is no such message type"),
    entry("standings.unknown_metric", 422, "There is no such metric"),
    entry("standings.unknown_mode", 404, "There is no such mode"),
    entry("standings.unknown_season", 422, "A season is a month, as in 2026-11"),
    entry("unavailable", 503, "The database can't be reached: try again shortly"),
    entry("unavailable.deadline", 503, "It took too long: try again shortly"),
    entry("validation.failed", 422, "Some fields aren't valid"),
];

pub(crate) fn find(code: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.code == code)
}

/// The catalogue as a page of the documentation.
#[must_use]
pub(crate) fn as_markdown() -> String {
    let mut page = String::from(
        "# Problem codes\n\nGenerated by `cargo xtask codes`. Every error is `application/problem+json` (RFC 9457) with one of \
         these as `code`;\n`detail` says in a sentence what to do, `instance` is the request id.\n\n\
         | code | status | meaning |\n|---|---|---|\n",
    );
    for entry in CATALOGUE {
        page.push_str(&format!("| `{}` | {} | {} |\n", entry.code, entry.status, entry.title));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_sorted_and_without_doubles() {
        let codes: Vec<_> = CATALOGUE.iter().map(|entry| entry.code).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable_by_key(|code| code.replace('_', "~"));
        sorted.dedup();
        assert_eq!(codes.len(), sorted.len());
    }

    /// What looks like a code in a source file.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let is_code = move |text: &&str| text.split_once('.').is_some_and(|(of, what)| is_word(of) && is_word(what));
        source.split('"').filter(is_code)
    }

    #[test]
    fn every_code_of_the_domains_is_in_it() {
        let sources = [
            include_str!("../../../friends/src/error.rs"),
            include_str!("../../../games/src/error.rs"),
            include_str!("../../../kernel/src/error.rs"),
            include_str!("../../../matchmaking/src/error.rs"),
            include_str!("../../../players/src/error.rs"),
            include_str!("../../../realtime/src/error.rs"),
            include_str!("../../../standings/src/error.rs"),
        ];
        let all: Vec<_> = sources.into_iter().flat_map(codes).collect();
        assert!(all.len() >= 70, "{all:?}");
        // Who lost to a twin is told so under another code.
        let told = all.into_iter().filter(|code| *code != "idempotency.replayed");
        let missing: Vec<_> = told.filter(|code| find(code).is_none()).collect();
        assert_eq!(missing, [""; 0]);
    }
}
