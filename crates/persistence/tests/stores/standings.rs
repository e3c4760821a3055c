//! Standings, over both databases.

use standings::contract::StandingsFixture;

use crate::worlds::{self, World};

mod batches;
mod boards;

fn fixture(world: World) -> StandingsFixture {
    let World { stores, ids, guard, .. } = world;
    StandingsFixture {
        store: stores.standings,
        reads: stores.standing_reads,
        seasons: stores.seasons,
        commit: stores.commit,
        leases: stores.leases,
        outbox: stores.outbox,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    standings::standings_store_contract!(async { fixture(worlds::on_sqlite().await) });

    #[tokio::test(flavor = "multi_thread")]
    async fn random_boards_are_those_of_the_memory_store() {
        boards::random_boards_are_those_of_the_memory_store(worlds::on_sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_rows_of_one_place_in_a_commit_the_later_stands() {
        batches::of_two_rows_of_one_place_in_a_commit_the_later_stands(worlds::on_sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_largest_commit_keeps_within_the_write_budget() {
        batches::the_largest_commit_keeps_within_the_write_budget(worlds::on_sqlite().await).await;
    }
}

mod on_postgres {
    use super::*;

    standings::standings_store_contract!(async { fixture(worlds::on_postgres().await) });

    #[tokio::test(flavor = "multi_thread")]
    async fn random_boards_are_those_of_the_memory_store() {
        boards::random_boards_are_those_of_the_memory_store(worlds::on_postgres().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_rows_of_one_place_in_a_commit_the_later_stands() {
        batches::of_two_rows_of_one_place_in_a_commit_the_later_stands(worlds::on_postgres().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_largest_commit_keeps_within_the_write_budget() {
        batches::the_largest_commit_keeps_within_the_write_budget(worlds::on_postgres().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn families_with_players_in_common_commit_side_by_side() {
        batches::families_with_players_in_common_commit_side_by_side(worlds::on_postgres().await).await;
    }
}
