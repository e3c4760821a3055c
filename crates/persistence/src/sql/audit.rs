use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{AuditEntry, AuditLog, BoxError, Page, PageLimit, StoreError};
use uuid::Uuid;

use super::schema::audit;
use super::{Database, IdCol, TimeCol, Tx, dialect};

pub(super) struct AuditTable {
    database: Database,
}

impl AuditTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

type Row = (IdCol, Option<IdCol>, String, String, String, String, TimeCol);

fn entry((id, actor, action, subject, reason, data, at): Row) -> Result<AuditEntry, StoreError> {
    let data = serde_json::from_str(&data).map_err(|why| StoreError::Broken(BoxError::from(why)))?;
    Ok(AuditEntry { id: id.0, actor: actor.map(Into::into), action, subject, reason, data, at: at.into() })
}

#[async_trait]
impl AuditLog for AuditTable {
    async fn page(
        &self,
        subject: Option<&str>,
        after: Option<Uuid>,
        limit: PageLimit,
    ) -> Result<Page<AuditEntry, Uuid>, StoreError> {
        let mut wanted = audit::table.order(audit::id.desc()).limit(i64::from(limit.get()) + 1).into_boxed();
        if let Some(subject) = subject {
            wanted = wanted.filter(audit::subject.eq(subject.to_owned()));
        }
        if let Some(after) = after {
            wanted = wanted.filter(audit::id.lt(IdCol(after)));
        }
        let rows: Vec<Row> = self.database.read(|mut conn| async move { wanted.load(&mut conn).await }).await?;
        let more = rows.len() > usize::from(limit.get());
        let items =
            rows.into_iter().take(limit.get().into()).map(entry).collect::<Result<Vec<AuditEntry>, StoreError>>()?;
        let next = if more { items.last().map(|entry| entry.id) } else { None };
        Ok(Page { items, next })
    }
}

/// Writes the audit entry of a change.
pub(super) async fn write(tx: &mut dialect::Conn, entry: &AuditEntry) -> Result<(), Tx> {
    diesel::insert_into(audit::table)
        .values((
            audit::id.eq(IdCol(entry.id)),
            audit::actor.eq(entry.actor.map(IdCol::from)),
            audit::action.eq(entry.action.as_str()),
            audit::subject.eq(entry.subject.as_str()),
            audit::reason.eq(entry.reason.as_str()),
            audit::data.eq(entry.data.to_string()),
            audit::at.eq(TimeCol(entry.at)),
        ))
        .execute(tx)
        .await?;
    Ok(())
}
