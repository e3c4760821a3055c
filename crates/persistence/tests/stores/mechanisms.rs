//! What rides in every change, over both databases.

use crate::worlds::{self, World};
use kernel::contract::mechanisms::MechanismsFixture;

fn fixture(world: World) -> MechanismsFixture {
    let World { stores, clock, ids, guard } = world;
    MechanismsFixture {
        commit: stores.commit,
        engagements: stores.engagements,
        audit: stores.audit,
        blocks: stores.blocks,
        connections: stores.connections,
        receipts: stores.receipts,
        outbox: stores.outbox,
        streams: stores.streams,
        leases: stores.leases,
        clock,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    kernel::mechanisms_contract!(async { fixture(worlds::on_sqlite().await) });
}

mod on_postgres {
    use super::*;

    kernel::mechanisms_contract!(async { fixture(worlds::on_postgres().await) });
}
