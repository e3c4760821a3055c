use games::{Game, GameSnapshot, RatingLine};
use kernel::{GameId, InviteId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use standings::rating::shown;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::{InviteLinkDto, PlayerDto};
use crate::directory::Names;

/// A game as one viewer may see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct GameDto {
    /// UUIDv7.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) id: GameId,
    /// Key of its mode.
    pub(crate) mode: String,
    /// `created`, `waiting_ready`, `in_progress`, `finished`, `disputed`, `settled`, `aborted`, `abandoned` or `voided`.
    pub(crate) status: String,
    /// Whether it counts for ratings.
    rated: bool,
    /// By seat.
    players: Vec<GamePlayerDto>,
    /// Moves played; send it as `expected_sequence`.
    sequence: i64,
    /// The seat to move; null when both or nobody do.
    turn: Option<u8>,
    /// The position as this viewer may see it, in games with rules.
    state: Option<Value>,
    /// The viewer's own seat; null for others.
    you: Option<YouDto>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// When the present phase ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline_at: Option<Timestamp>,
    /// The result as far as it is.
    result: Option<ResultDto>,
    /// Why it ended, if not by being played out.
    ended: Option<EndedDto>,
    /// How it came to be: `matched`, `private`, `rematch`, `solo` or `practice`, against a bot.
    origin: String,
    /// The game that repeats this one, once somebody asked for it.
    #[schema(value_type = Option<uuid::Uuid>)]
    rematch_game_id: Option<GameId>,
    /// What stands out about it: how it came to be and ended, such as `private`, `claimed`, `voided`, `amended`.
    tags: Vec<String>,
    /// For its players, while seats are free: who else was invited.
    invites: Vec<SeatInviteDto>,
    /// Only in the answer to the call that made it: a link for whoever has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invite_link: Option<InviteLinkDto>,
}

/// An invitation as the game's players see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeatInviteDto {
    #[schema(value_type = uuid::Uuid)]
    id: InviteId,
    /// Null for a link.
    to: Option<PlayerDto>,
    state: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A player in a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct GamePlayerDto {
    player: PlayerDto,
    team: u8,
    seat: u8,
    /// `joined`, `ready`, `playing`, `finished`, `no_show` or `abandoned`.
    status: String,
    score: Option<i64>,
    /// `win`, `loss` or `draw`.
    outcome: Option<String>,
    /// Once standings have it, in rated games.
    rating_before: Option<f64>,
    rating_after: Option<f64>,
    /// While the player is gone: from when on the others may claim.
    #[schema(value_type = Option<String>, format = DateTime)]
    claim_at: Option<Timestamp>,
}

/// The viewer's own seat.
#[derive(Serialize, ToSchema)]
pub(crate) struct YouDto {
    seat: u8,
    /// What score reports must carry.
    session_secret: String,
}

/// A result version.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResultDto {
    /// From 1; 0 while there is none.
    version: i32,
    /// `open`, `disputed`, `settled` or `voided`.
    status: String,
    /// How it was decided: `rules`, `reports`, `abandoned`, `claimed`, `majority`, `review` or `admin`.
    reason: Option<String>,
    /// One line per player, by seat.
    standings: Vec<StandingDto>,
}

/// One player in a result.
#[derive(Serialize, ToSchema)]
pub(crate) struct StandingDto {
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    team: u8,
    seat: u8,
    score: Option<i64>,
    outcome: Option<String>,
}

/// Why something ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct EndedDto {
    /// `no_show`, `abandoned`, `max_duration`, `unresolved_dispute`, …
    reason: String,
    /// `system` or a player's id.
    by: Option<String>,
}

fn rating(game: &GameSnapshot, player: PlayerId) -> Option<&RatingLine> {
    game.rating_lines.iter().find(|line| line.player_id == player)
}

