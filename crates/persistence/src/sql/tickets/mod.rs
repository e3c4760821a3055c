//! Tickets. The reads are SQL text, the same for both databases: a partial index is only used where its condition
//! stands in the query literally, and diesel would bind it.

mod row;

use async_trait::async_trait;
use diesel::OptionalExtension;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use kernel::{Lease, Page, PageLimit, PlayerId, Riders, StoreError, TicketId, Timestamp, Version};
use matchmaking::{Claim, QueueCount, RecentWait, Ticket, TicketChange, TicketPosition, TicketStore};
use uuid::Uuid;

use self::row::{CountRow, WaitRow};
pub(crate) use self::row::{TicketRow, Written};
use super::dialect::{self, Id, Instant};
use super::{Database, IdCol, TimeCol, Tx, riders, ticket_batch};
use crate::prepared::prepared;

pub(super) struct TicketTable {
    database: Database,
}

impl TicketTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// `SELECT` of whole rows of `tickets t`.
macro_rules! tickets {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.mode, t.player_id, t.rating, t.deviation, t.status, t.created_at, t.expires_at, t.ended_at,
                    t.ended, t.game_id, t.proposal_id, t.wait_low, t.wait_high, t.version
             FROM tickets t ",
            $rest
        )
    };
}

/// After every ticket there will ever be: the end of the year 9999.
const END_OF_TIME: Timestamp = Timestamp::from_millis(253_402_300_799_999);

fn into_tickets(rows: Vec<TicketRow>) -> Result<Vec<Ticket>, StoreError> {
    rows.into_iter().map(TicketRow::into_ticket).collect()
}

/// One new ticket, one idle player, at most a receipt: the hottest change there is.
fn is_plain_join(changes: &[TicketChange], riders: &Riders) -> bool {
    let Riders { fence, receipt: _, together, engage, blocks, cool_downs, open_games, audit, events } = riders;
    changes.len() == 1
        && changes[0].expect == Version::NEW
        && engage.len() == 1
        && engage[0].from == kernel::Engagement::Idle
        && fence.is_none()
        && together.is_empty()
        && blocks.is_empty()
        && cool_downs.is_empty()
        && open_games.is_empty()
        && audit.is_none()
        && events.is_empty()
}

#[async_trait]
impl TicketStore for TicketTable {
    async fn load(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        let query = prepared(tickets!("WHERE t.id = $1")).bind::<Id, _>(IdCol::from(id));
        let row: Option<TicketRow> =
            self.database.read(|mut conn| async move { query.get_result(&mut conn).await.optional() }).await?;
        row.map(TicketRow::into_ticket).transpose()
    }

    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError> {
        let after = after.unwrap_or(TicketPosition { created_at: END_OF_TIME, id: TicketId::new(Uuid::max()) });
        let query = prepared(tickets!(
            "WHERE t.player_id = $1 AND (t.created_at, t.id) < ($2, $3)
             ORDER BY t.created_at DESC, t.id DESC LIMIT $4"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(after.created_at))
        .bind::<Id, _>(IdCol::from(after.id))
        .bind::<BigInt, _>(i64::from(limit.get()) + 1);
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let mut items = into_tickets(rows)?;
        let more = items.len() > usize::from(limit.get());
        items.truncate(limit.get().into());
        let last = items.last().filter(|_| more);
        let next = last.map(|ticket| TicketPosition { created_at: ticket.created_at, id: ticket.id });
        Ok(Page { items, next })
    }

    async fn commit(&self, changes: Vec<TicketChange>, riders: Riders) -> Result<(), StoreError> {
        let plain_join = is_plain_join(&changes, &riders);
        let written = changes
            .into_iter()
            .map(|change| {
                let row = TicketRow::of(change.ticket, change.expect.next())?;
                Ok(Written { row, expect: change.expect.0 })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        // Where it says no, nothing was written and something doesn't hold: the long way says what.
        if plain_join && ticket_batch::join(&self.database, &written[0].row, &riders).await? {
            return Ok(());
        }
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    write(tx, written).await?;
                    riders::alight(tx, &riders).await
                })
            })
            .await
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        let riders = Claim::riders(&claims, lease);
        let mut claimed: Vec<_> = claims
            .iter()
            .flat_map(|claim| {
                claim.tickets.iter().map(|seat| (seat.ticket.into(), claim.game.id.into(), claim.at.into()))
            })
            .collect();
        claimed.sort_unstable();
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    if ticket_batch::claim(tx, &claimed).await? != claimed.len() {
                        return Err(StoreError::Stale.into());
                    }
                    riders::alight(tx, &riders).await
                })
            })
            .await
    }

    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let first = TicketPosition { created_at: Timestamp::from_micros(0), id: TicketId::new(Uuid::nil()) };
        let after = after.unwrap_or(first);
        let query = prepared(tickets!(
            "JOIN engagements e ON e.player_id = t.player_id AND e.kind = 'ticket' AND e.subject = t.id
             WHERE t.status = 'searching' AND t.mode = $1 AND (t.created_at, t.id) > ($2, $3)
             ORDER BY t.created_at, t.id LIMIT $4"
        ))
        .bind::<Text, _>(mode.to_owned())
        .bind::<Instant, _>(TimeCol(after.created_at))
        .bind::<Id, _>(IdCol::from(after.id))
        .bind::<BigInt, _>(limit);
        into_tickets(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let query = prepared(tickets!(
            "WHERE t.status = 'searching' AND t.expires_at <= $1 ORDER BY t.expires_at, t.id LIMIT $2"
        ))
        .bind::<Instant, _>(TimeCol(now))
        .bind::<BigInt, _>(limit);
        into_tickets(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError> {
        let query = prepared(
            "SELECT rating, created_at, ended_at FROM tickets
             WHERE status IN ('matched', 'expired') AND mode = $1
             ORDER BY ended_at DESC LIMIT $2",
        )
        .bind::<Text, _>(mode.to_owned())
        .bind::<BigInt, _>(limit);
        let rows: Vec<WaitRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(RecentWait::from).collect())
    }

    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        let query = prepared(
            "SELECT t.mode, count(*) AS searching FROM tickets t
             JOIN engagements e ON e.player_id = t.player_id AND e.kind = 'ticket' AND e.subject = t.id
             WHERE t.status = 'searching' GROUP BY t.mode",
        );
        let rows: Vec<CountRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let mut counts: Vec<_> = rows.into_iter().map(QueueCount::from).collect();
        counts.sort_by(|a, b| a.mode.cmp(&b.mode));
        Ok(counts)
    }
}

/// Inserts what is new and moves the rest, in id order; every version must hold.
async fn write(tx: &mut dialect::Conn, mut written: Vec<Written>) -> Result<(), Tx> {
    written.sort_by_key(|change| change.row.id);
    let (new, known): (Vec<_>, Vec<_>) = written.into_iter().partition(|change| change.expect == Version::NEW.0);
    if !new.is_empty() {
        ticket_batch::insert(tx, new.into_iter().map(|change| change.row).collect()).await?;
    }
    if !known.is_empty() && ticket_batch::update(tx, &known).await? != known.len() {
        return Err(StoreError::Stale.into());
    }
    Ok(())
}
