//! How relations and links lie in their rows.

use diesel::prelude::*;
use friends::{Bond, InviteLink, Pair, Relation, Side};
use kernel::{StoreError, Timestamp, Version};

use super::super::{IdCol, TimeCol};
use super::schema::{friend_links, relations};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = relations)]
#[diesel(treat_none_as_null = true)]
pub(super) struct RelationRow {
    pub(super) low_id: IdCol,
    pub(super) high_id: IdCol,
    bond: String,
    from_id: Option<IdCol>,
    at: Option<TimeCol>,
    until: Option<TimeCol>,
    expires_at: Option<TimeCol>,
    met_in: Option<IdCol>,
    lapses_at: Option<TimeCol>,
    low_blocks_since: Option<TimeCol>,
    low_note: Option<String>,
    low_updated_at: Option<TimeCol>,
    high_blocks_since: Option<TimeCol>,
    high_note: Option<String>,
    high_updated_at: Option<TimeCol>,
    version: i64,
}

impl From<Relation> for RelationRow {
    fn from(relation: Relation) -> Self {
        let Relation { pair, bond, low, high, version } = relation;
        let row = Self {
            low_id: pair.low().into(),
            high_id: pair.high().into(),
            bond: "none".to_owned(),
            from_id: None,
            at: None,
            until: None,
            expires_at: None,
            met_in: None,
            lapses_at: bond.lapses_at().map(TimeCol),
            low_blocks_since: low.blocks_since.map(TimeCol),
            low_note: low.note,
            low_updated_at: low.updated_at.map(TimeCol),
            high_blocks_since: high.blocks_since.map(TimeCol),
            high_note: high.note,
            high_updated_at: high.updated_at.map(TimeCol),
            version: version.0,
        };
        match bond {
            Bond::None => row,
            Bond::Pending { from, at, expires_at } => Self {
                bond: "pending".to_owned(),
                from_id: Some(from.into()),
                at: Some(TimeCol(at)),
                expires_at: Some(TimeCol(expires_at)),
                ..row
            },
            Bond::Declined { from, at, until, expires_at } => Self {
                bond: "declined".to_owned(),
                from_id: Some(from.into()),
                at: Some(TimeCol(at)),
                until: Some(TimeCol(until)),
                expires_at: expires_at.map(TimeCol),
                ..row
            },
            Bond::Friends { since, met_in } => {
                Self { bond: "friends".to_owned(), at: Some(TimeCol(since)), met_in: met_in.map(IdCol::from), ..row }
            }
        }
    }
}

fn needed<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::broken("a relation lacks a part of its bond"))
}

fn side(blocks_since: Option<TimeCol>, note: Option<String>, updated_at: Option<TimeCol>) -> Side {
    let at = |column: TimeCol| -> Timestamp { column.into() };
    Side { blocks_since: blocks_since.map(at), note, updated_at: updated_at.map(at) }
}

impl RelationRow {
    pub(super) fn into_relation(self) -> Result<Relation, StoreError> {
        let pair = Pair::of(self.low_id.into(), self.high_id.into());
        let pair = pair.ok_or_else(|| StoreError::broken("a relation of a player with themself"))?;
        let bond = match &*self.bond {
            "none" => Bond::None,
            "pending" => Bond::Pending {
                from: needed(self.from_id)?.into(),
                at: needed(self.at)?.into(),
                expires_at: needed(self.expires_at)?.into(),
            },
            "declined" => Bond::Declined {
                from: needed(self.from_id)?.into(),
                at: needed(self.at)?.into(),
                until: needed(self.until)?.into(),
                expires_at: self.expires_at.map(Timestamp::from),
            },
            "friends" => {
                Bond::Friends { since: needed(self.at)?.into(), met_in: self.met_in.map(kernel::GameId::from) }
            }
            _ => return Err(StoreError::broken("a bond that isn't one")),
        };
        Ok(Relation {
            pair,
            bond,
            low: side(self.low_blocks_since, self.low_note, self.low_updated_at),
            high: side(self.high_blocks_since, self.high_note, self.high_updated_at),
            version: Version(self.version),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = friend_links)]
pub(super) struct LinkRow {
    code: String,
    owner_id: IdCol,
    auto_accept: bool,
    max_uses: Option<i64>,
    uses: i64,
    created_at: TimeCol,
    expires_at: TimeCol,
    revoked_at: Option<TimeCol>,
}

impl From<InviteLink> for LinkRow {
    fn from(link: InviteLink) -> Self {
        Self {
            code: link.code,
            owner_id: link.owner.into(),
            auto_accept: link.auto_accept,
            max_uses: link.max_uses.map(i64::from),
            uses: i64::from(link.uses),
            created_at: link.created_at.into(),
            expires_at: link.expires_at.into(),
            revoked_at: link.revoked_at.map(TimeCol),
        }
    }
}

impl LinkRow {
    pub(super) fn into_link(self) -> Result<InviteLink, StoreError> {
        let count = |value: i64| u32::try_from(value).map_err(|_| StoreError::broken("a link's uses are out of range"));
        Ok(InviteLink {
            code: self.code,
            owner: self.owner_id.into(),
            auto_accept: self.auto_accept,
            max_uses: self.max_uses.map(count).transpose()?,
            uses: count(self.uses)?,
            created_at: self.created_at.into(),
            expires_at: self.expires_at.into(),
            revoked_at: self.revoked_at.map(Timestamp::from),
        })
    }
}
