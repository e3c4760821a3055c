//! What board copies do when Redis stalls, dies, evicts or forgets. Each test has a server of its own.
#![cfg(feature = "redis")]

use std::time::{Duration, Instant};

use kernel::contract::Pace;
use kernel::{IdSource as _, PlayerId, SeededIds, Timestamp};
use shallweplay_cache::redis::{RedisBoards, RedisClient};
use standings::{BoardCopies, BoardKey, BoardSpan, Metric};
use testkit::redis::{Reply, ScratchRedis};

const PACE: Pace = Pace::new(|| Box::pin(tokio::time::sleep(Duration::from_millis(3))));
const FAMILY: &str = "duel";

fn board() -> BoardKey {
    BoardKey { mode: "duel".to_owned(), season: "2026-11".to_owned(), metric: Metric::Rating }
}

fn players(count: usize) -> Vec<PlayerId> {
    let ids = SeededIds::new(7);
    (0..count).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect()
}

fn boards(redis: &ScratchRedis) -> RedisBoards {
    RedisBoards::new(RedisClient::connect(&redis.url(), redis.prefix()).expect("the address is well-formed"))
}

/// Loads the board until that goes through: the usual time limits apply, on a busy machine.
async fn load(boards: &RedisBoards, players: &[PlayerId], at: i64) {
    let lines: Vec<_> = players.iter().map(|player| (*player, 1.5, 1)).collect();
    PACE.until("the board is loaded", async || {
        boards.forget(FAMILY).await;
        boards.load(FAMILY, &board(), &lines).await && boards.loaded(FAMILY, &[board()], at).await
    })
    .await;
}

async fn shown(boards: &RedisBoards) -> Option<usize> {
    boards.lines(FAMILY, &board(), BoardSpan::After(None), 20).await.map(|lines| lines.len())
}

/// Its copy is lost: worker and readers are told, and a load brings back what it loads and no more.
async fn lost_and_loaded_anew(boards: &RedisBoards, what: &str) {
    let players = players(5);
    PACE.until("Redis answers", async || boards.complete_to(FAMILY).await.is_none()).await;
    assert_eq!(shown(boards).await, None, "{what}");
    assert_eq!(boards.place(FAMILY, &board(), players[0]).await, None, "{what}");
    assert!(!boards.change(FAMILY, 5, 6, &[(board(), players[0], Some(2.0), 2)]).await, "{what}");
    assert_eq!(boards.complete_to(FAMILY).await, None, "{what}");
    load(boards, &players[..2], 7).await;
    PACE.until("the new lines show", async || shown(boards).await == Some(2)).await;
    PACE.until("its place is known", async || boards.complete_to(FAMILY).await == Some(7)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_redis_costs_one_wait_and_then_nothing() {
    let redis = ScratchRedis::start().await;
    let (boards, players) = (boards(&redis), players(5));
    load(&boards, &players, 5).await;
    redis.pause();
    let begun = Instant::now();
    for round in 0..2_000 {
        assert_eq!(shown(&boards).await, None);
        assert_eq!(boards.place(FAMILY, &board(), players[0]).await, None);
        assert_eq!(boards.complete_to(FAMILY).await, None);
        assert!(!boards.change(FAMILY, 5, 6, &[(board(), players[0], Some(9.0), 9)]).await);
        assert!(round > 0 || begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "8,000 calls took {:?}: some waited", begun.elapsed());
    redis.resume();
    // No change was ever sent: the first look opened the breaker.
    PACE.until("the copy is back", async || boards.complete_to(FAMILY).await == Some(5)).await;
    PACE.until("its lines show", async || shown(&boards).await == Some(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_one_of_its_keys_is_lost() {
    let redis = ScratchRedis::start().await;
    let (boards, players) = (boards(&redis), players(5));
    for kind in ["z=", "g=", "family", "epoch", "line", "games"] {
        load(&boards, &players, 5).await;
        let family = format!("{}:b:4:duel", redis.prefix());
        let name = "4:duel:2026-11:rating";
        let mut server = redis.connect();
        let done = match kind {
            "family" => server.command(&["DEL", &family]),
            "epoch" => server.command(&["DEL", &format!("{}:e:board-copies", redis.prefix())]),
            "line" => server.command(&["ZPOPMIN", &format!("{family}:z={name}")]),
            "games" => server.command(&["HSET", &format!("{family}:g={name}"), "somebody", "1"]),
            _ => server.command(&["DEL", &format!("{family}:{kind}{name}")]),
        };
        assert!(matches!(done, Ok(Reply::Number(1) | Reply::List(_))), "{kind}: {done:?}");
        lost_and_loaded_anew(&boards, kind).await;
    }
    redis.connect().command(&["FLUSHALL"]).expect("the server is ours");
    lost_and_loaded_anew(&boards, "everything").await;
}

/// It may hold copies from any time, and its place alone doesn't say that: corrections change lines where they are.
#[tokio::test(flavor = "multi_thread")]
async fn another_redis_behind_the_same_address_is_not_trusted() {
    let mut redis = ScratchRedis::start().await;
    let (boards, players) = (boards(&redis), players(5));
    load(&boards, &players, 5).await;
    let epoch_key = format!("{}:e:board-copies", redis.prefix());
    let epoch = |redis: &ScratchRedis| redis.connect().command(&["GET", &epoch_key]).expect("the server is ours");
    let before = epoch(&redis);
    assert!(matches!(before, Reply::Text(_)));
    redis.kill();
    assert_eq!(shown(&boards).await, None);
    redis.restart();
    PACE.until("a new epoch stands", async || !matches!(epoch(&redis), Reply::Nil)).await;
    assert_ne!(epoch(&redis), before);
    lost_and_loaded_anew(&boards, "restarted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_changes_ends_and_the_family_first() {
    let redis = ScratchRedis::start().await;
    let (boards, players) = (boards(&redis), players(5));
    load(&boards, &players, 5).await;
    let mut server = redis.connect();
    let Ok(Reply::List(keys)) = server.command(&["KEYS", "*"]) else { panic!("the server is ours") };
    let names: Vec<_> = keys.iter().map(|key| if let Reply::Text(name) = key { name } else { "" }).collect();
    assert!(names.iter().all(|name| name.starts_with(&format!("{}:", redis.prefix()))), "{names:?}");
    let kept: Vec<_> = names.into_iter().filter(|name| name.contains(":b:")).collect();
    assert_eq!(kept.len(), 3, "the family, lines, games: {kept:?}");
    for key in &kept {
        server.command(&["PEXPIRE", key, "600000"]).expect("the server is ours");
    }
    let mut place = 5;
    PACE.until("a change goes through", async || {
        place = boards.complete_to(FAMILY).await.unwrap_or(place);
        boards.change(FAMILY, place, place + 1, &[]).await
    })
    .await;
    let ends = kept.iter().map(|key| match server.command(&["PTTL", key]) {
        Ok(Reply::Number(left)) => (left, *key),
        other => panic!("{key}: {other:?}"),
    });
    let mut ends: Vec<_> = ends.collect();
    ends.sort_unstable();
    assert!(!ends[0].1.contains(":rating"), "{ends:?}");
    assert!(ends[0].0 > 86_000_000 && ends[2].0 <= 86_460_000 && ends[1].0 > ends[0].0 + 50_000, "{ends:?}");
}
