use std::collections::BTreeSet;
use std::pin::pin;
use std::task::Poll;

use kernel::contract::{Pace, all_at_once};
use kernel::{Engage, Engagement, Receipt, ReceiptKey, Riders, StoreError, StreamKey, Version};
use serde_json::json;

use super::GamesFixture;
use super::fixture::{at, mode, report};
use crate::decide::{self, ScoreReport};
use crate::model::Game;
use crate::words::{Outcome, ResultStatus, Status};

/// From the opening change's commit on, whoever made it, every method knows the game.
pub async fn an_opened_game_is_visible_at_once(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let spec = f.spec("duel", &[ann, ben], at(0));
    assert_eq!(f.store.load(spec.id).await.expect("readable"), None);
    let game = f.open(&spec).await;
    assert_eq!(game, Game::open(&spec), "secrets included");
    let other = f.open(&f.spec("duel", &[f.player(), f.player()], at(1))).await;
    let mut both = vec![game.clone(), other.clone()];
    both.sort_by_key(|game| game.id);
    assert_eq!(f.store.load_many(&[other.id, game.id]).await.expect("readable"), both);
    assert_eq!(f.store.load_many(&[]).await.expect("readable"), []);
    assert_eq!(f.store.live_of(ben).await.expect("readable"), vec![game.clone()]);
    assert_eq!(f.store.due(at(20_000), 10).await.expect("readable"), vec![game]);
}

/// What is loaded equals what was committed, in every state a game passes through.
pub async fn every_state_comes_back_as_it_was_written(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let (duel, board) = (mode("duel"), mode("tic_tac_toe"));
    let check = async |game: Game| {
        assert_eq!(f.load(game.id).await, game);
        game
    };
    let game = f.open(&f.spec("duel", &[ann, ben], at(0))).await;
    let ready = check(f.carry_out(decide::ready(&game, &duel, ann, at(1)), at(1)).await).await;
    let game = check(f.carry_out(decide::ready(&ready, &duel, ben, at(2)), at(2)).await).await;
    let given = ScoreReport {
        scores: [(ann, 12.0), (ben, 7.0)].into(),
        outcome: Some(Outcome::Win),
        duration_ms: Some(u64::from(u32::MAX)),
        payload: Some(json!({ "text": "ein „Wort“", "n": [1, 2.5, 1e16, -0.0, null, true] })),
        ..report(&game, ann, 12)
    };
    let game = check(f.carry_out(decide::report(&game, &duel, ann, &given, at(3)), at(3)).await).await;
    let game = check(f.carry_out(decide::report(&game, &duel, ben, &report(&game, ben, 8), at(4)), at(4)).await).await;
    assert_eq!(game.status, Status::Disputed);
    let statement = json!({ "screen": "12 : 7" });
    let said = decide::dispute(&game, &duel, ben, "I had eight.", Some(&statement), at(5));
    let game = check(f.carry_out(said, at(5)).await).await;
    let late = game.due_at.expect("disputes end");
    let game = check(f.write(&decide::asking(&game, &duel, late), late).await.0).await;
    let voided = decide::answered(&game, &duel, &kernel::Approved::No(String::from("no")), late).expect("an answer");
    let game = check(f.write(&voided, late).await.0).await;
    assert_eq!((game.status, game.result), (Status::Voided, None));

    let mut game = check(f.started("tic_tac_toe", [ann, ben], at(5)).await).await;
    for (player, cell) in [(ann, 4), (ben, 0), (ann, 1), (ben, 2), (ann, 7)] {
        let played = decide::play(&game, &board, player, &json!({ "cell": cell }), game.sequence, at(6));
        game = check(f.carry_out(played, at(6)).await).await;
    }
    assert_eq!(game.status, Status::Settled);

    let game = f.started("duel", [ann, ben], at(7)).await;
    let game = check(f.carry_out(decide::abandon(&game, &duel, ben, at(8)), at(8)).await).await;
    assert_eq!((game.status, game.ended.is_some()), (Status::Settled, true));

    let entries = f.store.ledger("duel", 0, 10).await.expect("readable");
    assert_eq!(entries.len(), 1, "a voided game without an earlier result has no entry");
    let entry = &entries[0];
    assert_eq!((entry.game_id, entry.version, entry.sequence), (game.id, 1, 1));
    assert_eq!((entry.mode.as_str(), entry.rated, entry.status), ("duel", true, ResultStatus::Settled));
    assert_eq!((entry.reason.as_str(), entry.at), ("abandoned", at(8)));
    assert_eq!(entry.provenance["source"], "abandonment");
    assert_eq!(Some(&entry.standings), game.result.as_ref().map(|result| &result.standings));
}

