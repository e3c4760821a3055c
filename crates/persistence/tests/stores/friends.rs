//! Relations, lists and links, over both databases.

use crate::worlds::{self, World};
use friends::contract::FriendsFixture;

fn fixture(world: World) -> FriendsFixture {
    let World { stores, clock, ids, guard } = world;
    FriendsFixture {
        relations: stores.friends,
        lists: stores.friend_lists,
        links: stores.friend_links,
        blocks: stores.blocks,
        connections: stores.connections,
        outbox: stores.outbox,
        receipts: stores.receipts,
        clock,
        ids,
        keep: guard,
    }
}

mod on_sqlite {
    use super::*;

    friends::friend_store_contract!(async { fixture(worlds::on_sqlite().await) });
}

mod on_postgres {
    use super::*;

    friends::friend_store_contract!(async { fixture(worlds::on_postgres().await) });
}
