//! Every rule of a report and of what follows from all of them, with its code.

use kernel::{Engagement, ErrorKind, Receipt, ReceiptKey, Receipts, Refusal};
use serde_json::json;
use shallweplay_games::{Outcome, PlayerStatus, ScoreReport, Status};

use crate::world::{WINDOW_MS, code, ended, outcomes, points, world};

const WIN: Option<Outcome> = Some(Outcome::Win);
const LOSS: Option<Outcome> = Some(Outcome::Loss);
const DRAW: Option<Outcome> = Some(Outcome::Draw);

#[tokio::test]
async fn only_a_participant_may_report_and_only_with_the_own_secret() {
    let w = world();
    let table = w.played("pair").await;
    let (stranger, ann, ben) = (w.player(), table.players[0], table.players[1]);
    let of_ann = w.says(&table, 0, 5).await;
    assert_eq!(code(w.games.report(stranger, table.id, &of_ann, None).await), "games.not_found");
    let refused = w.games.report(ben, table.id, &of_ann, None).await.expect_err("another's secret");
    assert_eq!((refused.code(), refused.kind()), ("games.bad_secret", ErrorKind::Forbidden));
    w.games.abandon(ben, table.id, None).await.expect("leaves");
    let refused = w.games.report(stranger, table.id, &of_ann, None).await.expect_err("over");
    assert_eq!((refused.code(), refused.kind()), ("games.not_a_player", ErrorKind::Forbidden));
    assert_eq!(code(w.games.report(ann, table.id, &of_ann, None).await), "games.not_in_progress");
}

#[tokio::test]
async fn reports_are_taken_only_while_the_game_takes_them() {
    let w = world();
    let waiting = w.open("pair");
    let given = w.says(&waiting, 0, 5).await;
    assert_eq!(code(w.games.report(waiting.players[0], waiting.id, &given, None).await), "games.not_in_progress");

    let board = w.played("tic_tac_toe").await;
    let given = w.says(&board, 0, 5).await;
    assert_eq!(code(w.games.report(board.players[0], board.id, &given, None).await), "games.server_decided");

    let table = w.played("three").await;
    w.games.abandon(table.players[2], table.id, None).await.expect("leaves");
    let given = w.says(&table, 2, 5).await;
    assert_eq!(code(w.games.report(table.players[2], table.id, &given, None).await), "games.left");
    w.report(&table, 0, 5, &[], None).await;
    w.clock.advance_millis(WINDOW_MS);
    let late = w.says(&table, 1, 5).await;
    let refused = w.games.report(table.players[1], table.id, &late, None).await.expect_err("the window is over");
    assert_eq!((refused.code(), refused.kind()), ("games.not_in_progress", ErrorKind::Conflict));
    assert_eq!(refused.extensions(), [("state", json!("disputed"))]);
}

#[tokio::test]
async fn a_report_out_of_the_envelope_is_refused_with_the_rule_named() {
    let w = world();
    let early = w.open("pair");
    for &player in &early.players {
        w.games.ready(player, early.id, None).await.expect("ready");
    }
    w.clock.advance_millis(999);
    let refused = w.games.report(early.players[0], early.id, &w.says(&early, 0, 0).await, None).await;
    assert_eq!(refused.expect_err("too early").extensions(), [("rule", json!("min_duration"))]);

    let table = w.played("pair").await;
    let plain = w.says(&table, 0, 5).await;
    let payload = |payload| ScoreReport { payload: Some(payload), ..plain.clone() };
    let other = |score| ScoreReport { scores: [(table.players[1], score)].into(), ..plain.clone() };
    let of_other = format!("/scores/{}", table.players[1]);
    for (given, rule, pointer) in [
        (ScoreReport { score: Some(-1.0), ..plain.clone() }, "min", "/score"),
        (ScoreReport { score: Some(1_001.0), ..plain.clone() }, "max", "/score"),
        (ScoreReport { score: Some(501.0), ..plain.clone() }, "max_per_second", "/score"),
        (other(-1.0), "min", of_other.as_str()),
        (other(501.0), "max_per_second", &of_other),
        (payload(json!({ "level": 1, "cheats": true })), "fields", "/payload/cheats"),
        (payload(json!({ "a/b~c": 1 })), "fields", "/payload/a~1b~0c"),
        (payload(json!([1])), "fields", "/payload"),
        (payload(json!("level")), "fields", "/payload"),
    ] {
        let refused = w.games.report(table.players[0], table.id, &given, None).await.expect_err(rule);
        assert_eq!((refused.code(), refused.kind()), ("games.out_of_envelope", ErrorKind::Invalid), "{given:?}");
        assert_eq!(refused.extensions(), [("rule", json!(rule))], "{given:?}");
        let fields = refused.fields();
        assert_eq!((fields[0].pointer.as_str(), fields[0].code), (pointer, rule));
    }
    assert_eq!(w.load(table.id).await.reports, [], "a refused report leaves nothing");
    let given = payload(json!({ "level": 3, "map": null }));
    w.games.report(table.players[0], table.id, &given, None).await.expect("allowed fields");

    let bare = w.played("bare").await;
    let given = ScoreReport { payload: Some(json!({ "level": 1 })), ..w.says(&bare, 0, 5).await };
    assert_eq!(code(w.games.report(bare.players[0], bare.id, &given, None).await), "games.out_of_envelope");
    let given = ScoreReport { payload: Some(json!({})), ..given };
    w.games.report(bare.players[0], bare.id, &given, None).await.expect("an empty payload says nothing");
}

