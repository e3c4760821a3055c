//! Invite links.

use kernel::contract::{Pace, all_at_once};
use kernel::{PlayerId, StoreError};

use super::fixture::{FriendsFixture, WIDE, at, next};
use crate::change::{Caps, Committed, FriendChange, LinkChange, Reached};
use crate::model::{Bond, InviteLink, Pair, Relation};

impl FriendsFixture {
    /// A link that isn't stored yet.
    fn new_link(&self, owner: PlayerId, n: i64) -> InviteLink {
        InviteLink {
            code: self.ids.secret(),
            owner,
            auto_accept: n % 2 == 0,
            max_uses: None,
            uses: 0,
            created_at: at(n),
            expires_at: at(n + 1_000),
            revoked_at: None,
        }
    }

    async fn make(&self, link: InviteLink) -> InviteLink {
        assert_eq!(self.commit_link(LinkChange::Make(link.clone()), WIDE).await, Committed::Done);
        link
    }

    async fn redeem_at(&self, link: &InviteLink, player: PlayerId, seconds: i64) -> Committed {
        self.commit_link(LinkChange::Redeem { code: link.code.clone(), player, at: at(seconds) }, WIDE).await
    }

    async fn revoke(&self, link: &InviteLink, seconds: i64) {
        let revoke = LinkChange::Revoke { code: link.code.clone(), at: at(seconds) };
        assert_eq!(self.commit_link(revoke, WIDE).await, Committed::Done);
    }

    async fn link(&self, link: &InviteLink) -> Option<InviteLink> {
        self.links.link(&link.code).await.expect("readable")
    }

    async fn redeemed(&self, link: &InviteLink, player: PlayerId) -> bool {
        self.links.redeemed(&link.code, player).await.expect("readable")
    }
}

/// With its uses, and when it was taken back first.
pub async fn a_link_comes_back_as_it_was_written(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    for n in 0..4 {
        let link = InviteLink { max_uses: (n > 1).then_some(7), ..f.new_link(ann, n) };
        assert_eq!(f.link(&link).await, None, "not made yet");
        f.make(link.clone()).await;
        assert_eq!(f.link(&link).await, Some(link.clone()));
        f.redeem_at(&link, f.player(), n).await;
        f.revoke(&link, n + 1).await;
        f.revoke(&link, n + 2).await;
        assert_eq!(f.link(&link).await, Some(InviteLink { uses: 1, revoked_at: Some(at(n + 1)), ..link }));
    }
    let unknown = f.new_link(ann, 1);
    f.revoke(&unknown, 1).await;
    assert_eq!(f.link(&unknown).await, None);
}

/// One's own, and no more than asked for.
pub async fn working_links_are_listed_newest_first(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let mut working = Vec::new();
    for n in 0..4 {
        working.push(f.make(f.new_link(ann, n)).await);
    }
    working.reverse();
    f.make(f.new_link(f.player(), 1)).await;
    f.make(InviteLink { expires_at: at(10), ..f.new_link(ann, 5) }).await;
    let revoked = f.make(f.new_link(ann, 6)).await;
    f.revoke(&revoked, 7).await;
    let used_up = f.make(InviteLink { max_uses: Some(1), ..f.new_link(ann, 7) }).await;
    f.redeem_at(&used_up, f.player(), 8).await;
    let links = async |limit| f.links.links_of(ann, at(10), limit).await.expect("readable");
    assert_eq!(links(100).await, working);
    assert_eq!(links(3).await, working[..3]);
    assert_eq!(f.links.links_of(f.player(), at(10), 100).await.expect("readable"), []);
}

/// However many come at once.
pub async fn a_link_is_redeemed_as_often_as_may_be(f: &FriendsFixture, _: Pace) {
    let link = f.make(InviteLink { max_uses: Some(3), ..f.new_link(f.player(), 0) }).await;
    let players: Vec<_> = (0..10).map(|_| f.player()).collect();
    let answers = all_at_once(players.iter().map(|player| f.redeem_at(&link, *player, 1))).await;
    let done: Vec<_> = answers.iter().map(|answer| *answer == Committed::Done).collect();
    assert_eq!(done.iter().filter(|done| **done).count(), 3, "{answers:?}");
    assert!(answers.iter().all(|answer| [Committed::Done, Committed::Spent].contains(answer)), "{answers:?}");
    for (player, done) in players.into_iter().zip(done) {
        assert_eq!(f.redeemed(&link, player).await, done);
    }
    assert_eq!(f.link(&link).await.expect("it is kept").uses, 3);
}

