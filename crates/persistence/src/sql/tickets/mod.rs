//! Tickets. The reads are SQL text, the same for both databases: a partial index is only used where its condition
//! stands in the query literally, and diesel would bind it.

mod checks;
mod parties;
mod row;
mod schema;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use kernel::{Engagement, Lease, Page, PageLimit, PlayerId, Receipt, Riders, StoreError, TicketId, Timestamp, Version};
use matchmaking::{
    Change, Claim, Due, Makes, QueueCount, RecentWait, Ticket, TicketChange, TicketPosition, TicketStore,
};
use uuid::Uuid;

use self::row::{CountRow, WaitRow};
pub(crate) use self::row::{TicketRow, Written};
use self::schema::ticket_members;
use super::dialect::{self, Id, Instant};
use super::{Database, IdCol, TimeCol, Tx, riders, ticket_batch};
use crate::gather::Gather;
use crate::prepared::prepared;

pub(super) struct TicketTable {
    database: Database,
    joins: Gather<Joining, bool>,
}

impl TicketTable {
    pub(super) fn new(database: Database) -> Self {
        let own = database.clone();
        let joins = Gather::new(move |joining| {
            let database = own.clone();
            async move { ticket_batch::join(&database, joining).await }
        });
        Self { database, joins }
    }
}

/// A plain join (see [`plain_join`]): the new ticket, and the receipt that goes with it.
pub(crate) type Joining = (TicketRow, Option<Receipt>);

/// `SELECT` of whole rows of `tickets t`.
macro_rules! tickets {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.mode, t.player_id, t.rating, t.deviation, t.status, t.created_at, t.expires_at, t.ended_at,
                    t.ended, t.game_id, t.proposal_id, t.wait_low, t.wait_high, t.version, t.party_id, t.size, t.details,
                    t.detached_at, t.offered_at
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

/// The ticket, where the change is one new ticket of one idle player with at most a receipt: the hottest there is.
fn plain_join<'a>(change: &'a Change, riders: &Riders) -> Option<&'a Ticket> {
    let Riders { fence, receipt: _, together, engage, blocks, cool_downs, open_games, audit, events } = riders;
    let [TicketChange { expect: Version::NEW, ticket }] = change.tickets.as_slice() else { return None };
    let plain = change.proposal.is_none()
        && change.party.is_none()
        && ticket.members.len() == 1
        && ticket.party_id.is_none()
        && engage.len() == 1
        && engage[0].from == Engagement::Idle
        && engage[0].to == Engagement::Ticket(ticket.id)
        && fence.is_none()
        && together.is_empty()
        && blocks.is_empty()
        && cool_downs.is_empty()
        && open_games.is_empty()
        && audit.is_none()
        && events.is_empty();
    plain.then_some(ticket)
}

