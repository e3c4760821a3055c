//! What a game means for those who played it.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod worlds;

use kernel::{Clock as _, ErrorKind, PageLimit, PlayerId, Refusal as _};
use shallweplay_standings::{
    BoardQuery, BoardSpan, Fact, FactSource as _, HeadToHead, Metric, ModeScheme, Model, Outcome, PlayerStats,
    Scheming, Standings, StandingsReads as _, StandingsStore as _, rating,
};
use worlds::World;

async fn stats(standings: &Standings, player: PlayerId, mode: &str) -> PlayerStats {
    let stats = standings.stats_of(player, None).await.expect("readable");
    stats.by_mode.into_iter().find(|(key, _)| key == mode).map(|(_, stats)| stats).unwrap_or_default()
}

#[tokio::test]
async fn a_win_raises_the_winner_and_lowers_the_loser_and_both_hear_of_it() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let fact = world.beats("duel", ann, ben);
    world.work().await;
    let standings = world.standings();
    let [first] = &standings.ratings_of(ann).await.expect("readable")[..] else { panic!("one family") };
    let [second] = &standings.ratings_of(ben).await.expect("readable")[..] else { panic!("one family") };
    assert!(first.rating.value > 1_500.0 && second.rating.value < 1_500.0);
    assert_eq!((first.family.as_str(), first.rating.games, first.provisional), ("duel", 1, true));
    let changes = world.rating_changes();
    assert_eq!(changes.len(), 2);
    let event = changes.iter().find(|event| event.data["player_id"] == ann.to_string()).expect("one each");
    assert_eq!(event.aggregate, format!("rating:duel:{ann}"));
    assert_eq!(event.audience, [kernel::StreamKey::player(ann)]);
    let expected = serde_json::json!({
        "player_id": ann,
        "mode": "duel",
        "family": "duel",
        "game_id": fact.game_id,
        "version": 1,
        "rating_before": 1_500.0,
        "rating_after": rating::shown(first.rating.value),
        "deviation": rating::shown(first.rating.deviation),
        "provisional": true,
        "reason": "played",
    });
    assert_eq!(event.data, expected);
}

#[tokio::test]
async fn stats_count_outcomes_streaks_form_and_scores() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    for won in [true, true, true, false, true, true, true, true, false, false, false] {
        if won {
            world.beats("duel", ann, ben);
        } else {
            world.beats("duel", ben, ann);
        }
    }
    let draw = Some(Outcome::Draw);
    world.plays("duel", &[(ann, 0, draw, Some(99)), (ben, 1, draw, Some(99))]);
    world.beats("duel", ann, ben);
    world.work().await;
    let mine = stats(&world.standings(), ann, "duel").await;
    assert_eq!((mine.games, mine.wins, mine.losses, mine.draws), (13, 8, 4, 1));
    assert_eq!((mine.streak, mine.best_streak, mine.form.as_str()), (1, 4, "LWWWWLLLDW"));
    assert_eq!((mine.best_score, mine.total_score), (Some(99), 8 * 10 + 4 * 4 + 99));
    assert_eq!((mine.last_sequence, mine.last_at), (13, Some(world.clock.now())));
    let theirs = stats(&world.standings(), ben, "duel").await;
    assert_eq!((theirs.games, theirs.wins, theirs.streak, theirs.best_streak), (13, 4, -1, 3));
}

#[tokio::test]
async fn modes_of_a_family_share_the_rating_but_not_the_stats() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.beats("blitz", ann, ben);
    world.work().await;
    let standings = world.standings();
    let ratings = standings.ratings_of(ann).await.expect("readable");
    assert_eq!(ratings.iter().map(|now| (now.family.as_str(), now.rating.games)).collect::<Vec<_>>(), [("duel", 2)]);
    let all = standings.stats_of(ann, None).await.expect("readable");
    assert_eq!(
        all.by_mode.iter().map(|(mode, stats)| (mode.as_str(), stats.games)).collect::<Vec<_>>(),
        [("blitz", 1), ("duel", 1)]
    );
    assert_eq!((all.total.games, all.total.wins, all.total.best_score), (2, 2, None));
    let month = standings.stats_of(ann, Some("2026-01")).await.expect("readable");
    assert_eq!(month, all);
    assert_eq!(standings.stats_of(ann, Some("2025-12")).await.expect("readable").total, PlayerStats::default());
}

