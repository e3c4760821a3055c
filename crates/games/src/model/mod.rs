//! Values and aggregates: a game with its players, reports and result.

mod ended;
mod result;

use kernel::{GameId, GameSpec, PlayerId, RosterSeat, SessionSecret, Timestamp, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::invite::Invite;
use crate::mode::Mode;
use crate::rules::{self, Rules};
use crate::snapshot::{GameSnapshot, PlayerSnapshot};
use crate::words::{OriginKind, Outcome, PlayerStatus, Status};

pub use ended::{Ended, EndedBy};
pub use result::{Entered, Evidence, RatingLine, Report, ResultVersion, Standing};

/// One seat of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GamePlayer {
    /// Who sits here.
    pub player_id: PlayerId,
    /// Team number from 0.
    pub team: u8,
    /// Seat number from 0.
    pub seat: u8,
    /// Where the player stands.
    pub status: PlayerStatus,
    /// What reports of this player must carry; only ever shown to this player.
    pub secret: SessionSecret,
    /// Final score, once the game is over. Kept back until then, so that nobody reports with another's score in sight.
    pub score: Option<i64>,
    /// How it ended for this player, once it is settled.
    pub outcome: Option<Outcome>,
    /// When the player was ready.
    pub ready_at: Option<Timestamp>,
    /// Set while the player, who holds this seat, isn't there.
    pub gone: Option<Gone>,
}

/// A player is away from a game being played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Since when.
    pub at: Timestamp,
    /// From when on the others may claim.
    pub claim_at: Timestamp,
    /// The player went because the server's replica did.
    pub with_replica: bool,
}

/// How a game came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// By whom, in one word.
    pub kind: OriginKind,
    /// Who made it; none where matchmaking did.
    pub host: Option<PlayerId>,
    /// The game this one repeats.
    pub rematch_of: Option<GameId>,
}

impl Origin {
    /// By matchmaking.
    pub const MATCHED: Self = Self { kind: OriginKind::Matched, host: None, rematch_of: None };
}

/// How far a game's log reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Lines so far.
    pub n: i64,
    /// Hash of the last one, in hexadecimal; 64 zeros before the first.
    pub hash: String,
}

impl Default for LogHead {
    fn default() -> Self {
        Self { n: 0, hash: "0".repeat(64) }
    }
}

/// The rules module of a server-decided game, pinned at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedRules {
    /// Key of the module.
    pub key: String,
    /// Its version.
    pub version: i32,
}

/// A game from its opening to its result.
#[derive(Debug, Clone, PartialEq)]
pub struct Game {
    /// Its id.
    pub id: GameId,
    /// Key of its mode.
    pub mode: String,
    /// Version of the mode; known from the start on.
    pub mode_version: Option<i32>,
    /// The module that checks its moves; known from the start on, none where clients report scores.
    pub rules: Option<PinnedRules>,
    /// Where it stands.
    pub status: Status,
    /// Whether its result counts for ratings.
    pub rated: bool,
    /// Seed for the rules and the clients; never negative.
    pub seed: i64,
    /// Players by seat.
    pub players: Vec<GamePlayer>,
    /// Moves played.
    pub sequence: i64,
    /// The seat to move; none where nobody or everybody may.
    pub turn: Option<u8>,
    /// The rules module's state, with its secrets: show [`Game::view`] instead.
    pub state: Option<Value>,
    /// Accepted and held reports, in the order they came.
    pub reports: Vec<Report>,
    /// How it came to be.
    pub origin: Origin,
    /// Invitations, in the order they were made.
    pub invites: Vec<Invite>,
    /// The game that repeats this one, once somebody asked for it.
    pub rematch: Option<GameId>,
    /// What players said about its result, in the order they did.
    pub evidence: Vec<Evidence>,
    /// Whether an operator should look at it.
    pub needs_review: bool,
    /// What is odd about it, for operators: `near_limit`, `conflict`, …
    pub flags: Vec<String>,
    /// How far its log reaches.
    pub log: LogHead,
    /// What it did to ratings; filled when it is read, empty until standings are there.
    pub rating_lines: Vec<RatingLine>,
    /// Why it ended, if not by being played out.
    pub ended: Option<Ended>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When all were ready.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The next deadline: for an answer to its invitations, to be ready, the longest duration, the report window, the
    /// evidence window, or a review. See [`Game::wakes_at`] for when it has to be looked at.
    pub due_at: Option<Timestamp>,
    /// The result, once there is one.
    pub result: Option<ResultVersion>,
    /// Where the ledger has its versions.
    pub entered: Option<Entered>,
    /// Optimistic version.
    pub version: Version,
}

impl GamePlayer {
    /// Somebody who has just been seated.
    #[must_use]
    pub fn seated(seat: &RosterSeat) -> Self {
        Self {
            player_id: seat.player_id,
            team: seat.team,
            seat: seat.seat,
            status: PlayerStatus::Joined,
            secret: seat.secret.clone(),
            score: None,
            outcome: None,
            ready_at: None,
            gone: None,
        }
    }

    /// Whether the practice bot sits here. It is no player: no row says so, nothing is told to it, and it is never gone.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        self.player_id.is_bot()
    }
}

