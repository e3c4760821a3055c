use kernel::contract::Pace;
use kernel::{Engagement, PageLimit, PlayerId, StreamKey};
use serde_json::json;

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide;
use crate::model::Game;
use crate::store::{CaseFilter, HistoryFilter, HistoryQuery};
use crate::words::{OriginKind, Status};

async fn history(f: &GamesFixture, player: PlayerId, filter: HistoryFilter) -> Vec<Game> {
    let limit = PageLimit::new(10).expect("within bounds");
    let query = HistoryQuery { player, filter, after: None, limit };
    f.store.history(&query).await.expect("readable").items
}

/// The practice bot is in the games as they are read. By it none of them is found: it is neither held nor missed, and
/// has no history.
pub async fn a_practice_bot_sits_in_any_number_of_games_and_has_a_seat_in_none(f: &GamesFixture, _: Pace) {
    let (board, bot) = (mode("tic_tac_toe"), PlayerId::BOT);
    let players = [f.player(), f.player()];
    let mut games = Vec::new();
    for player in players {
        let change = decide::practise(&board, &f.opening(player, &[], at(0)), at(0)).expect("allowed");
        assert!(change.events.iter().all(|event| !event.audience().contains(&StreamKey::player(bot))));
        games.push(f.write(&change, at(0)).await.0);
    }
    for (game, player) in games.iter().zip(players) {
        assert_eq!(f.load(game.id).await, *game, "it comes back as it was written");
        assert_eq!((game.status, game.origin.kind, game.rated), (Status::InProgress, OriginKind::Practice, false));
        assert_eq!(f.store.live_of(player).await.expect("readable"), std::slice::from_ref(game));
        assert_eq!(f.engaged(player).await, Engagement::Game(game.id));
        let there = f.attendance.of_game(game.id).await.expect("readable");
        assert_eq!(there.iter().map(|seat| seat.player).collect::<Vec<_>>(), [player]);
    }
    assert_eq!((f.engaged(bot).await, f.store.live_of(bot).await.expect("readable")), (Engagement::Idle, vec![]));
    let unseen = f.attendance.unseen(at(60_000), 10).await.expect("readable");
    assert_eq!(unseen.len(), 2, "{unseen:?}");
    assert!(unseen.iter().all(|seat| seat.player != bot));

    let [first, _] = games.try_into().expect("two");
    let moved = decide::play(&first, &board, players[0], &json!({ "cell": 4 }), 0, at(1));
    let moved = f.carry_out(moved, at(1)).await;
    assert_eq!((moved.sequence, moved.turn), (2, Some(0)), "both moves in one change");
    assert_eq!(f.load(first.id).await, moved);
    let over = f.carry_out(decide::abandon(&moved, &board, players[0], at(2)), at(2)).await;
    assert_eq!((f.load(first.id).await, f.engaged(players[0]).await), (over.clone(), Engagement::Idle));
    let entry = f.store.ledger("tic_tac_toe", 0, 10).await.expect("readable").pop().expect("entered");
    assert_eq!((entry.rated, entry.is_practice(), entry.standings.len()), (false, true, 2));

    assert_eq!(history(f, players[0], HistoryFilter::default()).await, std::slice::from_ref(&over));
    let narrowed = |tag: &str, rated| HistoryFilter { tag: Some(tag.into()), rated: Some(rated), ..Default::default() };
    assert_eq!(history(f, players[0], narrowed("practice", false)).await, [over]);
    assert!(history(f, players[0], narrowed("practice", true)).await.is_empty());
    let with_it = HistoryFilter { opponent: Some(bot), ..HistoryFilter::default() };
    assert!(history(f, players[0], with_it).await.is_empty());
    assert!(history(f, bot, HistoryFilter::default()).await.is_empty());
    assert!(f.invites.worded_by(bot, None, 10).await.expect("readable").is_empty());
    let filter = CaseFilter { player: Some(bot), ..CaseFilter::default() };
    let limit = PageLimit::new(10).expect("within bounds");
    assert!(f.cases.cases(&filter, None, limit).await.expect("readable").items.is_empty());

    // Once more: the old game and the next one change together, and the bot begins.
    let old = f.load(first.id).await;
    let change = decide::practise_again(&old, &board, &f.opening(players[0], &[], at(3)), at(3)).expect("over");
    let next = f.write(&change, at(3)).await.0;
    assert_eq!((f.load(next.id).await, next.sequence, next.turn), (next.clone(), 1, Some(1)));
    assert_eq!(f.load(first.id).await.rematch, Some(next.id));
}
