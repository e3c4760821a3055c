//! Scratch databases and private PostgreSQL servers keep what they promise.

use std::time::Duration;

use shallweplay_testkit::postgres::{PrivatePostgres, ScratchDatabase};
use tokio::time::timeout;

#[tokio::test]
async fn scratch_databases_are_fresh_and_apart() {
    let (one, other) = tokio::join!(ScratchDatabase::create(), ScratchDatabase::create());
    assert_ne!(one.url(), other.url());
    one.connect().await.batch_execute("CREATE TABLE here (n int)").await.expect("a table");
    other.connect().await.batch_execute("CREATE TABLE here (n int)").await.expect("not there yet");
}

#[tokio::test]
async fn a_dropped_database_is_gone() {
    let witness = ScratchDatabase::create().await;
    let scratch = ScratchDatabase::create().await;
    let name = scratch.address().name.clone();
    // A connection that is still open must not hold it back.
    let _open = scratch.connect().await;
    drop(scratch);
    let rows = witness
        .connect()
        .await
        .query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await
        .expect("the catalogue answers");
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_private_server_stalls_and_goes_on() {
    let server = PrivatePostgres::start().await;
    let client = server.connect().await;
    server.pause();
    let mut asking = Box::pin(client.query_one("SELECT 1", &[]));
    timeout(Duration::from_millis(300), &mut asking).await.expect_err("a paused server answers nothing");
    server.resume();
    timeout(Duration::from_secs(10), asking).await.expect("it goes on").expect("and answers");
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_was_committed() {
    let mut server = PrivatePostgres::start().await;
    let before = server.url();
    let client = server.connect().await;
    client.batch_execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)").await.expect("a commit");
    server.kill();
    client.query_one("SELECT 1", &[]).await.expect_err("nobody is there");
    server.restart();
    assert_eq!(server.url(), before);
    let row = server.connect().await.query_one("SELECT n FROM kept", &[]).await.expect("the row");
    assert_eq!(row.get::<_, i32>(0), 1);
}
