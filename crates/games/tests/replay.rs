//! Logs as they are downloaded: what holds, and what is refused, with the place.

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{
    Clock, FakeClock, GameId, GameSpec, IdSource, PlayerId, Refusal, Riders, RosterSeat, SeededIds, SessionSecret,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{Catalogue, Games, GamesPorts, LogLine, Replayed, ScoreReport, VerifyError, verify};

struct World {
    clock: Arc<FakeClock>,
    ids: Arc<SeededIds>,
    games: Games,
    game: GameId,
    players: [PlayerId; 2],
}

impl World {
    /// A started game of two.
    async fn started(mode: &str) -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(4)));
        let kernel = MemoryKernel::new(clock.clone(), ids.clone());
        let store = MemoryGameStore::new(kernel.clone());
        let modes = Catalogue::shipped().expect("valid");
        let games = Games::new(GamesPorts::in_memory(&store, modes, clock.clone(), ids.clone()));
        let now = clock.now();
        let players = [PlayerId::new(ids.uuid(now)), PlayerId::new(ids.uuid(now))];
        let seat = |(player_id, n)| RosterSeat { player_id, team: n, seat: n, secret: SessionSecret(ids.secret()) };
        let spec = GameSpec {
            id: GameId::new(ids.uuid(now)),
            mode: mode.to_owned(),
            rated: true,
            seed: i64::MAX,
            roster: players.into_iter().zip(0..).map(seat).collect(),
            ready_due_at: now.plus_millis(20_000),
            ready: false,
            created_at: now,
        };
        let game = spec.id;
        kernel.commit(Riders { open_games: vec![spec], ..Riders::default() }, || Ok(())).expect("opens");
        for player in players {
            games.ready(player, game, None).await.expect("ready");
        }
        Self { clock, ids, games, game, players }
    }

    async fn plays(&self, moves: &[(usize, Value)]) {
        for (seat, mv) in moves {
            self.clock.advance_millis(700);
            let sequence = self.games.get(self.players[0], self.game).await.expect("plays").sequence;
            self.games.play(self.players[*seat], self.game, mv, sequence, None).await.expect("legal");
        }
    }

    async fn log(&self) -> Vec<LogLine> {
        let stranger = PlayerId::new(self.ids.uuid(self.clock.now()));
        self.games.replay(stranger, self.game, 0).await.expect("it is over")
    }
}

/// One log each: played by turns, with sealed throws, left, and reported with a payload.
async fn logs() -> Vec<Vec<LogLine>> {
    let mut logs = Vec::new();
    let board = World::started("tic_tac_toe").await;
    board.plays(&[(0, 4), (1, 0), (0, 1), (1, 2), (0, 7)].map(|(seat, cell)| (seat, json!({ "cell": cell })))).await;
    logs.push(board.log().await);
    let throws = World::started("rock_paper_scissors").await;
    let made = [(1, "rock"), (0, "rock"), (0, "paper"), (1, "rock"), (1, "paper"), (0, "scissors")];
    throws.plays(&made.map(|(seat, throw)| (seat, json!({ "throw": throw })))).await;
    logs.push(throws.log().await);
    let left = World::started("connect_four").await;
    left.plays(&[(0, json!({ "column": 3 }))]).await;
    left.games.abandon(left.players[0], left.game, None).await.expect("leaves");
    logs.push(left.log().await);
    let duel = World::started("duel").await;
    let game = duel.games.get(duel.players[0], duel.game).await.expect("plays");
    for (n, player) in duel.players.into_iter().enumerate() {
        let report = ScoreReport {
            session_secret: game.player(player).expect("plays").secret.0.clone(),
            score: Some([12.0, 7.0][n]),
            duration_ms: Some(u64::MAX),
            payload: Some(json!({ "nick": "Ann", "x": 0.1 })),
            ..ScoreReport::default()
        };
        duel.games.report(player, duel.game, &report, None).await.expect("accepted");
    }
    logs.push(duel.log().await);
    logs
}

