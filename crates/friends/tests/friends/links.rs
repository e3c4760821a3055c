//! Invite links.

use std::time::Duration;

use kernel::{IdSource, PlayerId, Receipts, Refusal as _};
use serde_json::json;
use shallweplay_friends::{InviteLink, NewLink, Person, Settings, Standing};

use crate::world::{DAY, Here, code};

async fn link(here: &Here, owner: PlayerId, wanted: NewLink) -> InviteLink {
    here.friends.create_link(owner, wanted, None).await.expect("a link")
}

const FRIENDS: NewLink = NewLink { max_uses: None, expires_in: None, auto_accept: true };
const ASKS: NewLink = NewLink { auto_accept: false, ..FRIENDS };

#[tokio::test]
async fn a_link_makes_friends_or_asks_as_its_owner_chose() {
    let here = Here::default();
    let [ann, ben, cem] = here.players();
    let (friends, asks) = (link(&here, ann, FRIENDS).await, link(&here, ann, ASKS).await);
    let redeemed = here.friends.redeem(ben, &friends.code, None).await.expect("it works");
    assert_eq!((redeemed.answer.player, redeemed.answer.state, redeemed.counted), (ann, Standing::Friends, true));
    assert_eq!(here.kinds(), ["friend.added"]);
    let redeemed = here.friends.redeem(cem, &asks.code, None).await.expect("it works");
    assert_eq!((redeemed.answer.state, redeemed.counted), (Standing::Pending, true));
    assert_eq!(here.events(), [("friend.requested".to_owned(), vec![ann])]);
    let redeemed = here.friends.redeem(cem, &asks.code, None).await.expect("a second click");
    assert_eq!((redeemed.answer.state, redeemed.counted), (Standing::Pending, false));
    assert_eq!(here.kinds(), [""; 0]);
    assert_eq!(code(here.friends.redeem(ben, &friends.code, None).await), "friends.already_friends");
    assert_eq!(code(here.friends.redeem(ann, &friends.code, None).await), "friends.self");
    for owned in [&friends, &asks] {
        assert_eq!(here.friends.own_link(ann, &owned.code).await.expect("one's own").uses, 1);
    }
    assert_eq!(code(here.friends.own_link(ben, &friends.code).await), "friends.link_not_found");
    let redeemed = here.friends.redeem(cem, &friends.code, None).await.expect("it works");
    assert_eq!((redeemed.answer.state, redeemed.counted), (Standing::Friends, true), "the other link lets in");
    assert_eq!(here.counts(cem).await, (1, 0));
}