#[tokio::test]
async fn the_sixth_game_of_a_pair_in_a_day_moves_them_less() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    for _ in 0..7 {
        world.clock.advance_millis(60_000);
        world.beats("duel", ann, ben);
    }
    world.clock.advance_millis(86_400_000);
    world.beats("duel", ann, ben);
    world.work().await;
    let rows = world.store.results("duel", 0, 100).await.expect("readable");
    let weights: Vec<f64> = rows.iter().filter(|row| row.player_id == ann).map(|row| row.weight).collect();
    assert_eq!(weights, [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 1.0]);
    let full = {
        let sixth: Vec<_> = rows.iter().filter(|row| row.sequence == 6).collect();
        let seat = |row: &&shallweplay_standings::ResultRow| rating::RatedSeat {
            player_id: row.player_id,
            team: row.team,
            rating: row.before.expect("rated"),
            outcome: row.outcome,
            score: row.score,
        };
        let seats: Vec<_> = sixth.iter().map(seat).collect();
        let full = rating::rate(shallweplay_standings::Model::WengLin, &seats, 1.0, sixth[0].at);
        (full[0].value - seats[0].rating.value, sixth[0].after.expect("rated").value - seats[0].rating.value)
    };
    assert!((full.1 / full.0 - 0.5).abs() < 1e-9, "half of {full:?}");
}

#[tokio::test]
async fn a_team_of_friends_is_weighed_by_its_most_familiar_opponents() {
    let mut world = World::new();
    let [ann, ben, cem, dan] = world.players();
    for _ in 0..6 {
        world.beats("squads", ann, cem);
    }
    let (won, lost) = (Some(Outcome::Win), Some(Outcome::Loss));
    world.plays("squads", &[(ann, 0, won, None), (ben, 0, won, None), (cem, 1, lost, None), (dan, 1, lost, None)]);
    world.work().await;
    let rows = world.store.results("squads", 6, 10).await.expect("readable");
    assert_eq!(rows.iter().map(|row| row.weight).collect::<Vec<_>>(), [0.25; 4]);
    assert_eq!(world.store.pairings_of(ann, ben).await.expect("readable"), [], "friends aren't opponents");
}

#[tokio::test]
async fn a_game_of_one_and_an_unrated_one_move_no_rating() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.plays("score_attack", &[(ann, 0, None, Some(4_200))]);
    // Said to be rated, but there is nobody to be rated against.
    world.plays("duel", &[(ann, 0, Some(Outcome::Win), Some(1))]);
    let friendly = world.plays("chess", &[]);
    world.corrects(&friendly, |fact| {
        fact.rated = false;
        fact.lines = world.beats("squads", ann, ben).lines;
    });
    world.work().await;
    let standings = world.standings();
    let families = standings.ratings_of(ann).await.expect("readable");
    assert_eq!(families.iter().map(|now| now.family.as_str()).collect::<Vec<_>>(), ["squads"]);
    let run = stats(&standings, ann, "score_attack").await;
    assert_eq!((run.games, run.wins, run.best_score, run.form.as_str()), (1, 0, Some(4_200), ""));
    assert_eq!(
        stats(&standings, ann, "chess").await.wins,
        1,
        "a version that is the first to name players is the first"
    );
    assert_eq!(world.rating_changes().len(), 2);
}

