//! Requests of sockets: the same calls as over REST, under the same limits.

use kernel::{FieldError, GameId, InviteId, PlayerId, ProposalId, Quota, Receipt, StreamKey, TicketId};
use realtime::{Json, Position, Request, SocketId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::presence;
use ::matchmaking::Answer;

use crate::app::App;
use crate::dto::{AskFriendDto, ClaimDto, DeclineDto, JoinDto, MoveDto, ScoreDto};
use crate::edge::{Idempotency, Outcome, Reply, from_data};
use crate::problem::Problem;
use crate::rest::{friends, games, invites, matchmaking};

/// Every request that is dispatched here.
pub(crate) const REQUESTS: [&str; 21] = [
    "matchmaking.join",
    "matchmaking.cancel",
    "matchmaking.accept",
    "matchmaking.decline",
    "game.join",
    "game.ready",
    "game.move",
    "game.score",
    "game.abandon",
    "game.claim",
    "game.rematch",
    "invite.accept",
    "invite.decline",
    "friends.request",
    "friends.accept",
    "friends.decline",
    "presence.set",
    "presence.watch",
    "presence.unwatch",
    RELAY,
    "ping",
];

/// What players say to each other. It may come thirty times a second, so it has the socket's limit only, and its order
/// must be kept.
pub(super) const RELAY: &str = "game.relay";

const INVITE_ABSENT: &str = "games.invite_not_found";

/// Largest payload of a relayed message, in bytes of JSON.
const MAX_RELAYED: usize = 4 * 1_024;

/// What came of a request.
pub(super) struct Done {
    /// The data, or the problem that the first request with this key was refused with.
    pub(super) outcome: Result<Json, Json>,
    /// Streams to follow from now on, from where they stood before the data was read.
    pub(super) follow: Vec<(StreamKey, Position)>,
}

impl From<Json> for Done {
    fn from(data: Json) -> Self {
        Self { outcome: Ok(data), follow: Vec::new() }
    }
}

/// A request without further fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayDto {
    data: Value,
    to: Option<ToDto>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ToDto {
    One(PlayerId),
    Some(Vec<PlayerId>),
}

/// Who asks, and over which socket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) player: PlayerId,
    pub(super) socket: SocketId,
}

