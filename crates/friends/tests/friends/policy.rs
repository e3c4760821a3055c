//! The interaction policy as a table.

use kernel::{IdSource, PlayerId};
use proptest::prelude::*;
use shallweplay_friends::policy::decide;
use shallweplay_friends::{Audience, Facts, People, Person, Settings, Surface, Verdict};

use crate::world::{Here, code};

const SOMEBODY: PlayerId = PlayerId::new(uuid::Uuid::from_u128(7));

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![Just(Audience::Everyone), Just(Audience::Friends), Just(Audience::Nobody)]
}

prop_compose! {
    fn person()(
        requests in audience(), invites in audience(), presence in audience(), history in audience(),
        suspended in any::<bool>(),
    ) -> Person {
        Person { id: SOMEBODY, requests, invites, presence, history, suspended }
    }
}

prop_compose! {
    fn facts()(
        blocks in any::<bool>(), blocked in any::<bool>(), friends in any::<bool>(),
        person in proptest::option::weighted(0.9, person()),
    ) -> Facts {
        Facts { same: false, blocks, blocked, friends, person }
    }
}

proptest! {
    #[test]
    fn a_block_dominates_everything(facts in facts(), blocker in any::<bool>()) {
        let facts = Facts { blocks: facts.blocks || blocker, blocked: facts.blocked || !blocker, ..facts };
        for surface in Surface::ALL {
            let verdict = decide(surface, &facts);
            let lifts = surface == Surface::Profile && !facts.blocked && facts.person.is_some();
            prop_assert_eq!(verdict, if lifts { Verdict::Allow } else { Verdict::Hidden });
        }
    }

    #[test]
    fn nobodys_id_and_a_block_look_the_same(facts in facts()) {
        let nobody = Facts { person: None, ..facts };
        let blocked = Facts { blocked: true, ..facts };
        for surface in Surface::ALL {
            prop_assert_eq!(decide(surface, &nobody), decide(surface, &blocked));
        }
    }

    #[test]
    fn a_narrower_choice_never_lets_more_in(facts in facts()) {
        let Some(person) = facts.person else { return Ok(()) };
        let nobody = Audience::Nobody;
        let closed = Person { requests: nobody, invites: nobody, presence: nobody, history: nobody, ..person };
        for surface in Surface::ALL {
            let narrow = decide(surface, &Facts { person: Some(closed), ..facts });
            let suspended = Person { suspended: true, ..person };
            let suspended = decide(surface, &Facts { person: Some(suspended), ..facts });
            if decide(surface, &facts) != Verdict::Allow {
                prop_assert_ne!(narrow, Verdict::Allow, "{:?}", surface);
                prop_assert_ne!(suspended, Verdict::Allow, "{:?}", surface);
            }
            prop_assert_eq!(decide(surface, &Facts { same: true, ..facts }), Verdict::Allow, "oneself: {:?}", surface);
        }
    }
}

#[test]
fn each_surface_goes_by_its_own_choice() {
    use Verdict::{Allow, Hidden, Refused};
    let open = Person::open(SOMEBODY);
    let close = |field: fn(&mut Person) -> &mut Audience, audience| {
        let mut person = open;
        *field(&mut person) = audience;
        person
    };
    let requests: fn(&mut Person) -> &mut Audience = |person| &mut person.requests;
    let invites: fn(&mut Person) -> &mut Audience = |person| &mut person.invites;
    let presence: fn(&mut Person) -> &mut Audience = |person| &mut person.presence;
    let history: fn(&mut Person) -> &mut Audience = |person| &mut person.history;
    // What a stranger and a friend get where the choice is "friends", and a friend where it is "nobody".
    for (surface, choice, stranger, friend, kept_from_friends) in [
        (Surface::FriendRequest, requests, Refused, Allow, Refused),
        (Surface::Search, requests, Hidden, Allow, Allow),
        (Surface::Suggestion, requests, Hidden, Allow, Hidden),
        (Surface::Presence, presence, Refused, Allow, Refused),
        (Surface::GameInvite, invites, Refused, Allow, Refused),
        (Surface::Party, invites, Refused, Allow, Refused),
        (Surface::Group, invites, Refused, Allow, Refused),
        (Surface::History, history, Refused, Allow, Refused),
        (Surface::Feed, history, Refused, Allow, Refused),
    ] {
        let verdict = |person, friends| {
            decide(surface, &Facts { same: false, blocks: false, blocked: false, friends, person: Some(person) })
        };
        assert_eq!(verdict(open, false), Allow, "{surface:?}");
        assert_eq!(verdict(close(choice, Audience::Friends), false), stranger, "{surface:?}");
        assert_eq!(verdict(close(choice, Audience::Friends), true), friend, "{surface:?}");
        assert_eq!(verdict(close(choice, Audience::Nobody), true), kept_from_friends, "{surface:?}");
        for other in [requests, invites, presence, history] {
            if !std::ptr::fn_addr_eq(other, choice) {
                assert_eq!(verdict(close(other, Audience::Nobody), false), Allow, "{surface:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_is_filtered_in_the_order_asked() {
    let here = Here::default();
    let [ann, ben, cem, dea, eve] = here.players();
    let nobody = PlayerId::new(here.world.ids.uuid(here.now()));
    here.befriend(ann, dea).await;
    here.friends.block(ben, ann, None).await.expect("may be blocked");
    here.world.store.put_person(Person { presence: Audience::Nobody, ..Person::open(cem) }, None);
    here.world.store.put_person(Person { presence: Audience::Friends, ..Person::open(dea) }, None);
    here.world.store.put_person(Person { presence: Audience::Friends, ..Person::open(eve) }, None);
    let policy = here.friends.policy();
    let all = [eve, dea, nobody, ann, cem, ben, dea];
    assert_eq!(policy.filter(ann, &all, Surface::Presence).await.expect("readable"), [dea, ann, dea]);
    assert_eq!(policy.filter(ann, &all, Surface::Board).await.expect("readable"), [eve, dea, ann, cem, dea]);
    assert_eq!(policy.filter(ann, &[], Surface::Board).await.expect("readable"), []);
    assert_eq!(code(policy.require(ann, ben, Surface::Presence).await), "friends.not_found");
    assert_eq!(code(policy.require(ann, nobody, Surface::Presence).await), "friends.not_found");
    assert_eq!(code(policy.require(ann, cem, Surface::Presence).await), "privacy.refused");
    policy.require(ann, dea, Surface::Presence).await.expect("friends may");
}

#[tokio::test]
async fn a_request_goes_by_the_other_ones_choice_but_an_answer_does_not() {
    let here = Here::new(Settings::default());
    let [ann, ben, cem] = here.players();
    here.world.store.put_person(Person { requests: Audience::Nobody, ..Person::open(ben) }, Some("ben"));
    let mut suspended = Person::open(cem);
    suspended.suspended = true;
    here.world.store.put_person(suspended, Some("cem"));
    for (handle, id) in [("ben", ben), ("cem", cem)] {
        assert_eq!(code(here.friends.request_handle(ann, handle, None).await), "privacy.refused");
        assert_eq!(code(here.friends.request(ann, id, None).await), "privacy.refused", "and it tells no more");
    }
    assert_eq!(here.world.store.by_handle("ben").await.expect("readable"), Some(ben));
    here.friends.request(ben, ann, None).await.expect("ben may ask");
    here.friends.request_handle(ann, "ben", None).await.expect("that is an answer");
    assert_eq!((here.counts(ann).await, here.counts(ben).await), ((1, 0), (1, 0)));
}
