//! The cases every [`TicketStore`] must pass, listed once. An adapter's tests call [`ticket_store_contract!`] with an
//! async expression that makes a [`TicketFixture`] over a fresh world.

mod checks;
mod claims;
mod commits;
mod lists;
mod parties;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use kernel::{
    BlockChange, Clock, Engage, Engagement, Engagements, GameId, IdSource, Lease, Leases, Outbox, PlayerId, Riders,
    StoreError, TicketId, Timestamp, Version,
};

pub use checks::*;
pub use claims::*;
pub use commits::*;
pub use kernel::contract::Pace;
pub use lists::*;
pub use parties::*;

use crate::change::{Change, Claim, ClaimedTicket, Makes, TicketChange};
use crate::decide;
use crate::event::ticket_updated;
use crate::matcher::Member;
use crate::model::{Alternative, AlternativeKind, Ended, Status, Ticket, WaitEstimate, Wishes};
use crate::ports::QueueSpec;
use crate::store::{PartyStore, ProposalStore, TicketStore};

/// Tests of a [`TicketStore`](crate::TicketStore): one per case; the adapter's crate brings tokio.
#[macro_export]
macro_rules! ticket_store_contract {
    ($make:expr) => {
        $crate::ticket_store_contract! { @cases $make,
            a_ticket_comes_back_as_it_was
            an_unknown_ticket_is_none
            a_new_ticket_takes_its_player
            an_engaged_player_gets_no_second_ticket
            concurrent_joins_of_one_player_make_one_ticket
            a_receipt_makes_a_retry_harmless
            a_refused_join_leaves_no_receipt
            concurrent_twins_of_a_join_are_one
            a_stale_version_changes_nothing
            a_new_ticket_needs_a_new_id
            several_tickets_end_together_or_not_at_all
            survives_a_dropped_commit
            a_claim_makes_the_match
            a_batch_of_claims_is_one
            a_batch_is_made_whole_or_not_at_all
            a_stale_fence_changes_nothing
            a_row_that_is_not_searching_is_not_claimed
            a_claim_across_a_block_is_refused_by_name
            block_against_claim_never_leaves_a_later_match
            cancel_against_claim_has_one_winner
            of_two_claims_for_a_ticket_one_is_made
            survives_a_dropped_claim
            waiting_lists_a_modes_queue_in_order
            waiting_leaves_out_who_left_another_way
            due_lists_the_overdue
            recent_waits_are_the_newest_of_the_mode
            counts_are_of_those_who_wait
            mine_pages_newest_first
            a_party_s_ticket_comes_back_and_is_everybody_s
            deadlines_are_each_their_own
            a_claim_makes_the_ready_check
            a_ready_check_and_its_tickets_move_together
            ready_checks_past_their_time_are_listed
            a_party_comes_back_as_it_was
            a_player_is_in_one_party_at_most
            invitations_are_found_by_whom_they_are_for
            members_who_are_away_are_found
            what_ended_long_ago_is_purged
        }
    };
    (@cases $make:expr, $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let pace = $crate::contract::Pace::new(|| {
                ::std::boxed::Box::pin(::tokio::time::sleep(::std::time::Duration::from_millis(3)))
            });
            let fixture: $crate::contract::TicketFixture = $make.await;
            $crate::contract::$case(&fixture, pace).await;
        }
    )+};
}