#[tokio::test]
async fn in_a_game_of_many_two_losers_drew_against_each_other() {
    let mut world = World::new();
    let [ann, ben, cem] = world.players();
    let (won, lost) = (Some(Outcome::Win), Some(Outcome::Loss));
    world.plays("duel", &[(ann, 0, won, Some(9)), (ben, 1, lost, Some(5)), (cem, 2, lost, Some(3))]);
    world.beats("duel", cem, ben);
    world.clock.advance_millis(1);
    let last = world.beats("blitz", ben, cem);
    world.work().await;
    let standings = world.standings();
    let met = standings.head_to_head(ben, cem, Some("duel")).await.expect("readable");
    assert_eq!((met.games, met.wins, met.losses, met.draws, met.streak), (2, 0, 1, 1, -1));
    let met = standings.head_to_head(ann, cem, None).await.expect("readable");
    assert_eq!((met.games, met.wins, met.streak), (1, 1, 1));
    let all = standings.head_to_head(ben, cem, None).await.expect("readable");
    assert_eq!((all.games, all.wins, all.losses, all.draws), (3, 1, 1, 1));
    assert_eq!(all.last_game, Some(last.game_id));
    let strangers = standings.head_to_head(ann, world.player(), None).await.expect("readable");
    assert_eq!(strangers, HeadToHead::default());
    let answer = standings.head_to_head(ann, ben, Some("chequers")).await.expect_err("no such mode");
    assert_eq!((answer.code(), answer.kind()), ("standings.unknown_mode", ErrorKind::NotFound));
}

#[tokio::test]
async fn an_unknown_mode_does_not_hold_up_the_ledger() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("withdrawn", ann, ben);
    world.beats("duel", ann, ben);
    world.work().await;
    let families = world.standings().ratings_of(ann).await.expect("readable");
    let families: Vec<_> = families.iter().map(|now| now.family.as_str()).collect();
    assert_eq!(families, ["duel", "withdrawn"], "the ledger says it is rated");
}

#[test]
fn a_result_is_rated_by_the_model_of_the_family_it_stands_in() {
    let scheme = |mode: &str, family: &str, model| ModeScheme {
        mode: mode.to_owned(),
        family: family.to_owned(),
        model,
        rated: true,
        scored: false,
        board: Metric::Rating,
    };
    let schemes = Scheming::new(vec![
        scheme("blitz", "fast", Model::Glicko2),
        scheme("bullet", "fast", Model::Glicko2),
        scheme("rapid", "slow", Model::WengLin),
    ]);
    let world = World::new();
    let [ann, ben] = world.players();
    let played = world.beats("rapid", ann, ben);
    // Before the mode moved to another family, it counted in this one.
    let earlier = Fact { family: "fast".to_owned(), ..played };
    let by = schemes.scheme_of(&earlier);
    assert_eq!((by.mode.as_str(), by.family.as_str(), by.model), ("rapid", "fast", Model::Glicko2));
}

#[tokio::test]
async fn certainty_is_lost_when_a_rating_is_read_and_stored_nowhere() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    for _ in 0..5 {
        world.clock.advance_millis(86_400_000);
        world.beats("chess", ann, ben);
    }
    world.work().await;
    let standings = world.standings();
    let fresh = standings.rating(ann, "chess").await.expect("readable");
    world.clock.advance_millis(200 * 86_400_000);
    let stale = standings.rating(ann, "chess").await.expect("readable");
    assert!(stale.rating.deviation > fresh.rating.deviation);
    assert_eq!(stale.rating.value.to_bits(), fresh.rating.value.to_bits());
    let stored = world.store.ratings("chess", &[ann]).await.expect("readable")[&ann];
    assert_eq!(stored.deviation.to_bits(), fresh.rating.deviation.to_bits());
    let nobody = standings.rating(world.player(), "chess").await.expect("readable");
    assert_eq!((nobody.rating.value, nobody.rating.games, nobody.provisional), (1_500.0, 0, true));
}

