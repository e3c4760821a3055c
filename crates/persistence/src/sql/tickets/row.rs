use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Nullable, Text};
use kernel::{BoxError, StoreError, Timestamp, Version};
use matchmaking::{
    Alternative, Ended, Member, QueueCount, RecentWait, Status, Ticket, TicketChange, WaitEstimate, Wishes,
};
use serde::{Deserialize, Serialize};

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
    #[diesel(sql_type = Nullable<Id>)]
    pub(crate) party_id: Option<IdCol>,
    #[diesel(sql_type = BigInt)]
    pub(crate) size: i64,
    #[diesel(sql_type = Nullable<Json>)]
    pub(crate) details: Option<JsonCol>,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) detached_at: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) offered_at: Option<TimeCol>,
}

/// What few tickets have. Fields are only ever added.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct Details {
    /// Everybody, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<Member>,
    #[serde(flatten)]
    wishes: Wishes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    offers: Vec<Alternative>,
}

/// Whom a ticket stands for besides the one who queued: player, creation time, ticket.
pub(super) fn others(change: &TicketChange) -> Vec<(IdCol, TimeCol, IdCol)> {
    let ticket = &change.ticket;
    let others = ticket.players().into_iter().filter(|player| *player != ticket.player_id);
    others.map(|player| (player.into(), ticket.created_at.into(), ticket.id.into())).collect()
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
        let size = i64::try_from(ticket.members.len()).unwrap_or(i64::MAX);
        let members = if size > 1 { ticket.members } else { Vec::new() };
        let details = Details { members, wishes: ticket.wishes, offers: ticket.offers };
        let details = (details != Details::default())
            .then(|| serde_json::to_value(details).map(JsonCol))
            .transpose()
            .map_err(broken)?;
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
            party_id: ticket.party_id.map(IdCol::from),
            size,
            details,
            detached_at: ticket.detached_at.map(TimeCol),
            offered_at: ticket.offered_at.map(TimeCol),
        })
    }

    pub(super) fn into_ticket(self) -> Result<Ticket, StoreError> {
        let status = Status::from_stored(&self.status)
            .ok_or_else(|| StoreError::broken(format!("a ticket's status is {}", self.status)))?;
        let ended: Option<Ended> =
            self.ended.map(|ended| serde_json::from_value(ended.0)).transpose().map_err(broken)?;
        let details: Option<Details> =
            self.details.map(|details| serde_json::from_value(details.0)).transpose().map_err(broken)?;
        let Details { mut members, wishes, offers } = details.unwrap_or_default();
        let player = self.player_id.into();
        if members.is_empty() {
            members.push(Member { player, rating: self.rating, deviation: self.deviation });
        }
        Ok(Ticket {
            id: self.id.into(),
            mode: self.mode,
            player_id: player,
            party_id: self.party_id.map(Into::into),
            members,
            wishes,
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
            detached_at: self.detached_at.map(Timestamp::from),
            offered_at: self.offered_at.map(Timestamp::from),
            offers,
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
    #[diesel(sql_type = BigInt)]
    players: i64,
}

impl From<CountRow> for QueueCount {
    fn from(row: CountRow) -> Self {
        Self { mode: row.mode, searching: row.searching, players: row.players }
    }
}
