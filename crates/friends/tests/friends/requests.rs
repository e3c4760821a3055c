//! Requests and their answers.

use kernel::{GameId, IdSource, PageLimit, PlayerId, Receipts, Refusal as _};
use serde_json::json;
use shallweplay_friends::{Bond, Direction, Pair, Settings, Standing};

use crate::world::{DAY, Here, code, state};

async fn listed(here: &Here, player: PlayerId, direction: Direction) -> Vec<PlayerId> {
    let page = here.friends.requests(player, direction, None, PageLimit::default()).await.expect("readable");
    page.items.into_iter().map(|line| line.player).collect()
}

#[tokio::test]
async fn a_request_is_told_to_whom_it_is_for_and_its_acceptance_to_both() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let asked = here.friends.request(ann, ben, None).await.expect("may be asked");
    assert_eq!((asked.state, asked.made), (Standing::Pending, true));
    assert_eq!(here.events(), [("friend.requested".to_owned(), vec![ben])]);
    assert_eq!(listed(&here, ann, Direction::Outgoing).await, [ben]);
    assert_eq!(listed(&here, ben, Direction::Incoming).await, [ann]);
    assert_eq!(here.friends.standing(ben, ann).await.expect("readable"), Standing::Asked);
    assert_eq!(state(here.friends.accept(ben, ann, None).await), Standing::Friends);
    let mut both = vec![ann, ben];
    both.sort();
    assert_eq!(here.events(), [("friend.added".to_owned(), both)]);
    assert_eq!((here.counts(ann).await, here.counts(ben).await), ((1, 0), (1, 0)));
    assert_eq!(state(here.friends.accept(ben, ann, None).await), Standing::Friends, "a second click");
    assert_eq!(code(here.friends.request(ben, ann, None).await), "friends.already_friends");
    assert_eq!(here.kinds(), [""; 0]);
}

#[tokio::test]
async fn friends_know_which_game_they_met_in() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let game = GameId::new(here.world.ids.uuid(here.now()));
    here.world.store.put_game(Pair::of(ann, ben).expect("two players"), game);
    here.friends.request(ann, ben, None).await.expect("may be asked");
    here.friends.request(ben, ann, None).await.expect("crosses");
    let list = here.friends.list(ben, None, PageLimit::default()).await.expect("readable");
    assert_eq!(list.items[0].met_in, Some(game));
    let told = here.world.kernel.events().pop().expect("an event");
    assert_eq!((&*told.kind, &told.data["met_in"]), ("friend.added", &json!(game)));
}

#[tokio::test]
async fn two_hundred_repeated_requests_tell_nobody_anything() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.friends.request(ann, ben, None).await.expect("may be asked");
    here.events();
    for n in 0..200 {
        let receipt = (n % 2 == 0).then(|| here.receipt(ann, &format!("again {n}")));
        let again = here.friends.request(ann, ben, receipt).await.expect("may be asked again");
        assert_eq!((again.state, again.made), (Standing::Pending, false));
    }
    assert_eq!(here.kinds(), [""; 0]);
    assert_eq!((here.counts(ann).await, here.relation(ann, ben).await.version.0), ((0, 1), 1));
}

#[tokio::test]
async fn a_decline_is_silent_and_holds_for_a_week() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.friends.request(ann, ben, None).await.expect("may be asked");
    let asked = here.friends.requests(ann, Direction::Outgoing, None, PageLimit::default()).await.expect("readable");
    here.events();
    assert_eq!(state(here.friends.decline(ben, ann, None).await), Standing::Declined);
    assert_eq!(state(here.friends.decline(ben, ann, None).await), Standing::Declined, "a second click");
    assert_eq!(here.events(), [("friend.removed".to_owned(), vec![ben])], "only the decliner's devices");
    let seen = async || {
        let list = here.friends.requests(ann, Direction::Outgoing, None, PageLimit::default()).await;
        list.expect("readable").items
    };
    assert_eq!(seen().await, asked.items);
    assert_eq!(listed(&here, ben, Direction::Incoming).await, []);
    here.pass(7 * DAY - 1);
    let again = here.friends.request(ann, ben, None).await.expect("may be asked again");
    assert_eq!((again.state, again.made), (Standing::Pending, false));
    assert_eq!(here.kinds(), [""; 0]);
    here.pass(1);
    let again = here.friends.request(ann, ben, None).await.expect("may be asked again");
    assert_eq!((again.state, again.made), (Standing::Pending, false), "the asker can't tell that it is another one");
    assert_eq!(here.events(), [("friend.requested".to_owned(), vec![ben])]);
    assert_eq!(seen().await, asked.items);
    assert_eq!((listed(&here, ben, Direction::Incoming).await, here.counts(ann).await), (vec![ann], (0, 1)));
}

