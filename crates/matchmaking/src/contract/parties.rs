//! Parties.

use kernel::contract::{Pace, all_at_once};
use kernel::{PartyId, PlayerId, Riders, StoreError, Timestamp, Version};

use super::TicketFixture;
use crate::change::{Change, PartyChange};
use crate::party::{Party, PartyInvite, PartyMember, Queued, Waited};

fn party(world: &TicketFixture, players: &[PlayerId]) -> Party {
    let now = world.clock.now();
    let member =
        |player: &PlayerId| PartyMember { player_id: *player, ready: false, joined_at: now, absent_since: None };
    Party {
        id: PartyId::new(world.ids.uuid(now)),
        leader_id: players[0],
        members: players.iter().map(member).collect(),
        invites: Vec::new(),
        queued: None,
        waited: None,
        created_at: now,
        ended_at: None,
        version: Version(1),
    }
}

async fn write(world: &TicketFixture, expect: Version, party: &Party) -> Result<(), StoreError> {
    let change = PartyChange { expect, party: party.clone() };
    world.store.commit(Change { party: Some(change), ..Change::default() }, Riders::default()).await
}

/// Everything it can hold, and every version of it.
pub async fn a_party_comes_back_as_it_was(world: &TicketFixture, _: Pace) {
    let (one, two, three) = (world.player(), world.player(), world.player());
    let mut made = party(world, &[one, two]);
    write(world, Version::NEW, &made).await.expect("it is new");
    let (id, now) = (made.id, world.clock.now());
    assert_eq!(world.parties.party(id).await.expect("the store answers"), Some(made.clone()));
    let ticket_id = kernel::TicketId::new(world.ids.uuid(now));
    made.leader_id = two;
    (made.members[0].ready, made.members[0].absent_since) = (true, Some(now));
    made.invites.push(PartyInvite { player_id: three, from: one, created_at: now, expires_at: now.plus_millis(5) });
    made.queued = Some(Queued { ticket_id, mode: "squads".into() });
    made.waited = Some(Waited { mode: "duel".into(), wait_ms: 7, until: now.plus_millis(9) });
    made.version = Version(2);
    write(world, Version(1), &made).await.expect("the version holds");
    for player in [one, two] {
        assert_eq!(world.parties.party_of(player).await.expect("the store answers"), Some(made.clone()));
    }
    assert_eq!(world.parties.party_of(three).await.expect("the store answers"), None);
    let stale = write(world, Version(1), &party(world, &[three])).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");

    (made.members, made.ended_at, made.version) = (Vec::new(), Some(now), Version(3));
    write(world, Version(2), &made).await.expect("the version holds");
    assert_eq!(world.parties.party_of(one).await.expect("the store answers"), None);
    assert_eq!(world.parties.party(id).await.expect("the store answers"), Some(made));
}

/// Two at the same moment, too: one of them is stale, and writes nothing.
pub async fn a_player_is_in_one_party_at_most(world: &TicketFixture, _: Pace) {
    let (one, two, both) = (world.player(), world.player(), world.player());
    let (mut first, mut second) = (party(world, &[one]), party(world, &[two]));
    write(world, Version::NEW, &first).await.expect("it is new");
    write(world, Version::NEW, &second).await.expect("it is new");
    let joins = |party: &mut Party| {
        let joined_at = party.created_at;
        party.members.push(PartyMember { player_id: both, ready: false, joined_at, absent_since: None });
        party.version = Version(2);
    };
    joins(&mut first);
    joins(&mut second);
    let (a, b) = (first.clone(), second.clone());
    let answers = all_at_once([&a, &b].map(|party| write(world, Version(1), party))).await;
    let won = match answers.as_slice() {
        [Ok(()), Err(StoreError::Stale)] => first,
        [Err(StoreError::Stale), Ok(())] => second,
        other => panic!("one of two wins: {other:?}"),
    };
    assert_eq!(world.parties.party_of(both).await.expect("the store answers"), Some(won));
}

/// Newest first, those that haven't lapsed.
pub async fn invitations_are_found_by_whom_they_are_for(world: &TicketFixture, _: Pace) {
    let (guest, now) = (world.player(), world.clock.now());
    let mut made = Vec::new();
    for age in [3, 1, 2] {
        let mut party = party(world, &[world.player()]);
        let created_at = now.plus_millis(-age);
        let expires_at = created_at.plus_millis(1_000);
        party.invites.push(PartyInvite { player_id: guest, from: party.leader_id, created_at, expires_at });
        write(world, Version::NEW, &party).await.expect("it is new");
        made.push(party.id);
    }
    let inviting = async |at: Timestamp, limit| {
        let found = world.parties.inviting(guest, at, limit).await.expect("the store answers");
        found.into_iter().map(|party| party.id).collect::<Vec<_>>()
    };
    assert_eq!(inviting(now, 10).await, [made[1], made[2], made[0]]);
    assert_eq!(inviting(now, 1).await, [made[1]]);
    assert_eq!(inviting(now.plus_millis(997), 10).await, [made[1], made[2]]);
    assert_eq!(world.parties.inviting(world.player(), now, 10).await.expect("the store answers"), []);
}

/// Since before a moment.
pub async fn members_who_are_away_are_found(world: &TicketFixture, _: Pace) {
    let now = world.clock.now();
    let mut made = party(world, &[world.player(), world.player()]);
    made.members[1].absent_since = Some(now);
    write(world, Version::NEW, &made).await.expect("it is new");
    write(world, Version::NEW, &party(world, &[world.player()])).await.expect("it is new");
    assert_eq!(world.parties.with_absent(now, 10).await.expect("the store answers"), []);
    assert_eq!(world.parties.with_absent(now.plus_millis(1), 10).await.expect("the store answers"), [made]);
}

/// Not what goes on.
pub async fn what_ended_long_ago_is_purged(world: &TicketFixture, _: Pace) {
    let now = world.clock.now();
    let stays = party(world, &[world.player()]);
    let mut ended = party(world, &[world.player()]);
    (ended.members, ended.ended_at) = (Vec::new(), Some(now));
    for party in [&stays, &ended] {
        write(world, Version::NEW, party).await.expect("it is new");
    }
    assert_eq!(world.parties.purge_parties(now, 10).await.expect("the store answers"), 0);
    assert_eq!(world.parties.purge_parties(now.plus_millis(1), 10).await.expect("the store answers"), 1);
    assert_eq!(world.parties.party(ended.id).await.expect("the store answers"), None);
    assert_eq!(world.parties.party(stays.id).await.expect("the store answers"), Some(stays));
    assert_eq!(world.proposals.purge_proposals(now.plus_millis(1), 10).await.expect("the store answers"), 0);
}
