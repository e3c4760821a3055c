use kernel::contract::{Pace, all_at_once};
use kernel::{PlayerId, Riders, StoreError};

use super::StandingsFixture;
use super::fixture::at;
use crate::board::{BoardKey, Metric};
use crate::model::{SeasonClose, SeasonFinal};
use crate::store::StandingsChange;

fn closing(season: &str, revision: i32) -> SeasonClose {
    SeasonClose { mode: "duel".to_owned(), season: season.to_owned(), revision, at: at(revision.into()) }
}

fn place(metric: Metric, rank: i64, player_id: PlayerId) -> SeasonFinal {
    #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
    SeasonFinal { metric, rank, player_id, value: 0.1 + rank as f64 }
}

fn due(seasons: &[&str]) -> Vec<(String, String)> {
    seasons.iter().map(|season| ("duel".to_owned(), (*season).to_owned())).collect()
}

/// Three months of `duel`.
async fn played(f: &StandingsFixture) {
    for season in ["2025-12", "2026-01", "2025-11", ""] {
        f.ranked(season, &[(f.player(), 3), (f.player(), 1)]).await;
    }
}

/// Newest first, all time not among them.
pub async fn seasons_that_were_played_are_listed(f: &StandingsFixture, _: Pace) {
    assert_eq!(f.reads.seasons("duel").await.expect("readable"), []);
    assert_eq!(f.seasons.to_close("2026-01").await.expect("readable"), []);
    played(f).await;
    let names: Vec<_> = f.reads.seasons("duel").await.expect("readable").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["2026-01", "2025-12", "2025-11"]);
    assert_eq!(f.reads.seasons("chess").await.expect("readable"), []);
    let mut over = f.seasons.to_close("2026-01").await.expect("readable");
    over.sort_unstable();
    assert_eq!(over, due(&["2025-11", "2025-12"]), "the one that runs isn't due");
}

/// A closing with a revision that stands already changes nothing.
pub async fn a_season_is_closed_once_per_revision(f: &StandingsFixture, _: Pace) {
    played(f).await;
    let ann = f.player();
    let finals = vec![place(Metric::Wins, 1, ann)];
    let riders = || Riders::events(vec![f.event("season:duel:2025-12")]);
    f.seasons.close(closing("2025-12", 1), finals.clone(), riders()).await.expect("the first");
    for revision in [0, 1] {
        let again = f.seasons.close(closing("2025-12", revision), Vec::new(), riders()).await;
        assert!(matches!(again, Err(StoreError::Stale)), "{revision}: {again:?}");
    }
    assert_eq!(f.seasons.to_close("2026-01").await.expect("readable"), due(&["2025-11"]));
    let seasons = f.reads.seasons("duel").await.expect("readable");
    assert_eq!(seasons[1], ("2025-12".to_owned(), Some(closing("2025-12", 1))));
    assert_eq!(seasons[2], ("2025-11".to_owned(), None));
    let board = BoardKey { mode: "duel".to_owned(), season: "2025-12".to_owned(), metric: Metric::Wins };
    assert_eq!(f.seasons.finals(&board, 10).await.expect("readable"), finals);
    assert_eq!(f.claim().await.len(), 1, "a refused closing has no event");
}

/// Two replicas at once.
pub async fn of_concurrent_closings_one_is_carried_out(f: &StandingsFixture, _: Pace) {
    played(f).await;
    for revision in 1..6 {
        let finals = vec![place(Metric::Wins, 1, f.player())];
        let close = || {
            let riders = Riders::events(vec![f.event("season:duel:2025-12")]);
            f.seasons.close(closing("2025-12", revision), finals.clone(), riders)
        };
        let answers = all_at_once((0..5).map(|_| close())).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(StoreError::Stale))), "{answers:?}");
    }
    assert_eq!(f.claim().await.len(), 5);
}

/// It is due again until its next revision; one that was never closed doesn't mind.
pub async fn a_changed_result_reopens_its_season(f: &StandingsFixture, _: Pace) {
    played(f).await;
    f.seasons.close(closing("2025-12", 1), Vec::new(), Riders::default()).await.expect("the first");
    f.seasons.close(closing("2025-11", 1), Vec::new(), Riders::default()).await.expect("the first");
    assert_eq!(f.seasons.to_close("2026-01").await.expect("readable"), []);
    let stands = f.store.head("duel").await.expect("readable");
    let reopened = due(&["2025-12", "2026-01"]);
    let change = StandingsChange { expect: stands.clone(), head: stands, reopened, ..f.change("duel", 0) };
    f.carry_out(change).await;
    assert_eq!(f.seasons.to_close("2026-01").await.expect("readable"), due(&["2025-12"]));
    let seasons = f.reads.seasons("duel").await.expect("readable");
    assert_eq!(seasons[1].1, Some(closing("2025-12", 1)), "its latest closing is still known");
    f.seasons.close(closing("2025-12", 2), Vec::new(), Riders::default()).await.expect("the second");
    assert_eq!(f.seasons.to_close("2026-01").await.expect("readable"), []);
    assert_eq!(f.reads.seasons("duel").await.expect("readable")[1].1, Some(closing("2025-12", 2)));
}

/// By rank and player, per board; a later revision leaves nothing of the earlier.
pub async fn final_places_are_replaced_as_a_whole(f: &StandingsFixture, _: Pace) {
    played(f).await;
    let players = f.players(4);
    let first: Vec<_> = [(1, 0), (2, 1), (2, 2), (4, 3)]
        .into_iter()
        .flat_map(|(rank, n)| [Metric::Rating, Metric::Sum].map(|metric| place(metric, rank, players[n])))
        .collect();
    let mut mixed = first.clone();
    mixed.reverse();
    f.seasons.close(closing("2025-12", 1), mixed, Riders::default()).await.expect("the first");
    let board = |metric| BoardKey { mode: "duel".to_owned(), season: "2025-12".to_owned(), metric };
    for metric in [Metric::Rating, Metric::Sum] {
        let of: Vec<_> = first.iter().filter(|place| place.metric == metric).cloned().collect();
        assert_eq!(f.seasons.finals(&board(metric), 10).await.expect("readable"), of);
        assert_eq!(f.seasons.finals(&board(metric), 2).await.expect("readable"), of[..2]);
    }
    assert_eq!(f.seasons.finals(&board(Metric::Wins), 10).await.expect("readable"), []);
    let second = vec![place(Metric::Sum, 1, players[3])];
    f.seasons.close(closing("2025-12", 2), second.clone(), Riders::default()).await.expect("the second");
    assert_eq!(f.seasons.finals(&board(Metric::Rating), 10).await.expect("readable"), []);
    assert_eq!(f.seasons.finals(&board(Metric::Sum), 10).await.expect("readable"), second);
}