#[tokio::test]
async fn the_same_report_has_the_same_reply_and_another_is_refused() {
    let w = world();
    let table = w.played("pair").await;
    let (ann, given) = (table.players[0], w.says(&table, 0, 5).await);
    let first = w.games.report(ann, table.id, &given, None).await.expect("taken");
    w.clock.advance_millis(10);
    let again = w.games.report(ann, table.id, &given, None).await.expect("the same");
    assert_eq!((first.status, first.reason, first.result), (again.status, again.reason, again.result));
    assert_eq!(first.game, again.game, "nothing changed");
    for other in [
        ScoreReport { score: Some(6.0), ..given.clone() },
        ScoreReport { outcome: WIN, ..given.clone() },
        ScoreReport { payload: Some(json!({})), ..given.clone() },
    ] {
        let refused = w.games.report(ann, table.id, &other, None).await.expect_err("another");
        assert_eq!((refused.code(), refused.kind()), ("games.already_reported", ErrorKind::Conflict));
    }
    assert_eq!(w.logged(table.id, "reported").await.len(), 1);
}

#[tokio::test]
async fn claims_that_differ_or_another_outcome_than_the_computed_one_are_a_conflict() {
    let w = world();
    for (others, outcome, conflict) in [
        (vec![], None, false),
        (vec![(0, 5)], LOSS, false),
        (vec![(0, 6)], None, true),
        (vec![], WIN, true),
        (vec![], DRAW, true),
    ] {
        let table = w.played("pair").await;
        assert_eq!(w.report(&table, 0, 5, &[], WIN).await, ("accepted", Some(("open", 0))));
        let (_, result) = w.report(&table, 1, 4, &others, outcome).await;
        assert_eq!(result, Some(if conflict { ("disputed", 0) } else { ("settled", 1) }), "{others:?} {outcome:?}");
        let game = w.load(table.id).await;
        assert_eq!(game.flags, if conflict { vec!["conflict"] } else { vec![] });
        assert_eq!(w.kernel.engagement(table.players[0]), Engagement::Idle, "free, whatever becomes of it");
        assert_eq!(game.result.is_some(), !conflict, "unrated meanwhile");
    }
    assert_eq!(w.ledger("pair").await.len(), 2);
    assert_eq!((w.told("game.finished"), w.told("game.disputed"), w.told("game.settled")), (5, 3, 2));
}

#[tokio::test]
async fn the_first_report_opens_the_window_and_the_last_one_ends_it() {
    let w = world();
    let table = w.played("three").await;
    let opened = w.now();
    w.report(&table, 0, 5, &[], None).await;
    assert_eq!(w.load(table.id).await.due_at, Some(opened.plus_millis(WINDOW_MS)));
    w.clock.advance_millis(1_000);
    w.report(&table, 1, 7, &[], None).await;
    let game = w.load(table.id).await;
    assert_eq!((game.due_at, game.status), (Some(opened.plus_millis(WINDOW_MS)), Status::InProgress));
    assert_eq!(points(&game), [None, None, None], "nobody reports with another's score in sight");
    w.report(&table, 2, 7, &[], None).await;
    let game = w.load(table.id).await;
    assert_eq!((game.status, outcomes(&game)), (Status::Settled, vec![LOSS, DRAW, DRAW]));
    assert_eq!(points(&game), [Some(5), Some(7), Some(7)]);
}

