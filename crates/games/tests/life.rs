//! The rules of a game's life, case by case. `tests/state_machine.rs` drives them at random.

use kernel::{
    Approved, Engagement, ErrorKind, GameId, GameSpec, IdSource, InviteId, PlayerId, Refusal, RosterSeat, SeededIds,
    SessionSecret, Timestamp,
};
use serde_json::json;
use shallweplay_games::decide::{self, Decided};
use shallweplay_games::{
    Catalogue, Change, Error, Game, GameEvent, InviteWindows, Mode, Outcome, PlayerStatus, ScoreReport, Status,
};

const OPENED: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn at(millis: i64) -> Timestamp {
    OPENED.plus_millis(millis)
}

fn mode(key: &str) -> Mode {
    Catalogue::shipped().expect("valid").get(key).cloned().expect("ships")
}

fn opened(key: &str, seats: u8) -> (Game, Vec<PlayerId>) {
    let ids = SeededIds::new(5);
    let players: Vec<_> = (0..seats).map(|_| PlayerId::new(ids.uuid(OPENED))).collect();
    let secret = || SessionSecret(ids.secret());
    let roster =
        players.iter().zip(0..).map(|(&player_id, n)| RosterSeat { player_id, team: n, seat: n, secret: secret() });
    let game = Game::open(&GameSpec {
        id: GameId::new(ids.uuid(OPENED)),
        mode: key.to_owned(),
        rated: true,
        seed: 9,
        roster: roster.collect(),
        ready_due_at: at(20_000),
        ready: false,
        created_at: OPENED,
    });
    (game, players)
}

fn done(decided: Decided) -> Change {
    decided.expect("allowed").expect("changes something")
}

fn started(mode: &Mode, seats: u8) -> (Game, Vec<PlayerId>) {
    let (mut game, players) = opened(&mode.key, seats);
    for &player in &players {
        game = done(decide::ready(&game, mode, player, OPENED)).game;
    }
    (game, players)
}

fn says(game: &Game, player: PlayerId, score: f64) -> ScoreReport {
    let secret = game.player(player).expect("plays").secret.0.clone();
    ScoreReport { session_secret: secret, score: Some(score), ..ScoreReport::default() }
}

fn kinds(change: &Change) -> Vec<&'static str> {
    change.events.iter().map(GameEvent::kind).collect()
}

fn code(decided: Decided) -> &'static str {
    decided.expect_err("refused").code()
}

fn outcomes(game: &Game) -> Vec<Option<Outcome>> {
    game.players.iter().map(|player| player.outcome).collect()
}

#[test]
fn starts_with_the_last_one_ready_and_tells_each_his_own_secret() {
    let (duel, (game, players)) = (mode("duel"), opened("duel", 2));
    let first = done(decide::ready(&game, &duel, players[0], at(1)));
    assert_eq!((kinds(&first), first.game.status), (vec!["game.updated"], Status::WaitingReady));
    assert!(decide::ready(&first.game, &duel, players[0], at(2)).expect("allowed").is_none(), "again changes nothing");
    let start = done(decide::ready(&first.game, &duel, players[1], at(3)));
    assert_eq!(kinds(&start), ["game.updated", "game.started", "game.started"]);
    assert_eq!(
        (start.game.status, start.game.started_at, start.game.mode_version),
        (Status::InProgress, Some(at(3)), Some(1))
    );
    for (event, seat) in start.events[1..].iter().zip(&start.game.players) {
        let data = event.data().to_string();
        assert!(data.contains(&seat.secret.0));
        assert!(start.game.players.iter().filter(|p| p.seat != seat.seat).all(|p| !data.contains(&p.secret.0)));
    }
    assert_eq!(
        start.events[0].data(),
        json!({
            "game_id": game.id, "status": "in_progress", "ended": null, "rematch": null,
            "players": [
                { "player_id": players[0], "seat": 0, "status": "playing" },
                { "player_id": players[1], "seat": 1, "status": "playing" },
            ],
        })
    );
    assert!(decide::ready(&start.game, &duel, players[0], at(4)).expect("allowed").is_none());
}

