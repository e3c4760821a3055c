//! Parties. Members and invitations stand in the party's row, which decides; the tables beside it find it by player, and
//! keep a player out of a second one.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{BoxError, PartyId, PlayerId, StoreError, Timestamp, Version};
use matchmaking::{Party, PartyChange, PartyStore};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::{IdCol, JsonCol, TimeCol, Tx, dialect};
use super::TicketTable;
use super::schema::{parties, party_invites, party_members};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = parties)]
#[diesel(treat_none_as_null = true)]
struct PartyRow {
    id: IdCol,
    leader_id: IdCol,
    members: JsonCol,
    invites: JsonCol,
    queued: Option<JsonCol>,
    waited: Option<JsonCol>,
    created_at: TimeCol,
    ended_at: Option<TimeCol>,
    version: i64,
}

fn broken(why: serde_json::Error) -> StoreError {
    StoreError::Broken(BoxError::from(why))
}

fn json(value: &impl Serialize) -> Result<JsonCol, StoreError> {
    serde_json::to_value(value).map(JsonCol).map_err(broken)
}

fn read<T: DeserializeOwned>(column: JsonCol) -> Result<T, StoreError> {
    serde_json::from_value(column.0).map_err(broken)
}

impl PartyRow {
    fn of(party: &Party, version: Version) -> Result<Self, StoreError> {
        Ok(Self {
            id: party.id.into(),
            leader_id: party.leader_id.into(),
            members: json(&party.members)?,
            invites: json(&party.invites)?,
            queued: party.queued.as_ref().map(json).transpose()?,
            waited: party.waited.as_ref().map(json).transpose()?,
            created_at: party.created_at.into(),
            ended_at: party.ended_at.map(TimeCol),
            version: version.0,
        })
    }

    fn into_party(self) -> Result<Party, StoreError> {
        Ok(Party {
            id: self.id.into(),
            leader_id: self.leader_id.into(),
            members: read(self.members)?,
            invites: read(self.invites)?,
            queued: self.queued.map(read).transpose()?,
            waited: self.waited.map(read).transpose()?,
            created_at: self.created_at.into(),
            ended_at: self.ended_at.map(Timestamp::from),
            version: Version(self.version),
        })
    }
}

fn into_parties(rows: Vec<PartyRow>) -> Result<Vec<Party>, StoreError> {
    rows.into_iter().map(PartyRow::into_party).collect()
}

/// By compare-and-set. A player who is in another party by now makes it stale.
pub(super) async fn write(tx: &mut dialect::Conn, change: PartyChange) -> Result<(), Tx> {
    let PartyChange { expect, party } = change;
    let row = PartyRow::of(&party, expect.next())?;
    let id = row.id;
    let written = if expect == Version::NEW {
        diesel::insert_into(parties::table).values(row).on_conflict_do_nothing().execute(tx).await?
    } else {
        let held = parties::table.find(id).filter(parties::version.eq(expect.0));
        diesel::update(held).set(&row).execute(tx).await?
    };
    if written != 1 {
        return Err(StoreError::Stale.into());
    }
    diesel::delete(party_members::table.filter(party_members::party_id.eq(id))).execute(tx).await?;
    let mut members = party.members;
    members.sort_by_key(|member| member.player_id);
    for member in members {
        let row = (
            party_members::player_id.eq(IdCol::from(member.player_id)),
            party_members::party_id.eq(id),
            party_members::absent_since.eq(member.absent_since.map(TimeCol)),
        );
        diesel::insert_into(party_members::table).values(row).execute(tx).await?;
    }
    diesel::delete(party_invites::table.filter(party_invites::party_id.eq(id))).execute(tx).await?;
    for invite in party.invites {
        let row = (
            party_invites::player_id.eq(IdCol::from(invite.player_id)),
            party_invites::party_id.eq(id),
            party_invites::created_at.eq(TimeCol(invite.created_at)),
            party_invites::expires_at.eq(TimeCol(invite.expires_at)),
        );
        diesel::insert_into(party_invites::table).values(row).execute(tx).await?;
    }
    Ok(())
}

#[async_trait]
impl PartyStore for TicketTable {
    async fn party(&self, id: PartyId) -> Result<Option<Party>, StoreError> {
        let query = parties::table.find(IdCol::from(id)).select(PartyRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(PartyRow::into_party).transpose()
    }

    async fn party_of(&self, player: PlayerId) -> Result<Option<Party>, StoreError> {
        let query = parties::table
            .inner_join(party_members::table.on(party_members::party_id.eq(parties::id)))
            .filter(party_members::player_id.eq(IdCol::from(player)))
            .select(PartyRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(PartyRow::into_party).transpose()
    }

    async fn inviting(&self, player: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError> {
        let query = parties::table
            .inner_join(party_invites::table.on(party_invites::party_id.eq(parties::id)))
            .filter(party_invites::player_id.eq(IdCol::from(player)))
            .filter(party_invites::expires_at.gt(TimeCol(now)))
            .order((party_invites::created_at.desc(), parties::id.desc()))
            .limit(limit)
            .select(PartyRow::as_select());
        into_parties(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn with_absent(&self, before: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError> {
        let query = parties::table
            .filter(
                parties::id.eq_any(
                    party_members::table
                        .filter(party_members::absent_since.lt(TimeCol(before)))
                        .select(party_members::party_id),
                ),
            )
            .order(parties::id)
            .limit(limit)
            .select(PartyRow::as_select());
        into_parties(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn purge_parties(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<IdCol> = parties::table
                        .filter(parties::ended_at.lt(TimeCol(before)))
                        .order((parties::ended_at, parties::id))
                        .limit(limit)
                        .select(parties::id)
                        .load(tx)
                        .await?;
                    Ok(diesel::delete(parties::table.filter(parties::id.eq_any(old))).execute(tx).await?)
                })
            })
            .await
    }
}
