//! What players read.

use kernel::{Block, Page, PageLimit, PlayerId, Timestamp};

use super::Friends;
use crate::error::Error;
use crate::model::{Counts, FriendLine, ListChange, Pair, Relation, RequestLine, Standing};
use crate::store::{Direction, FriendPosition};

impl Friends {
    /// One page of a player's friends, online ones first. A list keeps the order it had when it was begun.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn list(
        &self,
        player: PlayerId,
        after: Option<FriendPosition>,
        limit: PageLimit,
    ) -> Result<Page<FriendLine, FriendPosition>, Error> {
        let as_of = after.map_or_else(|| self.ports.clock.now(), |after| after.as_of);
        let page = self.ports.lists.friends(player, as_of, after, limit).await;
        page.map_err(Error::at("reading friends"))
    }

    /// What changed in a player's list of friends at `since` or later, oldest change first. A client that keeps a copy
    /// asks with some overlap, since a change may become visible a moment after its time.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn changes(
        &self,
        player: PlayerId,
        since: Timestamp,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<ListChange, (Timestamp, PlayerId)>, Error> {
        let page = self.ports.lists.changed_since(player, since, after, limit).await;
        page.map_err(Error::at("reading changes of friends"))
    }

    /// Friends that `viewer` has in common with `other`. Those whom a block hides from the viewer can't be among them.
    ///
    /// # Errors
    /// [`Error::Myself`]; [`Error::NotFound`] for whom the policy hides.
    pub async fn mutual(
        &self,
        viewer: PlayerId,
        other: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<PlayerId, (Timestamp, PlayerId)>, Error> {
        let pair = Pair::of(viewer, other).ok_or(Error::Myself)?;
        if self.load(pair).await?.is_apart() || self.person(other).await?.is_none() {
            return Err(Error::NotFound);
        }
        let page = self.ports.lists.mutual(viewer, other, after, limit).await;
        page.map_err(Error::at("reading mutual friends"))
    }

    /// One page of requests, newest first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn requests(
        &self,
        player: PlayerId,
        direction: Direction,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<RequestLine, (Timestamp, PlayerId)>, Error> {
        let page = self.ports.lists.requests(player, direction, self.ports.clock.now(), after, limit).await;
        page.map_err(Error::at("reading requests"))
    }

    /// One page of those whom a player blocks, newest first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn blocked(
        &self,
        player: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<Block, (Timestamp, PlayerId)>, Error> {
        self.ports.blocks.page(player, after, limit).await.map_err(Error::at("reading blocks"))
    }

    /// How the two stand, to `viewer`, by the time that passed.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn standing(&self, viewer: PlayerId, other: PlayerId) -> Result<Standing, Error> {
        let Some(pair) = Pair::of(viewer, other) else { return Ok(Standing::None) };
        Ok(self.load(pair).await?.standing(viewer, self.ports.clock.now()))
    }

    /// What stands between `player` and each of `others`, pairs never stored left out, in no order: one query.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn relations(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, Error> {
        self.ports.relations.load_many(player, others).await.map_err(Error::at("reading relations"))
    }

    /// Everybody this player is friends with, in no order: one query.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn circle(&self, player: PlayerId) -> Result<Vec<PlayerId>, Error> {
        // Friends, requests and blocks together; only the first two are capped, so a few blocks may cut some off.
        let most = 2 * (i64::from(self.settings.friends) + i64::from(self.settings.outgoing));
        let relations = self.ports.relations.all_of(player, most).await.map_err(Error::at("reading friends"))?;
        let friends = relations.iter().filter(|relation| relation.bond.is_friends());
        Ok(friends.map(|relation| relation.pair.other(player)).collect())
    }

    /// How many friends and outgoing requests the caps count.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn counts(&self, player: PlayerId) -> Result<Counts, Error> {
        self.ports.relations.counts(player).await.map_err(Error::at("reading counts"))
    }
}