impl Game {
    /// The game a change opened: all seated, and ready only where a ready check has asked them. Every store shows it just
    /// so from the opening change's commit on, as version 1.
    #[must_use]
    pub fn open(spec: &GameSpec) -> Self {
        let mut players: Vec<_> = spec.roster.iter().map(GamePlayer::seated).collect();
        players.sort_by_key(|player| player.seat);
        if spec.ready {
            for player in &mut players {
                (player.status, player.ready_at) = (PlayerStatus::Ready, Some(spec.created_at));
            }
        }
        Self {
            id: spec.id,
            mode: spec.mode.clone(),
            mode_version: None,
            rules: None,
            status: Status::WaitingReady,
            rated: spec.rated,
            seed: spec.seed,
            players,
            sequence: 0,
            turn: None,
            state: None,
            reports: Vec::new(),
            origin: Origin::MATCHED,
            invites: Vec::new(),
            rematch: None,
            evidence: Vec::new(),
            needs_review: false,
            flags: Vec::new(),
            log: LogHead::default(),
            rating_lines: Vec::new(),
            ended: None,
            created_at: spec.created_at,
            started_at: None,
            finished_at: None,
            due_at: Some(spec.ready_due_at),
            result: None,
            entered: None,
            version: Version(1),
        }
    }

    /// This player's seat, if the player has one.
    #[must_use]
    pub fn player(&self, id: PlayerId) -> Option<&GamePlayer> {
        self.players.iter().find(|player| player.player_id == id)
    }

    /// Those who play, without the practice bot.
    pub fn people(&self) -> impl Iterator<Item = &GamePlayer> {
        self.players.iter().filter(|player| !player.is_bot())
    }

    /// Whether a practice bot plays: then nothing about it counts.
    #[must_use]
    pub fn is_practice(&self) -> bool {
        self.players.iter().any(GamePlayer::is_bot)
    }

    /// This player's report, if it was accepted.
    #[must_use]
    pub fn report_of(&self, id: PlayerId) -> Option<&Report> {
        self.reports.iter().find(|report| report.player_id == id)
    }

    /// When the game has to be looked at: at its deadline, or before when everybody's grace or an invitation is over.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let invites = self.invites.iter().filter(|invite| invite.state.open()).map(|invite| invite.expires_at);
        self.due_at.into_iter().chain(self.deserted_at()).chain(invites).min()
    }

    /// From when on nobody is expected back, if all who hold seats are gone from a game being played.
    #[must_use]
    pub fn deserted_at(&self) -> Option<Timestamp> {
        if self.status != Status::InProgress {
            return None;
        }
        let mut last = None;
        for player in self.people().filter(|player| player.status.engaged()) {
            last = last.max(Some(player.gone?.claim_at));
        }
        last
    }

    /// Whether it has to be looked at now; until that is done no command is taken.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.wakes_at().is_some_and(|due| due <= now)
    }

    /// Whether this player is held by the game: it is live and the player has not left it. The practice bot never is.
    #[must_use]
    pub fn holds(&self, id: PlayerId) -> bool {
        self.status.live() && self.player(id).is_some_and(|player| !player.is_bot() && player.status.engaged())
    }

    /// Under which time the game stands in its players' histories: when it was over, if it ever started.
    #[must_use]
    pub fn history_at(&self) -> Option<Timestamp> {
        self.started_at.and(self.finished_at)
    }

    /// Whether the server decides it. Settled with its start, whatever its mode has come to say since.
    #[must_use]
    pub fn server_decided(&self, mode: &Mode) -> bool {
        if self.started_at.is_some() { self.rules.is_some() } else { mode.module().is_some() }
    }

    /// The pinned rules module, if the server decides this game.
    #[must_use]
    pub fn module(&self) -> Option<&'static dyn Rules> {
        self.rules.as_ref().and_then(|pinned| rules::find(&pinned.key, pinned.version))
    }

    /// What `viewer` may see of the board; `None` is the public.
    #[must_use]
    pub fn view(&self, viewer: Option<PlayerId>) -> Option<Value> {
        let seat = viewer.and_then(|id| self.player(id)).map(|player| player.seat);
        Some(self.module()?.view(self.state.as_ref()?, seat))
    }

    /// The result as a reporter is told it: `open` and 0 while reports come in, `disputed` and 0, then the version.
    #[must_use]
    pub fn result_line(&self) -> Option<(&'static str, i32)> {
        match (&self.result, self.status) {
            (Some(result), _) => Some((result.status.as_str(), result.version)),
            (None, Status::Disputed) => Some(("disputed", 0)),
            (None, Status::InProgress | Status::Finished) if !self.reports.is_empty() => Some(("open", 0)),
            (None, Status::Voided) => Some(("voided", 0)),
            _ => None,
        }
    }

    /// Everything `viewer` may see, without names and secrets.
    #[must_use]
    pub fn snapshot(&self, viewer: Option<PlayerId>) -> GameSnapshot {
        GameSnapshot {
            id: self.id,
            mode: self.mode.clone(),
            status: self.status,
            rated: self.rated,
            players: self
                .players
                .iter()
                .map(|player| PlayerSnapshot {
                    player_id: player.player_id,
                    team: player.team,
                    seat: player.seat,
                    status: player.status,
                    score: player.score,
                    outcome: player.outcome,
                    claim_at: player.gone.map(|gone| gone.claim_at),
                })
                .collect(),
            sequence: self.sequence,
            turn: self.turn,
            state: self.view(viewer),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            deadline_at: self.due_at,
            result: self.result.clone(),
            ended: self.ended.clone(),
            origin: self.origin.kind,
            rematch: self.rematch,
            rating_lines: self.rating_lines.clone(),
        }
    }
}