#[tokio::test]
async fn who_declined_may_ask_or_say_yes_after_all() {
    for asks in [true, false] {
        let here = Here::default();
        let [ann, ben] = here.players();
        here.friends.request(ann, ben, None).await.expect("may be asked");
        here.friends.decline(ben, ann, None).await.expect("was asked");
        let answer =
            if asks { here.friends.request(ben, ann, None).await } else { here.friends.accept(ben, ann, None).await };
        assert_eq!(state(answer), Standing::Friends);
        assert_eq!((here.counts(ann).await, here.counts(ben).await), ((1, 0), (1, 0)));
    }
}

#[tokio::test]
async fn taking_a_declined_request_back_and_asking_again_tells_nobody() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.friends.request(ann, ben, None).await.expect("may be asked");
    here.friends.decline(ben, ann, None).await.expect("was asked");
    here.events();
    assert_eq!(state(here.friends.cancel(ann, ben, None).await), Standing::None);
    assert_eq!((listed(&here, ann, Direction::Outgoing).await, here.counts(ann).await), (vec![], (0, 0)));
    let again = here.friends.request(ann, ben, None).await.expect("may be asked again");
    assert_eq!((again.state, again.made), (Standing::Pending, true));
    assert_eq!((listed(&here, ann, Direction::Outgoing).await, here.counts(ann).await), (vec![ben], (0, 1)));
    assert_eq!(listed(&here, ben, Direction::Incoming).await, []);
    assert_eq!(here.events(), [("friend.removed".to_owned(), vec![ann])], "the asker's devices, of the first");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_told_what_stands() {
    let here = Here::default();
    let [ann, ben, cem] = here.players();
    let nobody = PlayerId::new(here.world.ids.uuid(here.now()));
    let friends = &here.friends;
    for by in [ann, ben] {
        let other = if by == ann { ben } else { ann };
        assert_eq!(code(friends.accept(by, other, None).await), "friends.no_request", "there never was one");
        assert_eq!(code(friends.decline(by, other, None).await), "friends.no_request");
        assert_eq!(code(friends.cancel(by, other, None).await), "friends.no_request");
        assert_eq!(code(friends.unfriend(by, other, None).await), "friends.not_friends");
    }
    friends.request(ann, ben, None).await.expect("may be asked");
    assert_eq!(code(friends.accept(ann, ben, None).await), "friends.no_request", "one can't answer oneself");
    assert_eq!(code(friends.decline(ann, ben, None).await), "friends.no_request");
    assert_eq!(code(friends.cancel(ben, ann, None).await), "friends.no_request");
    friends.cancel(ann, ben, None).await.expect("was asked");
    for answer in [friends.accept(ben, ann, None).await, friends.decline(ben, ann, None).await] {
        let refused = answer.expect_err("it was taken back");
        assert_eq!((refused.code(), refused.extensions()), ("friends.state_changed", vec![("state", json!("none"))]));
    }
    here.befriend(ann, ben).await;
    for answer in [friends.cancel(ann, ben, None).await, friends.decline(ben, ann, None).await] {
        let refused = answer.expect_err("it was accepted");
        let state = vec![("state", json!("friends"))];
        assert_eq!((refused.code(), refused.extensions()), ("friends.state_changed", state));
    }
    for answer in [
        friends.request(ann, nobody, None).await,
        friends.accept(ann, nobody, None).await,
        friends.decline(ann, nobody, None).await,
        friends.cancel(ann, nobody, None).await,
        friends.unfriend(ann, nobody, None).await,
        friends.note(ann, nobody, Some("who?"), None).await,
        friends.block(ann, nobody, None).await,
        friends.request_handle(ann, "nobody", None).await,
    ] {
        assert_eq!(code(answer), "friends.not_found");
    }
    for answer in [
        friends.request(cem, cem, None).await,
        friends.accept(cem, cem, None).await,
        friends.cancel(cem, cem, None).await,
        friends.block(cem, cem, None).await,
        friends.unblock(cem, cem, None).await,
    ] {
        assert_eq!(code(answer), "friends.self");
    }
}

#[tokio::test]
async fn an_expired_request_counts_as_never_made() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.friends.request(ann, ben, None).await.expect("may be asked");
    here.pass(30 * DAY);
    assert_eq!(listed(&here, ben, Direction::Incoming).await, []);
    assert_eq!(code(here.friends.accept(ben, ann, None).await), "friends.state_changed");
    here.events();
    let again = here.friends.request(ann, ben, None).await.expect("may be asked again");
    assert_eq!((again.state, again.made), (Standing::Pending, true));
    assert_eq!(here.kinds(), ["friend.requested"]);
    assert_eq!(here.counts(ann).await, (0, 1), "the old one doesn't count any more");
    here.pass(30 * DAY);
    assert_eq!(state(here.friends.request(ben, ann, None).await), Standing::Pending, "it crosses nothing");
    assert_eq!((here.counts(ann).await, here.counts(ben).await), ((0, 0), (0, 1)));
}