#[test]
fn who_is_not_ready_in_time_is_a_no_show_unless_nobody_was() {
    let (duel, (game, players)) = (mode("duel"), opened("duel", 2));
    let ready = done(decide::ready(&game, &duel, players[1], at(1))).game;
    assert!(decide::expire(&ready, Some(&duel), at(19_999)).is_none());
    assert_eq!(code(decide::ready(&ready, &duel, players[0], at(20_000))), "games.deadline_passed");
    let over = decide::expire(&ready, Some(&duel), at(20_000)).expect("due");
    assert_eq!((over.game.status, kinds(&over), over.ledger.is_none()), (Status::Aborted, vec!["game.updated"], true));
    let statuses = |game: &Game| game.players.iter().map(|p| p.status).collect::<Vec<_>>();
    assert_eq!(statuses(&over.game), [PlayerStatus::NoShow, PlayerStatus::Ready]);
    assert_eq!(over.events[0].data()["ended"], json!({ "reason": "no_show", "by": "system" }));
    let nobody = decide::expire(&game, Some(&duel), at(20_000)).expect("due").game;
    assert_eq!((nobody.status, statuses(&nobody)), (Status::Aborted, vec![PlayerStatus::Joined; 2]));
    let refused = decide::ready(&over.game, &duel, players[0], at(20_001)).expect_err("over");
    assert_eq!((refused.code(), refused.extensions()), ("games.not_waiting", vec![("state", json!("aborted"))]));
}

#[test]
fn moves_are_checked_in_a_fixed_order() {
    let (board, (game, players)) = (mode("tic_tac_toe"), opened("tic_tac_toe", 2));
    let stranger = PlayerId::new(SeededIds::new(99).uuid(OPENED));
    let cell = |n: u8| json!({ "cell": n });
    assert_eq!(code(decide::play(&game, &board, players[0], &cell(0), 0, at(1))), "games.not_in_progress");
    let (game, _) = started(&board, 2);
    assert_eq!(code(decide::play(&game, &board, stranger, &cell(0), 0, at(1))), "games.not_found");
    let stale = decide::play(&game, &board, players[1], &cell(0), 1, at(1)).expect_err("refused");
    assert_eq!((stale.code(), stale.extensions()), ("games.stale_sequence", vec![("sequence", json!(0))]));
    let turn = decide::play(&game, &board, players[1], &cell(0), 0, at(1)).expect_err("refused");
    assert_eq!((turn.code(), turn.kind()), ("games.not_your_turn", ErrorKind::Conflict));
    assert_eq!(turn.extensions(), [("sequence", json!(0))]);
    let illegal = decide::play(&game, &board, players[0], &cell(9), 0, at(1)).expect_err("refused");
    assert_eq!((illegal.code(), illegal.kind()), ("games.illegal_move", ErrorKind::Invalid));
    let moved = done(decide::play(&game, &board, players[0], &cell(4), 0, at(1)));
    assert_eq!(
        moved.events[0].data(),
        json!({
            "game_id": game.id, "seat": 0, "move": { "cell": 4 }, "sequence": 1, "turn": 1,
            "state": { "cells": [null, null, null, null, 0, null, null, null, null], "line": null },
        })
    );
    assert_eq!(code(decide::play(&moved.game, &board, players[1], &cell(4), 1, at(1))), "games.illegal_move");
    assert_eq!(
        code(decide::report(&game, &board, players[0], &says(&game, players[0], 1.0), at(1))),
        "games.server_decided"
    );
    let (duel, (other, them)) = (mode("duel"), started(&mode("duel"), 2));
    assert_eq!(code(decide::play(&other, &duel, them[0], &cell(0), 0, at(1))), "games.no_moves");
    let never = decide::expire(&game, Some(&board), game.due_at.expect("ends")).expect("due");
    assert_eq!((never.game.status, kinds(&never)), (Status::Voided, vec!["game.voided"]));
}

