//! Ready checks.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{BoxError, ProposalId, StoreError, Timestamp, Version};
use matchmaking::{Proposal, ProposalChange, ProposalStatus, ProposalStore};

use super::super::{IdCol, JsonCol, TimeCol, Tx, dialect};
use super::TicketTable;
use super::schema::proposals;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = proposals)]
#[diesel(treat_none_as_null = true)]
struct ProposalRow {
    id: IdCol,
    mode: String,
    status: String,
    seats: JsonCol,
    game_id: Option<IdCol>,
    created_at: TimeCol,
    expires_at: TimeCol,
    ended_at: Option<TimeCol>,
    version: i64,
}

fn broken(why: serde_json::Error) -> StoreError {
    StoreError::Broken(BoxError::from(why))
}

impl ProposalRow {
    fn of(proposal: Proposal) -> Result<Self, StoreError> {
        Ok(Self {
            id: proposal.id.into(),
            mode: proposal.mode,
            status: proposal.status.as_str().to_owned(),
            seats: JsonCol(serde_json::to_value(proposal.seats).map_err(broken)?),
            game_id: proposal.game_id.map(IdCol::from),
            created_at: proposal.created_at.into(),
            expires_at: proposal.expires_at.into(),
            ended_at: proposal.ended_at.map(TimeCol),
            version: proposal.version.0,
        })
    }

    fn into_proposal(self) -> Result<Proposal, StoreError> {
        let status = ProposalStatus::from_stored(&self.status)
            .ok_or_else(|| StoreError::broken(format!("a ready check's status is {}", self.status)))?;
        Ok(Proposal {
            id: self.id.into(),
            mode: self.mode,
            status,
            seats: serde_json::from_value(self.seats.0).map_err(broken)?,
            game_id: self.game_id.map(Into::into),
            created_at: self.created_at.into(),
            expires_at: self.expires_at.into(),
            ended_at: self.ended_at.map(Timestamp::from),
            version: Version(self.version),
        })
    }
}

/// Writes those that a batch of claims made.
pub(super) async fn insert(tx: &mut dialect::Conn, made: Vec<Proposal>) -> Result<(), Tx> {
    for proposal in made {
        let row = ProposalRow::of(Proposal { version: Version::NEW.next(), ..proposal })?;
        diesel::insert_into(proposals::table).values(row).execute(tx).await?;
    }
    Ok(())
}

/// By compare-and-set.
pub(super) async fn write(tx: &mut dialect::Conn, change: ProposalChange) -> Result<(), Tx> {
    let ProposalChange { expect, proposal } = change;
    let row = ProposalRow::of(Proposal { version: expect.next(), ..proposal })?;
    let held = proposals::table.find(row.id).filter(proposals::version.eq(expect.0));
    if diesel::update(held).set(&row).execute(tx).await? == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

#[async_trait]
impl ProposalStore for TicketTable {
    async fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StoreError> {
        let query = proposals::table.find(IdCol::from(id)).select(ProposalRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(ProposalRow::into_proposal).transpose()
    }

    async fn overdue(&self, now: Timestamp, limit: i64) -> Result<Vec<Proposal>, StoreError> {
        let query = proposals::table
            .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("status = 'open'"))
            .filter(proposals::expires_at.le(TimeCol(now)))
            .order((proposals::expires_at, proposals::id))
            .limit(limit)
            .select(ProposalRow::as_select());
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        rows.into_iter().map(ProposalRow::into_proposal).collect()
    }

    async fn purge_proposals(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<IdCol> = proposals::table
                        .filter(proposals::ended_at.lt(TimeCol(before)))
                        .order((proposals::ended_at, proposals::id))
                        .limit(limit)
                        .select(proposals::id)
                        .load(tx)
                        .await?;
                    Ok(diesel::delete(proposals::table.filter(proposals::id.eq_any(old))).execute(tx).await?)
                })
            })
            .await
    }
}
