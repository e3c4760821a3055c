//! Players, sessions, tickets and failed sign-ins, over both databases.

use crate::worlds::{self, World};
use players::contract::PlayerFixture;

fn fixture(world: World) -> PlayerFixture {
    let World { stores, ids, guard, .. } = world;
    PlayerFixture {
        players: stores.players,
        sessions: stores.sessions,
        ws_tickets: stores.ws_tickets,
        guard: stores.login_guard,
        outbox: stores.outbox,
        receipts: stores.receipts,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    players::player_store_contract!(async { fixture(worlds::on_sqlite().await) });
}

mod on_postgres {
    use super::*;

    players::player_store_contract!(async { fixture(worlds::on_postgres().await) });
}