#[test]
fn a_won_board_settles_in_the_winning_move() {
    let board = mode("tic_tac_toe");
    let (mut game, players) = started(&board, 2);
    let mut last = None;
    for (n, cell) in [0, 3, 1, 4, 2].into_iter().enumerate() {
        let change = done(decide::play(&game, &board, players[n % 2], &json!({ "cell": cell }), game.sequence, at(5)));
        game = change.game.clone();
        last = Some(change);
    }
    let last = last.expect("played");
    assert_eq!(kinds(&last), ["game.moved", "game.finished", "game.settled"]);
    assert_eq!(
        last.events[1].data(),
        json!({
            "game_id": game.id, "ended": null,
            "result": { "version": 1, "status": "settled", "reason": "rules", "standings": [
                { "player_id": players[0], "team": 0, "seat": 0, "score": null, "outcome": "win" },
                { "player_id": players[1], "team": 1, "seat": 1, "score": null, "outcome": "loss" },
            ] },
        })
    );
    let entry = last.ledger.expect("settled");
    assert_eq!(
        entry.provenance,
        json!({
            "source": "rules", "rules": "tic_tac_toe", "rules_version": 1, "mode_version": 1, "moves": 5,
        })
    );
    assert_eq!(last.engage.len(), 2);
}

#[test]
fn believes_only_scores_within_the_envelope() {
    let duel = mode("duel");
    let (game, players) = started(&duel, 2);
    let rule = |score: f64, after| match decide::report(
        &game,
        &duel,
        players[0],
        &says(&game, players[0], score),
        at(after),
    ) {
        Ok(_) => "accepted",
        Err(Error::OutOfEnvelope { rule, pointer, .. }) if pointer == "/score" => rule,
        Err(error) => error.code(),
    };
    for (score, after, expected) in [
        (-1.0, 60_000, "min"),
        (1_000_001.0, 999_000, "max"),
        (1_000_000.0, 100_000, "accepted"),
        (1_000_000.0, 99_999, "max_per_second"),
        (10_000.0, 1, "accepted"),
        (10_001.0, 999, "max_per_second"),
        (0.0, 0, "accepted"),
        (1.5, 60_000, "games.invalid_report"),
        (f64::NAN, 60_000, "games.invalid_report"),
        (f64::INFINITY, 60_000, "games.invalid_report"),
        (1e300, 60_000, "games.invalid_report"),
    ] {
        assert_eq!(rule(score, after), expected, "{score} after {after} ms");
    }
    let mut slow = duel.clone();
    if let shallweplay_games::RulesOf::Relay(envelope) = &mut slow.rules {
        envelope.min_duration_ms = 5_000;
    }
    let early =
        decide::report(&game, &slow, players[0], &says(&game, players[0], 1.0), at(4_999)).expect_err("refused");
    assert_eq!(early.extensions(), [("rule", json!("min_duration"))]);
    let of_other = ScoreReport { scores: [(players[1], 20_000.0)].into(), ..says(&game, players[0], 1.0) };
    let refused = decide::report(&game, &duel, players[0], &of_other, at(1)).expect_err("refused");
    assert_eq!(refused.fields()[0].pointer, format!("/scores/{}", players[1]));
}

#[test]
fn takes_reports_only_as_they_should_be() {
    let duel = mode("duel");
    let (game, players) = started(&duel, 2);
    let stranger = PlayerId::new(SeededIds::new(99).uuid(OPENED));
    let report = |game: &Game, by, given: &ScoreReport| decide::report(game, &duel, by, given, at(9));
    let (ann, ben) = (says(&game, players[0], 5.0), says(&game, players[1], 4.0));
    assert_eq!(code(report(&game, players[1], &ann)), "games.bad_secret");
    assert_eq!(
        code(report(&game, players[0], &ScoreReport { score: Some(1.0), ..ScoreReport::default() })),
        "games.bad_secret"
    );
    assert_eq!(code(report(&game, stranger, &ann)), "games.not_found");
    assert_eq!(code(report(&game, players[0], &ScoreReport { score: None, ..ann.clone() })), "games.invalid_report");
    for scores in [[(stranger, 1.0)], [(players[0], 6.0)], [(players[1], f64::NAN)]] {
        let given = ScoreReport { scores: scores.into(), ..ann.clone() };
        assert_eq!(code(report(&game, players[0], &given)), "games.invalid_report", "{scores:?}");
    }
    let first = done(report(&game, players[0], &ann));
    assert_eq!((kinds(&first), first.game.due_at), (vec!["game.updated"], Some(at(60_009))));
    assert_eq!(first.game.snapshot(Some(players[1])).players[0].score, None, "nobody sees it before the end");
    assert_eq!(first.game.result_line(), Some(("open", 0)));
    assert!(report(&first.game, players[0], &ann).expect("allowed").is_none(), "the same again");
    let other = ScoreReport { score: Some(6.0), ..ann.clone() };
    assert_eq!(code(report(&first.game, players[0], &other)), "games.already_reported");
    assert_eq!(code(decide::abandon(&first.game, &duel, players[0], at(9))), "games.already_reported");
    let over = done(report(&first.game, players[1], &ben));
    assert_eq!((kinds(&over), over.game.status), (vec!["game.finished", "game.settled"], Status::Settled));
    assert_eq!(outcomes(&over.game), [Some(Outcome::Win), Some(Outcome::Loss)]);
    assert_eq!(over.game.players.iter().map(|p| p.score).collect::<Vec<_>>(), [Some(5), Some(4)]);
    assert!(report(&over.game, players[0], &ann).expect("allowed").is_none(), "the same, even now");
    assert_eq!(code(report(&over.game, players[0], &other)), "games.already_reported");
    assert_eq!(code(report(&over.game, stranger, &ann)), "games.not_a_player");
}

