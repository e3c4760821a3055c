//! What happens next: by dice, but mostly something that makes sense in the games as they stand.

use std::collections::BTreeMap;

use games::{
    Claim, CreateGame, Game, GamePlayer, Invite, Outcome, PlayerStatus, Resolution, ScoreReport, Status, decide,
};
use kernel::{PlayerId, Timestamp};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::calls::Deed;
use crate::world::World;

/// One thing to do, beside others.
#[derive(Debug)]
pub(crate) enum Task {
    /// A command; with a twin it is sent through both replicas at once.
    Call { by: PlayerId, deed: Deed, twin: bool },
    /// A player's last socket goes.
    Gone { player: PlayerId, with_replica: bool },
    /// And a new one comes.
    Back(PlayerId),
    /// Deadlines are carried out.
    Sweep,
    /// Absent players are looked for.
    MarkUnseen,
    /// Events are handed on; the replica may die over it.
    Relay { dies: bool },
    /// Standings take effect of the ledger.
    Work { stale: bool },
    /// The replica is killed and another takes its place.
    Restart,
}

/// What there is to choose from.
pub(crate) struct Plan<'a> {
    pub(crate) world: &'a World,
    pub(crate) players: &'a [PlayerId],
    pub(crate) operator: PlayerId,
    /// All of them.
    pub(crate) games: &'a [Game],
    pub(crate) now: Timestamp,
    pub(crate) dice: &'a mut ChaCha8Rng,
}

const MATCHED: [(&str, usize); 7] = [
    ("duel", 2),
    ("duel", 2),
    ("tic_tac_toe", 2),
    ("rock_paper_scissors", 2),
    ("rock_paper_scissors", 2),
    ("squads", 4),
    ("free_for_all", 4),
];

