//! Disputes and reviews: evidence, the majority, the approval gate, and the end of waiting.

use std::collections::BTreeSet;

use kernel::{Approved, Refusal};
use serde_json::{Value, json};
use shallweplay_games::{Outcome, Status};

use crate::world::{DAY_MS, EVIDENCE_MS, Table, WINDOW_MS, World, code, ended, outcomes, points, world};

const WIN: Option<Outcome> = Some(Outcome::Win);
const LOSS: Option<Outcome> = Some(Outcome::Loss);

/// Two who disagree about seat 0: 5 says the first, 6 the second.
async fn disputed(w: &World) -> Table {
    let table = w.played("pair").await;
    w.report(&table, 0, 5, &[], None).await;
    w.report(&table, 1, 4, &[(0, 6)], None).await;
    assert_eq!(w.load(table.id).await.status, Status::Disputed);
    table
}

/// One held report, one plain one.
async fn held(w: &World) -> Table {
    let table = w.played("pair").await;
    w.report(&table, 0, 490, &[], None).await;
    w.report(&table, 1, 4, &[], None).await;
    assert_eq!(w.load(table.id).await.status, Status::Finished);
    table
}

#[tokio::test]
async fn evidence_is_kept_once_per_player_and_the_window_stays() {
    let w = world();
    let table = disputed(&w).await;
    let (ann, ben) = (table.players[0], table.players[1]);
    let (due, screen) = (w.load(table.id).await.due_at, json!({ "screen": "5 : 4" }));
    let game = w.games.dispute(ann, table.id, "  I had five.\n", Some(&screen), None).await.expect("taken");
    assert_eq!((game.evidence.len(), game.evidence[0].reason.as_str()), (1, "I had five."));
    let again = w.games.dispute(ann, table.id, "I had five.", Some(&screen), None).await.expect("the same");
    assert_eq!(again, game, "nothing changed");
    assert_eq!(code(w.games.dispute(ann, table.id, "I had six.", Some(&screen), None).await), "games.already_disputed");
    assert_eq!(code(w.games.dispute(ann, table.id, "I had five.", None, None).await), "games.already_disputed");
    let game = w.games.dispute(ben, table.id, "Six.", None, None).await.expect("taken");
    assert_eq!((game.evidence.len(), game.due_at, game.status), (2, due, Status::Disputed));
    assert_eq!(w.logged(table.id, "evidence").await[0], json!({ "player_id": ann, "late": false }), "no words");
    assert_eq!(code(w.games.dispute(w.player(), table.id, "Hm.", None, None).await), "games.not_a_player");
    for reason in ["", " \n ", &"x".repeat(501), "a\u{7}"] {
        let refused = w.games.dispute(ben, table.id, reason, None, None).await.expect_err("no reason");
        assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("games.invalid_statement", "/reason"));
    }
}

#[tokio::test]
async fn a_settled_result_can_be_doubted_for_a_day_and_stands_meanwhile() {
    let w = world();
    let settled = async || {
        let table = w.played("pair").await;
        w.report(&table, 0, 5, &[], None).await;
        w.report(&table, 1, 4, &[], None).await;
        table
    };
    let (table, late) = (settled().await, settled().await);
    let before = w.load(table.id).await;
    let game = w.games.dispute(table.players[1], table.id, "He cheats.", None, None).await.expect("kept");
    assert_eq!((game.status, &game.result, game.needs_review), (Status::Settled, &before.result, true));
    assert_eq!((game.flags, game.due_at), (vec![String::from("disputed")], None));
    w.clock.advance_millis(DAY_MS);
    let refused = w.games.dispute(late.players[1], late.id, "He cheats.", None, None).await.expect_err("too late");
    assert_eq!((refused.code(), refused.extensions()), ("games.not_disputable", vec![("state", json!("settled"))]));

    let live = w.played("pair").await;
    assert_eq!(code(w.games.dispute(live.players[0], live.id, "Hm.", None, None).await), "games.not_disputable");
    w.games.abandon(live.players[1], live.id, None).await.expect("leaves");
    assert_eq!(code(w.games.dispute(live.players[1], live.id, "Hm.", None, None).await), "games.not_disputable");
    let board = w.played("tic_tac_toe").await;
    for (n, cell) in [0, 3, 1, 4, 2].into_iter().enumerate() {
        let mv = json!({ "cell": cell });
        let sequence = i64::try_from(n).expect("small");
        w.games.play(board.players[n % 2], board.id, &mv, sequence, None).await.expect("legal");
    }
    assert_eq!(code(w.games.dispute(board.players[1], board.id, "Hm.", None, None).await), "games.not_disputable");
}