/// Applies a change in a transaction.
async fn commit(database: &Database, change: Change, riders: Riders) -> Result<(), StoreError> {
    let Change { tickets, proposal, party } = change;
    let members = tickets.iter().filter(|change| change.expect == Version::NEW).flat_map(row::others).collect();
    let written = tickets
        .into_iter()
        .map(|change| {
            let row = TicketRow::of(change.ticket, change.expect.next())?;
            Ok(Written { row, expect: change.expect.0 })
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    database
        .write(move |tx| {
            Box::pin(async move {
                riders::board(tx, &riders).await?;
                if let Some(change) = proposal {
                    checks::write(tx, change).await?;
                }
                write(tx, written, members).await?;
                if let Some(change) = party {
                    parties::write(tx, change).await?;
                }
                riders::alight(tx, &riders).await
            })
        })
        .await
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
        let most = i64::from(limit.get()) + 1;
        let query = prepared(tickets!(
            "WHERE t.id IN (
                SELECT id FROM (SELECT id, created_at FROM tickets WHERE player_id = $1 AND (created_at, id) < ($2, $3)
                                ORDER BY created_at DESC, id DESC LIMIT $4) AS own
                UNION ALL
                SELECT ticket_id FROM (SELECT ticket_id, created_at FROM ticket_members
                                       WHERE player_id = $5 AND (created_at, ticket_id) < ($6, $7)
                                       ORDER BY created_at DESC, ticket_id DESC LIMIT $8) AS others)
             ORDER BY t.created_at DESC, t.id DESC LIMIT $9"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(after.created_at))
        .bind::<Id, _>(IdCol::from(after.id))
        .bind::<BigInt, _>(most)
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Instant, _>(TimeCol(after.created_at))
        .bind::<Id, _>(IdCol::from(after.id))
        .bind::<BigInt, _>(most)
        .bind::<BigInt, _>(most);
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let mut items = into_tickets(rows)?;
        let more = items.len() > usize::from(limit.get());
        items.truncate(limit.get().into());
        let last = items.last().filter(|_| more);
        let next = last.map(|ticket| TicketPosition { created_at: ticket.created_at, id: ticket.id });
        Ok(Page { items, next })
    }

    async fn commit(&self, change: Change, riders: Riders) -> Result<(), StoreError> {
        let Some(ticket) = plain_join(&change, &riders) else {
            return commit(&self.database, change, riders).await;
        };
        let joining = (TicketRow::of(ticket.clone(), Version::NEW.next())?, riders.receipt.clone());
        // Two steps, so in a task of its own: begun is carried out, whoever goes away meanwhile.
        let (joins, database) = (self.joins.clone(), self.database.clone());
        let task = tokio::spawn(async move {
            // Where it says no, nothing was written and something doesn't hold: the long way says what.
            if joins.one(joining).await? { Ok(()) } else { commit(&database, change, riders).await }
        });
        task.await.map_err(|panicked| StoreError::Broken(panicked.into()))?
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        let riders = Claim::riders(&claims, lease);
        let claimed = |claim: &Claim| {
            let (game, proposal) = match &claim.makes {
                Makes::Game(game) => (Some(game.id.into()), None),
                Makes::Proposal(proposal) => (None, Some(proposal.id.into())),
            };
            let at = claim.at.into();
            let row = |ticket| Claimed { ticket, game, proposal, at };
            claim.tickets.iter().map(|seat| row(seat.ticket.into())).collect::<Vec<_>>()
        };
        let mut claimed: Vec<_> = claims.iter().flat_map(claimed).collect();
        claimed.sort_unstable_by_key(|claimed| claimed.ticket);
        let proposals: Vec<_> = claims
            .into_iter()
            .filter_map(|claim| match claim.makes {
                Makes::Proposal(proposal) => Some(proposal),
                Makes::Game(_) => None,
            })
            .collect();
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    if ticket_batch::claim(tx, &claimed).await? != claimed.len() {
                        return Err(StoreError::Stale.into());
                    }
                    checks::insert(tx, proposals).await?;
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

    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let query = match what {
            Due::Expiry => prepared(tickets!(
                "WHERE t.status = 'searching' AND t.expires_at <= $1 ORDER BY t.expires_at, t.id LIMIT $2"
            )),
            Due::Detached => prepared(tickets!(
                "WHERE t.status = 'searching' AND t.detached_at IS NOT NULL AND t.detached_at <= $1
                 ORDER BY t.detached_at, t.id LIMIT $2"
            )),
            Due::Offer => prepared(tickets!(
                "WHERE t.status = 'searching' AND t.offered_at IS NULL AND t.created_at <= $1
                 ORDER BY t.created_at, t.id LIMIT $2"
            )),
        };
        let query = query.bind::<Instant, _>(TimeCol(at)).bind::<BigInt, _>(limit);
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
            "SELECT t.mode, count(*) AS searching, CAST(sum(t.size) AS bigint) AS players FROM tickets t
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
async fn write(
    tx: &mut dialect::Conn,
    mut written: Vec<Written>,
    members: Vec<(IdCol, TimeCol, IdCol)>,
) -> Result<(), Tx> {
    written.sort_by_key(|change| change.row.id);
    let (new, known): (Vec<_>, Vec<_>) = written.into_iter().partition(|change| change.expect == Version::NEW.0);
    if !new.is_empty() {
        ticket_batch::insert(tx, new.into_iter().map(|change| change.row).collect()).await?;
        for (player, created_at, ticket) in members {
            let member = (
                ticket_members::player_id.eq(player),
                ticket_members::created_at.eq(created_at),
                ticket_members::ticket_id.eq(ticket),
            );
            diesel::insert_into(ticket_members::table).values(member).execute(tx).await?;
        }
    }
    if !known.is_empty() && ticket_batch::update(tx, &known).await? != known.len() {
        return Err(StoreError::Stale.into());
    }
    Ok(())
}

/// A ticket that a claim takes, and into what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) ticket: IdCol,
    pub(crate) game: Option<IdCol>,
    pub(crate) proposal: Option<IdCol>,
    pub(crate) at: TimeCol,
}