#[tokio::test]
async fn a_board_is_read_by_its_key_among_all_or_among_friends() {
    let mut world = World::new();
    let players: [PlayerId; 5] = world.players();
    for (n, player) in players.iter().enumerate() {
        for _ in 0..[3, 1, 3, 2, 0][n] {
            world.beats("duel", *player, players[4]);
        }
    }
    world.work().await;
    let standings = world.standings();
    let board = standings.key("duel", Some(Metric::Wins), Some("2026-01")).await.expect("known");
    let limit = |n| PageLimit::new(n).expect("within bounds");
    let ask = async |among: Option<Vec<PlayerId>>, span, size| {
        let query = BoardQuery { board: board.clone(), among, span };
        standings.board(&query, limit(size)).await.expect("readable")
    };
    let first = ask(None, BoardSpan::After(None), 2).await;
    assert_eq!(first.total, 5);
    let ranks = |lines: &[shallweplay_standings::BoardLine]| -> Vec<(PlayerId, i64, bool)> {
        lines.iter().map(|line| (line.player_id, line.rank, line.tied)).collect()
    };
    assert_eq!(ranks(&first.lines), [(players[0], 1, true), (players[2], 1, true)]);
    let second = ask(None, BoardSpan::After(first.next), 5).await;
    assert_eq!(ranks(&second.lines), [(players[3], 3, false), (players[1], 4, false), (players[4], 5, false)]);
    assert_eq!(second.next, None, "the last page says so");

    let friends = vec![players[4], players[1], players[2], world.player()];
    let among = ask(Some(friends.clone()), BoardSpan::After(None), 2).await;
    assert_eq!(ranks(&among.lines), [(players[2], 1, false), (players[1], 2, false)], "ranked among themselves");
    assert_eq!(among.total, 3);
    let rest = ask(Some(friends.clone()), BoardSpan::After(among.next), 2).await;
    assert_eq!((ranks(&rest.lines), rest.next), (vec![(players[4], 3, false)], None));
    let around = ask(Some(friends.clone()), BoardSpan::Around(players[1]), 1).await;
    assert_eq!(ranks(&around.lines), [(players[1], 2, false)]);

    for (n, share) in [(0, 100.0), (2, 100.0), (3, 50.0), (1, 25.0), (4, 0.0)] {
        let placed = standings.place(&board, players[n], None).await.expect("readable").expect("on it");
        assert_eq!((placed.percentile, placed.of), (share, 5), "{n}");
    }
    let placed = standings.place(&board, players[2], Some(&friends)).await.expect("readable").expect("on it");
    assert_eq!((placed.line.rank, placed.of, placed.percentile), (1, 3, 100.0));
    assert_eq!(standings.place(&board, world.player(), None).await.expect("readable"), None);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_code() {
    let world = World::new();
    let standings = world.standings();
    let code = async |mode: &str, metric: Option<Metric>, season: Option<&str>| {
        standings.key(mode, metric, season).await.expect_err("refused").code()
    };
    assert_eq!(code("chequers", None, None).await, "standings.unknown_mode");
    assert_eq!(code("chess", Some(Metric::Sum), None).await, "standings.unknown_metric");
    assert_eq!(code("score_attack", Some(Metric::Rating), None).await, "standings.unknown_metric");
    for season in ["2026-02", "2026-13", "january", "", "9999-12"] {
        assert_eq!(code("duel", None, Some(season)).await, "standings.unknown_season", "{season}");
    }
    assert_eq!(standings.key("score_attack", None, Some("2026-01")).await.expect("known").metric, Metric::BestScore);
    let boards = standings.boards().await.expect("readable");
    let duel = boards.iter().find(|board| board.mode == "duel").expect("a mode");
    assert_eq!((duel.metric, duel.metrics.len(), duel.seasons.len()), (Metric::Rating, 5, 0));
}

#[tokio::test]
async fn the_ledger_must_have_no_gap() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    let mut next = world.beats("duel", ann, ben);
    next.family = "gapped".to_owned();
    world.ledger.insert_as_is(shallweplay_standings::Fact { sequence: 2, ..next });
    let answer = world.step().await;
    assert!(matches!(answer, Err(kernel::StoreError::Broken(_))), "{answer:?}");
    let families = world.ledger.families().await.expect("readable");
    assert_eq!(families.len(), 2);
    assert_eq!(world.store.head("duel").await.expect("readable").applied, 2, "the other family goes on");
}