#[tokio::test]
async fn the_majority_of_three_or_more_decides_at_the_windows_end_without_the_gate() {
    let w = world();
    let table = w.played("three").await;
    w.report(&table, 0, 90, &[], WIN).await;
    w.report(&table, 1, 50, &[(0, 10)], WIN).await;
    w.report(&table, 2, 40, &[(0, 10)], LOSS).await;
    assert_eq!(w.after(EVIDENCE_MS - 1, table.id).await.status, Status::Disputed, "the window stays open");
    let game = w.after(1, table.id).await;
    assert_eq!((game.status, outcomes(&game)), (Status::Settled, vec![LOSS, WIN, LOSS]));
    assert_eq!(points(&game), [Some(10), Some(50), Some(40)]);
    let entry = w.ledger("three").await.remove(0);
    assert_eq!((entry.reason.as_str(), entry.version), ("majority", 1));
    let provenance = json!({
        "source": "majority", "for": table.players[1..], "against": table.players[..1], "mode_version": 1,
    });
    assert_eq!(entry.provenance, provenance);
    assert_eq!((w.told("game.finished"), w.gate.asked().len()), (1, 0));
}

#[tokio::test]
async fn no_majority_where_votes_tie_outcomes_do_not_fit_or_most_are_silent() {
    let w = world();
    // Two against two.
    let tied = w.played("race").await;
    w.report(&tied, 0, 90, &[], None).await;
    w.report(&tied, 1, 5, &[(0, 90)], None).await;
    w.report(&tied, 2, 5, &[(0, 10)], None).await;
    w.report(&tied, 3, 5, &[(0, 10)], None).await;
    // All three say that they won.
    let vain = w.played("three").await;
    for seat in 0..3 {
        w.report(&vain, seat, 5, &[], WIN).await;
    }
    // Two are right about the third, but the first's own score is near the limit and nobody else names it.
    let bold = w.played("three").await;
    w.report(&bold, 0, 490, &[(1, 6)], None).await;
    w.report(&bold, 1, 5, &[], None).await;
    w.report(&bold, 2, 7, &[(1, 6)], None).await;
    // Two of three agree, but of sixty-four.
    let few = w.played("crowd").await;
    w.report(&few, 0, 9, &[], None).await;
    w.report(&few, 1, 5, &[(0, 3)], None).await;
    w.report(&few, 2, 5, &[(0, 3)], None).await;
    w.after(WINDOW_MS, few.id).await;
    w.clock.advance_millis(EVIDENCE_MS);
    for table in [tied, vain, bold, few] {
        let game = w.after(0, table.id).await;
        assert_eq!((game.status, game.needs_review), (Status::Disputed, true));
    }
    let asked: BTreeSet<_> = w.gate.asked().into_iter().map(|request| request.subject).collect();
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn the_gate_says_yes_and_the_first_reporters_claims_hold() {
    let w = world();
    let table = disputed(&w).await;
    w.games.dispute(table.players[0], table.id, "Look:", Some(&json!([1])), None).await.expect("kept");
    w.gate.set(Approved::Yes);
    assert!(w.after(EVIDENCE_MS - 1, table.id).await.result.is_none() && w.gate.asked().is_empty());
    let game = w.after(1, table.id).await;
    assert_eq!(
        (game.status, outcomes(&game), points(&game)),
        (Status::Settled, vec![WIN, LOSS], vec![Some(5), Some(4)])
    );
    assert!(!game.needs_review);
    let request = w.gate.asked().remove(0);
    assert_eq!((&*request.kind, request.subject), ("score.dispute", table.id.to_string()));
    assert_eq!(request.content["proposed"], 0);
    assert_eq!(request.content["claims"][1]["scores"], json!({ "0": 6 }));
    assert_eq!(request.context["evidence"], json!([{ "seat": 0, "reason": "Look:", "evidence": [1] }]));
    let whole = format!("{}{}", request.content, request.context);
    assert!(table.players.iter().all(|player| !whole.contains(&player.to_string())), "players are seats");
    let entry = w.ledger("pair").await.remove(0);
    assert_eq!((entry.reason.as_str(), &entry.provenance["proposed"]), ("review", &json!(table.players[0])));
}

#[tokio::test]
async fn the_gate_says_no_and_nothing_counts() {
    let w = world();
    let (dispute, review) = (disputed(&w).await, held(&w).await);
    w.gate.set(Approved::No(String::from("unclear")));
    assert_eq!(ended(&w.after(0, review.id).await), (Status::Voided, "rejected_report"));
    assert_eq!(ended(&w.after(EVIDENCE_MS, dispute.id).await), (Status::Voided, "unresolved_dispute"));
    assert_eq!((w.ledger("pair").await, w.told("game.voided")), (vec![], 2), "no result, no entry");
    let voided = &w.logged(dispute.id, "voided").await[0];
    assert_eq!((&voided["version"], &voided["reason"]), (&Value::Null, &json!("unresolved_dispute")));
}

#[tokio::test]
async fn a_held_report_the_gate_believes_settles() {
    let w = world();
    let table = held(&w).await;
    w.gate.set(Approved::Yes);
    let game = w.after(0, table.id).await;
    assert_eq!((game.status, points(&game), game.needs_review), (Status::Settled, vec![Some(490), Some(4)], false));
    let request = w.gate.asked().remove(0);
    assert_eq!(&*request.kind, "score.held");
    assert_eq!(
        request.context,
        json!({
            "players": 2, "corroborated": false, "seat": 0, "score": 490, "limit": 500, "elapsed_ms": 5_000,
            "evidence": [],
        })
    );
    assert_eq!(w.told("game.finished"), 1, "it was over before");
    assert_eq!(w.ledger("pair").await[0].reason, "review");
}

#[tokio::test]
async fn a_gate_that_does_not_decide_is_asked_every_thirty_seconds_for_a_day() {
    for (is_dispute, reason) in [(true, "unresolved_dispute"), (false, "unreviewed")] {
        let w = world();
        let table = if is_dispute { disputed(&w).await } else { held(&w).await };
        let start = if is_dispute { EVIDENCE_MS } else { 0 };
        let (asked, over) = (w.gate.asked().len(), w.load(table.id).await.finished_at.expect("over"));
        let wait = over.plus_millis(start).since(w.now()).as_millis();
        let game = w.after(i64::try_from(wait).expect("small"), table.id).await;
        assert!(game.needs_review && game.result.is_none());
        assert!(w.gate.asked().len() > asked, "asked at once");
        let asked = w.gate.asked().len();
        // Neither a sweep nor a command asks before its time, and commands don't hang on the gate.
        w.after(29_999, table.id).await;
        let given = w.says(&table, 0, 1).await;
        assert_eq!(code(w.games.report(table.players[0], table.id, &given, None).await), "games.already_reported");
        assert_eq!(w.gate.asked().len(), asked);
        assert_eq!(code(w.games.ready(table.players[0], table.id, None).await), "games.not_waiting");
        w.after(1, table.id).await;
        assert_eq!(w.gate.asked().len(), asked + 1);
        w.games.dispute(table.players[1], table.id, "Still here.", None, None).await.expect("kept");
        let late = w.load(table.id).await.flags.contains(&String::from("late_evidence"));
        assert_eq!(late, is_dispute, "{reason}");
        let end = w.after(DAY_MS, table.id).await;
        assert_eq!((ended(&end), end.needs_review), ((Status::Voided, reason), false));
    }
}

#[tokio::test]
async fn of_two_replicas_one_asks_and_a_late_answer_decides_nothing() {
    let w = world();
    let table = held(&w).await;
    let game = w.load(table.id).await;
    let other = w.games.clone();
    let now = w.now();
    let (left, right) = tokio::join!(w.games.sweep_due(now, 10), other.sweep_due(now, 10));
    assert!(left.expect("readable").failed.is_empty() && right.expect("readable").failed.is_empty());
    assert_eq!(w.gate.asked().len(), 1);
    let mode = crate::world::catalogue().get("pair").cloned().expect("known");
    let decided = shallweplay_games::decide::answered(&game, &mode, &Approved::Yes, now).expect("an answer");
    let stale = shallweplay_games::GameStore::commit(&*w.store, decided.into_commit(&*w.ids, None, now)).await;
    assert!(matches!(stale, Err(kernel::StoreError::Stale)), "the question was another one: {stale:?}");
}

#[tokio::test]
async fn a_command_on_a_game_due_for_the_gate_is_answered_at_once() {
    let w = world();
    let table = held(&w).await;
    assert!(w.load(table.id).await.is_due(w.now()));
    assert_eq!(code(w.games.abandon(table.players[0], table.id, None).await), "games.not_in_progress");
    assert_eq!(w.gate.asked().len(), 0, "commands never ask");
}