/// Carries out a request of this player.
pub(super) async fn dispatch(app: &App, asker: Asker, request: Request) -> Result<Done, Problem> {
    let Request { kind, data, key } = request;
    let Asker { player, socket } = asker;
    limit(app, player, &kind).await?;
    let once = Idempotency::of_message(&kind, key.as_deref(), &data);
    match kind.as_str() {
        "matchmaking.join" => {
            let wanted: JoinDto = from_data(data)?;
            let join = |receipt| matchmaking::join::call(app, player, wanted, receipt);
            member(app, "ticket", &once.once(app, player, Outcome::Created, join).await?)
        }
        "matchmaking.cancel" => {
            let id: TicketId = only_id(data, "ticket_id", "matchmaking.ticket_not_found")?;
            let cancel = |receipt| matchmaking::cancel::call(app, player, id, receipt);
            member(app, "ticket", &once.once(app, player, Outcome::Done, cancel).await?)
        }
        "matchmaking.accept" | "matchmaking.decline" => {
            let said = if kind == "matchmaking.accept" { Answer::Accepted } else { Answer::Declined };
            let id: ProposalId = only_id(data, "proposal_id", "matchmaking.proposal_not_found")?;
            let answer = |receipt| matchmaking::answer::call(app, player, id, said, receipt);
            member(app, "proposal", &once.once(app, player, Outcome::Done, answer).await?)
        }
        "game.join" => join_game(app, player, only_game(data)?).await,
        "game.ready" => {
            let id = only_game(data)?;
            let ready = |receipt| games::ready::call(app, player, id, receipt);
            member(app, "game", &once.once(app, player, Outcome::Done, ready).await?)
        }
        "game.abandon" => {
            let id = only_game(data)?;
            let abandon = |receipt| games::abandon::call(app, player, id, receipt);
            member(app, "game", &once.once(app, player, Outcome::Done, abandon).await?)
        }
        "game.rematch" => {
            let id = only_game(data)?;
            let rematch = |receipt| games::rematch::call(app, player, id, receipt);
            member(app, "game", &once.once(app, player, Outcome::Done, rematch).await?)
        }
        "game.claim" => {
            let (id, rest) = game(data)?;
            let wanted: ClaimDto = from_data(rest)?;
            let claim = |receipt| games::claim::call(app, player, id, wanted, receipt);
            member(app, "game", &once.once(app, player, Outcome::Done, claim).await?)
        }
        "invite.accept" => {
            let id: InviteId = only_id(data, "invite_id", INVITE_ABSENT)?;
            let accept = |receipt| invites::accept::call(app, player, id, receipt);
            member(app, "game", &once.once(app, player, Outcome::Done, accept).await?)
        }
        "invite.decline" => {
            let (invite, rest) = id::<InviteId>(data, "invite_id", INVITE_ABSENT)?;
            let said: DeclineDto = from_data(rest)?;
            let decline = |receipt| invites::decline::call(app, player, invite, said, receipt);
            member(app, "invite", &once.once(app, player, Outcome::Done, decline).await?)
        }
        "game.move" => {
            let (id, rest) = game(data)?;
            let wanted: MoveDto = from_data(rest)?;
            let play = |receipt: Option<Receipt>| async {
                let wanted = wanted;
                games::play::call(app, player, id, &wanted, receipt).await
            };
            whole(app, &once.once(app, player, Outcome::Done, play).await?)
        }
        "game.score" => {
            let (id, rest) = game(data)?;
            let report = ::games::ScoreReport::from(from_data::<ScoreDto>(rest)?);
            let score = |receipt: Option<Receipt>| async {
                let report = report;
                games::scores::call(app, player, id, &report, receipt).await
            };
            whole(app, &once.once(app, player, Outcome::Done, score).await?)
        }
        "friends.request" => {
            let wanted: AskFriendDto = from_data(data)?;
            let ask = |receipt| friends::request::call(app, player, wanted, receipt);
            whole(app, &once.once(app, player, Outcome::Done, ask).await?)
        }
        "friends.accept" => {
            let from: PlayerId = only_id(data, "player_id", "players.not_found")?;
            let accept = |receipt| friends::answer::accepted(app, player, from, receipt);
            whole(app, &once.once(app, player, Outcome::Done, accept).await?)
        }
        "friends.decline" => {
            let from: PlayerId = only_id(data, "player_id", "players.not_found")?;
            let decline = |receipt| friends::answer::declined(app, player, from, receipt);
            whole(app, &once.once(app, player, Outcome::Done, decline).await?)
        }
        "presence.set" => presence::set(app, player, socket, from_data(data)?, once).await,
        "presence.watch" => presence::watch(app, player, socket, from_data(data)?).await,
        "presence.unwatch" => presence::unwatch(app, socket, from_data(data)?),
        RELAY => relay(app, player, data).await,
        "ping" => Ok(Json::from_value(&json!({ "server_time": app.clock.now() })).into()),
        _ => Err(Problem::of("session.unknown_type")),
    }
}

/// As for the same call over REST.
async fn limit(app: &App, player: PlayerId, kind: &str) -> Result<(), Problem> {
    let (class, per_minute) = match kind {
        RELAY | "ping" => return Ok(()),
        "game.join" | "presence.watch" | "presence.unwatch" => ("read", app.settings.read_per_minute),
        _ => ("write", app.settings.write_per_minute),
    };
    if per_minute == 0 {
        return Ok(());
    }
    let decision = app.limiter.check(&format!("{class}:{player}"), Quota::per_minute(per_minute)).await;
    if decision.allowed {
        return Ok(());
    }
    let seconds = u64::try_from(decision.reset.as_millis().div_ceil(1_000)).unwrap_or(60).max(1);
    Err(Problem::of("rate_limited").retry_after(seconds))
}

