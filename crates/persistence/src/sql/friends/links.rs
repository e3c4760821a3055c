use async_trait::async_trait;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::select;
use diesel_async::RunQueryDsl;
use friends::{Caps, Committed, CountChange, InviteLink, LinkChange, LinkStore, Reached};
use kernel::{PlayerId, StoreError, Timestamp};

use super::super::{IdCol, TimeCol, Tx, dialect};
use super::row::LinkRow;
use super::schema::{friend_links as links, friend_redemptions as redemptions};
use super::{FriendTables, count_up};

/// Those of a player's links that work at a time.
macro_rules! working {
    ($owner:expr, $at:expr) => {
        links::table
            .filter(links::owner_id.eq(IdCol::from($owner)))
            .filter(links::revoked_at.is_null())
            .filter(links::expires_at.gt(TimeCol($at)))
            .filter(links::max_uses.is_null().or(links::max_uses.gt(links::uses.nullable())))
    };
}

pub(super) async fn apply(tx: &mut dialect::Conn, change: LinkChange, caps: Caps) -> Result<Committed, Tx> {
    match change {
        LinkChange::Make(link) => {
            // Locks the owner's row, so that two made at once are counted one after the other.
            count_up(tx, &CountChange { player: link.owner, friends: 0, outgoing: 0 }, caps).await?;
            let working: i64 = working!(link.owner, link.created_at).count().get_result(tx).await?;
            if working >= caps.links {
                return Ok(Committed::Full(Reached::Links(link.owner)));
            }
            diesel::insert_into(links::table).values(LinkRow::from(link)).execute(tx).await?;
        }
        LinkChange::Revoke { code, at } => {
            diesel::update(links::table.find(code).filter(links::revoked_at.is_null()))
                .set(links::revoked_at.eq(Some(TimeCol(at))))
                .execute(tx)
                .await?;
        }
        LinkChange::Redeem { code, player, at } => {
            // The condition and the write in one: of many at the limit as many pass as may.
            let used = diesel::update(links::table.find(&code))
                .filter(links::revoked_at.is_null())
                .filter(links::expires_at.gt(TimeCol(at)))
                .filter(links::max_uses.is_null().or(links::max_uses.gt(links::uses.nullable())))
                .set(links::uses.eq(links::uses + 1))
                .execute(tx)
                .await?;
            if used == 0 {
                return Ok(Committed::Spent);
            }
            diesel::insert_into(redemptions::table)
                .values((redemptions::code.eq(code), redemptions::player_id.eq(IdCol::from(player))))
                .on_conflict_do_nothing()
                .execute(tx)
                .await?;
        }
    }
    Ok(Committed::Done)
}

async fn drop_links(tx: &mut dialect::Conn, codes: &[String]) -> Result<usize, Tx> {
    diesel::delete(redemptions::table.filter(redemptions::code.eq_any(codes))).execute(tx).await?;
    Ok(diesel::delete(links::table.filter(links::code.eq_any(codes))).execute(tx).await?)
}

#[async_trait]
impl LinkStore for FriendTables {
    async fn link(&self, code: &str) -> Result<Option<InviteLink>, StoreError> {
        let query = links::table.find(code.to_owned()).select(LinkRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(LinkRow::into_link).transpose()
    }

    async fn links_of(&self, owner: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<InviteLink>, StoreError> {
        let query = working!(owner, now)
            .order((links::created_at.desc(), links::code.desc()))
            .limit(limit)
            .select(LinkRow::as_select());
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        rows.into_iter().map(LinkRow::into_link).collect()
    }

    async fn redeemed(&self, code: &str, player: PlayerId) -> Result<bool, StoreError> {
        let query = select(exists(redemptions::table.find((code.to_owned(), IdCol::from(player)))));
        self.database.read(|mut conn| async move { query.get_result(&mut conn).await }).await
    }

    async fn purge_links(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let before = TimeCol(before);
                    let codes: Vec<String> = links::table
                        .filter(links::expires_at.lt(before).nullable().or(links::revoked_at.lt(before)))
                        .order(links::code)
                        .limit(limit)
                        .select(links::code)
                        .load(tx)
                        .await?;
                    drop_links(tx, &codes).await
                })
            })
            .await
    }

    async fn forget_links(&self, owner: PlayerId) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let own = links::table.filter(links::owner_id.eq(IdCol::from(owner)));
                    let codes: Vec<String> = own.select(links::code).load(tx).await?;
                    drop_links(tx, &codes).await
                })
            })
            .await
    }
}
