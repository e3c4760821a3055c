//! Who may interact with whom, where: the one place that every surface asks.
//!
//! A block dominates everything, whatever the privacy settings and the friendship say, and both ways: the blocked side
//! finds nobody, and the blocker isn't shown whom they don't want to see. Then comes what the player chose.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::PlayerId;

use crate::error::Error;
use crate::model::{Pair, Relation};
use crate::store::{Audience, FriendStore, People, Person};

/// Where two players would meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// Asking somebody for friendship.
    FriendRequest,
    /// Finding somebody by the beginning of a handle.
    Search,
    /// Somebody's profile.
    Profile,
    /// Whether somebody is there, and what they are doing.
    Presence,
    /// Being matched by the queue.
    Matchmaking,
    /// Inviting somebody to a game.
    GameInvite,
    /// Somebody's games, stats and achievements.
    History,
    /// Somebody's line on a board of friends.
    Board,
    /// Writing to somebody.
    Chat,
    /// Inviting somebody to a party.
    Party,
    /// Inviting somebody to a group.
    Group,
    /// Proposing somebody as a friend or opponent.
    Suggestion,
    /// Somebody's doings in a feed.
    Feed,
}

impl Surface {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::FriendRequest,
        Self::Search,
        Self::Profile,
        Self::Presence,
        Self::Matchmaking,
        Self::GameInvite,
        Self::History,
        Self::Board,
        Self::Chat,
        Self::Party,
        Self::Group,
        Self::Suggestion,
        Self::Feed,
    ];
}

/// The policy's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Go on.
    Allow,
    /// As if there were no such player (404 where one was named, left out of lists).
    Hidden,
    /// The player is there, but doesn't want this (403 where one was named, left out of lists).
    Refused,
}

/// What the policy decides on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the viewer looks at themself.
    pub same: bool,
    /// Whether the viewer blocks the other.
    pub blocks: bool,
    /// Whether the other blocks the viewer.
    pub blocked: bool,
    /// Whether they are friends.
    pub friends: bool,
    /// The other; `None` for nobody's id.
    pub person: Option<Person>,
}

impl Facts {
    /// What is known to `viewer` of this person, by what stands between them, if anything ever did.
    #[must_use]
    pub fn of(viewer: PlayerId, other: PlayerId, relation: Option<&Relation>, person: Option<Person>) -> Self {
        let blocks = |side| relation.is_some_and(|relation| relation.side(side).blocks_since.is_some());
        Self {
            same: viewer == other,
            blocks: viewer != other && blocks(viewer),
            blocked: viewer != other && blocks(other),
            friends: relation.is_some_and(|relation| relation.bond.is_friends()),
            person,
        }
    }
}

/// The rules.
#[must_use]
pub fn decide(surface: Surface, facts: &Facts) -> Verdict {
    let Some(person) = facts.person else { return Verdict::Hidden };
    if facts.same {
        return Verdict::Allow;
    }
    // The blocker must find the way back to lifting the block.
    if facts.blocked || (facts.blocks && surface != Surface::Profile) {
        return Verdict::Hidden;
    }
    let allow = |audience| match audience {
        Audience::Everyone => true,
        Audience::Friends => facts.friends,
        Audience::Nobody => false,
    };
    let or = |allowed, else_: Verdict| if allowed { Verdict::Allow } else { else_ };
    match surface {
        Surface::Profile | Surface::Board => Verdict::Allow,
        Surface::History | Surface::Feed => or(allow(person.history), Verdict::Refused),
        // A suspended player can't be met; the answer doesn't tell it from a privacy choice.
        Surface::Search | Surface::Suggestion if person.suspended => Verdict::Hidden,
        _ if person.suspended => Verdict::Refused,
        // Who can't be asked anyway shall not be found by strangers.
        Surface::Search => or(facts.friends || allow(person.requests), Verdict::Hidden),
        Surface::Suggestion => or(allow(person.requests), Verdict::Hidden),
        Surface::FriendRequest => or(allow(person.requests), Verdict::Refused),
        Surface::Presence => or(allow(person.presence), Verdict::Refused),
        Surface::GameInvite | Surface::Party | Surface::Group => or(allow(person.invites), Verdict::Refused),
        Surface::Matchmaking | Surface::Chat => Verdict::Allow,
    }
}

/// The rules on what is stored. Cheap to clone.
#[derive(Clone)]
pub struct Policy {
    relations: Arc<dyn FriendStore>,
    people: Arc<dyn People>,
}

