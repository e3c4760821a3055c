//! The cases every [`GameStore`](crate::GameStore) must pass. An adapter's tests call [`game_store_contract!`] with an
//! async expression that makes a [`GamesFixture`]; its crate brings tokio and turns the feature `contract` on.

mod attendance;
mod cases;
mod corrections;
mod fixture;
mod history;
mod invites;
mod log;
mod modes;
mod pairs;
mod practice;

pub use attendance::*;
pub use cases::*;
pub use corrections::*;
pub use fixture::GamesFixture;
pub use history::*;
pub use invites::*;
pub use log::*;
pub use modes::*;
pub use pairs::*;
pub use practice::*;

#[doc(hidden)]
pub use kernel::contract::Pace;

/// One `#[tokio::test]` per case; `$make.await` gives a
/// [`GamesFixture`](crate::contract::GamesFixture) of an empty database.
#[macro_export]
macro_rules! game_store_contract {
    ($make:expr) => {
        $crate::game_store_contract! { @ $make,
            an_opened_game_is_visible_at_once
            every_state_comes_back_as_it_was_written
            a_change_decided_on_an_old_version_is_stale
            of_concurrent_changes_one_is_carried_out
            a_game_is_settled_once
            ledger_sequences_are_gapless_under_concurrency
            ending_a_game_lets_its_players_go
            a_refused_engagement_refuses_everything
            a_used_key_changes_nothing
            events_are_written_with_their_change_in_order
            a_live_game_is_found_by_whom_it_holds
            due_games_come_longest_overdue_first
            history_is_newest_first_in_pages
            history_stays_stable_while_games_are_added
            history_is_narrowed_by_each_filter
            history_leaves_out_what_never_started
            a_log_reads_back_as_the_chain_that_was_written
            a_log_is_read_in_pages
            logs_of_two_games_stay_apart
            published_modes_come_back_in_order
            a_mode_version_is_published_once
            a_correction_is_entered_under_the_next_sequence
            a_result_version_is_entered_once
            a_corrected_game_keeps_its_place_in_history
            survives_a_dropped_commit
            a_made_game_is_there_once
            two_games_change_together_or_not_at_all
            a_game_and_its_invitations_come_back_as_they_were_written
            invitations_are_found_by_id_and_code
            open_invitations_are_found_by_whom_they_concern
            games_in_which_a_player_said_something_are_found
            an_invitation_that_runs_out_makes_its_game_due
            attendance_tells_who_is_there
            the_unseen_come_longest_unseen_first
            who_is_marked_gone_wakes_the_game
            cases_are_listed_newest_first_and_narrowed
            a_practice_bot_sits_in_any_number_of_games_and_has_a_seat_in_none
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
