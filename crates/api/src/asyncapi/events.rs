#![expect(dead_code, reason = "of these types only the schemas are used: the domains and the renderer write the data")]

use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Stream;
use super::book::Book;
use crate::dto::{EndedDto, GameDto, PartyDto, PlayerDto, PresenceOfDto, ProposedPlayerDto, ResultDto, TicketDto};

/// An event.
pub(super) struct Event {
    pub(super) kind: &'static str,
    pub(super) stream: Stream,
    pub(super) about: &'static str,
    /// Schema of its data; some have none.
    pub(super) data: Option<Value>,
}

/// A ticket became a game.
#[derive(ToSchema)]
struct MatchFound {
    ticket_id: Uuid,
    game: GameDto,
}

/// A ready check.
#[derive(ToSchema)]
struct MatchProposed {
    proposal_id: Uuid,
    /// Your ticket; only in `match.proposed`.
    ticket_id: Option<Uuid>,
    mode: String,
    /// `open`, `confirmed` or `failed`.
    status: String,
    /// From then on silence is a no.
    #[schema(format = DateTime)]
    expires_at: String,
    players: Vec<ProposedPlayerDto>,
    game_id: Option<Uuid>,
}

/// You may come into a party.
#[derive(ToSchema)]
struct PartyInvited {
    party_id: Uuid,
    from: PlayerDto,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A game has begun.
#[derive(ToSchema)]
struct GameStarted {
    game: GameDto,
    /// For clients that need the same chance.
    seed: i64,
    /// What your reports must carry.
    session_secret: String,
}

/// You may take a seat.
#[derive(ToSchema)]
struct GameInvited {
    invite_id: Uuid,
    game_id: Uuid,
    mode: String,
    from: PlayerDto,
    #[schema(format = DateTime)]
    expires_at: String,
    /// The game that would be repeated.
    rematch_of: Option<Uuid>,
}

/// Where an invitation stands.
#[derive(ToSchema)]
struct InviteUpdated {
    invite_id: Uuid,
    game_id: Uuid,
    from: PlayerDto,
    /// Null for a link.
    to: Option<PlayerDto>,
    state: String,
    reason: Option<String>,
}

/// What a result did to a rating.
#[derive(ToSchema)]
struct RatingChanged {
    player_id: Uuid,
    mode: String,
    family: String,
    game_id: Uuid,
    /// Of the result.
    version: i32,
    rating_before: f64,
    rating_after: f64,
    deviation: f64,
    provisional: bool,
    /// `played` or `corrected`.
    reason: String,
}

/// Another player.
#[derive(ToSchema)]
struct FriendNamed {
    player_id: Uuid,
    player: PlayerDto,
}

/// A friendship.
#[derive(ToSchema)]
struct FriendAdded {
    player_id: Uuid,
    player: PlayerDto,
    #[schema(format = DateTime)]
    since: String,
    /// The game you met in.
    met_in: Option<Uuid>,
}

/// One who is no friend any more, or doesn't ask any more.
#[derive(ToSchema)]
struct FriendRemoved {
    player_id: Uuid,
}

/// Where a game and its players stand.
#[derive(ToSchema)]
struct GameUpdated {
    game_id: Uuid,
    status: String,
    players: Vec<GameUpdatedPlayer>,
    ended: Option<EndedDto>,
    /// The game that repeats this one.
    rematch: Option<Uuid>,
}

/// One of them.
#[derive(ToSchema)]
struct GameUpdatedPlayer {
    player: PlayerDto,
    seat: u8,
    status: String,
}

/// A move.
#[derive(ToSchema)]
struct GameMoved {
    game_id: Uuid,
    seat: u8,
    /// Null while it is sealed.
    #[schema(value_type = Option<Object>)]
    r#move: Value,
    sequence: i64,
    /// The seat to move next.
    turn: Option<u8>,
    /// The board as everybody may see it.
    #[schema(value_type = Option<Object>)]
    state: Value,
}

/// Somebody isn't there, or is again.
#[derive(ToSchema)]
struct OpponentPresence {
    game_id: Uuid,
    player_id: Uuid,
    seat: u8,
    /// In how many milliseconds the others may claim; null when back.
    claim_in: Option<i64>,
    /// From when on; null when back.
    #[schema(format = DateTime)]
    claim_at: Option<String>,
}

/// How a game ended.
#[derive(ToSchema)]
struct GameConcluded {
    game_id: Uuid,
    result: Option<ResultDto>,
    ended: Option<EndedDto>,
}

/// What somebody says to the others in a game.
#[derive(ToSchema)]
struct GameRelayed {
    game_id: Uuid,
    from: Uuid,
    /// How many the sender has sent: a jump shows a loss.
    n: u64,
    #[schema(value_type = Value)]
    data: Value,
}

/// Something of a stream is missed for good.
#[derive(ToSchema)]
struct Resync {
    /// `player`, or `game:` and an id.
    stream: String,
    /// Whether events of it go on, after the position that follows.
    following: bool,
    #[schema(nullable = false)]
    epoch: Option<Uuid>,
    #[schema(nullable = false)]
    offset: Option<i64>,
}

/// All of them.
pub(super) fn all(book: &mut Book, problem: &Value) -> Vec<Event> {
    use Stream::{Bare, Game, Player, Volatile};
    let mut events = Vec::new();
    let mut add = |kind, stream, about, data| events.push(Event { kind, stream, about, data });
    add("session.ready", Bare, "All that was missed has been sent", None);
    add("session.resync", Volatile, "Events of a stream are lost for good: read by REST", Some(book.of::<Resync>()));
    let going = json!({
        "type": "object",
        "required": ["reconnect_in_ms"],
        "properties": { "reconnect_in_ms": { "type": "integer", "minimum": 0 } },
    });
    add("session.going_away", Volatile, "The replica goes away: come back after this time", Some(going));
    add("error", Bare, "A message without id was refused", Some(problem.clone()));
    add("pong", Bare, "The answer to a ping without id", None);

    add("ticket.updated", Player, "It ended, waits again, or has offers", Some(book.member::<TicketDto>("ticket")));
    add("match.proposed", Player, "A ready check", Some(book.of::<MatchProposed>()));
    add("proposal.updated", Player, "Somebody answered, or it is over", Some(book.of::<MatchProposed>()));
    add("match.found", Player, "A ticket became a game: say game.ready", Some(book.of::<MatchFound>()));
    add("party.invited", Player, "Somebody wants you in a party", Some(book.of::<PartyInvited>()));
    add("party.updated", Player, "Your party changed", Some(book.member::<PartyDto>("party")));
    add("game.invited", Player, "Somebody wants you in a game", Some(book.of::<GameInvited>()));
    add("invite.updated", Player, "An invitation to a game was answered", Some(book.of::<InviteUpdated>()));
    add("game.started", Player, "A game has begun", Some(book.of::<GameStarted>()));
    add("rating.changed", Player, "What a result did to your rating", Some(book.of::<RatingChanged>()));
    add("friend.requested", Player, "Somebody asks for a friendship", Some(book.of::<FriendNamed>()));
    add("friend.added", Player, "Two are friends", Some(book.of::<FriendAdded>()));
    add("friend.updated", Player, "Your note on a friend changed", Some(book.of::<FriendNamed>()));
    add("friend.removed", Player, "A friendship or a request is over", Some(book.of::<FriendRemoved>()));

    add("game.updated", Game, "The game, or one of its players, stands elsewhere", Some(book.of::<GameUpdated>()));
    add("game.moved", Game, "Somebody moved", Some(book.of::<GameMoved>()));
    add("game.opponent_gone", Game, "Somebody isn't there any more", Some(book.of::<OpponentPresence>()));
    add("game.opponent_back", Game, "And is again", Some(book.of::<OpponentPresence>()));
    for (kind, about) in [
        ("game.finished", "Over; the result follows"),
        ("game.settled", "The result stands in the ledger"),
        ("game.disputed", "The reports contradict each other, or too few came"),
        ("game.voided", "It counts for nothing"),
    ] {
        add(kind, Game, about, Some(book.of::<GameConcluded>()));
    }
    add("game.relayed", Volatile, "What somebody says in a game", Some(book.of::<GameRelayed>()));
    add("presence.changed", Volatile, "Somebody you watch", Some(book.of::<PresenceOfDto>()));
    events
}
