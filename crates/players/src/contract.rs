//! The cases that every adapter of this crate's stores must pass. An adapter's tests call [`player_store_contract!`]
//! with an async expression that makes a fixture over a fresh world:
//!
//! ```text
//! shallweplay_players::player_store_contract!(async { a_fixture().await });
//! ```
//!
//! [`player_store_contract!`]: crate::player_store_contract

pub mod credentials;
pub mod players;
pub mod sessions;

use std::any::Any;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use kernel::{Event, IdSource, Outbox, PlayerId, Receipts, SessionId, Timestamp};

use crate::{
    DisplayName, Handle, LoginGuard, PasswordHash, Player, PlayerChange, PlayerStore, RefreshToken, SecretHash,
    Session, SessionStore, WsTicketStore, decide,
};

/// One `#[tokio::test]` per case; the adapter's crate brings tokio.
#[macro_export]
macro_rules! player_store_contract {
    ($make:expr) => {
        $crate::player_store_contract! { @ $make;
            players [
                a_guest_comes_with_device_and_session
                every_field_reads_back
                several_players_come_in_the_order_asked
                a_stale_change_changes_nothing
                of_concurrent_changes_one_wins
                a_handle_belongs_to_one_player
                of_concurrent_registrations_of_a_handle_one_wins
                a_used_receipt_changes_nothing
                events_come_with_their_change
                survives_a_dropped_commit
            ]
            credentials [
                credentials_are_kept_until_replaced
                failures_count_per_handle
                failures_are_counted_under_concurrency
                failures_are_cleared_unless_more_came
                old_failures_are_purged
            ]
            sessions [
                a_session_starts_and_reads_back
                a_token_is_exchanged_once
                of_concurrent_exchanges_one_wins
                foreign_tokens_exchange_nothing
                an_ended_session_exchanges_nothing
                the_first_answer_stays
                a_session_is_revoked_once_with_its_events
                an_exchange_and_a_revocation_do_not_revive
                revoked_sessions_are_listed
                ended_sessions_are_purged_with_their_tokens
                a_ws_ticket_is_taken_once
                old_ws_tickets_are_purged
                survives_a_dropped_exchange
                a_departure_ends_all_sessions_and_forgets
            ]
        }
    };
    (@ $make:expr; $($suite:ident [$($case:ident)+])+) => {$($(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let fixture = $make.await;
            $crate::contract::$suite::$case(&fixture).await;
        }
    )+)+};
}

/// One fresh world.
pub struct PlayerFixture {
    /// Players.
    pub players: Arc<dyn PlayerStore>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// WebSocket tickets.
    pub ws_tickets: Arc<dyn WsTicketStore>,
    /// Failed sign-ins.
    pub guard: Arc<dyn LoginGuard>,
    /// The world's outbox.
    pub outbox: Arc<dyn Outbox>,
    /// The world's receipts.
    pub receipts: Arc<dyn Receipts>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// The cases' present: 2026-01-01, with microseconds, which a store must keep.
const T0: Timestamp = Timestamp::from_micros(1_767_225_600_123_456);

impl PlayerFixture {
    fn hash(&self) -> SecretHash {
        SecretHash::of(&self.ids.secret())
    }

    fn guest(&self) -> Player {
        decide::new_player(PlayerId::new(self.ids.uuid(T0)), DisplayName::generated(self.ids.seed()), T0)
    }

    fn session(&self, player: &Player) -> Session {
        decide::start_session(player, Some("contract"), &*self.ids, T0).expect("nobody is suspended").0
    }

    fn creation(&self) -> PlayerChange {
        let guest = self.guest();
        let session = self.session(&guest);
        decide::create_guest(guest, self.hash(), session)
    }

    fn registration(&self, before: Player, handle: &str) -> PlayerChange {
        let (handle, session) = (Handle::parse(handle).expect("a valid handle"), self.session(&before));
        let hash = PasswordHash(format!("hash of {handle}'s password"));
        decide::register(before, handle, None, hash, session, &*self.ids, T0).expect("a guest")
    }

    /// A stored player with a stored session.
    async fn signed_in(&self) -> (Player, Session) {
        let change = self.creation();
        let (player, session) = (change.player.clone(), change.start.clone().expect("creations start a session"));
        self.players.commit(change).await.expect("a new guest");
        (player, session)
    }

    fn token(&self, session: SessionId) -> SecretHash {
        RefreshToken::generate(&*self.ids, session).0.hash
    }

    /// What waits in the outbox. It stays claimed, so a case asks once, or gets only what came since.
    async fn new_events(&self) -> Vec<Event> {
        let rows = self.outbox.claim(1_000, Duration::from_secs(600)).await.expect("the outbox answers");
        rows.into_iter().map(|row| row.event).collect()
    }
}

/// Polls a future so many times and drops it, as a server does with the handler of a caller who hung up.
async fn poll_and_drop(polls: usize, future: impl Future) {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 || future.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        left -= 1;
        // Again at once: how far the future gets is not the point, only that it is left in many places.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