fn built() -> Vec<Vec<LogLine>> {
    tokio::runtime::Builder::new_current_thread().build().expect("builds").block_on(logs())
}

fn text(log: &[LogLine]) -> Vec<String> {
    log.iter().map(LogLine::to_json).collect()
}

/// What somebody does who knows how the chain is made: changes a line and makes all hashes from there anew.
fn forged(mut log: Vec<LogLine>, n: usize, change: impl FnOnce(&mut LogLine)) -> Vec<String> {
    change(&mut log[n - 1]);
    let mut prev = "0".repeat(64);
    for (n, line) in (1..).zip(&mut log) {
        (line.n, line.prev) = (n, prev);
        line.hash = line.sealed();
        prev = line.hash.clone();
    }
    text(&log)
}

const STORY: &str = "the game was finished and its result settled";

#[test]
fn what_was_played_holds_and_says_what_was_checked() {
    let replayed =
        |rules: &str, moves, decided| Some(Replayed { rules: rules.to_owned(), rules_version: 1, moves, decided });
    let expected = [
        replayed("tic_tac_toe", 5, true),
        replayed("rock_paper_scissors", 6, true),
        replayed("connect_four", 1, false),
        None,
    ];
    for (log, expected) in built().iter().zip(expected) {
        let verified = verify(text(log)).expect("holds");
        assert_eq!((verified.lines, verified.ended.as_str()), (log.last().expect("lines").n, "finished"));
        assert_eq!((verified.result.as_deref(), verified.story()), (Some("settled"), String::from(STORY)));
        assert_eq!(verified.replayed, expected);
        // Other programs put spaces in; they mean nothing.
        let spaced = text(log).into_iter().map(|line| line.replace("\":", "\": ").replace(",\"", ", \""));
        assert!(verify(spaced).is_ok());
    }
}

