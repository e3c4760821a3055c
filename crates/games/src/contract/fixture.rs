use std::any::Any;
use std::sync::Arc;

use kernel::{
    AuditLog, Commit, Connections, Engage, Engagement, Engagements, GameId, GameSpec, IdSource, InviteId, Outbox,
    OutboxRow, PlayerId, Receipts, Riders, RosterSeat, SessionSecret, StoreError, Timestamp,
};

use crate::catalogue::Catalogue;
use crate::change::Change;
use crate::decide::{self, Decided, Guest, InviteWindows, Offer, Opening, ScoreReport};
use crate::mode::Mode;
use crate::model::Game;
use crate::store::{AttendanceStore, CaseStore, GameStore, InviteStore, ModeStore};

/// One empty database.
pub struct GamesFixture {
    /// The store under test.
    pub store: Arc<dyn GameStore>,
    /// Published modes in the same database.
    pub modes: Arc<dyn ModeStore>,
    /// Looks up invitations to its games.
    pub invites: Arc<dyn InviteStore>,
    /// Knows who is there in its games.
    pub attendance: Arc<dyn AttendanceStore>,
    /// Lists its games for operators.
    pub cases: Arc<dyn CaseStore>,
    /// Who has a socket.
    pub connections: Arc<dyn Connections>,
    /// Commits riders to the same database, as another domain's change would: this opens games.
    pub commit: Arc<dyn Commit>,
    /// Reads engagements.
    pub engagements: Arc<dyn Engagements>,
    /// Reads receipts.
    pub receipts: Arc<dyn Receipts>,
    /// Reads what operators did.
    pub audit: Arc<dyn AuditLog>,
    /// Reads events.
    pub outbox: Arc<dyn Outbox>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// The cases bring their own time: midnight of 2026-01-01 UTC plus so many milliseconds.
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + millis)
}

pub(super) fn mode(key: &str) -> Mode {
    let shipped = Catalogue::shipped().expect("what ships is valid");
    shipped.get(key).cloned().expect("a shipped mode")
}

pub(super) fn report(game: &Game, player: PlayerId, score: u32) -> ScoreReport {
    let secret = &game.player(player).expect("plays").secret;
    ScoreReport { session_secret: secret.0.clone(), score: Some(f64::from(score)), ..ScoreReport::default() }
}

impl GamesFixture {
    pub(super) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(at(0)))
    }

    pub(super) fn spec(&self, mode: &str, players: &[PlayerId], opened: Timestamp) -> GameSpec {
        let seat = |(player_id, n): (&PlayerId, u8)| RosterSeat {
            player_id: *player_id,
            team: n,
            seat: n,
            secret: SessionSecret(self.ids.secret()),
        };
        GameSpec {
            id: GameId::new(self.ids.uuid(opened)),
            mode: mode.to_owned(),
            rated: true,
            seed: i64::MAX - 7,
            roster: players.iter().zip(0..).map(seat).collect(),
            ready_due_at: opened.plus_millis(20_000),
            ready: false,
            created_at: opened,
        }
    }

    pub(super) fn secret(&self) -> SessionSecret {
        SessionSecret(self.ids.secret())
    }

    pub(super) fn opening(&self, by: PlayerId, guests: &[Guest], now: Timestamp) -> Opening {
        let offer = |to: &Guest| Offer { id: InviteId::new(self.ids.uuid(now)), to: to.clone() };
        Opening {
            id: GameId::new(self.ids.uuid(now)),
            seed: 7,
            by,
            doing: Engagement::Idle,
            secret: self.secret(),
            offers: guests.iter().map(offer).collect(),
        }
    }

    /// A private game in the making.
    pub(super) fn making(&self, key: &str, by: PlayerId, guests: &[Guest], now: Timestamp) -> Change {
        decide::open(&mode(key), &self.opening(by, guests, now), InviteWindows::default(), now).expect("allowed")
    }

    /// What matchmaking does: takes the players and opens the game in one change.
    pub(super) async fn open(&self, spec: &GameSpec) -> Game {
        let to = Engagement::Game(spec.id);
        let engage = |seat: &RosterSeat| Engage { player: seat.player_id, from: Engagement::Idle, to };
        let riders = Riders {
            engage: spec.roster.iter().map(engage).collect(),
            open_games: vec![spec.clone()],
            ..Riders::default()
        };
        self.commit.commit(riders).await.expect("idle players can be taken into a game");
        self.load(spec.id).await
    }

    pub(super) async fn load(&self, id: GameId) -> Game {
        self.store.load(id).await.expect("readable").expect("opened")
    }

    /// Opens and starts a game of two.
    pub(super) async fn started(&self, key: &str, players: [PlayerId; 2], opened: Timestamp) -> Game {
        let (mode, mut game) = (mode(key), self.open(&self.spec(key, &players, opened)).await);
        for player in players {
            game = self.carry_out(decide::ready(&game, &mode, player, opened), opened).await;
        }
        game
    }

    /// Commits what was decided, and gives the game as it was committed, with the head of its log.
    pub(super) async fn carry_out(&self, decided: Decided, now: Timestamp) -> Game {
        let change = decided.expect("allowed").expect("changes something");
        self.write(&change, now).await.0
    }

    /// The game as a store is given it: with the log's new head.
    pub(super) fn written(&self, change: &Change, now: Timestamp) -> Game {
        change.clone().into_commit(&*self.ids, None, now).game
    }

    pub(super) async fn settle(&self, change: &Change, now: Timestamp) -> Option<i64> {
        self.write(change, now).await.1
    }

    /// The game as it was committed, its log's head included, and the ledger's sequence.
    pub(super) async fn write(&self, change: &Change, now: Timestamp) -> (Game, Option<i64>) {
        loop {
            let commit = change.clone().into_commit(&*self.ids, None, now);
            let game = commit.game.clone();
            match self.store.commit(commit).await {
                Ok(sequence) => return (game, sequence),
                Err(StoreError::Stale) => {
                    let stands = self.load(change.game.id).await.version;
                    assert_eq!(stands, change.expect, "somebody else changed this game");
                }
                Err(error) => panic!("the change is refused: {error:?}"),
            }
        }
    }

    /// Plays a whole duel that `players[0]` wins, over at `over`.
    pub(super) async fn won(&self, players: [PlayerId; 2], over: Timestamp) -> Game {
        let game = self.started("duel", players, over.plus_millis(-5_000)).await;
        self.finish(game, [900, 300], over).await
    }

    pub(super) async fn finish(&self, mut game: Game, scores: [u32; 2], over: Timestamp) -> Game {
        let mode = mode("duel");
        let players: Vec<_> = game.players.iter().map(|player| player.player_id).collect();
        for (player, score) in players.into_iter().zip(scores) {
            let given = report(&game, player, score);
            game = self.carry_out(decide::report(&game, &mode, player, &given, over), over).await;
        }
        game
    }

    pub(super) async fn engaged(&self, player: PlayerId) -> Engagement {
        let current = self.engagements.current(&[player]).await.expect("readable");
        current.first().copied().expect("one for each asked")
    }

    /// How many events no relay has handled; in a case that is every event there was.
    pub(super) async fn events_waiting(&self) -> i64 {
        self.outbox.lag().await.expect("readable").pending
    }

    /// Every event not handed out yet, in order.
    pub(super) async fn claim(&self) -> Vec<OutboxRow> {
        self.outbox.claim(1_000, std::time::Duration::from_secs(600)).await.expect("claimable")
    }
}