/// Compare-and-set: only a change decided on the version that stands is carried out.
pub async fn a_change_decided_on_an_old_version_is_stale(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let (duel, old) = (mode("duel"), f.open(&f.spec("duel", &[ann, ben], at(0))).await);
    let now = f.carry_out(decide::ready(&old, &duel, ann, at(1)), at(1)).await;
    let late = decide::ready(&old, &duel, ben, at(2)).expect("allowed").expect("a change");
    let answer = f.store.commit(late.clone().into_commit(&*f.ids, None, at(2))).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    let mut unknown = late.into_commit(&*f.ids, None, at(2));
    unknown.game.id = kernel::GameId::new(f.ids.uuid(at(0)));
    unknown.expect = Version(1);
    let answer = f.store.commit(unknown).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "a game nobody opened: {answer:?}");
    assert_eq!(f.load(now.id).await, now);
    assert_eq!(f.claim().await.len(), 1, "a refused change has no events");
}

/// Two replicas start one game: it starts once, and each player is told once.
pub async fn of_concurrent_changes_one_is_carried_out(f: &GamesFixture, _: Pace) {
    for _ in 0..5 {
        let (ann, ben) = (f.player(), f.player());
        let (duel, game) = (mode("duel"), f.open(&f.spec("duel", &[ann, ben], at(0))).await);
        let game = f.carry_out(decide::ready(&game, &duel, ann, at(1)), at(1)).await;
        let before = f.events_waiting().await;
        let start = decide::ready(&game, &duel, ben, at(2)).expect("allowed").expect("a change");
        let answers =
            all_at_once((0..6).map(|_| f.store.commit(start.clone().into_commit(&*f.ids, None, at(2))))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Stale))), "{answers:?}");
        assert_eq!(f.events_waiting().await, before + 3, "one change and two starts");
    }
}

