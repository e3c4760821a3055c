//! The use cases: load, decide, commit.

mod keep;
mod links;
mod lists;

pub use keep::Everything;
pub use links::LinkRedeemed;

use std::sync::Arc;

use kernel::{Blocks, Clock, IdSource, PlayerId, Receipt, Riders, StoreError, Timestamp};
use serde_json::{Value, json};

use crate::change::{Committed, FriendChange, LinkChange, counts_between};
use crate::decide::{self, Decided};
use crate::error::Error;
use crate::event::FriendEvent;
use crate::model::{Bond, Pair, Relation, Standing};
use crate::policy::{self, Facts, Policy, Surface};
use crate::settings::Settings;
use crate::store::{FriendLists, FriendStore, LinkStore, People, Person, SharedGames};

/// How often a command is decided anew because somebody else was faster. Of each round one gets through, and what the
/// two of a pair can do to one another soon comes to rest.
const ATTEMPTS: usize = 8;

/// What friends work with.
#[derive(Clone)]
pub struct FriendsPorts {
    /// What stands between players.
    pub relations: Arc<dyn FriendStore>,
    /// Their lists.
    pub lists: Arc<dyn FriendLists>,
    /// Invite links.
    pub links: Arc<dyn LinkStore>,
    /// Who blocks whom.
    pub blocks: Arc<dyn Blocks>,
    /// Players.
    pub people: Arc<dyn People>,
    /// Where two met.
    pub games: Arc<dyn SharedGames>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and codes.
    pub ids: Arc<dyn IdSource>,
}

/// How a command left things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The other one.
    pub player: PlayerId,
    /// How the two stand, to the one who acted.
    pub state: Standing,
    /// Whether a request was made that wasn't there, as the one who asked sees it.
    pub made: bool,
}

impl Answer {
    fn outcome(&self) -> Value {
        json!({ "as": "relation", "player": self.player, "state": self.state.name(), "made": self.made })
    }
}

/// Everything one can do with friends. Cheap to clone; any number of them may work on one store.
///
/// Every command takes an optional receipt, stored with whatever it changes, or alone where nothing does. Its outcome
/// is `{"as": "relation", "player": …, "state": …, "made": …}`, for links `{"as": "link", "code": …}`.
#[derive(Clone)]
pub struct Friends {
    ports: FriendsPorts,
    settings: Settings,
}

impl Friends {
    /// The service over these ports.
    #[must_use]
    pub const fn new(ports: FriendsPorts, settings: Settings) -> Self {
        Self { ports, settings }
    }

