//! Tickets, over both databases.

use matchmaking::contract::TicketFixture;

use crate::worlds::{self, World};

fn fixture(world: World) -> TicketFixture {
    let World { stores, clock, ids, guard } = world;
    TicketFixture {
        store: stores.tickets,
        proposals: stores.proposals,
        parties: stores.parties,
        engagements: stores.engagements,
        leases: stores.leases,
        outbox: stores.outbox,
        clock,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    matchmaking::ticket_store_contract!(async { fixture(worlds::on_sqlite().await) });
}

mod on_postgres {
    use super::*;

    matchmaking::ticket_store_contract!(async { fixture(worlds::on_postgres().await) });
}