/// A fresh world around a store.
pub struct TicketFixture {
    /// The store under test.
    pub store: Arc<dyn TicketStore>,
    /// The ready checks of the same world.
    pub proposals: Arc<dyn ProposalStore>,
    /// Its parties.
    pub parties: Arc<dyn PartyStore>,
    /// Engagements of the same world.
    pub engagements: Arc<dyn Engagements>,
    /// Leases of the same world.
    pub leases: Arc<dyn Leases>,
    /// Its outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl TicketFixture {
    fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(self.clock.now()))
    }

    fn ticket(&self, player: PlayerId, mode: &str, created_at: Timestamp) -> Ticket {
        Ticket {
            id: TicketId::new(self.ids.uuid(created_at)),
            mode: mode.to_owned(),
            player_id: player,
            party_id: None,
            members: vec![Member { player, rating: 1_512.25, deviation: 87.5 }],
            wishes: Wishes::default(),
            rating: 1_512.25,
            deviation: 87.5,
            status: Status::Searching,
            created_at,
            expires_at: created_at.plus_millis(120_000),
            ended_at: None,
            ended: None,
            game_id: None,
            proposal_id: None,
            estimated_wait_ms: WaitEstimate { low: 800, high: 9_500 },
            detached_at: None,
            offered_at: None,
            offers: Vec::new(),
            version: Version(1),
        }
    }

    /// Queues a fresh player.
    async fn queued(&self, mode: &str) -> Ticket {
        self.queued_at(mode, self.clock.now()).await
    }

    async fn queued_at(&self, mode: &str, created_at: Timestamp) -> Ticket {
        let ticket = self.ticket(self.player(), mode, created_at);
        self.join(&ticket).await.expect("a fresh player can queue");
        ticket
    }

    async fn join(&self, ticket: &Ticket) -> Result<(), StoreError> {
        let change = TicketChange { expect: Version::NEW, ticket: ticket.clone() };
        self.store.commit(vec![change].into(), joining(ticket)).await
    }

    /// One wants nothing to do with the other any more, or again.
    async fn blocks(&self, blocker: &Ticket, blocked: &Ticket, stands: bool) -> Result<(), StoreError> {
        let (blocker, blocked) = (blocker.player_id, blocked.player_id);
        let blocks = vec![BlockChange { blocker, blocked, stands, at: self.clock.now() }];
        self.store.commit(Change::default(), Riders { blocks, ..Riders::default() }).await
    }

    /// Cancels as the service does.
    async fn cancel(&self, ticket: &Ticket) -> Result<(), StoreError> {
        let (change, riders) = self.cancelling(ticket);
        self.store.commit(vec![change].into(), riders).await
    }

    fn cancelling(&self, ticket: &Ticket) -> (TicketChange, Riders) {
        let mut after = ticket.clone();
        after.status = Status::Cancelled;
        let alternative = Alternative { kind: AlternativeKind::Mode, mode: "duel".into() };
        after.ended = Some(Ended { alternatives: vec![alternative], ..Ended::by_player("cancelled") });
        after.ended_at = Some(ticket.created_at.plus_millis(700));
        after.version = ticket.version.next();
        let from = Engagement::Ticket(ticket.id);
        let step = |player: PlayerId| Engage { player, from, to: Engagement::Idle };
        let engage = ticket.players().into_iter().map(step).collect();
        let events = vec![ticket_updated(&after, &*self.ids, self.clock.now())];
        (TicketChange { expect: ticket.version, ticket: after }, Riders { engage, events, ..Riders::default() })
    }

    fn claim_of(&self, tickets: &[&Ticket]) -> Claim {
        self.claim_in(tickets, None)
    }

    /// Each ticket a team, with a ready check or without.
    fn claim_in(&self, tickets: &[&Ticket], check_ms: Option<i64>) -> Claim {
        let claimed = |ticket: &&Ticket| vec![ClaimedTicket { ticket: ticket.id, players: ticket.players() }];
        let spec = QueueSpec {
            mode: tickets.first().map_or_else(String::new, |ticket| ticket.mode.clone()),
            teams: 2,
            team_size: 1,
            rated: true,
            rating_family: "duel".into(),
            ready_ms: 20_000,
            check_ms,
            latency_cap_ms: None,
            attributes: Vec::new(),
            practice: false,
            enabled: true,
        };
        decide::claim(tickets.iter().map(claimed).collect(), &spec, &*self.ids, self.clock.now())
    }

    async fn lead(&self, mode: &str, holder: &str) -> Lease {
        let lease = self.leases.acquire(&format!("matchmaking:{mode}"), holder, Duration::from_secs(60)).await;
        lease.expect("leases answer").expect("the lease is free")
    }

    async fn engagement(&self, player: PlayerId) -> Engagement {
        self.engagements.current(&[player]).await.expect("engagements answer")[0]
    }

    async fn stored(&self, ticket: &Ticket) -> Ticket {
        self.store.load(ticket.id).await.expect("the store answers").expect("the ticket is there")
    }

    /// Kinds of the events waiting, with the aggregate's ticket.
    async fn events(&self) -> Vec<(String, String)> {
        let rows = self.outbox.claim(1_000, Duration::from_millis(1)).await.expect("the outbox answers");
        rows.into_iter().map(|row| (row.event.kind.into_owned(), row.event.aggregate)).collect()
    }

    /// The ticket waits, and nothing else is true of its player.
    async fn assert_waits(&self, ticket: &Ticket) {
        assert_eq!(self.stored(ticket).await, *ticket);
        assert_eq!(self.engagement(ticket.player_id).await, Engagement::Ticket(ticket.id));
    }
}

fn joining(ticket: &Ticket) -> Riders {
    let to = Engagement::Ticket(ticket.id);
    let step = |player: PlayerId| Engage { player, from: Engagement::Idle, to };
    Riders { engage: ticket.players().into_iter().map(step).collect(), ..Riders::default() }
}

fn game_in(claim: &Claim) -> GameId {
    match &claim.makes {
        Makes::Game(game) => game.id,
        Makes::Proposal(proposal) => panic!("{} is no game", proposal.id),
    }
}

/// Polls a future once and drops it, as a caller who hangs up does.
async fn begin_and_drop<T>(future: impl Future<Output = T>) {
    let mut future = Box::pin(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}
