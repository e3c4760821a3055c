//! Tickets of several players, and ready checks.

use kernel::contract::Pace;
use kernel::{Engage, Engagement, GameId, PageLimit, Riders, StoreError, Version};

use super::TicketFixture;
use crate::change::{Change, Claim, Makes, ProposalChange, TicketChange};
use crate::matcher::Member;
use crate::model::{Alternative, AlternativeKind, Due, Status, Ticket, Wishes};
use crate::proposal::{Answer, Proposal, ProposalStatus};

/// Members, wishes, offers, absences: all of it.
pub async fn a_party_s_ticket_comes_back_and_is_everybody_s(world: &TicketFixture, _: Pace) {
    let (one, two) = (world.player(), world.player());
    let mut ticket = world.ticket(one, "squads", world.clock.now());
    ticket.party_id = Some(kernel::PartyId::new(world.ids.uuid(world.clock.now())));
    ticket.members.push(Member { player: two, rating: 1_733.5, deviation: 61.25 });
    ticket.wishes = Wishes {
        latencies: [("eu".to_owned(), 31), ("us".to_owned(), 120)].into(),
        attributes: [("platform".to_owned(), "ü pad".to_owned())].into(),
    };
    world.join(&ticket).await.expect("both are free");
    world.assert_waits(&ticket).await;
    assert_eq!(world.engagement(two).await, Engagement::Ticket(ticket.id));
    for player in [one, two] {
        let mine = world.store.mine(player, None, PageLimit::MOST).await.expect("the store answers");
        assert_eq!(mine.items, [ticket.clone()]);
    }
    let counts = world.store.counts().await.expect("the store answers");
    let counted: Vec<_> = counts.iter().map(|count| (&*count.mode, count.searching, count.players)).collect();
    assert_eq!(counted, [("squads", 1, 2)]);

    let mut after = ticket.clone();
    after.detached_at = Some(ticket.created_at.plus_millis(9));
    after.offered_at = Some(ticket.created_at.plus_millis(60_000));
    after.offers = vec![Alternative { kind: AlternativeKind::PracticeBot, mode: "duel".into() }];
    after.expires_at = ticket.expires_at.plus_millis(7);
    after.version = ticket.version.next();
    let change = TicketChange { expect: ticket.version, ticket: after.clone() };
    world.store.commit(vec![change].into(), Riders::default()).await.expect("the version holds");
    world.assert_waits(&after).await;

    // One of them is busy: nobody is taken.
    let mut other = world.ticket(world.player(), "squads", world.clock.now());
    other.members.push(Member { player: two, rating: 1_500.0, deviation: 60.0 });
    assert!(matches!(world.join(&other).await, Err(StoreError::Engaged { player, .. }) if player == two));
    assert_eq!(world.engagement(other.player_id).await, Engagement::Idle);
}

/// Expiry, absence and offers.
pub async fn deadlines_are_each_their_own(world: &TicketFixture, _: Pace) {
    let start = world.clock.now();
    let late = start.plus_millis(1_000_000);
    let ticket = world.queued_at("duel", start).await;
    let due = async |what, at| {
        let due = world.store.due(what, at, 10).await.expect("the store answers");
        due.into_iter().map(|ticket| ticket.id).collect::<Vec<_>>()
    };
    assert_eq!(due(Due::Detached, late).await, []);
    assert_eq!(due(Due::Offer, start.plus_millis(-1)).await, []);
    assert_eq!(due(Due::Offer, start).await, [ticket.id]);
    let away_since = start.plus_millis(500);
    let mut after = ticket.clone();
    (after.detached_at, after.offered_at) = (Some(away_since), Some(start));
    after.version = ticket.version.next();
    let change = TicketChange { expect: ticket.version, ticket: after.clone() };
    world.store.commit(vec![change].into(), Riders::default()).await.expect("the version holds");
    assert_eq!(due(Due::Detached, away_since.plus_millis(-1)).await, []);
    assert_eq!(due(Due::Detached, away_since).await, [ticket.id]);
    assert_eq!(due(Due::Offer, late).await, []);
    assert_eq!(due(Due::Expiry, late).await, [ticket.id]);
    world.cancel(&after).await.expect("it waits");
    for what in [Due::Detached, Due::Offer, Due::Expiry] {
        assert_eq!(due(what, late).await, [], "{what:?}");
    }
}

fn check_in(claim: &Claim) -> Proposal {
    match &claim.makes {
        Makes::Proposal(proposal) => proposal.clone(),
        Makes::Game(game) => panic!("{} is no ready check", game.id),
    }
}

