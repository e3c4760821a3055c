use kernel::contract::Pace;
use kernel::{GameId, InviteId};

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide::{self, Guest};
use crate::words::{InviteState, PlayerStatus};

/// Whatever becomes of an invitation, and of the seat a rematch keeps for its player.
pub async fn a_game_and_its_invitations_come_back_as_they_were_written(f: &GamesFixture, _: Pace) {
    let (ann, ben, duel) = (f.player(), f.player(), mode("duel"));
    let guests = [Guest::Player { id: ben, present: true }, Guest::Link(String::from("abcdefgh23"))];
    let game = f.write(&f.making("duel", ann, &guests, at(0)), at(0)).await.0;
    assert_eq!(f.load(game.id).await, game);
    let declined = decide::decline(&game, &duel, ben, game.invites[0].id, Some("später — „gern“"), at(1));
    let game = f.carry_out(declined, at(1)).await;
    assert_eq!(f.load(game.id).await, game);
    assert_eq!(
        game.invites.iter().map(|invite| invite.state).collect::<Vec<_>>(),
        [InviteState::Declined, InviteState::Stored]
    );
    let game = f.carry_out(decide::cancel(&game, &duel, ann, game.invites[1].id, at(2)), at(2)).await;
    assert_eq!((f.load(game.id).await, game.ended.is_some()), (game.clone(), true));

    let old = f.won([ann, ben], at(10_000)).await;
    let opening = f.opening(ann, &[Guest::Player { id: ben, present: false }], at(20_000));
    let again = decide::open_rematch(&old, &duel, &opening, decide::InviteWindows::default(), at(20_000));
    let next = f.write(&again.expect("allowed"), at(20_000)).await.0;
    assert_eq!(f.load(next.id).await, next);
    assert_eq!(next.player(ben).map(|player| player.status), Some(PlayerStatus::Invited));
    assert_eq!(f.store.live_of(ben).await.expect("readable"), [], "a seat kept for somebody holds nobody");
    assert_eq!((next.origin.rematch_of, f.load(old.id).await.rematch), (Some(old.id), Some(next.id)));
}

/// Also when they are over: whoever asks late learns so.
pub async fn invitations_are_found_by_id_and_code(f: &GamesFixture, _: Pace) {
    let (ann, ben, duel) = (f.player(), f.player(), mode("duel"));
    let guests = [Guest::Player { id: ben, present: false }, Guest::Link(String::from("mnpqrstuv4"))];
    let game = f.write(&f.making("duel", ann, &guests, at(0)), at(0)).await.0;
    let other =
        f.write(&f.making("duel", f.player(), &[Guest::Link(String::from("wxyz234567"))], at(0)), at(0)).await.0;
    for asked in 0..2 {
        for (game, invite) in [(&game, 0), (&game, 1), (&other, 0)] {
            let found = f.invites.game_of(game.invites[invite].id).await.expect("readable");
            assert_eq!(found, Some(game.id));
        }
        assert_eq!(f.invites.game_of_code("mnpqrstuv4").await.expect("readable"), Some(game.id));
        assert_eq!(f.invites.game_of_code("wxyz234567").await.expect("readable"), Some(other.id));
        if asked == 0 {
            f.carry_out(decide::abandon(&game, &duel, ann, at(1)), at(1)).await;
        }
    }
    assert_eq!(f.invites.game_of(InviteId::new(f.ids.uuid(at(0)))).await.expect("readable"), None);
    for code in ["", "MNPQRSTUV4", "mnpqrstuv", "mnpqrstuv5"] {
        assert_eq!(f.invites.game_of_code(code).await.expect("readable"), None, "{code}");
    }
}

/// To and from a player, newest game first, no more than asked for, and none that is answered.
pub async fn open_invitations_are_found_by_whom_they_concern(f: &GamesFixture, _: Pace) {
    let (ann, ben, cem, duel) = (f.player(), f.player(), f.player(), mode("duel"));
    let to = |id| [Guest::Player { id, present: false }];
    let first = f.write(&f.making("duel", ann, &to(ben), at(0)), at(0)).await.0;
    let second = f.write(&f.making("duel", cem, &to(ben), at(1)), at(1)).await.0;
    let link = f.write(&f.making("duel", ben, &[Guest::Link(String::from("zzzzzzzzz9"))], at(2)), at(2)).await.0;
    let of = async |player, limit| -> Vec<GameId> {
        f.invites.open_of(player, limit).await.expect("readable").into_iter().map(|game| game.id).collect()
    };
    assert_eq!(of(ben, 10).await, [link.id, second.id, first.id]);
    assert_eq!(of(ben, 2).await, [link.id, second.id]);
    assert_eq!((of(ann, 10).await, of(cem, 10).await), (vec![first.id], vec![second.id]));
    let links = f.invites.open_links_of(&[ann, ben, cem]).await.expect("readable");
    assert_eq!(links, [(ben, link.id)], "nobody else made one");
    assert_eq!(f.invites.open_links_of(&[ann]).await.expect("readable"), []);
    assert_eq!(f.invites.open_of(ann, 1).await.expect("readable"), vec![first.clone()], "whole games");
    f.carry_out(decide::decline(&first, &duel, ben, first.invites[0].id, None, at(3)), at(3)).await;
    assert_eq!(of(ben, 10).await, [link.id, second.id]);
    assert_eq!((of(ann, 10).await, of(f.player(), 10).await), (vec![], vec![]));
}

/// Seats and answered invitations count, in the order of ids and in pages.
pub async fn games_in_which_a_player_said_something_are_found(f: &GamesFixture, _: Pace) {
    let (ann, ben, duel) = (f.player(), f.player(), mode("duel"));
    let to = |id| [Guest::Player { id, present: false }];
    let declined = f.write(&f.making("duel", ann, &to(ben), at(0)), at(0)).await.0;
    f.carry_out(decide::decline(&declined, &duel, ben, declined.invites[0].id, Some("words"), at(1)), at(1)).await;
    let own = f.write(&f.making("duel", ben, &[], at(2)), at(2)).await.0;
    f.write(&f.making("duel", f.player(), &to(ann), at(3)), at(3)).await;
    let of = async |player, after, limit| f.invites.worded_by(player, after, limit).await.expect("readable");
    assert_eq!(of(ben, None, 10).await, [declined.id, own.id]);
    assert_eq!(of(ben, None, 1).await, [declined.id]);
    assert_eq!(of(ben, Some(declined.id), 10).await, [own.id]);
    assert_eq!(of(f.player(), None, 10).await, []);
}

/// Nothing else wakes such a game.
pub async fn an_invitation_that_runs_out_makes_its_game_due(f: &GamesFixture, _: Pace) {
    let guests = [Guest::Player { id: f.player(), present: false }, Guest::Link(String::from("yyyyyyyyy8"))];
    let game = f.write(&f.making("duel", f.player(), &guests, at(0)), at(0)).await.0;
    let due = async |now| f.store.due(now, 10).await.expect("readable");
    assert_eq!(due(at(59_999)).await, []);
    assert_eq!(due(at(60_000)).await, vec![game.clone()]);
    let expired = decide::expire(&game, Some(&mode("duel")), at(60_000)).expect("due");
    let game = f.write(&expired, at(60_000)).await.0;
    assert_eq!(due(at(24 * 3_600_000 - 1)).await, [], "the link lives on");
    assert_eq!(due(at(24 * 3_600_000)).await, vec![game]);
}