impl Policy {
    /// The policy on these.
    #[must_use]
    pub fn new(relations: Arc<dyn FriendStore>, people: Arc<dyn People>) -> Self {
        Self { relations, people }
    }

    /// Whether `viewer` may interact with `other` there.
    ///
    /// # Errors
    /// Only the store's, and that of [`People`].
    pub async fn can_interact(&self, viewer: PlayerId, other: PlayerId, surface: Surface) -> Result<Verdict, Error> {
        Ok(self.judge(viewer, &[other], surface).await?.pop().unwrap_or(Verdict::Hidden))
    }

    /// The same, with refusals as errors.
    ///
    /// # Errors
    /// [`Error::NotFound`] for whom it hides, [`Error::PrivacyRefused`] for who refuses.
    pub async fn require(&self, viewer: PlayerId, other: PlayerId, surface: Surface) -> Result<(), Error> {
        match self.can_interact(viewer, other, surface).await? {
            Verdict::Allow => Ok(()),
            Verdict::Hidden => Err(Error::NotFound),
            Verdict::Refused => Err(Error::PrivacyRefused),
        }
    }

    /// Those of `others` with whom `viewer` may interact there, in the order asked.
    ///
    /// # Errors
    /// Only the store's, and that of [`People`].
    pub async fn filter(
        &self,
        viewer: PlayerId,
        others: &[PlayerId],
        surface: Surface,
    ) -> Result<Vec<PlayerId>, Error> {
        let verdicts = self.judge(viewer, others, surface).await?;
        let allowed = others.iter().zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::Allow);
        Ok(allowed.map(|(other, _)| *other).collect())
    }

    /// The verdicts on `others`, in the order asked: one query and one look-up of people, however many they are.
    ///
    /// # Errors
    /// Only the store's, and that of [`People`].
    pub async fn judge(&self, viewer: PlayerId, others: &[PlayerId], surface: Surface) -> Result<Vec<Verdict>, Error> {
        Ok(self.facts(viewer, others).await?.iter().map(|facts| decide(surface, facts)).collect())
    }

    /// What [`decide`] needs to know of `others`, in the order asked; costs as much as [`judge`](Self::judge).
    ///
    /// # Errors
    /// Only the store's, and that of [`People`].
    pub async fn facts(&self, viewer: PlayerId, others: &[PlayerId]) -> Result<Vec<Facts>, Error> {
        let people = self.people(others).await?;
        let relations = self.relations(viewer, others).await?;
        let facts = |(other, person): (&PlayerId, _)| Facts::of(viewer, *other, relations.between(*other), person);
        Ok(others.iter().zip(people).map(facts).collect())
    }

    /// The other way around: what is known to each of `viewers` of one player, in the order asked, for as little.
    ///
    /// # Errors
    /// Only the store's, and that of [`People`].
    pub async fn facts_about(&self, other: PlayerId, viewers: &[PlayerId]) -> Result<Vec<Facts>, Error> {
        let person = self.people(&[other]).await?.next().flatten();
        let relations = self.relations(other, viewers).await?;
        let facts = |viewer: &PlayerId| Facts::of(*viewer, other, relations.between(*viewer), person);
        Ok(viewers.iter().map(facts).collect())
    }

    /// Whoever isn't answered for is nobody.
    async fn people(&self, ids: &[PlayerId]) -> Result<impl Iterator<Item = Option<Person>> + use<>, Error> {
        let found = if ids.is_empty() { Ok(Vec::new()) } else { self.people.people(ids).await };
        Ok(found.map_err(Error::asking("looking players up"))?.into_iter().chain(std::iter::repeat(None)))
    }

    async fn relations(&self, one: PlayerId, others: &[PlayerId]) -> Result<Relations, Error> {
        if others.is_empty() {
            return Ok(Relations { of: one, by_pair: HashMap::new() });
        }
        let found = self.relations.load_many(one, others).await.map_err(Error::at("reading relations"))?;
        Ok(Relations { of: one, by_pair: found.into_iter().map(|found| (found.pair, found)).collect() })
    }
}

/// One player's relations.
struct Relations {
    of: PlayerId,
    by_pair: HashMap<Pair, Relation>,
}

impl Relations {
    fn between(&self, other: PlayerId) -> Option<&Relation> {
        self.by_pair.get(&Pair::of(self.of, other)?)
    }
}