#[test]
fn contradictions_are_disputes_and_end_voided() {
    let duel = mode("duel");
    let (game, players) = started(&duel, 2);
    let claims = |outcome| ScoreReport { outcome: Some(outcome), ..says(&game, players[1], 4.0) };
    let of_ann = ScoreReport { scores: [(players[0], 9.0)].into(), ..says(&game, players[1], 4.0) };
    let first = done(decide::report(&game, &duel, players[0], &says(&game, players[0], 5.0), at(9))).game;
    for (given, agreed) in [(claims(Outcome::Loss), true), (claims(Outcome::Win), false), (of_ann, false)] {
        let change = done(decide::report(&first, &duel, players[1], &given, at(10)));
        if agreed {
            assert_eq!(change.game.status, Status::Settled);
            continue;
        }
        assert_eq!((kinds(&change), change.game.status), (vec!["game.finished", "game.disputed"], Status::Disputed));
        assert_eq!((change.engage.len(), change.ledger.is_none()), (2, true), "both are free meanwhile");
        assert_eq!(change.game.due_at, Some(at(60_010)));
        assert!(decide::expire(&change.game, Some(&duel), at(60_010)).is_none(), "two aren't a majority: the gate's");
        let no = Approved::No(String::from("unclear"));
        let end = decide::answered(&change.game, &duel, &no, at(60_010)).expect("an answer");
        assert_eq!((kinds(&end), end.engage.len(), end.ledger.is_none()), (vec!["game.voided"], 0, true));
        assert_eq!(
            end.events[0].data(),
            json!({
                "game_id": game.id, "result": null, "ended": { "reason": "unresolved_dispute", "by": "system" },
            })
        );
    }
}

#[test]
fn the_windows_end_decides_by_more_than_half_of_those_still_there() {
    let duel = mode("duel");
    let (game, players) = started(&duel, 2);
    let lone = done(decide::report(&game, &duel, players[0], &says(&game, players[0], 5.0), at(9))).game;
    assert_eq!(
        code(decide::report(&lone, &duel, players[1], &says(&game, players[1], 4.0), at(60_009))),
        "games.deadline_passed"
    );
    let over = decide::expire(&lone, Some(&duel), at(60_009)).expect("due").game;
    assert_eq!(over.status, Status::Disputed, "of two, one is not enough");
    let gone = done(decide::abandon(&lone, &duel, players[1], at(10)));
    assert_eq!((kinds(&gone), gone.game.status), (vec!["game.finished", "game.settled"], Status::Settled));
    assert_eq!(gone.game.players[0].score, Some(5), "the report counts though the other left");

    let four = Mode { teams: 4, ..duel };
    let (mut game, players) = started(&four, 4);
    for (n, expected) in [(0, Status::Disputed), (1, Status::Disputed), (2, Status::Settled)] {
        let given = says(&game, players[n], f64::from(u32::try_from(n).expect("small")));
        game = done(decide::report(&game, &four, players[n], &given, at(9))).game;
        assert_eq!(
            decide::expire(&game, Some(&four), at(60_009)).expect("due").game.status,
            expected,
            "{} of four",
            n + 1
        );
    }
    let left = done(decide::abandon(&game, &four, players[3], at(10))).game;
    assert_eq!(left.status, Status::Settled, "the rest have all reported");
    assert_eq!(outcomes(&left), [Some(Outcome::Loss), Some(Outcome::Loss), Some(Outcome::Win), Some(Outcome::Loss)]);
    assert_eq!(left.result.expect("settled").reason, "reports");
}