#[tokio::test]
async fn a_link_ends_by_use_by_time_and_by_its_owner() {
    let here = Here::default();
    let [ann, ben, cem] = here.players();
    let once = link(&here, ann, NewLink { max_uses: Some(1), ..FRIENDS }).await;
    let short = link(&here, ann, NewLink { expires_in: Some(Duration::from_secs(60)), ..FRIENDS }).await;
    let week = link(&here, ann, FRIENDS).await;
    assert_eq!(week.expires_at, here.now().plus_millis(7 * DAY));
    let codes = async || {
        let links = here.friends.links_of(ann).await.expect("readable");
        links.into_iter().map(|link| link.code).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(codes().await, [&once, &short, &week].map(|link| link.code.clone()).into());
    here.friends.redeem(ben, &once.code, None).await.expect("the first use");
    assert_eq!(code(here.friends.redeem(cem, &once.code, None).await), "friends.link_used_up");
    here.pass(60_000);
    assert_eq!(code(here.friends.redeem(cem, &short.code, None).await), "friends.link_expired");
    assert_eq!(codes().await, [week.code.clone()].into());
    assert_eq!(code(here.friends.revoke_link(ben, &week.code, None).await), "friends.link_not_found");
    let revoked = here.friends.revoke_link(ann, &week.code, None).await.expect("one's own");
    here.pass(1);
    let again = here.friends.revoke_link(ann, &week.code, None).await.expect("a second click");
    assert_eq!((again.revoked_at, again.revoked_at.is_some()), (revoked.revoked_at, true));
    for gone in [&*week.code, "abcdefghjkmnpqrstuvwxyz0", "", "../..", "ABCDEFGHJKMNPQRSTUVWXYZ0", "a\u{0}"] {
        assert_eq!(code(here.friends.redeem(cem, gone, None).await), "friends.link_not_found", "{gone:?}");
    }
    here.pass(6 * DAY);
    assert_eq!(here.friends.purge(10).await.expect("purges"), 0);
    here.pass(2 * DAY);
    assert_eq!(here.friends.purge(10).await.expect("purges"), 2, "used up ones go with their time");
}

#[tokio::test]
async fn wishes_out_of_range_are_told_all_at_once() {
    let here = Here::new(Settings { links: 2, ..Settings::default() });
    let [ann] = here.players();
    for (uses, seconds) in [(0, 59), (10_001, 30 * 86_400 + 1), (u32::MAX, u64::MAX)] {
        let wanted =
            NewLink { max_uses: Some(uses), expires_in: Some(Duration::from_secs(seconds)), auto_accept: true };
        let refused = here.friends.create_link(ann, wanted, None).await.expect_err("out of range");
        let pointers: Vec<_> = refused.fields().into_iter().map(|field| field.pointer).collect();
        assert_eq!((refused.code(), pointers), ("validation.failed", vec!["/max_uses".into(), "/expires_in".into()]));
    }
    let first = link(&here, ann, FRIENDS).await;
    let second = link(&here, ann, ASKS).await;
    assert_ne!(first.code, second.code);
    assert_eq!(code(here.friends.create_link(ann, ASKS, None).await), "friends.too_many_links");
    here.friends.revoke_link(ann, &first.code, None).await.expect("one's own");
    link(&here, ann, FRIENDS).await;
}

#[tokio::test]
async fn a_link_is_no_way_around_a_decline_or_a_parting() {
    let here = Here::default();
    let [ann, ben, cem] = here.players();
    let open = link(&here, ann, FRIENDS).await;
    here.friends.request(ben, ann, None).await.expect("may be asked");
    here.friends.decline(ann, ben, None).await.expect("was asked");
    here.events();
    let redeemed = here.friends.redeem(ben, &open.code, None).await.expect("it looks as if it asked");
    assert_eq!((redeemed.answer.state, redeemed.counted), (Standing::Pending, false));
    assert_eq!(here.kinds(), [""; 0]);
    here.friends.redeem(cem, &open.code, None).await.expect("it works");
    here.friends.unfriend(ann, cem, None).await.expect("friends");
    let redeemed = here.friends.redeem(cem, &open.code, None).await.expect("it asks");
    assert_eq!((redeemed.answer.state, redeemed.counted), (Standing::Pending, false), "the door opens once for each");
    let redeemed = here.friends.redeem(cem, &open.code, None).await.expect("a second click");
    assert_eq!(redeemed.answer.state, Standing::Pending);
    assert_eq!((here.counts(ann).await, here.counts(cem).await), ((0, 0), (0, 1)));
}

#[tokio::test]
async fn a_link_answers_its_owners_request() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let asks = link(&here, ann, ASKS).await;
    here.friends.request(ann, ben, None).await.expect("may be asked");
    let redeemed = here.friends.redeem(ben, &asks.code, None).await.expect("it works");
    assert_eq!(redeemed.answer.state, Standing::Friends);
    assert_eq!((here.counts(ann).await, here.counts(ben).await), ((1, 0), (1, 0)));
}

#[tokio::test]
async fn a_link_of_somebody_suspended_or_erased_is_not_there() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let open = link(&here, ann, FRIENDS).await;
    here.world.store.put_person(Person { suspended: true, ..Person::open(ann) }, None);
    assert_eq!(code(here.friends.redeem(ben, &open.code, None).await), "friends.link_not_found");
    here.world.store.erase_person(ann);
    assert_eq!(code(here.friends.redeem(ben, &open.code, None).await), "friends.link_not_found");
    here.world.store.put_person(Person::open(ann), None);
    here.friends.redeem(ben, &open.code, None).await.expect("back again");
}

#[tokio::test]
async fn a_links_key_tells_its_code_and_a_redemptions_key_its_state() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let made = here.friends.create_link(ann, FRIENDS, Some(here.receipt(ann, "make"))).await.expect("a link");
    let twin = here.friends.create_link(ann, FRIENDS, Some(here.receipt(ann, "make"))).await;
    assert_eq!(twin.expect_err("the key was used").kind(), kernel::ErrorKind::Replayed);
    assert_eq!(here.friends.links_of(ann).await.expect("readable"), std::slice::from_ref(&made));
    here.friends.redeem(ben, &made.code, Some(here.receipt(ben, "redeem"))).await.expect("it works");
    let outcome = async |player, key| {
        let found = here.world.kernel.find(&here.receipt(player, key).key).await.expect("readable");
        found.expect("stored").receipt.outcome
    };
    assert_eq!(outcome(ann, "make").await, json!({ "as": "link", "code": made.code }));
    let relation = json!({ "as": "relation", "player": ann, "state": "friends", "made": false });
    assert_eq!(outcome(ben, "redeem").await, relation);
    here.friends.revoke_link(ann, &made.code, Some(here.receipt(ann, "revoke"))).await.expect("one's own");
    here.friends.revoke_link(ann, &made.code, Some(here.receipt(ann, "revoke again"))).await.expect("a second click");
    assert_eq!(outcome(ann, "revoke again").await, json!({ "as": "link", "code": made.code }));
    assert_eq!(made.code.len(), 24);
    let other = PlayerId::new(here.world.ids.uuid(here.now()));
    assert_eq!(here.friends.links_of(other).await.expect("readable"), []);
}
