//! Many players while replicas die and are replaced: nobody misses an event, no game is lost.

mod bus;
mod roamer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::roamer::Roamer;
use crate::world::{PATIENCE, World, until};

/// Everybody has so long to get through, whatever the machine does beside.
const ALL: Duration = Duration::from_secs(90);
/// A lost player is back in the same game after this time at most.
const BACK: Duration = Duration::from_secs(5);

/// What a player has left to do.
#[derive(Debug, Default)]
struct Round {
    joined: bool,
    game: Option<String>,
    seat: Option<u64>,
    turn: Option<u64>,
    sequence: i64,
    cells: Vec<Value>,
    settled: Option<Value>,
    /// What was asked for over this connection already.
    asked: Option<(&'static str, i64)>,
}

impl Round {
    fn take(&mut self, event: &Value) {
        let data = &event["data"];
        match event["type"].as_str().unwrap_or_default() {
            "match.found" => self.game = data["game"]["id"].as_str().map(str::to_owned),
            "game.started" => {
                let own = data["game"]["players"].as_array().into_iter().flatten();
                let player = event["own"].as_str().unwrap_or_default();
                self.seat = own.filter(|seat| seat["player"]["id"] == player).find_map(|seat| seat["seat"].as_u64());
                self.see(&data["game"]);
            }
            "game.moved" => self.see(data),
            "game.settled" => self.settled = Some(data["result"].clone()),
            _ => {}
        }
    }

    /// A position, unless a later one is known.
    fn see(&mut self, at: &Value) {
        let sequence = at["sequence"].as_i64().unwrap_or_default();
        if sequence >= self.sequence {
            self.sequence = sequence;
            self.turn = at["turn"].as_u64();
            self.cells = at["state"]["cells"].as_array().cloned().unwrap_or_default();
        }
    }