impl Plan<'_> {
    fn once_in(&mut self, times: u32) -> bool {
        self.dice.random_ratio(1, times)
    }

    fn one_of<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        if of.is_empty() { None } else { of.get(self.dice.random_range(0..of.len())) }
    }

    fn player(&mut self) -> PlayerId {
        *self.one_of(self.players).expect("there are players")
    }

    pub(crate) fn next(&mut self) -> Task {
        match self.dice.random_range(0..100) {
            0..8 => Task::Sweep,
            8..10 => Task::MarkUnseen,
            10..18 => Task::Relay { dies: self.once_in(3) },
            18..28 => Task::Work { stale: self.once_in(4) },
            28..30 => Task::Restart,
            30..33 => Task::Gone { player: self.player(), with_replica: self.once_in(3) },
            33..35 => Task::Back(self.player()),
            35..42 => self.operator().unwrap_or(Task::Sweep),
            _ => self.call(),
        }
    }

    /// Somebody whom others wait for, if anybody is: else nothing would ever be played to its end.
    fn awaited(&mut self) -> Option<PlayerId> {
        let waits = |game: &Game, player: &GamePlayer| match game.status {
            Status::WaitingReady => player.status == PlayerStatus::Joined,
            Status::InProgress if game.rules.is_some() => game.turn.is_none_or(|turn| turn == player.seat),
            Status::InProgress => player.status == PlayerStatus::Playing,
            _ => false,
        };
        let live = self.games.iter().filter(|game| game.status.live());
        let awaited: Vec<_> = live
            .flat_map(|game| game.players.iter().filter(move |player| waits(game, player)))
            .map(|player| player.player_id)
            .collect();
        self.one_of(&awaited).copied()
    }

    fn call(&mut self) -> Task {
        let anybody = self.once_in(4);
        let by = Some(()).filter(|()| !anybody).and_then(|()| self.awaited()).unwrap_or_else(|| self.player());
        let live = self.games.iter().find(|game| game.holds(by));
        let deed = match live {
            Some(game) if !self.once_in(8) => self.in_game(game, by),
            Some(_) => self.after_game(by),
            None if self.once_in(3) => self.after_game(by),
            None => self.begin(by),
        };
        let twin = self.once_in(6);
        deed.map_or(Task::Sweep, |deed| Task::Call { by, deed, twin })
    }

    /// A player with nothing to do.
    fn begin(&mut self, by: PlayerId) -> Option<Deed> {
        let invited: Vec<_> = self.open_invites().filter(|invite| invite.to == Some(by)).cloned().collect();
        if let Some(invite) = self.one_of(&invited) {
            let id = invite.id;
            return Some(if self.once_in(6) { Deed::Decline(id) } else { Deed::Accept(id) });
        }
        let links: Vec<_> = self.open_invites().filter_map(|invite| invite.code.clone()).collect();
        if self.once_in(2)
            && let Some(code) = self.one_of(&links)
        {
            return Some(Deed::Redeem(code.clone()));
        }
        if self.once_in(3) {
            return Some(self.create(by));
        }
        let (mode, size) = MATCHED[self.dice.random_range(0..MATCHED.len())];
        let busy = |player: &PlayerId| self.games.iter().any(|game| game.holds(*player));
        let mut players = vec![by];
        players.extend(self.players.iter().filter(|player| **player != by && !busy(player)).take(size - 1));
        if players.len() < size {
            return Some(self.create(by));
        }
        Some(Deed::Match { mode, players, rated: !self.once_in(8) })
    }

    fn create(&mut self, by: PlayerId) -> Deed {
        let mode = ["score_attack", "duel", "tic_tac_toe", "free_for_all", "rock_paper_scissors"];
        let mode = mode[self.dice.random_range(0..mode.len())];
        if mode == "score_attack" {
            return Deed::Create(CreateGame { mode: mode.to_owned(), ..CreateGame::default() });
        }
        if matches!(mode, "tic_tac_toe" | "rock_paper_scissors") && self.once_in(3) {
            return Deed::Create(CreateGame { mode: mode.to_owned(), bot: true, ..CreateGame::default() });
        }
        let other = self.player();
        let invite: Vec<_> = Some(other).filter(|other| *other != by).into_iter().collect();
        let link = invite.is_empty() || self.once_in(2);
        Deed::Create(CreateGame { mode: mode.to_owned(), invite, link, bot: false })
    }

    fn open_invites(&self) -> impl Iterator<Item = &Invite> {
        self.games.iter().flat_map(|game| &game.invites).filter(|invite| invite.state.open())
    }

    fn in_game(&mut self, game: &Game, by: PlayerId) -> Option<Deed> {
        let id = game.id;
        if self.once_in(25) {
            return Some(Deed::Abandon(id));
        }
        match game.status {
            Status::Created => Some(match self.dice.random_range(0..5) {
                0 => Deed::Invite { game: id, to: self.player() },
                1 => Deed::Link { game: id },
                2 => Deed::Ready(id),
                3 => match game.invites.iter().find(|invite| invite.state.open()) {
                    Some(invite) => Deed::Cancel(invite.id),
                    None => Deed::Abandon(id),
                },
                _ => Deed::Invite { game: id, to: self.player() },
            }),
            Status::WaitingReady => Some(Deed::Ready(id)),
            Status::InProgress => {
                if game.players.iter().any(|player| player.gone.is_some()) && self.once_in(2) {
                    let claim = if self.once_in(2) { Claim::Win } else { Claim::Draw };
                    return Some(Deed::Claim { game: id, claim });
                }
                if game.rules.is_some() { self.play(game, by) } else { Some(self.report(game, by)) }
            }
            _ => None,
        }
    }

    /// Mostly a legal move.
    fn play(&mut self, game: &Game, by: PlayerId) -> Option<Deed> {
        let mode = self.world.modes.get(&game.mode)?;
        let mut played = Value::Null;
        for _ in 0..12 {
            played = match &*game.mode {
                "tic_tac_toe" => json!({ "cell": self.dice.random_range(0..9) }),
                _ => {
                    let throw = ["rock", "paper", "scissors"][self.dice.random_range(0..3)];
                    json!({ "throw": throw })
                }
            };
            if decide::play(game, mode, by, &played, game.sequence, self.now).is_ok() {
                break;
            }
        }
        let seen = if self.once_in(12) { game.sequence - 1 } else { game.sequence };
        Some(Deed::Play { game: game.id, mv: played, seen })
    }

    /// What everybody in the game could know: agreeing, unless somebody lies.
    fn report(&mut self, game: &Game, by: PlayerId) -> Deed {
        let truth = |player: PlayerId| (player.uuid().as_u128() ^ game.id.uuid().as_u128()) % 700;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let truth = |player: PlayerId| truth(player) as f64 + 100.0;
        let secret = game.player(by).map(|player| player.secret.0.clone()).unwrap_or_default();
        let mut report = ScoreReport { session_secret: secret, score: Some(truth(by)), ..ScoreReport::default() };
        if !self.once_in(3) {
            report.scores = game.players.iter().map(|player| (player.player_id, truth(player.player_id))).collect();
        }
        match self.dice.random_range(0..10) {
            // Somebody else had less, or more.
            0..2 => {
                for (player, score) in &mut report.scores {
                    *score += if *player == by { 0.0 } else { 50.0 };
                }
            }
            // So close to the most that it is held.
            2 => {
                let played = game.started_at.map_or(0, |at| self.now.since(at).as_millis());
                let most = u32::try_from((played * 10).clamp(10_000, 1_000_000)).unwrap_or(10_000);
                report.score = Some((f64::from(most) * 0.97).floor());
                report.scores = BTreeMap::new();
            }
            3 => report.outcome = Some(Outcome::Win),
            4 if self.once_in(3) => report.score = Some(2_000_000.0),
            _ => {}
        }
        Deed::Report { game: game.id, report }
    }

    /// About a game that is over.
    fn after_game(&mut self, by: PlayerId) -> Option<Deed> {
        let over = |game: &&Game| game.finished_at.is_some() && game.player(by).is_some();
        let over: Vec<_> = self.games.iter().filter(over).collect();
        let disputed = |game: &&&Game| {
            matches!(game.status, Status::Disputed | Status::Finished)
                || (game.rules.is_none() && game.result.is_some())
        };
        let disputed: Vec<_> = over.iter().filter(disputed).map(|game| game.id).collect();
        if self.once_in(2)
            && let Some(game) = self.one_of(&disputed)
        {
            return Some(Deed::Dispute(*game));
        }
        let ids: Vec<_> = over.iter().rev().take(3).map(|game| game.id).collect();
        self.one_of(&ids).map(|game| Deed::Rematch(*game))
    }

    fn operator(&mut self) -> Option<Task> {
        let waits: Vec<_> =
            self.games.iter().filter(|game| game.needs_review || game.status == Status::Disputed).collect();
        let over: Vec<_> = self.games.iter().filter(|game| game.result.is_some()).collect();
        let resolves = self.once_in(2) && !waits.is_empty();
        let game = *self.one_of(if resolves { &waits } else { &over })?;
        let id = game.id;
        let scores = || -> BTreeMap<PlayerId, f64> {
            let stayed = game.players.iter().filter(|player| {
                !matches!(player.status, PlayerStatus::Abandoned | PlayerStatus::NoShow | PlayerStatus::Invited)
            });
            stayed.map(|player| player.player_id).zip((0..).map(|_| 0.0)).collect()
        };
        let mut scores = scores();
        for score in scores.values_mut() {
            *score = f64::from(self.dice.random_range(0..1_000_u32));
        }
        let deed = match (resolves, self.once_in(3)) {
            (true, true) => Deed::Resolve { game: id, resolution: Resolution::Void },
            (true, false) => Deed::Resolve { game: id, resolution: Resolution::Settle { scores } },
            (false, true) => Deed::Void(id),
            (false, false) => Deed::Amend { game: id, scores },
        };
        Some(Task::Call { by: self.operator, deed, twin: self.once_in(6) })
    }
}