#[tokio::test]
async fn silent_ones_are_outvoted_by_more_than_half_at_the_windows_end() {
    let w = world();
    for (reports, expected) in [(1, Status::Disputed), (2, Status::Disputed), (3, Status::Settled)] {
        let table = w.played("race").await;
        for seat in 0..reports {
            w.report(&table, seat, 10, &[], None).await;
        }
        let game = w.after(WINDOW_MS, table.id).await;
        assert_eq!(game.status, expected, "{reports} of four");
        if expected == Status::Settled {
            assert_eq!(outcomes(&game), [DRAW, DRAW, DRAW, LOSS], "who said nothing has no score");
        } else {
            assert_eq!(game.flags, ["lone_report"]);
        }
    }
}

#[tokio::test]
async fn of_two_a_lone_report_settles_only_if_the_silent_one_is_gone() {
    let w = world();
    let table = w.played("pair").await;
    w.report(&table, 0, 5, &[], None).await;
    assert_eq!(w.after(WINDOW_MS, table.id).await.status, Status::Disputed);

    let table = w.played("pair").await;
    w.report(&table, 0, 5, &[], None).await;
    w.games.abandon(table.players[1], table.id, None).await.expect("leaves");
    let game = w.load(table.id).await;
    assert_eq!((game.status, outcomes(&game), points(&game)), (Status::Settled, vec![WIN, LOSS], vec![Some(5), None]));
}

#[tokio::test]
async fn teams_are_ranked_by_their_totals() {
    let w = world();
    let table = w.played("teams").await;
    for (seat, score) in [(0, 1), (1, 90), (2, 40), (3, 50)] {
        w.report(&table, seat, score, &[], Some(if seat < 2 { Outcome::Win } else { Outcome::Loss })).await;
    }
    let game = w.load(table.id).await;
    assert_eq!((game.status, outcomes(&game)), (Status::Settled, vec![WIN, WIN, LOSS, LOSS]));
    let standings = game.result.expect("settled").standings;
    assert_eq!(
        standings.iter().map(|line| (line.team, line.score)).collect::<Vec<_>>(),
        [(0, Some(1)), (0, Some(90)), (1, Some(40)), (1, Some(50))]
    );
}

#[tokio::test]
async fn a_run_alone_settles_with_its_one_report_in_the_same_ledger() {
    let w = world();
    let table = w.played("run").await;
    assert_eq!(w.report(&table, 0, 450, &[], None).await, ("accepted", Some(("settled", 1))));
    let entries = w.ledger("run").await;
    let lines: Vec<_> = entries[0].standings.iter().map(|line| (line.score, line.outcome)).collect();
    assert_eq!((entries.len(), lines), (1, vec![(Some(450), None)]));
}

#[tokio::test]
async fn settlement_is_one_version_one_sequence_and_one_event_each() {
    let w = world();
    for n in 1..=3 {
        let table = w.played("pair").await;
        w.report(&table, 0, 5, &[(1, 4)], None).await;
        w.report(&table, 1, 4, &[], None).await;
        let (game, entries) = (w.load(table.id).await, w.ledger("pair").await);
        let entry = entries.last().expect("entered");
        assert_eq!((entry.game_id, entry.version, entry.sequence), (table.id, 1, n));
        assert_eq!(entry.provenance, json!({ "source": "reports", "players": table.players, "mode_version": 1 }));
        let log = w.log(table.id).await;
        let line = log.last().expect("logged");
        assert_eq!((line.kind.as_str(), line.n, &line.hash), ("settled", game.log.n, &game.log.hash));
        assert_eq!((&line.data["version"], &line.data["standings"]), (&json!(1), &json!(entry.standings)));
        assert!(log.windows(2).all(|pair| pair[1].prev == pair[0].hash && pair[1].n == pair[0].n + 1));
    }
    assert_eq!((w.told("game.finished"), w.told("game.settled")), (3, 3));
}