/// All of it or nothing.
pub async fn a_redemption_and_its_relation_go_together(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let link = f.make(InviteLink { max_uses: Some(1), ..f.new_link(ann, 0) }).await;
    let change = |player| {
        let new = Relation::new(Pair::of(ann, player).expect("two players"));
        let bond = Bond::Friends { since: at(1), met_in: None };
        let redeem = LinkChange::Redeem { code: link.code.clone(), player, at: at(1) };
        FriendChange { link: Some(redeem), ..next(&new, Relation { bond, ..new.clone() }).0 }
    };
    let [ben, cem, dea] = f.players();
    f.befriend(ann, dea, at(0)).await;
    let stale = f.relations.commit(change(dea)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    assert_eq!(f.link(&link).await.expect("it is kept").uses, 0, "no use of a refused change counts");
    let full = FriendChange { caps: Caps { friends: 1, ..WIDE }, ..change(ben) };
    assert_eq!(f.relations.commit(full).await.expect("an answer"), Committed::Full(Reached::Friends(ann)));
    assert!(!f.redeemed(&link, ben).await);
    assert_eq!(f.relations.commit(change(ben)).await.expect("an answer"), Committed::Done);
    assert_eq!(f.relations.commit(change(cem)).await.expect("an answer"), Committed::Spent);
    assert_eq!(f.load(Pair::of(ann, cem).expect("two players")).await, None);
    assert_eq!((f.counts(ann).await.friends, f.counts(cem).await.friends), (2, 0));
    assert!(f.redeemed(&link, ben).await && !f.redeemed(&link, cem).await);
}

/// Nor one that never was.
pub async fn a_link_that_ended_is_not_redeemed(f: &FriendsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let link = f.make(InviteLink { expires_at: at(10), ..f.new_link(ann, 0) }).await;
    assert_eq!(f.redeem_at(&link, ben, 10).await, Committed::Spent, "at its end it is over");
    assert_eq!(f.redeem_at(&link, ben, 9).await, Committed::Done);
    f.revoke(&link, 5).await;
    assert_eq!(f.redeem_at(&link, f.player(), 9).await, Committed::Spent);
    assert_eq!(f.redeem_at(&f.new_link(ann, 0), ben, 1).await, Committed::Spent);
    assert_eq!(f.link(&link).await.expect("it is kept").uses, 1);
}

/// Of many at once as many as may be; those that don't work any more don't count, nor do others'.
pub async fn links_are_capped_under_concurrency(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let caps = Caps { links: 3, ..WIDE };
    f.make(InviteLink { expires_at: at(5), ..f.new_link(ann, 0) }).await;
    let revoked = f.make(f.new_link(ann, 0)).await;
    f.revoke(&revoked, 1).await;
    for _ in 0..3 {
        f.make(f.new_link(f.player(), 0)).await;
    }
    let links: Vec<_> = (0..8).map(|_| f.new_link(ann, 5)).collect();
    let answers = all_at_once(links.iter().map(|link| f.commit_link(LinkChange::Make(link.clone()), caps))).await;
    let done = answers.iter().filter(|answer| **answer == Committed::Done).count();
    let full = answers.iter().filter(|answer| **answer == Committed::Full(Reached::Links(ann))).count();
    assert_eq!((done, full), (3, 5), "{answers:?}");
    let working = f.links.links_of(ann, at(5), 100).await.expect("readable");
    assert_eq!(working.len(), 3);
    f.revoke(&working[0], 6).await;
    assert_eq!(f.commit_link(LinkChange::Make(f.new_link(ann, 7)), caps).await, Committed::Done);
}

/// With who redeemed them, and no more at once than asked for.
pub async fn ended_links_are_purged(f: &FriendsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let mut links = Vec::new();
    for expires in [3, 4, 5, 50] {
        let link = f.make(InviteLink { expires_at: at(expires), ..f.new_link(ann, 0) }).await;
        f.redeem_at(&link, ben, 1).await;
        links.push(link);
    }
    let revoked = f.make(f.new_link(ann, 0)).await;
    f.revoke(&revoked, 4).await;
    let purge = async |limit| f.links.purge_links(at(5), limit).await.expect("purges");
    assert_eq!((purge(2).await, purge(2).await, purge(2).await), (2, 1, 0));
    assert_eq!(f.link(&revoked).await, None);
    for (link, kept) in links.iter().zip([false, false, true, true]) {
        assert_eq!((f.link(link).await.is_some(), f.redeemed(link, ben).await), (kept, kept));
    }
}

/// All of them, whatever their state, and nobody else's.
pub async fn links_of_somebody_who_goes_are_forgotten(f: &FriendsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let links = [f.make(f.new_link(ann, 0)).await, f.make(f.new_link(ann, 1)).await];
    let others = f.make(f.new_link(ben, 0)).await;
    f.redeem_at(&links[0], ben, 1).await;
    f.revoke(&links[1], 1).await;
    assert_eq!(f.links.forget_links(ann).await.expect("forgets"), 2);
    assert_eq!(f.links.forget_links(ann).await.expect("forgets"), 0);
    assert_eq!((f.link(&links[0]).await, f.link(&links[1]).await), (None, None));
    assert!(!f.redeemed(&links[0], ben).await);
    assert_eq!(f.link(&others).await, Some(others));
}
