//! Corrections: each is the next version of the result, entered, told and audited once.

use std::collections::BTreeMap;

use kernel::{
    Approved, AuditEntry, AuditLog, Engagement, ErrorKind, PageLimit, Receipt, ReceiptKey, Receipts, Refusal,
};
use serde_json::json;
use shallweplay_games::decide::Resolution;
use shallweplay_games::{CaseFilter, Outcome, ResultStatus, Status};

use crate::world::{Table, World, code, ended, outcomes, points, scores, world};

const WIN: Option<Outcome> = Some(Outcome::Win);
const LOSS: Option<Outcome> = Some(Outcome::Loss);

async fn settled(w: &World) -> Table {
    let table = w.played("pair").await;
    w.report(&table, 0, 9, &[], None).await;
    w.report(&table, 1, 4, &[], None).await;
    table
}

async fn audit(w: &World) -> Vec<AuditEntry> {
    w.kernel.page(None, None, PageLimit::default()).await.expect("readable").items
}

#[tokio::test]
async fn voiding_enters_the_next_version_and_keeps_the_first() {
    let w = world();
    w.gate.set(Approved::Yes);
    let (admin, table) = (w.player(), settled(&w).await);
    let first = w.ledger("pair").await.remove(0);
    let game = w.games.void(admin, table.id, " Both cheated. ", None).await.expect("voided");
    assert_eq!((ended(&game), game.needs_review), ((Status::Voided, "admin"), false));
    assert_eq!((points(&game), outcomes(&game)), (vec![Some(9), Some(4)], vec![None, None]));
    assert_eq!(game.result_line(), Some(("voided", 2)));
    let entries = w.ledger("pair").await;
    assert_eq!((entries.len(), &entries[0]), (2, &first), "the first version never changes");
    let entry = &entries[1];
    assert_eq!((entry.version, entry.sequence, entry.status, entry.rated), (2, 2, ResultStatus::Voided, true));
    let provenance = json!({
        "source": "admin", "by": admin, "reason": "Both cheated.", "supersedes": 1, "mode_version": 1,
    });
    assert_eq!((&entry.provenance, entry.reason.as_str()), (&provenance, "admin"));
    assert_eq!(w.told("game.voided"), 1);
    let line = w.logged(table.id, "voided").await.remove(0);
    assert_eq!(line["provenance"], json!({ "source": "admin", "supersedes": 1, "mode_version": 1 }), "no words");
    let deed = audit(&w).await.remove(0);
    assert_eq!(
        (deed.action.as_str(), deed.subject, deed.actor),
        ("game.void", format!("game:{}", table.id), Some(admin))
    );
    assert_eq!(deed.reason, "Both cheated.");
    assert_eq!(deed.data["from"], json!({ "status": "settled", "version": 1 }));
    assert_eq!(deed.data["to"], json!({ "status": "voided", "version": 2 }));

    let again = w.games.void(admin, table.id, "Once more.", None).await.expect("holds already");
    assert_eq!((again, w.ledger("pair").await.len(), audit(&w).await.len()), (game, 2, 1));
}

#[tokio::test]
async fn two_operators_at_once_make_one_version() {
    let w = world();
    w.gate.set(Approved::Yes);
    let table = settled(&w).await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (games, admin, id) = (w.games.clone(), w.player(), table.id);
            tokio::spawn(async move { games.void(admin, id, "Wrong.", None).await.map(drop) })
        })
        .collect();
    for task in tasks {
        task.await.expect("runs").expect("voided, or voided already");
    }
    assert_eq!((w.ledger("pair").await.len(), audit(&w).await.len(), w.told("game.voided")), (2, 1, 1));
}

#[tokio::test]
async fn a_voided_game_is_amended_back_and_versions_go_on() {
    let w = world();
    w.gate.set(Approved::Yes);
    let (admin, table) = (w.player(), settled(&w).await);
    let game = w.games.void(admin, table.id, "Wrong.", None).await.expect("voided");
    let (voided, amended) = (game.tags().contains(&"voided"), game.tags().contains(&"amended"));
    assert!(voided && !amended, "nothing took the result's place");
    let game = w.games.amend(admin, table.id, "Right.", &scores(&table, &[1, 2]), None).await.expect("amended");
    assert!(game.tags().contains(&"amended") && !game.tags().contains(&"voided"));
    assert_eq!((ended(&game), game.result_line()), ((Status::Settled, ""), Some(("settled", 3))));
    assert_eq!((outcomes(&game), points(&game)), (vec![LOSS, WIN], vec![Some(1), Some(2)]));
    let game = w.games.amend(admin, table.id, "Again.", &scores(&table, &[2, 2]), None).await.expect("amended");
    assert_eq!(outcomes(&game), [Some(Outcome::Draw); 2]);
    let same = w.games.amend(admin, table.id, "Again.", &scores(&table, &[2, 2]), None).await.expect("stands");
    assert_eq!(same, game, "what stands already changes nothing");
    let entries = w.ledger("pair").await;
    assert_eq!(
        entries.iter().map(|entry| (entry.version, entry.sequence)).collect::<Vec<_>>(),
        [(1, 1), (2, 2), (3, 3), (4, 4)]
    );
    assert_eq!(entries[2].provenance["supersedes"], 2);
    assert_eq!((w.told("game.finished"), w.told("game.settled"), w.told("game.voided")), (1, 3, 1));
    assert_eq!(audit(&w).await[0].action, "game.amend");
}

