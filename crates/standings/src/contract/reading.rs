use kernel::PlayerId;
use kernel::contract::Pace;

use super::StandingsFixture;
use super::fixture::{key, rating, stats};
use crate::board::{BoardKey, BoardLine, BoardSpan, Metric, Place};
use crate::model::{Pairing, PlayerStats};
use crate::store::Working;

fn board(metric: Metric) -> BoardKey {
    BoardKey { mode: "duel".to_owned(), season: String::new(), metric }
}

fn wins() -> BoardKey {
    board(Metric::Wins)
}

/// What the board of these values must be.
fn expected(values: &[(PlayerId, i32)]) -> Vec<BoardLine> {
    let mut sorted = values.to_vec();
    sorted.sort_by_key(|(player, value)| (std::cmp::Reverse(*value), *player));
    let line = |(player, value): &(PlayerId, i32)| BoardLine {
        player_id: *player,
        value: f64::from(*value),
        games: (*value).max(1),
        rank: i64::try_from(values.iter().filter(|(_, other)| other > value).count()).expect("few") + 1,
        tied: values.iter().filter(|(_, other)| other == value).count() > 1,
    };
    sorted.iter().map(line).collect()
}

/// Nine players with ties at the top, in the middle and at the bottom, other boards beside theirs.
async fn nine(f: &StandingsFixture) -> Vec<(PlayerId, i32)> {
    let players = f.players(9);
    let values = [7, 0, 12, 3, 7, 12, 0, 7, 5];
    let values: Vec<_> = players.into_iter().zip(values).collect();
    f.ranked("", &values).await;
    f.ranked("2026-01", &[(values[0].0, 99), (f.player(), 98)]).await;
    let other = [(key("blitz", "", f.player()), stats(50))].into();
    f.write("duel", Vec::new(), Working { stats: other, ..Working::default() }).await;
    values
}

/// By family and by mode, of this player and nobody else.
pub async fn players_read_what_was_stored(f: &StandingsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    assert_eq!(f.reads.ratings_of(ann).await.expect("readable"), []);
    assert_eq!(f.reads.pairings_of(ann, ben).await.expect("readable"), []);
    let met = |games| Pairing { games, ..Pairing::default() };
    for (family, n) in [("duel", 1_510.0), ("chess", 1_620.0)] {
        let working = Working {
            ratings: [(ann, rating(n)), (ben, rating(1.0))].into(),
            stats: [
                (key(family, "", ann), stats(4)),
                (key(family, "2026-01", ann), stats(2)),
                (key(family, "", ben), stats(9)),
            ]
            .into(),
            pairings: [((family.to_owned(), ann, ben), met(2)), ((family.to_owned(), ben, ann), met(3))].into(),
        };
        f.write(family, Vec::new(), working).await;
    }
    let both = [("chess".to_owned(), rating(1_620.0)), ("duel".to_owned(), rating(1_510.0))];
    assert_eq!(f.reads.ratings_of(ann).await.expect("readable"), both);
    let some = f.reads.ratings("duel", &[ann, f.player()]).await.expect("readable");
    assert_eq!(some, [(ann, rating(1_510.0))].into());
    assert!(f.reads.ratings("duel", &[]).await.expect("readable").is_empty());
    for (season, n) in [("", 4), ("2026-01", 2)] {
        let mine = ["chess", "duel"].map(|mode| (key(mode, season, ann), stats(n)));
        assert_eq!(f.reads.stats_of(ann, season).await.expect("readable"), mine);
    }
    assert_eq!(f.reads.stats_of(ann, "2025-12").await.expect("readable"), []);
    let mine = ["chess", "duel"].map(|mode| (mode.to_owned(), met(2)));
    assert_eq!(f.reads.pairings_of(ann, ben).await.expect("readable"), mine);
    assert_eq!(f.reads.pairings_of(ben, ann).await.expect("readable")[0].1, met(3));
}

/// 1, 1, 3, 3, 3, 6: equal values share a rank and stand by player.
pub async fn a_board_is_ordered_by_value_then_player(f: &StandingsFixture, _: Pace) {
    let values = nine(f).await;
    let lines = expected(&values);
    for limit in [1, 2, 4, 9, 50] {
        let found = f.reads.board(&wins(), BoardSpan::After(None), limit).await.expect("readable");
        assert_eq!(found, lines[..lines.len().min(usize::try_from(limit).expect("few"))], "{limit}");
    }
    let nowhere = BoardKey { mode: "chess".to_owned(), ..wins() };
    assert_eq!(f.reads.board(&nowhere, BoardSpan::After(None), 5).await.expect("readable"), []);
    let month = BoardKey { season: "2026-01".to_owned(), ..wins() };
    let found = f.reads.board(&month, BoardSpan::After(None), 5).await.expect("readable");
    assert_eq!(found.iter().map(|line| line.value).collect::<Vec<_>>(), [99.0, 98.0]);
}

