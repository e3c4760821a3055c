//! Migrations run twice without harm, go all the way down and up again, and carry equal names for both databases.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use kernel::SeededIds;
use shallweplay_persistence::{postgres, sqlite};
use testkit::postgres::ScratchDatabase;
use testkit::sqlite::ScratchFile;

use crate::worlds;

fn names(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("postgres"), names("sqlite"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_goes_down_and_up_again() {
    let file = ScratchFile::new();
    let database = sqlite::Database::open(file.path(), Arc::new(SeededIds::new(1))).expect("opens");
    let all = names("sqlite").len();
    assert_eq!(database.migrate().await.expect("up"), all);
    assert_eq!(database.migrate().await.expect("nothing left"), 0);
    assert_eq!(database.revert_all().await.expect("down"), all);
    assert_eq!(database.migrate().await.expect("up again"), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_goes_down_and_up_again_and_replicas_take_turns() {
    let scratch = ScratchDatabase::create().await;
    let connect = || {
        postgres::Database::connect(worlds::config_of(&scratch), Arc::new(SeededIds::new(1)))
            .expect("the pool is built")
    };
    let all = names("postgres").len();
    let (a, b, c) = (connect(), connect(), connect());
    let ran = tokio::join!(
        tokio::spawn(async move { a.migrate().await.expect("up") }),
        tokio::spawn(async move { b.migrate().await.expect("up") }),
        tokio::spawn(async move { c.migrate().await.expect("up") }),
    );
    let ran: usize = [ran.0, ran.1, ran.2].map(|joined| joined.expect("no panic")).iter().sum();
    assert_eq!(ran, all, "each migration ran once");
    let database = connect();
    assert_eq!(database.revert_all().await.expect("down"), all);
    assert_eq!(database.migrate().await.expect("up again"), all);
}