async fn proposed(world: &TicketFixture) -> (Proposal, [Ticket; 2]) {
    let tickets = [world.queued("squads").await, world.queued("squads").await];
    let lease = world.lead("squads", "one").await;
    let claim = world.claim_in(&[&tickets[0], &tickets[1]], Some(15_000));
    world.store.claim(vec![claim.clone()], &lease).await.expect("both wait");
    let [a, b] = tickets;
    (check_in(&claim), [world.stored(&a).await, world.stored(&b).await])
}

/// Rows, engagements, one event per ticket; nobody searches any more, and nothing is final.
pub async fn a_claim_makes_the_ready_check(world: &TicketFixture, _: Pace) {
    let (check, tickets) = proposed(world).await;
    assert_eq!(world.proposals.proposal(check.id).await.expect("the store answers"), Some(check.clone()));
    for ticket in &tickets {
        assert_eq!((ticket.status, ticket.proposal_id), (Status::Proposed, Some(check.id)));
        assert_eq!((ticket.game_id, ticket.ended_at), (None, None));
        assert_eq!(world.engagement(ticket.player_id).await, Engagement::Proposal(check.id));
    }
    assert!(world.store.waiting("squads", None, 10).await.expect("the store answers").is_empty());
    let told: Vec<_> = world.events().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, ["match.proposed", "match.proposed"]);
    let absent = kernel::ProposalId::new(world.ids.uuid(world.clock.now()));
    assert_eq!(world.proposals.proposal(absent).await.expect("the store answers"), None);
}

/// All or nothing, by the check's version.
pub async fn a_ready_check_and_its_tickets_move_together(world: &TicketFixture, _: Pace) {
    let (check, tickets) = proposed(world).await;
    let mut after = check.clone();
    after.seats[0].answer = Some(Answer::Accepted);
    after.version = check.version.next();
    let answered = Change {
        proposal: Some(ProposalChange { expect: check.version, proposal: after.clone() }),
        ..Change::default()
    };
    world.store.commit(answered.clone(), Riders::default()).await.expect("the version holds");
    assert_eq!(world.proposals.proposal(check.id).await.expect("the store answers"), Some(after.clone()));
    let twice = world.store.commit(answered, Riders::default()).await;
    assert!(matches!(twice, Err(StoreError::Stale)), "{twice:?}");

    // The check fails and both search again; on an old version nothing of it happens.
    let failed = |expect: Version| {
        let ended_at = Some(world.clock.now());
        let proposal = Proposal { status: ProposalStatus::Failed, ended_at, version: expect.next(), ..after.clone() };
        let again = |ticket: &Ticket| {
            let (expect, status) = (ticket.version, Status::Searching);
            TicketChange {
                expect,
                ticket: Ticket { status, proposal_id: None, version: expect.next(), ..ticket.clone() },
            }
        };
        let tickets: Vec<_> = tickets.iter().map(again).collect();
        Change { tickets, proposal: Some(ProposalChange { expect, proposal }), party: None }
    };
    let free = |ticket: &Ticket| Engage {
        player: ticket.player_id,
        from: Engagement::Proposal(check.id),
        to: Engagement::Ticket(ticket.id),
    };
    let riders = || Riders { engage: tickets.iter().map(free).collect(), ..Riders::default() };
    let stale = world.store.commit(failed(check.version), riders()).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    for ticket in &tickets {
        assert_eq!(world.stored(ticket).await, *ticket);
        assert_eq!(world.engagement(ticket.player_id).await, Engagement::Proposal(check.id));
    }
    world.store.commit(failed(after.version), riders()).await.expect("the versions hold");
    let waiting = world.store.waiting("squads", None, 10).await.expect("the store answers");
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|ticket| ticket.proposal_id.is_none()));
}

/// Open ones only, earliest first.
pub async fn ready_checks_past_their_time_are_listed(world: &TicketFixture, _: Pace) {
    let (check, _) = proposed(world).await;
    let overdue = async |at| world.proposals.overdue(at, 10).await.expect("the store answers");
    assert_eq!(overdue(check.expires_at.plus_millis(-1)).await, []);
    assert_eq!(overdue(check.expires_at).await, [check.clone()]);
    let game_id = Some(GameId::new(world.ids.uuid(world.clock.now())));
    let proposal = Proposal {
        status: ProposalStatus::Confirmed,
        game_id,
        ended_at: Some(check.expires_at),
        version: check.version.next(),
        ..check.clone()
    };
    let change = Change { proposal: Some(ProposalChange { expect: check.version, proposal }), ..Change::default() };
    world.store.commit(change, Riders::default()).await.expect("the version holds");
    assert_eq!(overdue(check.expires_at.plus_millis(9_000)).await, []);
}
