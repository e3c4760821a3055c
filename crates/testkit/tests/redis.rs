//! Scratch Redis keeps what it promises.

use std::time::Duration;

use shallweplay_testkit::redis::{Connection, Reply, ScratchRedis};

#[tokio::test]
async fn a_shared_redis_is_cleaned_by_prefix() {
    let (one, other) = (ScratchRedis::shared().await, ScratchRedis::shared().await);
    assert_ne!(one.prefix(), other.prefix());
    let mut connection = other.connect();
    for scratch in [&one, &other] {
        let key = format!("{}key", scratch.prefix());
        connection.command(&["SET", &key, "value"]).expect("a key");
    }
    let (gone, kept) = (format!("{}key", one.prefix()), format!("{}key", other.prefix()));
    drop(one);
    assert_eq!(connection.command(&["GET", &gone]).expect("an answer"), Reply::Nil);
    assert_eq!(connection.command(&["GET", &kept]).expect("an answer"), Reply::Text("value".to_owned()));
}

#[tokio::test]
async fn a_private_redis_is_killed_and_restarted_empty() {
    let mut scratch = ScratchRedis::start().await;
    scratch.connect().command(&["SET", "key", "value"]).expect("a key");
    scratch.kill();
    Connection::open(scratch.address()).expect_err("nobody is there");
    scratch.restart();
    assert_eq!(scratch.connect().command(&["DBSIZE"]).expect("an answer"), Reply::Number(0));
}

#[tokio::test]
async fn a_private_redis_stalls_and_goes_on() {
    let scratch = ScratchRedis::start().await;
    let mut connection = scratch.connect();
    scratch.pause();
    connection.wait_for(Duration::from_millis(300)).expect("a time limit");
    // The kernel still takes the connection; nobody reads from it.
    connection.command(&["PING"]).expect_err("a paused server answers nothing");
    scratch.resume();
    let mut fresh = scratch.connect();
    assert_eq!(fresh.command(&["PING"]).expect("an answer"), Reply::Text("PONG".to_owned()));
}

#[tokio::test]
#[should_panic(expected = "this test shares its Redis")]
async fn the_shared_server_is_not_ours_to_stop() {
    ScratchRedis::shared().await.pause();
}
