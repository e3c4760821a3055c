use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use kernel::{BoxError, StoreError, Timestamp, Version};
use matchmaking::{Ended, QueueCount, RecentWait, Status, Ticket, WaitEstimate};

use super::super::dialect::{Id, Instant, Json};
use super::super::{IdCol, JsonCol, TimeCol};

/// A ticket as it is stored.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct TicketRow {
    #[diesel(sql_type = Id)]
    pub(crate) id: IdCol,
    #[diesel(sql_type = Text)]
    pub(crate) mode: String,
    #[diesel(sql_type = Id)]
    pub(crate) player_id: IdCol,
    #[diesel(sql_type = Double)]
    pub(crate) rating: f64,
    #[diesel(sql_type = Double)]
    pub(crate) deviation: f64,
    #[diesel(sql_type = Text)]
    pub(crate) status: String,
    #[diesel(sql_type = Instant)]
    pub(crate) created_at: TimeCol,
    #[diesel(sql_type = Instant)]
    pub(crate) expires_at: TimeCol,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) ended_at: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Json>)]
    pub(crate) ended: Option<JsonCol>,
    #[diesel(sql_type = Nullable<Id>)]
    pub(crate) game_id: Option<IdCol>,
    #[diesel(sql_type = Nullable<Id>)]
    pub(crate) proposal_id: Option<IdCol>,
    #[diesel(sql_type = BigInt)]
    pub(crate) wait_low: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) wait_high: i64,
    #[diesel(sql_type = BigInt)]
    pub(crate) version: i64,
}

/// A row to write, and the version it replaces.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) row: TicketRow,
    pub(crate) expect: i64,
}

fn broken(why: serde_json::Error) -> StoreError {
    StoreError::Broken(BoxError::from(why))
}

impl TicketRow {
    pub(super) fn of(ticket: Ticket, version: Version) -> Result<Self, StoreError> {
        let ended = ticket.ended.map(|ended| serde_json::to_value(ended).map(JsonCol)).transpose().map_err(broken)?;
        Ok(Self {
            id: ticket.id.into(),
            mode: ticket.mode,
            player_id: ticket.player_id.into(),
            rating: ticket.rating,
            deviation: ticket.deviation,
            status: ticket.status.as_str().to_owned(),
            created_at: ticket.created_at.into(),
            expires_at: ticket.expires_at.into(),
            ended_at: ticket.ended_at.map(TimeCol),
            ended,
            game_id: ticket.game_id.map(IdCol::from),
            proposal_id: ticket.proposal_id.map(IdCol::from),
            wait_low: ticket.estimated_wait_ms.low,
            wait_high: ticket.estimated_wait_ms.high,
            version: version.0,
        })
    }

    pub(super) fn into_ticket(self) -> Result<Ticket, StoreError> {
        let status = Status::from_stored(&self.status)
            .ok_or_else(|| StoreError::broken(format!("a ticket's status is {}", self.status)))?;
        let ended: Option<Ended> =
            self.ended.map(|ended| serde_json::from_value(ended.0)).transpose().map_err(broken)?;
        Ok(Ticket {
            id: self.id.into(),
            mode: self.mode,
            player_id: self.player_id.into(),
            rating: self.rating,
            deviation: self.deviation,
            status,
            created_at: self.created_at.into(),
            expires_at: self.expires_at.into(),
            ended_at: self.ended_at.map(Timestamp::from),
            ended,
            game_id: self.game_id.map(Into::into),
            proposal_id: self.proposal_id.map(Into::into),
            estimated_wait_ms: WaitEstimate { low: self.wait_low, high: self.wait_high },
            version: Version(self.version),
        })
    }
}

#[derive(QueryableByName)]
pub(super) struct WaitRow {
    #[diesel(sql_type = Double)]
    rating: f64,
    #[diesel(sql_type = Instant)]
    created_at: TimeCol,
    #[diesel(sql_type = Instant)]
    ended_at: TimeCol,
}

impl From<WaitRow> for RecentWait {
    fn from(row: WaitRow) -> Self {
        let ended_at = Timestamp::from(row.ended_at);
        let wait_ms = ended_at.millis() - Timestamp::from(row.created_at).millis();
        Self { rating: row.rating, wait_ms, ended_at }
    }
}

#[derive(QueryableByName)]
pub(super) struct CountRow {
    #[diesel(sql_type = Text)]
    mode: String,
    #[diesel(sql_type = BigInt)]
    searching: i64,
}

impl From<CountRow> for QueueCount {
    fn from(row: CountRow) -> Self {
        Self { mode: row.mode, searching: row.searching }
    }
}
