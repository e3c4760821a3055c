//! Games, their histories and the ledger, over both databases.

use games::contract::GamesFixture;

use crate::worlds::{self, World};

fn fixture(world: World) -> GamesFixture {
    let World { stores, ids, guard, .. } = world;
    GamesFixture {
        store: stores.games,
        modes: stores.modes,
        invites: stores.invites,
        attendance: stores.attendance,
        cases: stores.cases,
        connections: stores.connections,
        audit: stores.audit,
        commit: stores.commit,
        engagements: stores.engagements,
        receipts: stores.receipts,
        outbox: stores.outbox,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    games::game_store_contract!(async { fixture(worlds::on_sqlite().await) });
}

mod on_postgres {
    use super::*;

    games::game_store_contract!(async { fixture(worlds::on_postgres().await) });
}