/// Also after somebody who stands there no more, and with the ranks and ties of the whole board.
pub async fn a_board_goes_on_after_a_line(f: &StandingsFixture, _: Pace) {
    let values = nine(f).await;
    let lines = expected(&values);
    for (at, line) in lines.iter().enumerate() {
        let span = BoardSpan::After(Some((line.value, line.player_id)));
        let found = f.reads.board(&wins(), span, 3).await.expect("readable");
        assert_eq!(found, lines[(at + 1).min(9)..(at + 4).min(9)], "after {at}");
    }
    let span = BoardSpan::After(Some((6.0, f.player())));
    let found = f.reads.board(&wins(), span, 2).await.expect("readable");
    assert_eq!(found, lines[5..7], "after nobody");
}

/// The player in the middle, fewer lines at the ends, none around who isn't there.
pub async fn a_board_shows_who_stands_around(f: &StandingsFixture, _: Pace) {
    let values = nine(f).await;
    let lines = expected(&values);
    for (at, line) in lines.iter().enumerate() {
        for (limit, reach) in [(1, 0), (3, 1), (5, 2), (17, 8)] {
            let found = f.reads.board(&wins(), BoardSpan::Around(line.player_id), limit).await.expect("readable");
            assert_eq!(found, lines[at.saturating_sub(reach)..(at + reach + 1).min(9)], "{limit} around {at}");
        }
    }
    let middle = lines[4].player_id;
    let four = f.reads.board(&wins(), BoardSpan::Around(middle), 4).await.expect("readable");
    assert!(four.len() == 4 && four[1..3].iter().any(|line| line.player_id == middle), "{four:?}");
    assert_eq!(f.reads.board(&wins(), BoardSpan::Around(f.player()), 5).await.expect("readable"), []);
}

/// Their lines as on the whole board.
pub async fn a_board_can_be_narrowed_to_some_players(f: &StandingsFixture, _: Pace) {
    let values = nine(f).await;
    let lines = expected(&values);
    let some = [values[8].0, values[1].0, f.player(), values[5].0, values[4].0];
    let found = f.reads.board_of(&wins(), &some).await.expect("readable");
    let there: Vec<_> = lines.iter().filter(|line| some.contains(&line.player_id)).copied().collect();
    assert_eq!(found, there);
    assert_eq!(f.reads.board_of(&wins(), &[]).await.expect("readable"), []);
}

/// Without a game that counts, a rating, or a score, nobody is ranked; ratings are compared to a tenth.
pub async fn only_who_has_a_value_is_on_a_board(f: &StandingsFixture, _: Pace) {
    let players = f.players(5);
    let some = [
        PlayerStats { games: 0, ..stats(9) },
        PlayerStats { rating: None, ..stats(3) },
        PlayerStats { best_score: None, total_score: 0, ..stats(2) },
        PlayerStats { rating: Some(1_500.04), best_score: Some(-7), total_score: -1_000_000_000_001, ..stats(0) },
        PlayerStats { rating: Some(1_499.96), best_score: Some((1 << 53) - 1), best_streak: 12, ..stats(1) },
    ];
    let stats = players.iter().zip(&some).map(|(player, stats)| (key("duel", "", *player), stats.clone())).collect();
    f.write("duel", Vec::new(), Working { stats, ..Working::default() }).await;
    for metric in Metric::ALL {
        let found = f.reads.board(&board(metric), BoardSpan::After(None), 10).await.expect("readable");
        let mut there: Vec<_> = players
            .iter()
            .zip(&some)
            .filter_map(|(player, stats)| Some((*player, metric.value(stats)?, stats.games)))
            .collect();
        there.sort_by(|(one, a, _), (other, b, _)| b.total_cmp(a).then(one.cmp(other)));
        let shown: Vec<_> = found.iter().map(|line| (line.player_id, line.value, line.games)).collect();
        assert_eq!(shown, there, "{metric:?}");
        for (player, stats) in players.iter().zip(&some) {
            let place = f.reads.place(&board(metric), *player).await.expect("readable");
            assert_eq!(place.map(|place| place.line.value), metric.value(stats), "{metric:?}");
        }
    }
    let ratings = f.reads.board(&board(Metric::Rating), BoardSpan::After(None), 10).await.expect("readable");
    assert!(ratings[0].tied && ratings[1].tied && ratings[1].rank == 1, "1500.04 and 1499.96 are 1500.0: {ratings:?}");
}

/// The line, and how many lines there are.
pub async fn a_place_says_rank_tie_and_how_many(f: &StandingsFixture, _: Pace) {
    let values = nine(f).await;
    for line in expected(&values) {
        let place = f.reads.place(&wins(), line.player_id).await.expect("readable");
        assert_eq!(place, Some(Place { line, of: 9 }));
    }
    assert_eq!(f.reads.place(&wins(), f.player()).await.expect("readable"), None);
}