#[test]
fn a_log_names_nobody_and_tells_no_secret() {
    let logs = built();
    for log in &logs {
        let text = text(log).join("\n");
        assert!(!text.contains("session_secret") && !text.contains("Ann"), "{text}");
    }
    let reported: Vec<_> = logs[3].iter().filter(|line| line.kind == "reported").collect();
    assert_eq!(reported.len(), 2);
    assert_eq!(reported[0].data["payload_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(reported[0].data["duration_ms"], json!(u64::MAX.to_string()), "more than a double can hold");
    let sealed: Vec<_> = logs[1].iter().filter(|line| line.kind == "moved").map(|line| &line.data["move"]).collect();
    assert_eq!(sealed[0], &json!({ "throw": "rock" }), "what was sealed is told once it is over");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_anywhere_is_refused_with_its_line(
        which in 0..4_usize, at in any::<prop::sample::Index>(), mask in 1..=255_u8,
    ) {
        let lines = text(&built()[which]);
        let line = at.index(lines.len());
        let mut bytes: Vec<_> = lines.into_iter().map(String::into_bytes).collect();
        for byte in 0..bytes[line].len() {
            bytes[line][byte] ^= mask;
            let refused = verify(&bytes).expect_err("a changed byte");
            prop_assert_eq!(refused.line, line + 1, "byte {} by {}: {}", byte, mask, refused);
            prop_assert!(!refused.why.is_empty());
            bytes[line][byte] ^= mask;
        }
    }

    #[test]
    fn whatever_is_in_a_file_is_refused_not_a_crash(lines in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
        prop_assert!(verify(&lines).is_err());
    }
}

#[test]
fn lines_that_are_missing_moved_or_added_are_refused() {
    let lines = text(&built()[0]);
    let refused = |lines: &[String]| verify(lines).map(drop).expect_err("refused");
    assert_eq!(refused(&[]).line, 1);
    for end in 1..lines.len() - 2 {
        let short = refused(&lines[..end]);
        assert_eq!((short.line, short.why.as_str()), (end + 1, "the log stops before the end of the game"));
    }
    let unsettled = refused(&lines[..lines.len() - 1]);
    assert_eq!(unsettled.why, "the rules decided this game, but its result is missing");
    assert_eq!((refused(&lines[1..]).line, refused(&lines[1..]).place.as_str()), (1, "/n"));
    let mut twice = lines.clone();
    twice.insert(3, lines[2].clone());
    assert_eq!(refused(&twice).line, 4);
    let mut swapped = lines.clone();
    swapped.swap(4, 5);
    assert_eq!(refused(&swapped).line, 5);
    let blank = [lines.clone(), vec![String::new()]].concat();
    assert_eq!(refused(&blank).line, lines.len() + 1);
    let windows: Vec<_> = lines.iter().map(|line| format!("{line}\r")).collect();
    assert_eq!(refused(&windows).to_string(), "line 1: says the same in other characters: it was written anew");
}

#[test]
fn a_story_the_rules_do_not_allow_is_refused_even_with_a_whole_chain() {
    let logs = built();
    let place = |lines: Vec<String>| {
        let VerifyError { line, place, .. } = verify(lines).expect_err("forged");
        (line, place)
    };
    let board = || logs[0].clone();
    assert_eq!(board()[3].kind, "started");
    assert_eq!((board()[4].kind.as_str(), board()[10].kind.as_str()), ("moved", "settled"));
    let at = |line, place: &str| (line, place.to_owned());
    assert_eq!(place(forged(board(), 6, |line| line.data["move"] = json!({ "cell": 4 }))), at(6, "/data/move"));
    assert_eq!(place(forged(board(), 6, |line| line.data["seat"] = json!(0))), at(6, "/data/seat"));
    assert_eq!(place(forged(board(), 6, |line| line.data["seat"] = json!(2))), at(6, "/data/seat"));
    assert_eq!(place(forged(board(), 6, |line| line.data["sequence"] = json!(7))), at(6, "/data/sequence"));
    // Another last move: then there is no winner, but a result that says so.
    assert_eq!(place(forged(board(), 9, |line| line.data["move"] = json!({ "cell": 8 }))), at(11, "/data/reason"));
    let winner = |line: &mut LogLine| line.data["standings"][1]["outcome"] = json!("win");
    assert_eq!(place(forged(board(), 11, winner)), at(11, "/data/standings"));
    assert_eq!(place(forged(board(), 11, |line| line.data["reason"] = json!("abandoned"))), at(11, "/data/reason"));
    assert_eq!(place(forged(board(), 4, |line| line.data["rules_version"] = json!(9))), at(4, "/data/rules"));
    assert_eq!(place(forged(board(), 4, |line| line.data["options"] = json!({ "x": 1 }))), at(4, "/data/options"));
    assert_eq!(place(forged(board(), 4, |line| line.data["seed"] = json!("many"))), at(4, "/data/seed"));
    assert_eq!(place(forged(board(), 5, |line| line.kind = String::from("started"))), at(5, "/type"));
    assert_eq!(place(forged(board(), 4, |line| line.kind = String::from("ready"))), at(5, "/type"));
    assert_eq!(place(forged(board(), 6, |line| line.kind = String::from("finished"))), at(7, "/type"));
}

#[tokio::test]
async fn a_replay_is_there_once_the_game_is_over_and_comes_in_pages() {
    let w = World::started("tic_tac_toe").await;
    let stranger = PlayerId::new(w.ids.uuid(w.clock.now()));
    let early = w.games.replay(w.players[0], w.game, 0).await.expect_err("running");
    assert_eq!((early.code(), early.extensions()), ("games.not_finished", vec![("state", json!("in_progress"))]));
    assert_eq!(w.games.replay(stranger, w.game, 0).await.expect_err("hidden").code(), "games.not_found");
    w.games.abandon(w.players[1], w.game, None).await.expect("leaves");
    let log = w.log().await;
    assert_eq!(w.games.replay(w.players[0], w.game, 0).await.expect("over"), log);
    assert_eq!(w.games.replay(stranger, w.game, 3).await.expect("over"), log[3..]);
    assert_eq!(w.games.replay(stranger, w.game, log.last().expect("lines").n).await.expect("over"), []);
}
