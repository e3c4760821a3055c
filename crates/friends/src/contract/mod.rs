//! The cases every store of this crate must pass. An adapter's tests call [`friend_store_contract!`] with an async
//! expression that makes a [`FriendsFixture`]; its crate brings tokio and turns the feature `contract` on.
//!
//! [`friend_store_contract!`]: crate::friend_store_contract

mod commands;
mod fixture;
mod links;
mod lists;
mod relations;

pub use commands::*;
pub use fixture::FriendsFixture;
pub use links::*;
pub use lists::*;
pub use relations::*;

#[doc(hidden)]
pub use kernel::contract::Pace;

/// One `#[tokio::test]` per case; `$make.await` gives a
/// [`FriendsFixture`](crate::contract::FriendsFixture) of an empty database.
#[macro_export]
macro_rules! friend_store_contract {
    ($make:expr) => {
        $crate::friend_store_contract! { @ $make,
            a_relation_comes_back_as_it_was_written
            several_relations_come_in_one_read
            a_change_decided_on_an_old_version_is_stale
            of_concurrent_changes_one_is_carried_out
            a_used_key_changes_nothing
            riders_alone_are_committed
            events_and_blocks_come_with_their_change
            counts_move_with_their_change
            a_full_count_refuses_everything
            caps_hold_under_concurrency
            everything_that_stands_is_found
            what_lapsed_is_found_earliest_first
            survives_a_dropped_commit
            friends_are_listed_online_first_in_pages
            a_list_keeps_its_order_while_presence_changes
            changes_are_listed_oldest_first
            mutual_friends_are_those_of_both
            requests_are_listed_by_direction
            a_link_comes_back_as_it_was_written
            working_links_are_listed_newest_first
            a_link_is_redeemed_as_often_as_may_be
            a_redemption_and_its_relation_go_together
            a_link_that_ended_is_not_redeemed
            links_are_capped_under_concurrency
            ended_links_are_purged
            links_of_somebody_who_goes_are_forgotten
            crossing_requests_make_friends_once
            an_accept_and_a_cancel_have_one_winner
            an_accept_and_a_block_leave_no_friendship
            blocks_that_cross_leave_one
            caps_reached_by_both_at_once_hold
            a_link_makes_as_many_friends_as_it_may
            a_repeated_request_tells_once
            counts_equal_what_the_relations_say
        }
    };
    (@ $make:expr, $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let pace = $crate::contract::Pace::new(|| {
                ::std::boxed::Box::pin(::tokio::time::sleep(::std::time::Duration::from_millis(3)))
            });
            let fixture = $make.await;
            $crate::contract::$case(&fixture, pace).await;
        }
    )+};
}
