use std::collections::BTreeSet;

use kernel::contract::Pace;
use kernel::{GameId, PageLimit, PlayerId};

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide;
use crate::model::Game;
use crate::store::{HistoryFilter, HistoryPosition, HistoryQuery};
use crate::words::Outcome;

async fn page(
    f: &GamesFixture,
    player: PlayerId,
    filter: &HistoryFilter,
    after: Option<HistoryPosition>,
    limit: u16,
) -> (Vec<Game>, Option<HistoryPosition>) {
    let limit = PageLimit::new(limit).expect("within bounds");
    let query = HistoryQuery { player, filter: filter.clone(), after, limit };
    let page = f.store.history(&query).await.expect("readable");
    (page.items, page.next)
}

async fn all(f: &GamesFixture, player: PlayerId, filter: &HistoryFilter) -> Vec<GameId> {
    let (games, next) = page(f, player, filter, None, 100).await;
    assert_eq!(next, None);
    games.into_iter().map(|game| game.id).collect()
}

/// Equal times are ordered by id, so no game is shown twice or never; the last page says that it is the last.
pub async fn history_is_newest_first_in_pages(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let mut games = Vec::new();
    for over in [10_000, 20_000, 20_000, 20_000, 30_000, 40_000] {
        let game = f.won([ann, ben], at(over)).await;
        games.push(Game { reports: Vec::new(), ..game });
    }
    games.sort_by_key(|game| std::cmp::Reverse((game.finished_at, game.id)));
    for size in [1, 2, 3, 6, 7] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (items, next) = page(f, ben, &HistoryFilter::default(), after, size).await;
            assert!(items.len() <= usize::from(size));
            seen.extend(items);
            let Some(next) = next else { break };
            after = Some(next);
        }
        assert_eq!(seen, games, "in pages of {size}");
    }
    assert_eq!(page(f, f.player(), &HistoryFilter::default(), None, 5).await, (vec![], None));
}

/// A reader who pages while games end sees each of the older ones exactly once.
pub async fn history_stays_stable_while_games_are_added(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let mut older = BTreeSet::new();
    for n in 1..=7 {
        older.insert(f.won([ann, ben], at(n * 10_000)).await.id);
    }
    let (mut seen, mut after, mut now) = (Vec::new(), None, 100_000);
    loop {
        let (items, next) = page(f, ann, &HistoryFilter::default(), after, 2).await;
        seen.extend(items.into_iter().map(|game| game.id));
        let Some(next) = next else { break };
        after = Some(next);
        now += 10_000;
        f.won([ann, ben], at(now)).await;
    }
    assert_eq!(seen.len(), older.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), older);
}

/// By mode, by the player's own result, by another player; together they narrow further.
pub async fn history_is_narrowed_by_each_filter(f: &GamesFixture, _: Pace) {
    let (ann, ben, cem) = (f.player(), f.player(), f.player());
    let won = f.won([ann, ben], at(10_000)).await.id;
    let lost = f.won([cem, ann], at(20_000)).await.id;
    let game = f.started("duel", [ann, ben], at(30_000)).await;
    let drawn = f.finish(game, [4, 4], at(31_000)).await.id;
    let game = f.started("tic_tac_toe", [ben, ann], at(40_000)).await;
    let board = f.carry_out(decide::abandon(&game, &mode("tic_tac_toe"), ben, at(41_000)), at(41_000)).await.id;

    let none = HistoryFilter::default();
    let result = |outcome| HistoryFilter { result: Some(outcome), ..HistoryFilter::default() };
    let of_mode = |key: &str| HistoryFilter { mode: Some(key.to_owned()), ..HistoryFilter::default() };
    let with = |other| HistoryFilter { opponent: Some(other), ..HistoryFilter::default() };
    assert_eq!(all(f, ann, &none).await, [board, drawn, lost, won]);
    assert_eq!(all(f, ann, &result(Outcome::Win)).await, [board, won]);
    assert_eq!(all(f, ann, &result(Outcome::Loss)).await, [lost]);
    assert_eq!(all(f, ann, &result(Outcome::Draw)).await, [drawn]);
    assert_eq!(all(f, ann, &of_mode("duel")).await, [drawn, lost, won]);
    assert_eq!(all(f, ann, &of_mode("chess")).await, []);
    assert_eq!(all(f, ann, &with(ben)).await, [board, drawn, won]);
    assert_eq!(all(f, ann, &with(ann)).await, [], "nobody plays against oneself");
    let narrow = HistoryFilter {
        mode: Some("duel".to_owned()),
        result: Some(Outcome::Win),
        opponent: Some(ben),
        ..HistoryFilter::default()
    };
    assert_eq!(all(f, ann, &narrow).await, [won]);
    assert_eq!(all(f, ben, &result(Outcome::Loss)).await, [board, won]);
}

/// Live and aborted games are no history; a voided one is, at the place where it ended.
pub async fn history_leaves_out_what_never_started(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let duel = mode("duel");
    let game = f.open(&f.spec("duel", &[ann, ben], at(0))).await;
    f.carry_out(decide::abandon(&game, &duel, ann, at(1)), at(1)).await;
    let game = f.started("duel", [ann, ben], at(2)).await;
    assert_eq!(all(f, ann, &HistoryFilter::default()).await, []);
    let late = game.due_at.expect("games end");
    f.settle(&decide::expire(&game, Some(&duel), late).expect("due"), late).await;
    f.started("duel", [ann, ben], late).await;
    assert_eq!(all(f, ann, &HistoryFilter::default()).await, [game.id]);
}