    /// What to ask for now.
    fn due(&self) -> Option<((&'static str, i64), Value)> {
        let wanted = match (&self.game, self.seat) {
            (None, _) if !self.joined => (("matchmaking.join", 0), json!({ "mode": "tic_tac_toe" })),
            (Some(game), None) => (("game.ready", 0), json!({ "game_id": game })),
            (Some(game), Some(seat)) if self.turn == Some(seat) && self.settled.is_none() => {
                let cell = self.cells.iter().position(Value::is_null)?;
                let data = json!({ "game_id": game, "move": { "cell": cell }, "expected_sequence": self.sequence });
                (("game.move", self.sequence), data)
            }
            _ => return None,
        };
        (self.asked != Some(wanted.0)).then_some(wanted)
    }
}

/// Finds an opponent and plays a game to its end, thinking for a moment before each move.
async fn play(mut roamer: Roamer, moves: Arc<AtomicUsize>, thinks: Duration) -> (Roamer, Round) {
    let (mut round, mut repeated) = (Round::default(), false);
    while round.settled.is_none() {
        while let Some((kind, data)) = round.due() {
            if kind.0 == "game.move" {
                tokio::time::sleep(thinks).await;
            }
            round.asked = Some(kind);
            let Some(reply) = roamer.ask(kind.0, data).await else { break };
            if reply["error"]["status"] == 503 {
                // Too many at once for an unoptimised build: as it says, try again shortly.
                round.asked = None;
                repeated = true;
                let jitter = u64::try_from(roamer.player.id.len() * usize::from(roamer.player.id.as_bytes()[35]) % 500);
                tokio::time::sleep(Duration::from_millis(500 + jitter.unwrap_or_default())).await;
                continue;
            }
            // What went through before its connection, or its answer, was lost is refused when it is repeated.
            assert!(reply["ok"] == true || repeated || !roamer.absences.is_empty(), "{kind:?}: {reply}");
            round.joined |= kind.0 == "matchmaking.join";
            if kind.0 == "game.move" && reply["ok"] == true {
                moves.fetch_add(1, Ordering::Relaxed);
            }
        }
        match roamer.next(ALL).await {
            Some(mut event) => {
                event["own"] = json!(roamer.player.id);
                round.take(&event);
            }
            None => {
                roamer.come_back().await;
                round.asked = None;
            }
        }
    }
    (roamer, round)
}

/// Players and their connections, the one half here, the other there.
async fn crowd(world: &World, count: usize) -> Vec<Roamer> {
    let replicas = [world.authority(0), world.authority(1)];
    let mut roamers = Vec::with_capacity(count);
    for nth in 0..count {
        let player = world.guest().await;
        let order = if nth % 2 == 0 { replicas.to_vec() } else { replicas.iter().rev().cloned().collect() };
        roamers.push(Roamer::connect(player, order).await);
    }
    roamers
}

fn assert_whole(roamer: &Roamer) {
    assert!(roamer.faults.is_empty(), "{}: {:#?}", roamer.player.id, roamer.faults);
    let longest = roamer.absences.iter().max().copied().unwrap_or_default();
    assert!(longest <= BACK, "{} was away for {longest:?}", roamer.player.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_while_200_pairs_play_costs_no_game_and_no_event() {
    let world = World::two_replicas(&[]).await;
    let roamers = crowd(&world, 400).await;
    let moves = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut games = JoinSet::new();
    for roamer in roamers {
        games.spawn(play(roamer, Arc::clone(&moves), Duration::from_millis(100)));
    }
    until("games are in full swing", ALL, || async { moves.load(Ordering::Relaxed) >= 400 }).await;
    let before = moves.load(Ordering::Relaxed);
    world.replicas[0].kill9();
    let mut absences = Vec::new();
    let mut outcomes = [0; 2];
    let mut events = 0;
    while let Some(done) = tokio::time::timeout(ALL, games.join_next()).await.expect("every game ends") {
        let (roamer, round) = done.expect("no fault");
        assert_whole(&roamer);
        let result = round.settled.expect("it ended");
        let lines = result["standings"].as_array().into_iter().flatten();
        let own = lines.clone().find(|line| line["player_id"] == roamer.player.id.as_str()).expect("has a line");
        outcomes[usize::from(own["outcome"] == "win")] += 1;
        absences.extend(roamer.absences);
        events += roamer.events;
    }
    absences.sort_unstable();
    assert_eq!(outcomes, [200, 200], "each game has a winner");
    assert!(absences.len() >= 150, "the killed one's players came back: {}", absences.len());
    println!(
        "killed after {before} moves of {}; {} came back, in {:?} at the middle and {:?} at most; {events} events; {:?}",
        moves.load(Ordering::Relaxed),
        absences.len(),
        absences[absences.len() / 2],
        absences[absences.len() - 1],
        begun.elapsed(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_1000_sockets_loses_nothing() {
    let mut world = World::two_replicas(&[]).await;
    let mut idle = crowd(&world, 900).await;
    let mut waiting = idle.pop().expect("is there");
    let ticket = waiting.ask("matchmaking.join", json!({ "mode": "connect_four" })).await.expect("is answered");
    let ticket = ticket["data"]["ticket"]["id"].as_str().expect("has an id").to_owned();
    let moves = Arc::new(AtomicUsize::new(0));
    let mut games = JoinSet::new();
    for roamer in crowd(&world, 100).await {
        games.spawn(play(roamer, Arc::clone(&moves), Duration::from_millis(1_500)));
    }
    let ring: Vec<_> = idle.iter().map(|roamer| roamer.player.clone()).collect();
    let replicas = [world.authority(0), world.authority(1)];
    let mut watching = JoinSet::new();
    for mut roamer in idle {
        watching.spawn(async move {
            loop {
                match roamer.next(ALL).await {
                    Some(event) if event["type"] == "friend.requested" => return roamer,
                    Some(_) => {}
                    None => roamer.come_back().await,
                }
            }
        });
    }
    // While both are replaced, each is asked by the next for a friendship.
    let asking = tokio::spawn(async move {
        let mut failed = 0;
        for (nth, player) in ring.iter().enumerate() {
            let other = &ring[(nth + 1) % ring.len()];
            let body = json!({ "player_id": other.id });
            let begun = Instant::now();
            let mut at = nth;
            loop {
                match World::post(&replicas[at % 2], "/api/v1/friends/requests", &player.token, &body).await {
                    Ok(status) if status < 300 => break,
                    // Not there, or going away before it took the request: what a cluster's service hides.
                    Ok(503) | Err(_) => at += 1,
                    Ok(status) => panic!("answered {status}"),
                }
                failed += usize::from(begun.elapsed() > PATIENCE);
                assert!(begun.elapsed() < PATIENCE * 3, "no replica takes it");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        failed
    });
    let begun = Instant::now();
    for replica in 0..2 {
        world.restart(replica).await;
    }
    let took = begun.elapsed();
    assert_eq!(asking.await.expect("no fault"), 0);
    let mut absences = Vec::new();
    while let Some(done) = tokio::time::timeout(ALL, watching.join_next()).await.expect("everybody is told") {
        let roamer = done.expect("no fault");
        assert_whole(&roamer);
        assert_eq!(roamer.events, 1, "asked once, told once");
        absences.extend(roamer.absences);
    }
    while let Some(done) = tokio::time::timeout(ALL, games.join_next()).await.expect("every game ends") {
        let (roamer, _) = done.expect("no fault");
        assert_whole(&roamer);
    }
    // The ticket still waits, and finds somebody.
    let mut other = Roamer::connect(world.guest().await, vec![world.authority(1)]).await;
    other.ask("matchmaking.join", json!({ "mode": "connect_four" })).await.expect("is answered");
    loop {
        match waiting.next(ALL).await {
            Some(event) if event["type"] == "match.found" => {
                assert_eq!(event["data"]["ticket_id"], ticket.as_str());
                break;
            }
            Some(_) => {}
            None => waiting.come_back().await,
        }
    }
    assert_whole(&waiting);
    absences.sort_unstable();
    println!(
        "both replaced in {took:?}; {} comings back, {:?} at the middle and {:?} at most; {} moves",
        absences.len(),
        absences[absences.len() / 2],
        absences[absences.len() - 1],
        moves.load(Ordering::Relaxed),
    );
}