/// However many try, a result has one entry.
pub async fn a_game_is_settled_once(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let (duel, game) = (mode("duel"), f.started("duel", [ann, ben], at(0)).await);
    let game = f.carry_out(decide::report(&game, &duel, ann, &report(&game, ann, 5), at(9)), at(9)).await;
    let last = decide::report(&game, &duel, ben, &report(&game, ben, 4), at(10)).expect("allowed").expect("a change");
    let gone = decide::abandon(&game, &duel, ben, at(10)).expect("allowed").expect("a change");
    let tries = [&last, &gone, &last, &gone].map(|change| change.clone().into_commit(&*f.ids, None, at(10)));
    let answers = all_at_once(tries.map(|change| f.store.commit(change))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(f.store.ledger("duel", 0, 10).await.expect("readable").len(), 1);

    // A change that claims the current version but settles again is stale by the ledger's own key.
    let stands = f.load(game.id).await;
    let mut again = last.into_commit(&*f.ids, None, at(11));
    again.expect = stands.version;
    again.game.version = stands.version.next();
    again.riders = Riders::default();
    let answer = f.store.commit(again).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    assert_eq!(f.load(game.id).await, stands, "nothing changed");
}

/// Entries of one family are numbered 1, 2, 3 … in the order of their commits; each family for itself.
pub async fn ledger_sequences_are_gapless_under_concurrency(f: &GamesFixture, _: Pace) {
    let (duel, mut last) = (mode("duel"), Vec::new());
    for n in 0..12 {
        let (ann, ben) = (f.player(), f.player());
        let game = f.started("duel", [ann, ben], at(n)).await;
        let game = f.carry_out(decide::report(&game, &duel, ann, &report(&game, ann, 5), at(n)), at(n)).await;
        let done = decide::report(&game, &duel, ben, &report(&game, ben, 4), at(n)).expect("allowed");
        last.push(done.expect("a change"));
    }
    let given = all_at_once(last.iter().map(|change| f.settle(change, at(20)))).await;
    assert_eq!(given.iter().flatten().copied().collect::<BTreeSet<_>>(), (1..=12).collect());
    let entries = f.store.ledger("duel", 0, 100).await.expect("readable");
    assert_eq!(entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    for (change, sequence) in last.iter().zip(&given) {
        let entry = entries.iter().find(|entry| entry.game_id == change.game.id).expect("entered");
        assert_eq!(Some(entry.sequence), *sequence);
    }
    assert_eq!(f.store.ledger("duel", 5, 3).await.expect("readable"), entries[5..8]);

    let (ann, ben) = (f.player(), f.player());
    let game = f.started("tic_tac_toe", [ann, ben], at(30)).await;
    let left = decide::abandon(&game, &mode("tic_tac_toe"), ann, at(31)).expect("allowed").expect("a change");
    assert_eq!(f.settle(&left, at(31)).await, Some(1), "another family counts for itself");
}

/// In the change that ends it, not later.
pub async fn ending_a_game_lets_its_players_go(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let game = f.started("duel", [ann, ben], at(0)).await;
    assert_eq!(f.engaged(ann).await, Engagement::Game(game.id));
    f.finish(game, [3, 3], at(1)).await;
    assert_eq!((f.engaged(ann).await, f.engaged(ben).await), (Engagement::Idle, Engagement::Idle));
    assert_eq!(f.store.live_of(ann).await.expect("readable"), []);
    f.started("duel", [ann, ben], at(2)).await;
}

/// A player who is not held by the game can't be let go by it, and then nothing is written.
pub async fn a_refused_engagement_refuses_everything(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let game = f.started("duel", [ann, ben], at(0)).await;
    let from = Engagement::Game(game.id);
    let riders = Riders { engage: vec![Engage { player: ben, from, to: Engagement::Idle }], ..Riders::default() };
    f.commit.commit(riders).await.expect("holds");
    let before = f.events_waiting().await;
    let left = decide::abandon(&game, &mode("duel"), ann, at(1)).expect("allowed").expect("a change");
    let answer = f.store.commit(left.into_commit(&*f.ids, None, at(1))).await;
    let Err(StoreError::Engaged { player, current }) = answer else { panic!("{answer:?}") };
    assert_eq!((player, current), (ben, Engagement::Idle));
    assert_eq!(f.load(game.id).await, game);
    assert_eq!(f.engaged(ann).await, from);
    assert_eq!(f.events_waiting().await, before);
    assert_eq!(f.store.ledger("duel", 0, 1).await.expect("readable"), []);
}

/// The receipt rides in the change: a retry finds it and changes nothing.
pub async fn a_used_key_changes_nothing(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let (duel, game) = (mode("duel"), f.open(&f.spec("duel", &[ann, ben], at(0))).await);
    let receipt = Receipt {
        key: ReceiptKey { player: ann, route: String::from("POST /games/ready"), key: String::from("k") },
        body_hash: [7; 32],
        outcome: json!({ "game": game.id }),
        at: at(1),
    };
    let change = decide::ready(&game, &duel, ann, at(1)).expect("allowed").expect("a change");
    let change = change.into_commit(&*f.ids, Some(receipt.clone()), at(1));
    let ready = change.game.clone();
    f.store.commit(change).await.expect("first");
    assert_eq!(
        f.receipts.find(&receipt.key).await.expect("readable").map(|found| found.receipt),
        Some(receipt.clone())
    );
    let again = decide::ready(&ready, &duel, ben, at(2)).expect("allowed").expect("a change");
    let answer = f.store.commit(again.into_commit(&*f.ids, Some(receipt), at(2))).await;
    assert!(matches!(answer, Err(StoreError::Replayed)), "{answer:?}");
    assert_eq!(f.load(game.id).await, ready);
}

/// Each with its audience: the start and its secret to one player each, the rest to the game.
pub async fn events_are_written_with_their_change_in_order(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let game = f.started("duel", [ann, ben], at(0)).await;
    let game = f.finish(game, [1, 2], at(1)).await;
    let rows = f.claim().await;
    let kinds: Vec<_> = rows.iter().map(|row| &*row.event.kind).collect();
    let expected = [
        "game.updated",
        "game.updated",
        "game.started",
        "game.started",
        "game.updated",
        "game.finished",
        "game.settled",
    ];
    assert_eq!(kinds, expected);
    for row in &rows {
        assert_eq!(row.event.aggregate, format!("game:{}", game.id));
        let secrets = row.event.data.to_string().contains("session_secret");
        assert_eq!(secrets, &*row.event.kind == "game.started");
        if !secrets {
            assert_eq!(row.event.audience, [StreamKey::game(game.id)]);
        }
    }
    assert_eq!(rows[2].event.audience, [StreamKey::player(ann)]);
    assert_eq!(rows[3].event.audience, [StreamKey::player(ben)]);
    assert_eq!(rows[3].event.data["session_secret"], json!(game.players[1].secret.0));
}

/// While it lasts, for those who haven't left.
pub async fn a_live_game_is_found_by_whom_it_holds(f: &GamesFixture, _: Pace) {
    let (ann, ben, stranger) = (f.player(), f.player(), f.player());
    let game = f.open(&f.spec("duel", &[ann, ben], at(0))).await;
    for player in [ann, ben] {
        assert_eq!(f.store.live_of(player).await.expect("readable"), vec![game.clone()]);
    }
    assert_eq!(f.store.live_of(stranger).await.expect("readable"), []);
    f.carry_out(decide::abandon(&game, &mode("duel"), ann, at(1)), at(1)).await;
    for player in [ann, ben] {
        assert_eq!(f.store.live_of(player).await.expect("readable"), [], "it is aborted");
    }
}

/// The sweeper's read: by deadline, no more than asked for, nothing that waits for nothing.
pub async fn due_games_come_longest_overdue_first(f: &GamesFixture, _: Pace) {
    let mut opened = Vec::new();
    for n in [30, 10, 20] {
        opened.push(f.open(&f.spec("duel", &[f.player(), f.player()], at(n))).await);
    }
    let ids = async |now, limit| -> Vec<_> {
        f.store.due(at(now), limit).await.expect("readable").into_iter().map(|game| game.id).collect()
    };
    assert_eq!(ids(20_009, 10).await, []);
    assert_eq!(ids(20_020, 10).await, [opened[1].id, opened[2].id]);
    assert_eq!(ids(99_000, 2).await, [opened[1].id, opened[2].id]);
    let aborted = decide::expire(&opened[1], None, at(20_020)).expect("due");
    f.settle(&aborted, at(20_020)).await;
    assert_eq!(ids(99_000, 10).await, [opened[2].id, opened[0].id]);
}

/// A caller who hangs up leaves a change that happened as a whole or not at all, and a store that works.
pub async fn survives_a_dropped_commit(f: &GamesFixture, pace: Pace) {
    for polls in 1..10 {
        let (ann, ben) = (f.player(), f.player());
        let (duel, game) = (mode("duel"), f.started("duel", [ann, ben], at(0)).await);
        let left = decide::abandon(&game, &duel, ann, at(polls)).expect("allowed").expect("a change");
        let left = left.into_commit(&*f.ids, None, at(polls));
        let sequence = f.store.ledger("duel", 0, 100).await.expect("readable").len();
        {
            let mut commit = pin!(f.store.commit(left.clone()));
            let mut polled = 0;
            std::future::poll_fn(|context| {
                polled += 1;
                let ready = commit.as_mut().poll(context).is_ready() || polled == polls;
                if ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        pace.until("the change has landed", async || f.load(game.id).await == left.game).await;
        assert_eq!((f.engaged(ann).await, f.engaged(ben).await), (Engagement::Idle, Engagement::Idle));
        assert_eq!(f.store.ledger("duel", 0, 100).await.expect("readable").len(), sequence + 1);
    }
    f.won([f.player(), f.player()], at(10_000)).await;
}
