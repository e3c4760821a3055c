//! The cases every adapter of this crate's ports must pass, listed once per port: `standings_store_contract!` for the
//! three store traits, `board_copies_contract!` for copies of boards. An adapter's tests call the macro with an async
//! expression that makes a fixture; its crate brings tokio and turns the feature `contract` on.

mod boards;
mod closing;
mod fixture;
mod keeping;
mod paging;
mod reading;

pub use boards::*;
pub use closing::*;
pub use fixture::StandingsFixture;
pub use keeping::*;
pub use paging::*;
pub use reading::*;

#[doc(hidden)]
pub use kernel::contract::Pace;

/// One `#[tokio::test]` per case; `$make.await` gives a
/// [`StandingsFixture`](crate::contract::StandingsFixture) of an empty database.
#[macro_export]
macro_rules! standings_store_contract {
    ($make:expr) => {
        $crate::standings_store_contract! { @ $make,
            what_was_never_stored_is_nothing
            everything_comes_back_bit_by_bit
            rows_are_overwritten
            a_commit_from_another_head_is_stale
            of_concurrent_commits_one_is_carried_out
            a_spent_fence_is_refused
            a_commit_of_thousands_is_whole
            families_share_nothing
            places_are_never_cut_in_two
            the_last_rated_row_before_a_place_is_found
            a_players_rows_come_in_order
            ratings_stats_and_pairings_come_in_pages
            survives_a_dropped_commit
            players_read_what_was_stored
            a_board_is_ordered_by_value_then_player
            a_board_goes_on_after_a_line
            a_board_shows_who_stands_around
            a_board_can_be_narrowed_to_some_players
            only_who_has_a_value_is_on_a_board
            a_place_says_rank_tie_and_how_many
            seasons_that_were_played_are_listed
            a_season_is_closed_once_per_revision
            of_concurrent_closings_one_is_carried_out
            a_changed_result_reopens_its_season
            final_places_are_replaced_as_a_whole
        }
    };
    (@ $make:expr, $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let pace = $crate::contract::Pace::new(|| {
                ::std::boxed::Box::pin(::tokio::time::sleep(::std::time::Duration::from_millis(3)))
            });
            let fixture: $crate::contract::StandingsFixture = $make.await;
            $crate::contract::$case(&fixture, pace).await;
        }
    )+};
}