#[tokio::test]
async fn unfriending_is_silent_and_takes_the_notes_along() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.befriend(ann, ben).await;
    here.friends.note(ann, ben, Some("  chess on Sundays \n"), None).await.expect("friends");
    assert_eq!(here.events(), [("friend.updated".to_owned(), vec![ann])], "nobody else sees a note");
    here.friends.note(ann, ben, Some("chess on Sundays"), None).await.expect("friends");
    assert_eq!(here.kinds(), [""; 0], "it was so already");
    let list = async |player| here.friends.list(player, None, PageLimit::default()).await.expect("readable").items;
    assert_eq!(list(ann).await[0].note.as_deref(), Some("chess on Sundays"));
    assert_eq!(list(ben).await[0].note, None);
    assert_eq!(state(here.friends.unfriend(ben, ann, None).await), Standing::None);
    assert_eq!(here.kinds(), ["friend.removed"], "so that lists are right; it is no notice");
    assert_eq!(code(here.friends.unfriend(ben, ann, None).await), "friends.not_friends");
    assert_eq!((list(ann).await.len(), here.counts(ann).await, here.counts(ben).await), (0, (0, 0), (0, 0)));
    here.befriend(ann, ben).await;
    assert_eq!(list(ann).await[0].note, None);
}

#[tokio::test]
async fn notes_are_bounded_and_without_control_characters() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.befriend(ann, ben).await;
    let longest = "ü".repeat(500);
    here.friends.note(ann, ben, Some(&longest), None).await.expect("fits");
    for note in [format!("{longest}x"), "a\u{0}b".to_owned(), "a\tb".to_owned()] {
        let refused = here.friends.note(ann, ben, Some(&note), None).await.expect_err("against the rules");
        assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("validation.failed", "/note"));
    }
    here.friends.note(ann, ben, Some("   "), None).await.expect("no note is fine");
    assert_eq!(here.relation(ann, ben).await.side(ann).note, None);
}

#[tokio::test]
async fn caps_tell_whose_they_are() {
    let here = Here::new(Settings { friends: 1, outgoing: 2, ..Settings::default() });
    let [ann, ben, cem, dea] = here.players();
    here.befriend(ann, ben).await;
    here.friends.request(cem, ann, None).await.expect("asking is no friendship yet");
    here.friends.request(ann, dea, None).await.expect("asking is no friendship yet");
    for (answer, side) in
        [(here.friends.accept(ann, cem, None).await, "you"), (here.friends.accept(dea, ann, None).await, "them")]
    {
        let refused = answer.expect_err("ann has one friend");
        assert_eq!((refused.code(), refused.extensions()), ("friends.limit", vec![("side", json!(side))]));
    }
    here.friends.request(ann, cem, None).await.expect_err("it crosses, and she has one friend");
    here.friends.request(cem, dea, None).await.expect("the second");
    let refused = here.friends.request(cem, ben, None).await.expect_err("the third");
    assert_eq!((refused.code(), refused.extensions()), ("friends.limit", vec![("side", json!("you"))]));
    here.friends.cancel(cem, dea, None).await.expect("was asked");
    here.friends.request(cem, ben, None).await.expect("one was taken back");
    assert_eq!((here.counts(ann).await, here.counts(cem).await), ((1, 1), (0, 2)));
}

#[tokio::test]
async fn every_command_takes_its_key_even_where_nothing_changes() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let friends = &here.friends;
    let first = friends.request(ann, ben, Some(here.receipt(ann, "ask"))).await.expect("may be asked");
    let again = friends.request(ann, ben, Some(here.receipt(ann, "ask again"))).await.expect("may be asked again");
    assert_eq!((first.made, again.made), (true, false));
    friends.unblock(ann, ben, Some(here.receipt(ann, "unblock"))).await.expect("nothing stands");
    for (key, state, made) in [("ask", "pending", true), ("ask again", "pending", false), ("unblock", "pending", false)]
    {
        let found = here.world.kernel.find(&here.receipt(ann, key).key).await.expect("readable").expect("stored");
        assert_eq!(found.receipt.outcome, json!({ "as": "relation", "player": ben, "state": state, "made": made }));
    }
    friends.accept(ben, ann, None).await.expect("was asked");
    let replayed = friends.unfriend(ann, ben, Some(here.receipt(ann, "ask"))).await.expect_err("the key was used");
    assert_eq!(replayed.kind(), kernel::ErrorKind::Replayed);
    assert!(matches!(here.relation(ann, ben).await.bond, Bond::Friends { .. }));
}