#[test]
fn leaving_loses_and_the_last_one_there_wins() {
    let board = mode("tic_tac_toe");
    let (waiting, players) = opened("tic_tac_toe", 2);
    let aborted = done(decide::abandon(&waiting, &board, players[0], at(1)));
    assert_eq!(
        (aborted.game.status, kinds(&aborted), aborted.engage.len()),
        (Status::Aborted, vec!["game.updated"], 2)
    );
    assert_eq!(aborted.events[0].data()["ended"], json!({ "reason": "abandoned", "by": players[0] }));
    assert!(decide::abandon(&aborted.game, &board, players[0], at(2)).expect("allowed").is_none(), "again");
    assert_eq!(code(decide::abandon(&aborted.game, &board, players[1], at(2))), "games.not_in_progress");

    let (game, players) = started(&board, 2);
    let gone = done(decide::abandon(&game, &board, players[0], at(1)));
    assert_eq!(outcomes(&gone.game), [Some(Outcome::Loss), Some(Outcome::Win)]);
    assert_eq!(gone.ledger.expect("settled").provenance["source"], "abandonment");

    let solo = Mode { teams: 1, ..mode("duel") };
    let (game, players) = started(&solo, 1);
    let gone = done(decide::abandon(&game, &solo, players[0], at(1)));
    assert_eq!(
        (gone.game.status, gone.ledger.is_none(), kinds(&gone)),
        (Status::Abandoned, true, vec!["game.updated"])
    );
    let run = done(decide::report(&game, &solo, players[0], &says(&game, players[0], 7.0), at(1)));
    assert_eq!((run.game.status, outcomes(&run.game)), (Status::Settled, vec![None]), "a run is a game of one");

    let three = Mode { teams: 3, ..mode("duel") };
    let (game, players) = started(&three, 3);
    let one = done(decide::abandon(&game, &three, players[0], at(1)));
    assert_eq!((one.game.status, kinds(&one), one.engage.len()), (Status::InProgress, vec!["game.updated"], 1));
    assert!(!one.game.holds(players[0]) && one.game.holds(players[1]), "the one who left is free at once");
    assert_eq!(code(decide::report(&one.game, &three, players[0], &says(&game, players[0], 1.0), at(2))), "games.left");
    assert!(
        decide::may_relay(&one.game, players[0], at(2)).is_err()
            && decide::may_relay(&one.game, players[1], at(2)).is_ok()
    );
    let two = done(decide::abandon(&one.game, &three, players[1], at(2)));
    assert_eq!(
        (outcomes(&two.game), two.engage.len()),
        (vec![Some(Outcome::Loss), Some(Outcome::Loss), Some(Outcome::Win)], 2)
    );
}

#[test]
fn what_is_printed_for_debugging_opens_nothing() {
    let mode = mode("duel");
    let (game, players) = opened("duel", 2);
    let game = done(decide::ready(&game, &mode, players[0], OPENED)).game;
    let change = done(decide::ready(&game, &mode, players[1], OPENED));
    let printed = format!("{change:?}");
    assert!(printed.contains("Started"), "{printed}");
    assert!(game.players.iter().all(|player| !printed.contains(&player.secret.0)), "{printed}");

    let ids = SeededIds::new(6);
    let code = "abcdefghjk";
    let offer = decide::Offer { id: InviteId::new(ids.uuid(OPENED)), to: decide::Guest::Link(code.to_owned()) };
    let opening = decide::Opening {
        id: game.id,
        seed: 1,
        by: players[0],
        doing: Engagement::Idle,
        secret: SessionSecret(ids.secret()),
        offers: vec![offer],
    };
    let made = decide::open(&mode, &opening, InviteWindows::default(), OPENED).expect("allowed");
    assert_eq!(made.game.invites[0].code.as_deref(), Some(code));
    assert!(![format!("{opening:?}"), format!("{made:?}")].concat().contains(code));
}