#[tokio::test]
async fn the_log_keeps_a_payloads_hash_and_no_secret() {
    let w = world();
    let table = w.played("pair").await;
    let given = ScoreReport { payload: Some(json!({ "map": "b", "level": 1 })), ..w.says(&table, 0, 5).await };
    w.games.report(table.players[0], table.id, &given, None).await.expect("taken");
    let line = w.logged(table.id, "reported").await.remove(0);
    assert_eq!(line["player_id"], json!(table.players[0]));
    // SHA-256 of {"level":1,"map":"b"}: keys are in order in canonical JSON.
    assert_eq!(line["payload_sha256"], "1abc4b0f3ed7d3c036d807846d312058af88cba285376ae7b2589640d34cad5e");
    let log = w.log(table.id).await;
    assert!(log.iter().all(|line| !line.data.to_string().contains(&given.session_secret)));
}

#[tokio::test]
async fn sixty_four_reports_at_once_all_count() {
    let w = world();
    let table = w.played("crowd").await;
    let mut tasks = Vec::new();
    for (seat, &player) in table.players.iter().enumerate() {
        let given = w.says(&table, seat, i32::try_from(seat).expect("small")).await;
        let (games, id) = (w.games.clone(), table.id);
        tasks.push(tokio::spawn(async move { games.report(player, id, &given, None).await.map(drop) }));
    }
    for task in tasks {
        task.await.expect("runs").expect("taken");
    }
    let game = w.load(table.id).await;
    assert_eq!((game.status, game.reports.len(), w.ledger("crowd").await.len()), (Status::Settled, 64, 1));
    assert_eq!(outcomes(&game)[60..], [WIN; 4]);
}

#[tokio::test]
async fn a_score_near_the_limit_is_held_and_says_so() {
    let w = world();
    let table = w.played("pair").await;
    let key = ReceiptKey { player: table.players[0], route: String::from("scores"), key: String::from("k") };
    let receipt = Receipt { key: key.clone(), body_hash: [1; 32], outcome: json!(null), at: w.now() };
    let given = w.says(&table, 0, 451).await;
    let held = w.games.report(table.players[0], table.id, &given, Some(receipt)).await.expect("held, not refused");
    assert_eq!((held.status, held.reason.as_deref(), held.result), ("held", Some("near_limit"), Some(("open", 0))));
    let outcome = w.kernel.find(&key).await.expect("readable").expect("written").receipt.outcome;
    assert_eq!(outcome["report"], json!({ "status": "held", "reason": "near_limit" }));
    let again = w.games.report(table.players[0], table.id, &given, None).await.expect("the same again");
    assert_eq!((again.status, again.reason.as_deref()), ("held", Some("near_limit")));
    assert_eq!(w.load(table.id).await.flags, ["near_limit"]);
    assert_eq!(w.report(&table, 1, 450, &[], None).await.0, "accepted", "exactly at the threshold");
    let game = w.load(table.id).await;
    assert_eq!((ended(&game), game.needs_review), ((Status::Finished, ""), true), "held counts as in, not as settled");
    assert_eq!(w.kernel.engagement(table.players[0]), Engagement::Idle);
    assert_eq!((w.told("game.finished"), w.told("game.settled"), points(&game)), (1, 0, vec![None, None]));
    assert_eq!(game.result_line(), Some(("open", 0)));
    assert_eq!(w.logged(table.id, "finished").await, [json!({ "held": [table.players[0]] })]);
}

#[tokio::test]
async fn a_held_score_another_player_names_too_counts_at_once() {
    let w = world();
    for (others, expected) in
        [(vec![(0, 480)], Status::Settled), (vec![(0, 479)], Status::Disputed), (vec![], Status::Finished)]
    {
        let table = w.played("pair").await;
        assert_eq!(w.report(&table, 0, 480, &[], None).await.0, "held");
        w.report(&table, 1, 3, &others, None).await;
        let game = w.load(table.id).await;
        assert_eq!((game.status, game.needs_review), (expected, expected != Status::Settled), "{others:?}");
    }
    // The own word twice is one word.
    let table = w.played("pair").await;
    w.report(&table, 0, 480, &[(0, 480)], None).await;
    w.report(&table, 1, 3, &[], None).await;
    assert_eq!(w.load(table.id).await.status, Status::Finished);
}

#[tokio::test]
async fn a_walkover_leaves_out_a_score_nobody_vouches_for() {
    let w = world();
    let table = w.played("pair").await;
    w.report(&table, 0, 480, &[], None).await;
    w.games.abandon(table.players[1], table.id, None).await.expect("leaves");
    let game = w.load(table.id).await;
    assert_eq!((game.status, outcomes(&game), points(&game)), (Status::Settled, vec![WIN, LOSS], vec![None, None]));
    assert_eq!(game.players[0].status, PlayerStatus::Finished);
}