#[tokio::test]
async fn scores_of_an_amendment_are_whole_in_range_complete_and_of_players() {
    let w = world();
    w.gate.set(Approved::Yes);
    let (admin, table) = (w.player(), settled(&w).await);
    let with = |player, score| {
        let mut given = scores(&table, &[1, 2]);
        given.insert(player, score);
        given
    };
    let at = |player| format!("/scores/{player}");
    let without: BTreeMap<_, _> = scores(&table, &[1]);
    for (given, pointer, rule) in [
        (with(admin, 1.0), at(admin), "not_a_player"),
        (with(table.players[0], 1.5), at(table.players[0]), "not_whole"),
        (with(table.players[0], f64::NAN), at(table.players[0]), "not_whole"),
        (with(table.players[0], -1.0), at(table.players[0]), "out_of_range"),
        (with(table.players[0], 1_001.0), at(table.players[0]), "out_of_range"),
        (without, at(table.players[1]), "required"),
    ] {
        let refused = w.games.amend(admin, table.id, "Right.", &given, None).await.expect_err("refused");
        assert_eq!((refused.code(), refused.kind()), ("games.invalid_scores", ErrorKind::Invalid));
        let fields = refused.fields();
        assert_eq!((&fields[0].pointer, fields[0].code), (&pointer, rule));
    }
    assert_eq!(
        code(w.games.amend(admin, table.id, " ", &scores(&table, &[1, 2]), None).await),
        "games.invalid_statement"
    );
    assert_eq!(code(w.games.void(admin, table.id, "", None).await), "games.invalid_statement");
    assert!(w.gate.asked().is_empty(), "the gate isn't asked for what is refused anyway");

    let board = w.played("tic_tac_toe").await;
    w.games.abandon(board.players[0], board.id, None).await.expect("leaves");
    let refused =
        w.games.amend(admin, board.id, "Right.", &scores(&board, &[1, 2]), None).await.expect_err("no scores");
    assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("games.invalid_scores", "/scores"));
    w.games.void(admin, board.id, "Wrong.", None).await.expect("voiding works for all");
    assert_eq!(w.ledger("tic_tac_toe").await.len(), 2);
}

#[tokio::test]
async fn a_live_game_is_voided_without_a_result_and_an_ended_one_without_any_not_at_all() {
    let w = world();
    w.gate.set(Approved::Yes);
    let admin = w.player();
    for table in [w.played("pair").await, w.open("pair")] {
        let player = table.players[0];
        assert_eq!(
            code(w.games.amend(admin, table.id, "Why not.", &scores(&table, &[1, 2]), None).await),
            "games.no_result"
        );
        let game = w.games.void(admin, table.id, "A test.", None).await.expect("voided");
        assert_eq!((ended(&game), &game.result), ((Status::Voided, "admin"), &None));
        assert_eq!(w.kernel.engagement(player), Engagement::Idle, "everybody is free");
    }
    assert_eq!(w.ledger("pair").await, []);
    let table = w.open("pair");
    w.games.abandon(table.players[0], table.id, None).await.expect("aborts");
    let refused = w.games.void(admin, table.id, "A test.", None).await.expect_err("nothing to void");
    assert_eq!((refused.code(), refused.extensions()), ("games.no_result", vec![("state", json!("aborted"))]));
    assert_eq!(
        code(w.games.void(admin, kernel::GameId::new(kernel::IdSource::uuid(&*w.ids, w.now())), "A test.", None).await),
        "games.not_found"
    );
}

#[tokio::test]
async fn corrections_wait_for_the_gate() {
    let w = world();
    let (admin, table) = (w.player(), settled(&w).await);
    let before = w.load(table.id).await;
    let refused = w.games.void(admin, table.id, "Wrong.", None).await.expect_err("held");
    assert_eq!((refused.code(), refused.kind()), ("games.approval_pending", ErrorKind::Conflict));
    w.gate.set(Approved::No(String::from("four eyes")));
    let refused = w.games.amend(admin, table.id, "Wrong.", &scores(&table, &[1, 2]), None).await.expect_err("refused");
    assert_eq!((refused.code(), refused.extensions()), ("games.not_approved", vec![("reason", json!("four eyes"))]));
    assert_eq!((w.load(table.id).await, audit(&w).await), (before, vec![]));
    let asked = w.gate.asked();
    assert_eq!(asked.iter().map(|request| &*request.kind).collect::<Vec<_>>(), ["game.void", "game.amend"]);
    assert_eq!(asked[1].content, json!({ "reason": "Wrong.", "scores": { "0": 1.0, "1": 2.0 } }));
    assert_eq!(asked[1].context["result"], json!({ "status": "settled", "version": 1 }));
}

