//! What happened to games, in the form clients and handlers see. Players are ids; names resolve when somebody reads.
//! Fields are only ever added: stored events must stay readable.

use kernel::{GameId, PlayerId, StreamKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Ended, Game, GameSnapshot, ResultVersion};
use crate::words::{PlayerStatus, Status};

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
}

/// Data of `game.started`. The one event that carries a secret, so it goes to nobody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The game as this player sees it.
    pub game: GameSnapshot,
    /// Seed for clients that need the same chance.
    pub seed: i64,
    /// What this player's reports must carry.
    pub session_secret: String,
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
    /// The move as it was accepted.
    #[serde(rename = "move")]
    pub mv: Value,
    /// Moves played, this one included.
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
        }
    }

    /// The stream that carries it.
    #[must_use]
    pub fn stream(&self) -> StreamKey {
        match self {
            Self::Started(player, _) => StreamKey::player(*player),
            Self::Updated(data) => StreamKey::game(data.game_id),
            Self::Moved(data) => StreamKey::game(data.game_id),
            Self::Finished(data) | Self::Settled(data) | Self::Disputed(data) | Self::Voided(data) => {
                StreamKey::game(data.game_id)
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
            Self::Finished(data) | Self::Settled(data) | Self::Disputed(data) | Self::Voided(data) => {
                serde_json::to_value(data)
            }
        }
        .unwrap_or_default()
    }
}