/// The game as the player sees it now; participants follow its stream from before.
async fn join_game(app: &App, player: PlayerId, id: GameId) -> Result<Done, Problem> {
    let game = app.games.get(player, id).await.map_err(|error| app.refuse(error))?;
    if game.player(player).is_none() {
        return member(app, "game", &games::shown(app, player, &game).await?);
    }
    let stream = StreamKey::game(id);
    let heads = app.streams.heads(std::slice::from_ref(&stream)).await.map_err(|error| app.refuse(error))?;
    let done = member(app, "game", &games::get::call(app, player, id).await?)?;
    let follow = heads.first().map(|head| (stream, Position { epoch: head.epoch, offset: head.top }));
    Ok(Done { follow: follow.into_iter().collect(), ..done })
}

async fn relay(app: &App, player: PlayerId, data: Value) -> Result<Done, Problem> {
    let (id, rest) = game(data)?;
    let RelayDto { data, to } = from_data(rest)?;
    if data.to_string().len() > MAX_RELAYED {
        let detail = format!("at most {MAX_RELAYED} bytes of JSON are relayed");
        return Err(Problem::invalid(vec![FieldError::new("/data", "too_large", detail)]));
    }
    let roster = app.games.may_relay(player, id).await.map_err(|error| app.refuse(error))?;
    let to = to.map(|to| match to {
        ToDto::One(player) => vec![player],
        ToDto::Some(players) => players,
    });
    let stranger = |other: &PlayerId| *other == player || !roster.contains(other);
    if to.as_ref().is_some_and(|to| to.is_empty() || to.iter().any(stranger)) {
        let detail = "names other players who are still in the game";
        return Err(Problem::invalid(vec![FieldError::new("/to", "not_in_game", detail)]));
    }
    let n = app.relay.send(id, player, data, to).await;
    Ok(Json::from_value(&json!({ "n": n })).into())
}

/// The id under `name`, and the other fields. What isn't an id names nothing, so it looks like anything absent.
fn id<T: std::str::FromStr>(mut data: Value, name: &str, absent: &'static str) -> Result<(T, Value), Problem> {
    let text = match data.as_object_mut().and_then(|members| members.remove(name)) {
        Some(Value::String(text)) => text,
        _ => {
            let detail = "must be an id as text";
            return Err(Problem::invalid(vec![FieldError::new(format!("/{name}"), "required", detail)]));
        }
    };
    Ok((text.parse().map_err(|_| Problem::of(absent))?, data))
}

fn only_id<T: std::str::FromStr>(data: Value, name: &str, absent: &'static str) -> Result<T, Problem> {
    let (id, rest) = id(data, name, absent)?;
    from_data::<Nothing>(rest).map(|_| id)
}

fn game(data: Value) -> Result<(GameId, Value), Problem> {
    id(data, "game_id", "games.not_found")
}

fn only_game(data: Value) -> Result<GameId, Problem> {
    only_id(data, "game_id", "games.not_found")
}

/// A reply's body as the whole data.
fn whole(app: &App, reply: &Reply) -> Result<Done, Problem> {
    done(app, reply, str::to_owned)
}

/// A reply's body as one member of the data.
fn member(app: &App, name: &str, reply: &Reply) -> Result<Done, Problem> {
    done(app, reply, |body| format!("{{\"{name}\":{body}}}"))
}

fn done(app: &App, reply: &Reply, data: impl FnOnce(&str) -> String) -> Result<Done, Problem> {
    let broken = |_| Problem::of("internal");
    let body = std::str::from_utf8(reply.body()).map_err(|_| Problem::of("internal"))?;
    if reply.status().is_success() {
        return Json::from_text(data(body)).map(Done::from).map_err(broken);
    }
    let mut problem: Value = serde_json::from_str(body).map_err(broken)?;
    problem["instance"] = app.ids.uuid(app.clock.now()).to_string().into();
    Ok(Done { outcome: Err(Json::from_value(&problem)), follow: Vec::new() })
}
