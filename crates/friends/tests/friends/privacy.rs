//! Blocks: at once, both ways, and unseen by the blocked.

use kernel::{PageLimit, PlayerId};
use shallweplay_friends::{Bond, Direction, NewLink, Standing, Surface, Verdict};

use crate::world::{DAY, Here, code, state};

/// Everything `player` reads: friends, requests of both directions, changes and counts.
async fn everything_read(here: &Here, player: PlayerId) -> String {
    let (friends, all) = (&here.friends, PageLimit::default());
    let list = friends.list(player, None, all).await.expect("readable").items;
    let outgoing = friends.requests(player, Direction::Outgoing, None, all).await.expect("readable");
    let incoming = friends.requests(player, Direction::Incoming, None, all).await.expect("readable");
    let blocked = friends.blocked(player, None, all).await.expect("readable");
    format!("{list:?} {outgoing:?} {incoming:?} {blocked:?} {:?}", here.counts(player).await)
}

#[tokio::test]
async fn a_block_ends_everything_between_the_two() {
    for before in ["nothing", "asked", "was asked", "declined", "was declined", "friends"] {
        let here = Here::default();
        let [ann, ben] = here.players();
        let friends = &here.friends;
        if ["asked", "was declined", "friends"].contains(&before) {
            friends.request(ann, ben, None).await.expect("may be asked");
        } else if ["was asked", "declined"].contains(&before) {
            friends.request(ben, ann, None).await.expect("may be asked");
        }
        match before {
            "declined" => drop(friends.decline(ann, ben, None).await.expect("was asked")),
            "was declined" => drop(friends.decline(ben, ann, None).await.expect("was asked")),
            "friends" => drop(friends.accept(ben, ann, None).await.expect("was asked")),
            _ => {}
        }
        here.events();
        assert_eq!(state(friends.block(ann, ben, None).await), Standing::None);
        let events = here.events();
        let placed = events.last().expect("an event");
        assert_eq!(placed, &("block.placed".to_owned(), vec![]), "nobody hears of the block: {before}");
        // What unfriending, or taking one's own request back, would tell the other as well.
        let told = events[..events.len() - 1].iter().any(|(_, told)| told.contains(&ben));
        assert_eq!(told, ["asked", "friends"].contains(&before), "{before}: {events:?}");
        assert_eq!((here.counts(ann).await, here.counts(ben).await), ((0, 0), (0, 0)), "{before}");
        assert_eq!(here.relation(ann, ben).await.bond, Bond::None);
        assert_eq!(state(friends.block(ann, ben, None).await), Standing::None, "a second click");
        assert_eq!(here.kinds(), [""; 0]);
        let blocked = friends.blocked(ann, None, PageLimit::default()).await.expect("readable").items;
        assert_eq!(blocked.iter().map(|block| block.blocked).collect::<Vec<_>>(), [ben]);
        assert_eq!(friends.blocked(ben, None, PageLimit::default()).await.expect("readable").items, []);
    }
}

#[tokio::test]
async fn to_the_blocked_there_is_no_such_player() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let nobody = PlayerId::new(kernel::IdSource::uuid(&*here.world.ids, here.now()));
    let friends = &here.friends;
    let link = friends.create_link(ann, NewLink { auto_accept: true, ..NewLink::default() }, None).await;
    let link = link.expect("a link");
    let before = everything_read(&here, ben).await;
    friends.block(ann, ben, None).await.expect("may be blocked");
    assert_eq!(everything_read(&here, ben).await, before);
    for other in [ann, nobody] {
        assert_eq!(code(friends.request(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.accept(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.decline(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.cancel(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.unfriend(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.note(ben, other, Some("?"), None).await), "friends.not_found");
        assert_eq!(code(friends.block(ben, other, None).await), "friends.not_found");
        assert_eq!(code(friends.mutual(ben, other, None, PageLimit::default()).await), "friends.not_found");
        let answer = friends.unblock(ben, other, None).await.expect("changes nothing");
        assert_eq!((answer.state, answer.made), (Standing::None, false));
        for surface in Surface::ALL {
            let verdict = friends.policy().can_interact(ben, other, surface).await.expect("readable");
            assert_eq!(verdict, Verdict::Hidden, "{surface:?}");
        }
    }
    assert_eq!(code(friends.redeem(ben, &link.code, None).await), "friends.link_not_found");
    assert_eq!(code(friends.redeem(ben, "abcdefghjkmnpqrstuvwxyz0", None).await), "friends.link_not_found");
    assert!(here.relation(ann, ben).await.is_apart(), "nothing the blocked did lifted it");
}

#[tokio::test]
async fn the_blocker_sees_the_profile_alone_and_gets_nobody_back_by_lifting() {
    let here = Here::default();
    let [ann, ben] = here.players();
    here.befriend(ann, ben).await;
    let friends = &here.friends;
    friends.block(ann, ben, None).await.expect("may be blocked");
    for surface in Surface::ALL {
        let verdict = friends.policy().can_interact(ann, ben, surface).await.expect("readable");
        let expected = if surface == Surface::Profile { Verdict::Allow } else { Verdict::Hidden };
        assert_eq!(verdict, expected, "{surface:?}");
    }
    assert_eq!(code(friends.request(ann, ben, None).await), "friends.not_found");
    here.events();
    assert_eq!(state(friends.unblock(ann, ben, None).await), Standing::None);
    assert_eq!(here.events(), [("block.lifted".to_owned(), vec![])]);
    friends.unblock(ann, ben, None).await.expect("a second click");
    assert_eq!(here.kinds(), [""; 0]);
    assert_eq!(friends.standing(ben, ann).await.expect("readable"), Standing::None);
    assert_eq!(state(friends.request(ben, ann, None).await), Standing::Pending, "it may begin anew");
}

#[tokio::test]
async fn a_block_shows_in_the_changes_of_the_other_only_as_a_friendship_that_ended() {
    let here = Here::default();
    let [ann, ben, cem] = here.players();
    let begun = here.now();
    here.befriend(ann, ben).await;
    here.pass(DAY);
    here.friends.block(ann, ben, None).await.expect("may be blocked");
    here.friends.block(ann, cem, None).await.expect("may be blocked");
    let changes = async |player| {
        let page = here.friends.changes(player, begun, None, PageLimit::default()).await.expect("readable");
        page.items.iter().map(|change| (change.place().1, change.place().0)).collect::<Vec<_>>()
    };
    assert_eq!(changes(ben).await, [(ann, begun.plus_millis(DAY))]);
    assert_eq!(changes(cem).await, []);
    here.pass(DAY);
    here.friends.unblock(ann, ben, None).await.expect("may be lifted");
    assert_eq!(changes(ben).await, [(ann, begun.plus_millis(DAY))]);
}