#[tokio::test]
async fn a_dispute_is_resolved_without_the_gate_and_once() {
    let w = world();
    let (admin, table) = (w.player(), w.played("pair").await);
    w.report(&table, 0, 5, &[(1, 1)], None).await;
    w.report(&table, 1, 4, &[], None).await;
    let settle = Resolution::Settle { scores: scores(&table, &[5, 4]) };
    let key = ReceiptKey { player: admin, route: String::from("resolve"), key: String::from("k") };
    let receipt = Receipt { key: key.clone(), body_hash: [1; 32], outcome: json!(null), at: w.now() };
    let game = w.games.resolve(admin, table.id, &settle, "Seen the video.", Some(receipt)).await.expect("settled");
    assert_eq!((game.status, outcomes(&game), game.due_at), (Status::Settled, vec![WIN, LOSS], None));
    assert_eq!(w.kernel.find(&key).await.expect("readable").expect("written").receipt.outcome["game"], json!(table.id));
    let entry = w.ledger("pair").await.remove(0);
    assert_eq!((entry.version, entry.reason.as_str(), &entry.provenance["supersedes"]), (1, "admin", &json!(null)));
    assert_eq!(audit(&w).await[0].action, "dispute.resolve");
    assert!(w.gate.asked().is_empty());
    let again = w.games.resolve(admin, table.id, &settle, "Seen the video.", None).await.expect("holds already");
    assert_eq!(again, game);
    let refused = w.games.resolve(admin, table.id, &Resolution::Void, "No.", None).await.expect_err("decided");
    assert_eq!((refused.code(), refused.extensions()), ("games.no_result", vec![("state", json!("settled"))]));
}

#[tokio::test]
async fn a_doubt_is_dismissed_by_the_same_scores_and_confirmed_by_a_void() {
    let w = world();
    let admin = w.player();
    let doubted = async || {
        let table = settled(&w).await;
        w.games.dispute(table.players[1], table.id, "He cheats.", None, None).await.expect("kept");
        table
    };
    let (kept, taken) = (doubted().await, doubted().await);
    let filter = CaseFilter { needs_review: true, ..CaseFilter::default() };
    let cases = w.games.cases(&filter, None, PageLimit::default()).await.expect("readable").items;
    assert_eq!(cases.iter().map(|game| game.id).collect::<Vec<_>>(), [taken.id, kept.id], "newest first");

    let stands = Resolution::Settle { scores: scores(&kept, &[9, 4]) };
    let game = w.games.resolve(admin, kept.id, &stands, "He doesn't.", None).await.expect("dismissed");
    assert_eq!((game.needs_review, game.result_line()), (false, Some(("settled", 1))));
    assert_eq!((w.ledger("pair").await.len(), audit(&w).await.len()), (2, 1), "no new version, but a deed");
    assert_eq!(
        code(w.games.resolve(admin, taken.id, &Resolution::Void, "He does.", None).await),
        "games.approval_pending"
    );
    w.gate.set(Approved::Yes);
    let game = w.games.resolve(admin, taken.id, &Resolution::Void, "He does.", None).await.expect("voided");
    assert_eq!((game.needs_review, game.result_line()), (false, Some(("voided", 2))));
    assert!(w.games.cases(&filter, None, PageLimit::default()).await.expect("readable").items.is_empty());
    assert_eq!(w.games.case(taken.id).await.expect("there"), game);
}

#[tokio::test]
async fn a_disputed_game_is_listed_from_the_first_moment_until_it_is_decided() {
    let w = world();
    let table = w.played("three").await;
    for (who, of_first) in [(0, None), (1, Some(3)), (2, Some(3))] {
        let of_first: Vec<_> = of_first.map(|score| (0, score)).into_iter().collect();
        w.report(&table, who, 5, &of_first, None).await;
    }
    assert_eq!(w.load(table.id).await.status, Status::Disputed);
    let filter = CaseFilter { needs_review: true, ..CaseFilter::default() };
    let listed = async || w.games.cases(&filter, None, PageLimit::default()).await.expect("readable").items.len();
    assert_eq!(listed().await, 1, "the evidence window has only begun");
    assert_eq!(w.after(60_000, table.id).await.status, Status::Settled, "by the majority");
    assert_eq!(listed().await, 0);
}
