//! What clients and operators ask for.

use std::collections::BTreeMap;

use games::{Claim, CreateGame, Error, Resolution, ScoreReport};
use kernel::{Engage, Engagement, GameId, GameSpec, InviteId, PlayerId, Receipt, Riders, RosterSeat, SessionSecret};
use serde_json::{Value, json};

use crate::replica::Replica;
use crate::world::World;

/// One command with its key.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Unique in the story.
    pub(crate) key: String,
    pub(crate) by: PlayerId,
    pub(crate) deed: Deed,
}

#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// What matchmaking does: takes idle players into a game.
    Match {
        mode: &'static str,
        players: Vec<PlayerId>,
        rated: bool,
    },
    Create(CreateGame),
    Invite {
        game: GameId,
        to: PlayerId,
    },
    Link {
        game: GameId,
    },
    Accept(InviteId),
    Decline(InviteId),
    Cancel(InviteId),
    Redeem(String),
    Ready(GameId),
    Play {
        game: GameId,
        mv: Value,
        seen: i64,
    },
    Report {
        game: GameId,
        report: ScoreReport,
    },
    Dispute(GameId),
    Abandon(GameId),
    Claim {
        game: GameId,
        claim: Claim,
    },
    Rematch(GameId),
    Void(GameId),
    Amend {
        game: GameId,
        scores: BTreeMap<PlayerId, f64>,
    },
    Resolve {
        game: GameId,
        resolution: Resolution,
    },
}

impl Deed {
    /// Its word, for the figures.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Match { .. } => "match",
            Self::Create(_) => "create",
            Self::Invite { .. } => "invite",
            Self::Link { .. } => "link",
            Self::Accept(_) => "accept",
            Self::Decline(_) => "decline",
            Self::Cancel(_) => "cancel",
            Self::Redeem(_) => "redeem",
            Self::Ready(_) => "ready",
            Self::Play { .. } => "play",
            Self::Report { .. } => "report",
            Self::Dispute(_) => "dispute",
            Self::Abandon(_) => "abandon",
            Self::Claim { .. } => "claim",
            Self::Rematch(_) => "rematch",
            Self::Void(_) => "void",
            Self::Amend { .. } => "amend",
            Self::Resolve { .. } => "resolve",
        }
    }
}

impl Call {
    /// What a statement of this command says: so that it can be told whose it is.
    pub(crate) fn words(&self) -> String {
        format!("because of {}", self.key)
    }

    /// Carries it out once.
    pub(crate) async fn run(&self, world: &World, replica: &Replica, receipt: Receipt) -> Result<(), Error> {
        let (games, by, receipt) = (&replica.games, self.by, Some(receipt));
        match &self.deed {
            Deed::Match { mode, players, rated } => {
                return open(world, replica, mode, players, *rated, receipt).await;
            }
            Deed::Create(wanted) => games.create(by, wanted.clone(), receipt).await.map(drop),
            Deed::Invite { game, to } => games.invite_player(by, *game, *to, receipt).await.map(drop),
            Deed::Link { game } => games.invite_link(by, *game, receipt).await.map(drop),
            Deed::Accept(invite) => games.accept(by, *invite, receipt).await.map(drop),
            Deed::Decline(invite) => games.decline(by, *invite, Some("busy"), receipt).await.map(drop),
            Deed::Cancel(invite) => games.cancel(by, *invite, receipt).await.map(drop),
            Deed::Redeem(code) => games.redeem(by, code, receipt).await.map(drop),
            Deed::Ready(game) => games.ready(by, *game, receipt).await.map(drop),
            Deed::Play { game, mv, seen } => games.play(by, *game, mv, *seen, receipt).await.map(drop),
            Deed::Report { game, report } => games.report(by, *game, report, receipt).await.map(drop),
            Deed::Dispute(game) => games.dispute(by, *game, &self.words(), None, receipt).await.map(drop),
            Deed::Abandon(game) => games.abandon(by, *game, receipt).await.map(drop),
            Deed::Claim { game, claim } => games.claim(by, *game, *claim, receipt).await.map(drop),
            Deed::Rematch(game) => games.rematch(by, *game, receipt).await.map(drop),
            Deed::Void(game) => games.void(by, *game, &self.words(), receipt).await.map(drop),
            Deed::Amend { game, scores } => games.amend(by, *game, &self.words(), scores, receipt).await.map(drop),
            Deed::Resolve { game, resolution } => {
                games.resolve(by, *game, resolution, &self.words(), receipt).await.map(drop)
            }
        }
    }
}

async fn open(
    world: &World,
    replica: &Replica,
    mode: &str,
    players: &[PlayerId],
    rated: bool,
    receipt: Option<Receipt>,
) -> Result<(), Error> {
    let now = kernel::Clock::now(&*world.clock);
    let spec = spec(world, mode, players, rated);
    let engage =
        |seat: &RosterSeat| Engage { player: seat.player_id, from: Engagement::Idle, to: Engagement::Game(spec.id) };
    let riders = Riders {
        receipt: receipt.map(|receipt| Receipt { at: now, ..receipt }.with_outcome(json!({ "game": spec.id }))),
        engage: spec.roster.iter().map(engage).collect(),
        open_games: vec![spec.clone()],
        ..Riders::default()
    };
    replica.commit.commit(riders).await.map_err(|error| match error {
        kernel::StoreError::Engaged { current, .. } => Error::Busy { you: false, doing: current },
        other => Error::Store(other),
    })
}

/// A matched game that starts now.
pub(crate) fn spec(world: &World, mode: &str, players: &[PlayerId], rated: bool) -> GameSpec {
    let (mode, now) = (world.modes.get(mode).expect("ships"), kernel::Clock::now(&*world.clock));
    let seat = |(player_id, n): (&PlayerId, u8)| RosterSeat {
        player_id: *player_id,
        team: n % mode.teams,
        seat: n,
        secret: SessionSecret(world.ids.secret()),
    };
    GameSpec {
        id: GameId::new(world.ids.uuid(now)),
        mode: mode.key.clone(),
        rated,
        seed: world.ids.seed(),
        roster: players.iter().zip(0..).map(seat).collect(),
        ready_due_at: now.plus_millis(mode.windows.ready_ms),
        ready: false,
        created_at: now,
    }
}