fn result(snapshot: &GameSnapshot, line: Option<(&'static str, i32)>) -> Option<ResultDto> {
    if let Some(result) = &snapshot.result {
        return Some(ResultDto {
            version: result.version,
            status: result.status.as_str().to_owned(),
            reason: Some(result.reason.clone()),
            standings: result
                .standings
                .iter()
                .map(|line| StandingDto {
                    player_id: line.player_id,
                    team: line.team,
                    seat: line.seat,
                    score: line.score,
                    outcome: line.outcome.map(|outcome| outcome.as_str().to_owned()),
                })
                .collect(),
        });
    }
    let (status, version) = line?;
    Some(ResultDto { version, status: status.to_owned(), reason: None, standings: Vec::new() })
}

impl GameDto {
    /// Whose names a game needs: who plays, and who is invited.
    pub(crate) fn people(game: &Game) -> impl Iterator<Item = PlayerId> {
        let invited = game.invites.iter().filter(|invite| invite.state.open()).filter_map(|invite| invite.to);
        game.players.iter().map(|player| player.player_id).chain(invited)
    }

    /// A game as `viewer` sees it.
    pub(crate) fn of(game: &Game, viewer: Option<PlayerId>, names: &Names) -> Self {
        let snapshot = game.snapshot(viewer);
        let mut dto = Self::from_snapshot(&snapshot, names);
        dto.result = result(&snapshot, game.result_line());
        dto.you = viewer
            .and_then(|id| game.player(id))
            .map(|player| YouDto { seat: player.seat, session_secret: player.secret.0.clone() });
        dto.tags = game.tags().into_iter().map(str::to_owned).collect();
        if dto.you.is_some() {
            let open = game.invites.iter().filter(|invite| invite.state.open());
            dto.invites = open
                .map(|invite| SeatInviteDto {
                    id: invite.id,
                    to: invite.to.map(|id| names.get(id)),
                    state: invite.state.as_str().to_owned(),
                    expires_at: invite.expires_at,
                })
                .collect();
        }
        dto
    }

    /// A game as an event kept it: without anybody's secret.
    pub(crate) fn from_snapshot(game: &GameSnapshot, names: &Names) -> Self {
        Self {
            id: game.id,
            mode: game.mode.clone(),
            status: game.status.as_str().to_owned(),
            rated: game.rated,
            players: game
                .players
                .iter()
                .map(|player| GamePlayerDto {
                    rating_before: rating(game, player.player_id).map(|line| shown(line.before)),
                    rating_after: rating(game, player.player_id).map(|line| shown(line.after)),
                    claim_at: player.claim_at,
                    player: names.get(player.player_id),
                    team: player.team,
                    seat: player.seat,
                    status: player.status.as_str().to_owned(),
                    score: player.score,
                    outcome: player.outcome.map(|outcome| outcome.as_str().to_owned()),
                })
                .collect(),
            sequence: game.sequence,
            turn: game.turn,
            state: game.state.clone(),
            you: None,
            created_at: game.created_at,
            started_at: game.started_at,
            finished_at: game.finished_at,
            deadline_at: game.deadline_at,
            result: result(game, None),
            ended: game
                .ended
                .as_ref()
                .map(|ended| EndedDto { reason: ended.reason.clone(), by: ended.by.map(String::from) }),
            origin: game.origin.as_str().to_owned(),
            rematch_game_id: game.rematch,
            tags: Vec::new(),
            invites: Vec::new(),
            invite_link: None,
        }
    }
}

/// A move, on the position after `expected_sequence` moves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveDto {
    /// What the mode's rules module takes; `tic_tac_toe`: `{"cell": 0..8}`.
    #[schema(value_type = Object)]
    pub(crate) r#move: Value,
    /// The `sequence` you decided on.
    pub(crate) expected_sequence: i64,
}

/// A move was played.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct MovedDto {
    pub(crate) sequence: i64,
    /// The position now.
    #[schema(value_type = Object)]
    pub(crate) state: Option<Value>,
}

/// A score report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScoreDto {
    /// From `game.started` or `GET /games/{id}`.
    pub(crate) session_secret: String,
    /// Your own score.
    pub(crate) score: Option<f64>,
    /// Your own outcome, as you see it.
    pub(crate) outcome: Option<OutcomeDto>,
    /// Everybody's scores, as you saw them.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, f64>)]
    pub(crate) scores: BTreeMap<PlayerId, f64>,
    /// How long it took on your clock.
    pub(crate) duration_ms: Option<u64>,
    /// Anything your game wants kept with it.
    #[schema(value_type = Option<Object>)]
    pub(crate) payload: Option<Value>,
}

/// How a game ended for somebody.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OutcomeDto {
    Win,
    Loss,
    Draw,
}

impl From<OutcomeDto> for games::Outcome {
    fn from(dto: OutcomeDto) -> Self {
        match dto {
            OutcomeDto::Win => Self::Win,
            OutcomeDto::Loss => Self::Loss,
            OutcomeDto::Draw => Self::Draw,
        }
    }
}

impl From<ScoreDto> for games::ScoreReport {
    fn from(dto: ScoreDto) -> Self {
        Self {
            session_secret: dto.session_secret,
            score: dto.score,
            scores: dto.scores,
            outcome: dto.outcome.map(Into::into),
            duration_ms: dto.duration_ms,
            payload: dto.payload,
        }
    }
}

/// What became of a score report.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct ReportedDto {
    pub(crate) report: ReportDto,
    pub(crate) result: Option<ResultLineDto>,
}

/// A report's state.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct ReportDto {
    /// `accepted`, or `held` for review.
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
}

/// A result's state.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct ResultLineDto {
    /// `open`, `disputed`, `settled` or `voided`.
    pub(crate) status: String,
    /// 0 while there is none.
    pub(crate) version: i32,
}
