//! Sweeps, export and erasure.

use kernel::{Blocks, PageLimit, PlayerId};
use shallweplay_friends::{Bond, NewLink, Settings};

use crate::world::{DAY, Here, code};

#[tokio::test]
async fn the_sweep_frees_the_places_of_lapsed_requests() {
    let here = Here::new(Settings { outgoing: 3, ..Settings::default() });
    let [ann, ben, cem, dea, eve] = here.players();
    for to in [ben, cem, dea] {
        here.friends.request(ann, to, None).await.expect("may be asked");
    }
    here.friends.decline(cem, ann, None).await.expect("was asked");
    here.friends.decline(dea, ann, None).await.expect("was asked");
    here.friends.cancel(ann, dea, None).await.expect("looks pending to her");
    assert_eq!(here.friends.sweep(10).await.expect("sweeps"), 0);
    here.pass(30 * DAY);
    here.events();
    assert_eq!((here.friends.sweep(2).await.expect("sweeps"), here.friends.sweep(2).await.expect("sweeps")), (2, 1));
    assert_eq!(here.friends.sweep(2).await.expect("sweeps"), 0);
    assert_eq!(here.counts(ann).await, (0, 0));
    for to in [ben, cem, dea] {
        assert_eq!(here.relation(ann, to).await.bond, Bond::None);
    }
    let events = here.events();
    let told: Vec<_> = events.iter().map(|(kind, told)| (kind.as_str(), told.contains(&ann))).collect();
    assert_eq!(told, [("friend.removed", true); 2], "declined or not, the asker hears the same: {events:?}");
    assert!(events.iter().all(|(_, told)| !told.contains(&cem)), "who declined hears nothing: {events:?}");
    for to in [ben, cem, eve] {
        here.friends.request(ann, to, None).await.expect("there is room again");
    }
}

#[tokio::test]
async fn the_export_has_everything_that_stands() {
    let here = Here::default();
    let [ann, ben, cem, dea, eve] = here.players();
    here.befriend(ann, ben).await;
    here.friends.request(cem, ann, None).await.expect("may be asked");
    here.friends.block(ann, dea, None).await.expect("may be blocked");
    here.befriend(ann, eve).await;
    here.friends.unfriend(ann, eve, None).await.expect("friends");
    let link = here.friends.create_link(ann, NewLink::default(), None).await.expect("a link");
    let all = here.friends.everything_of(ann).await.expect("readable");
    let mut others: Vec<_> = all.relations.iter().map(|relation| relation.pair.other(ann)).collect();
    others.sort();
    let mut expected = vec![ben, cem, dea];
    expected.sort();
    assert_eq!((others, all.links), (expected, vec![link]));
}

#[tokio::test]
async fn of_an_erased_player_nothing_is_left() {
    let here = Here::default();
    let ann = here.world.newcomer();
    let friends = &here.friends;
    let others: Vec<PlayerId> = (0..150).map(|_| here.world.newcomer()).collect();
    for (n, other) in others.iter().enumerate() {
        match n % 5 {
            0 => here.befriend(ann, *other).await,
            1 => drop(friends.request(*other, ann, None).await.expect("may be asked")),
            2 => drop(friends.block(ann, *other, None).await.expect("may be blocked")),
            3 => drop(friends.block(*other, ann, None).await.expect("may be blocked")),
            _ => {
                friends.request(*other, ann, None).await.expect("may be asked");
                friends.decline(ann, *other, None).await.expect("was asked");
            }
        }
    }
    friends.note(ann, others[0], Some("canary"), None).await.expect("friends");
    friends.note(others[0], ann, Some("canary"), None).await.expect("friends");
    let link = friends.create_link(ann, NewLink::default(), None).await.expect("a link");
    here.world.store.erase_person(ann);
    here.events();
    assert_eq!(friends.forget(ann).await.expect("forgets"), 150);
    let all = friends.everything_of(ann).await.expect("readable");
    assert_eq!((all.relations, all.links), (vec![], vec![]));
    assert_eq!(here.world.kernel.around(&[ann], 1_000).await.expect("readable"), []);
    assert!(!format!("{:?}", here.relation(ann, others[0]).await).contains("canary"));
    assert_eq!(code(friends.redeem(others[0], &link.code, None).await), "friends.link_not_found");
    assert_eq!(here.counts(ann).await, (0, 0));
    let told: Vec<PlayerId> = here.events().into_iter().flat_map(|(_, told)| told).collect();
    for (n, other) in others.iter().enumerate() {
        assert_eq!(here.counts(*other).await, (0, 0));
        assert_eq!(told.iter().filter(|told| *told == other).count(), usize::from([0, 1, 4].contains(&(n % 5))), "{n}");
        assert_eq!(code(friends.request(*other, ann, None).await), "friends.not_found");
    }
    assert!(!told.contains(&ann));
    assert_eq!(friends.blocked(others[3], None, PageLimit::default()).await.expect("readable").items, []);
    assert_eq!(friends.forget(ann).await.expect("forgets"), 0, "a second time");
}