    /// The limits.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The interaction policy on the same store.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy::new(Arc::clone(&self.ports.relations), Arc::clone(&self.ports.people))
    }

    /// Asks for friendship. Who was asked by the other becomes friends; a repeat changes nothing, nor does it where the
    /// other declined lately.
    ///
    /// # Errors
    /// [`Error::Myself`], [`Error::NotFound`], [`Error::PrivacyRefused`], [`Error::AlreadyFriends`], [`Error::Limit`].
    pub async fn request(&self, by: PlayerId, to: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        let pair = Pair::of(by, to).ok_or(Error::Myself)?;
        let person = self.person(to).await?;
        let decide = |before: &Relation, now| {
            let facts = Facts::of(by, to, Some(before), person);
            let verdict = policy::decide(Surface::FriendRequest, &facts);
            decide::request(before, by, verdict, &self.settings, now)
        };
        self.act(by, pair, receipt, decide).await.map_err(|refused| refused.error)
    }

    /// [`Friends::request`] by handle.
    ///
    /// # Errors
    /// As [`Friends::request`].
    pub async fn request_handle(&self, by: PlayerId, handle: &str, receipt: Option<Receipt>) -> Result<Answer, Error> {
        let found = self.ports.people.by_handle(handle).await.map_err(Error::asking("looking the handle up"))?;
        self.request(by, found.ok_or(Error::NotFound)?, receipt).await
    }

    /// Says yes to the other's request. A second time changes nothing; whoever declined may still say yes.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoRequest`]; [`Error::StateChanged`] where it was taken back; [`Error::Limit`].
    pub async fn accept(&self, by: PlayerId, from: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        self.answer(by, from, receipt, |before, now| decide::accept(before, by, now)).await
    }

    /// Says no, silently, and for a while to further requests too.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoRequest`]; [`Error::StateChanged`] where it was taken back or accepted.
    pub async fn decline(&self, by: PlayerId, from: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        self.answer(by, from, receipt, |before, now| decide::decline(before, by, &self.settings, now)).await
    }

    /// Takes the own request back.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NoRequest`]; [`Error::StateChanged`] where it was accepted.
    pub async fn cancel(&self, by: PlayerId, to: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        self.answer(by, to, receipt, |before, now| decide::cancel(before, by, now)).await
    }

    /// Ends a friendship, silently.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotFriends`].
    pub async fn unfriend(&self, by: PlayerId, friend: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        self.answer(by, friend, receipt, decide::unfriend).await
    }

    /// Notes something about a friend that nobody else sees, or nothing any more.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::NotFound`], [`Error::NotFriends`].
    pub async fn note(
        &self,
        by: PlayerId,
        friend: PlayerId,
        note: Option<&str>,
        receipt: Option<Receipt>,
    ) -> Result<Answer, Error> {
        let note = decide::check_note(note, &self.settings)?;
        self.answer(by, friend, receipt, |before, now| decide::note(before, by, note.as_deref(), now)).await
    }

    /// Wants nothing to do with somebody any more: friendship and requests end, and each is hidden from the other.
    ///
    /// # Errors
    /// [`Error::Myself`]; [`Error::NotFound`], also where the other blocks `by`.
    pub async fn block(&self, by: PlayerId, other: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        let pair = Pair::of(by, other).ok_or(Error::Myself)?;
        self.person(other).await?.ok_or(Error::NotFound)?;
        let decide = |before: &Relation, now| decide::block(before, by, now);
        self.act(by, pair, receipt, decide).await.map_err(|refused| refused.error)
    }

    /// Lifts a block; where none stands nothing changes, whoever the other is.
    ///
    /// # Errors
    /// [`Error::Myself`].
    pub async fn unblock(&self, by: PlayerId, other: PlayerId, receipt: Option<Receipt>) -> Result<Answer, Error> {
        let pair = Pair::of(by, other).ok_or(Error::Myself)?;
        let decide = |before: &Relation, now| Ok(decide::unblock(before, by, now));
        self.act(by, pair, receipt, decide).await.map_err(|refused| refused.error)
    }

    /// An answer to what stands: where that isn't there, it is told from a race just lost, and from nobody's id.
    async fn answer(
        &self,
        by: PlayerId,
        other: PlayerId,
        receipt: Option<Receipt>,
        decide: impl Fn(&Relation, Timestamp) -> Result<Decided, Error>,
    ) -> Result<Answer, Error> {
        let pair = Pair::of(by, other).ok_or(Error::Myself)?;
        let Refused { error, raced } = match self.act(by, pair, receipt, decide).await {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        Err(match error {
            // It was there when this command came: what took it away, a block included, looks like taking it back.
            Error::NotFound | Error::NoRequest if raced => Error::StateChanged(Standing::None),
            Error::NoRequest | Error::NotFriends | Error::StateChanged(Standing::None) if !raced => {
                if self.person(other).await?.is_some() { error } else { Error::NotFound }
            }
            error => error,
        })
    }

    /// Loads, decides and commits, again where somebody else was faster.
    async fn act(
        &self,
        by: PlayerId,
        pair: Pair,
        receipt: Option<Receipt>,
        decide: impl Fn(&Relation, Timestamp) -> Result<Decided, Error>,
    ) -> Result<Answer, Refused> {
        let mut left = ATTEMPTS;
        let mut stood = false;
        loop {
            let before = self.load(pair).await?;
            let now = self.ports.clock.now();
            let decided = match decide(&before, now) {
                Ok(decided) => decided,
                Err(error) => return Err(Refused { error, raced: stood }),
            };
            stood |= before.bond.at(now) != Bond::None;
            left -= 1;
            match self.put(by, before, decided, None, receipt.as_ref(), now).await {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => return Err(Error::LinkNotFound.into()),
                Err(Error::Store { source: StoreError::Stale, .. }) if left > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Commits what was decided on `before`; `None` if the link doesn't work any more.
    async fn put(
        &self,
        by: PlayerId,
        before: Relation,
        decided: Decided,
        link: Option<LinkChange>,
        receipt: Option<&Receipt>,
        now: Timestamp,
    ) -> Result<Option<Answer>, Error> {
        let decided = self.placed(&before, decided).await?;
        let answer =
            Answer { player: before.pair.other(by), state: decided.relation.standing(by, now), made: decided.made };
        let receipt = receipt.map(|receipt| receipt.clone().with_outcome(answer.outcome()));
        if decided.relation == before && receipt.is_none() && link.is_none() {
            return Ok(Some(answer));
        }
        let change = FriendChange { link, ..self.change(before, decided, receipt, now) };
        match self.ports.relations.commit(change).await.map_err(Error::at("storing the relation"))? {
            Committed::Done => Ok(Some(answer)),
            Committed::Full(reached) => Err(Error::full(reached, by)),
            Committed::Spent => Ok(None),
        }
    }

    /// The change that makes `before` what was decided; of the receipt alone where that is the same.
    fn change(&self, before: Relation, decided: Decided, receipt: Option<Receipt>, now: Timestamp) -> FriendChange {
        let (pair, ids) = (before.pair, &*self.ports.ids);
        let events = decided.events.into_iter().map(|event| event.into_event(pair, ids, now)).collect();
        let riders = Riders { receipt, blocks: decided.blocks, ..Riders::events(events) };
        let counts = counts_between(&before, &decided.relation);
        let relation = (decided.relation != before).then(|| {
            let version = before.version.next();
            (before.version, Relation { version, ..decided.relation })
        });
        FriendChange { relation, counts, caps: self.settings.caps(), link: None, riders }
    }

    /// Friends are told where they met.
    async fn placed(&self, before: &Relation, mut decided: Decided) -> Result<Decided, Error> {
        let Bond::Friends { since, .. } = decided.relation.bond else { return Ok(decided) };
        if before.bond.is_friends() {
            return Ok(decided);
        }
        let pair = before.pair;
        let met = self.ports.games.last_together(pair.low(), pair.high()).await;
        let met_in = met.map_err(Error::asking("looking up where they met"))?;
        decided.relation.bond = Bond::Friends { since, met_in };
        for event in &mut decided.events {
            if let FriendEvent::Added { met_in: told, .. } = event {
                *told = met_in;
            }
        }
        Ok(decided)
    }

    async fn load(&self, pair: Pair) -> Result<Relation, Error> {
        let found = self.ports.relations.load(pair).await.map_err(Error::at("reading the relation"))?;
        Ok(found.unwrap_or_else(|| Relation::new(pair)))
    }

    async fn person(&self, id: PlayerId) -> Result<Option<Person>, Error> {
        let found = self.ports.people.people(&[id]).await.map_err(Error::asking("looking the player up"))?;
        Ok(found.into_iter().next().flatten())
    }
}

/// A refusal, and whether an earlier attempt of the same command found something to act on.
struct Refused {
    error: Error,
    raced: bool,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, raced: false }
    }
}
