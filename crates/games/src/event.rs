//! What happened to games, in the form clients and handlers see. Players are ids; names resolve when somebody reads.
//! Fields are only ever added: stored events must stay readable.

use std::fmt;

use kernel::{GameId, InviteId, PlayerId, StreamKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Ended, Game, ResultVersion};
use crate::snapshot::GameSnapshot;
use crate::words::{InviteState, PlayerStatus, Status};

/// One transition of a game.
#[derive(Debug, Clone, PartialEq)]
pub enum GameEvent {
    /// `game.started`, to this player's own stream only.
    Started(PlayerId, Box<Started>),
    /// `game.updated`: a status, or somebody's, changed and no other event says so.
    Updated(Updated),
    /// `game.moved`.
    Moved(Moved),
    /// `game.finished`: over; the result follows.
    Finished(Concluded),
    /// `game.settled`: the result stands in the ledger.
    Settled(Concluded),
    /// `game.disputed`: the reports contradict each other, or too few came.
    Disputed(Concluded),
    /// `game.voided`: it counts for nothing.
    Voided(Concluded),
    /// `game.opponent_gone`: a player isn't there any more.
    OpponentGone(Presence),
    /// `game.opponent_back`: and is again.
    OpponentBack(Presence),
    /// `game.invited`, to this player's own stream.
    Invited(PlayerId, Invited),
    /// `invite.updated`, to the streams of who made it and whom it is for.
    InviteUpdated(InviteUpdated),
}

/// Data of `game.opponent_gone` and `game.opponent_back`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Which game.
    pub game_id: GameId,
    /// Who.
    pub player_id: PlayerId,
    /// Seat number.
    pub seat: u8,
    /// In how many milliseconds the others may claim, counted from this event; none when back.
    pub claim_in: Option<i64>,
    /// From when on the others may claim; none when back.
    pub claim_at: Option<Timestamp>,
}

/// Data of `game.invited`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// The invitation.
    pub invite_id: InviteId,
    /// To which game.
    pub game_id: GameId,
    /// Of which mode.
    pub mode: String,
    /// Who invites.
    pub from: PlayerId,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
    /// The game this one would repeat.
    pub rematch_of: Option<GameId>,
}

/// Data of `invite.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteUpdated {
    /// Which invitation.
    pub invite_id: InviteId,
    /// To which game.
    pub game_id: GameId,
    /// Who made it.
    pub from: PlayerId,
    /// Whom it is for; none for a link.
    pub to: Option<PlayerId>,
    /// Where it stands.
    pub state: InviteState,
    /// Why, where there is more to say.
    pub reason: Option<String>,
}

/// Data of `game.started`. The one event that carries a secret, so it goes to nobody else.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The game as this player sees it.
    pub game: GameSnapshot,
    /// Seed for clients that need the same chance.
    pub seed: i64,
    /// What this player's reports must carry.
    pub session_secret: String,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("game", &self.game).field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// Data of `game.updated`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updated {
    /// Which game.
    pub game_id: GameId,
    /// Where it stands.
    pub status: Status,
    /// Where its players stand, by seat.
    pub players: Vec<UpdatedPlayer>,
    /// Why it ended, if it did.
    pub ended: Option<Ended>,
    /// The game that repeats this one, once somebody asked for it.
    #[serde(default)]
    pub rematch: Option<GameId>,
}

/// One player in [`Updated`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatedPlayer {
    /// Who.
    pub player_id: PlayerId,
    /// Seat number.
    pub seat: u8,
    /// Where the player stands.
    pub status: PlayerStatus,
}

/// Data of `game.moved`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    /// Which game.
    pub game_id: GameId,
    /// Who moved.
    pub seat: u8,
    /// The move as it was accepted; null while it is sealed.
    #[serde(rename = "move")]
    pub mv: Value,
    /// Moves (in simultaneous games: rounds) played, this one included.
    pub sequence: i64,
    /// The seat to move next.
    pub turn: Option<u8>,
    /// The board as everybody may see it.
    pub state: Option<Value>,
}

/// Data of `game.finished`, `game.settled`, `game.disputed` and `game.voided`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concluded {
    /// Which game.
    pub game_id: GameId,
    /// The result, once there is one.
    pub result: Option<ResultVersion>,
    /// Why it ended, if not by being played out.
    pub ended: Option<Ended>,
}

impl Updated {
    pub(crate) fn of(game: &Game) -> Self {
        let player =
            |p: &crate::model::GamePlayer| UpdatedPlayer { player_id: p.player_id, seat: p.seat, status: p.status };
        Self {
            game_id: game.id,
            status: game.status,
            players: game.players.iter().map(player).collect(),
            ended: game.ended.clone(),
            rematch: game.rematch,
        }
    }
}

impl Concluded {
    pub(crate) fn of(game: &Game) -> Self {
        Self { game_id: game.id, result: game.result.clone(), ended: game.ended.clone() }
    }
}

impl GameEvent {
    /// Dotted name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started(..) => "game.started",
            Self::Updated(_) => "game.updated",
            Self::Moved(_) => "game.moved",
            Self::Finished(_) => "game.finished",
            Self::Settled(_) => "game.settled",
            Self::Disputed(_) => "game.disputed",
            Self::Voided(_) => "game.voided",
            Self::OpponentGone(_) => "game.opponent_gone",
            Self::OpponentBack(_) => "game.opponent_back",
            Self::Invited(..) => "game.invited",
            Self::InviteUpdated(_) => "invite.updated",
        }
    }

    /// The streams that carry it.
    #[must_use]
    pub fn audience(&self) -> Vec<StreamKey> {
        match self {
            Self::Started(player, _) | Self::Invited(player, _) => vec![StreamKey::player(*player)],
            Self::InviteUpdated(data) => {
                [Some(data.from), data.to].into_iter().flatten().map(StreamKey::player).collect()
            }
            Self::Updated(data) => vec![StreamKey::game(data.game_id)],
            Self::Moved(data) => vec![StreamKey::game(data.game_id)],
            Self::OpponentGone(data) | Self::OpponentBack(data) => vec![StreamKey::game(data.game_id)],
            Self::Finished(data) | Self::Settled(data) | Self::Disputed(data) | Self::Voided(data) => {
                vec![StreamKey::game(data.game_id)]
            }
        }
    }

    /// Its data as JSON.
    #[must_use]
    pub fn data(&self) -> Value {
        // These are plain structs with text keys, whose serialisation can't fail.
        match self {
            Self::Started(_, data) => serde_json::to_value(data),
            Self::Updated(data) => serde_json::to_value(data),
            Self::Moved(data) => serde_json::to_value(data),
            Self::OpponentGone(data) | Self::OpponentBack(data) => serde_json::to_value(data),
            Self::Invited(_, data) => serde_json::to_value(data),
            Self::InviteUpdated(data) => serde_json::to_value(data),
            Self::Finished(data) | Self::Settled(data) | Self::Disputed(data) | Self::Voided(data) => {
                serde_json::to_value(data)
            }
        }
        .unwrap_or_default()
    }
}
