//! Cases for what rides in every change (receipts, engagements, blocks, cool-downs, audit, fences, and the outbox with
//! its streams), and for who is connected.

mod audit;
mod blocks;
mod connections;
mod cool_downs;
mod engagements;
mod leases;
mod outbox;
mod receipts;

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::{
    AuditLog, Blocks, Clock, Commit, Connections, Engage, Engagement, Engagements, Event, EventId, GameId, IdSource,
    Leases, Outbox, OutboxRow, PlayerId, Receipt, ReceiptKey, Receipts, Riders, StoreError, StreamEvent, StreamKey,
    Streams, TicketId,
};

pub use audit::*;
pub use blocks::*;
pub use connections::*;
pub use cool_downs::*;
pub use engagements::*;
pub use leases::*;
pub use outbox::*;
pub use receipts::*;

/// Tests of a database's mechanisms; `$make.await` gives a
/// [`MechanismsFixture`](crate::contract::mechanisms::MechanismsFixture).
#[macro_export]
macro_rules! mechanisms_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make, mechanisms:
            engagements_move_by_compare_and_set
            a_refused_engagement_refuses_everything
            being_there_already_is_no_step
            of_many_concurrent_engagements_one_wins
            crossing_engagements_of_two_players_end
            of_several_cool_downs_the_latest_end_counts
            a_cool_down_is_written_with_its_change
            old_cool_downs_are_purged
            audit_entries_are_read_newest_first_in_pages
            an_audit_entry_is_written_with_its_deed
            a_player_is_connected_while_any_replica_has_a_socket
            only_the_last_replica_reports_the_end
            of_replicas_that_lose_a_player_at_once_one_is_told
            reports_are_idempotent
            it_is_known_since_when_somebody_is_there_or_gone
            who_is_away_on_every_replica_is_away
            silent_replicas_are_known_by_their_beats
            a_replica_with_players_is_not_forgotten
            blocks_are_read_from_both_sides
            a_standing_block_keeps_its_time_until_it_is_lifted
            a_block_is_written_with_its_change
            own_blocks_are_read_newest_first_in_pages
            who_is_apart_is_not_brought_together
            each_group_is_together_by_itself
            an_acknowledged_block_has_found_whatever_is_together
            a_used_key_is_told_before_who_is_apart
            an_erased_players_receipts_go
            an_erased_players_stream_is_emptied
            a_receipt_is_written_with_its_change
            a_used_key_changes_nothing
            of_concurrent_twins_one_is_carried_out
            a_reply_is_attached_once
            a_refusal_can_be_recorded
            old_receipts_are_purged
            events_are_handed_out_once_and_in_order
            an_aggregate_waits_for_its_claimed_event
            a_lapsed_claim_is_given_out_again
            completing_twice_appends_once
            offsets_are_gapless_under_concurrency
            streams_are_read_in_order_and_from_anywhere
            heads_exist_before_the_first_event
            old_stream_rows_go_and_the_head_stays
            done_rows_are_purged_and_lag_is_told
            a_lease_has_one_holder
            a_lapsed_lease_changes_hands_under_a_higher_fence
            an_outdated_fence_changes_nothing
            survives_a_dropped_commit
        }
    };
}

/// One database.
pub struct MechanismsFixture {
    /// Commits riders.
    pub commit: Arc<dyn Commit>,
    /// Reads engagements.
    pub engagements: Arc<dyn Engagements>,
    /// What people with power did.
    pub audit: Arc<dyn AuditLog>,
    /// Who keeps away from whom.
    pub blocks: Arc<dyn Blocks>,
    /// Who has sockets where.
    pub connections: Arc<dyn Connections>,
    /// Receipts.
    pub receipts: Arc<dyn Receipts>,
    /// Outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Streams.
    pub streams: Arc<dyn Streams>,
    /// Leases.
    pub leases: Arc<dyn Leases>,
    /// The database's time. It must pass by itself.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Long enough that no claim or lease lapses within a case that doesn't want it to.
const LONG: Duration = Duration::from_secs(600);

impl MechanismsFixture {
    fn uuid(&self) -> Uuid {
        self.ids.uuid(self.clock.now())
    }

    fn player(&self) -> PlayerId {
        PlayerId::new(self.uuid())
    }

    fn ticket(&self) -> Engagement {
        Engagement::Ticket(TicketId::new(self.uuid()))
    }

    fn game(&self) -> Engagement {
        Engagement::Game(GameId::new(self.uuid()))
    }

    fn event(&self, aggregate: &str, audience: &[StreamKey], n: usize) -> Event {
        Event {
            id: EventId::new(self.uuid()),
            aggregate: aggregate.to_owned(),
            kind: Cow::Borrowed("test.happened"),
            audience: audience.to_vec(),
            data: json!({ "n": n, "text": "ein „Wort“" }),
            at: self.clock.now(),
        }
    }

    fn receipt(&self, player: PlayerId, key: &str) -> Receipt {
        Receipt {
            key: ReceiptKey { player, route: "POST /test".to_owned(), key: key.to_owned() },
            body_hash: [7; 32],
            outcome: json!({ "ticket": "x" }),
            at: self.clock.now(),
        }
    }

    async fn engage(&self, player: PlayerId, from: Engagement, to: Engagement) -> Result<(), StoreError> {
        let engage = vec![Engage { player, from, to }];
        self.commit.commit(Riders { engage, ..Riders::default() }).await
    }

    async fn write(&self, events: Vec<Event>) {
        self.commit.commit(Riders::events(events)).await.expect("events alone commit");
    }

    async fn engaged(&self, player: PlayerId) -> Engagement {
        self.engagements.current(&[player]).await.expect("engagements are readable")[0]
    }

    async fn claim(&self) -> Vec<OutboxRow> {
        self.outbox.claim(1_000, LONG).await.expect("rows can be claimed")
    }

    async fn relay(&self) -> Vec<StreamEvent> {
        let rows = self.claim().await;
        self.outbox.complete(&rows).await.expect("claimed rows can be completed")
    }
}
