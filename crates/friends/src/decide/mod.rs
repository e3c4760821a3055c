//! The rules: what is loaded goes in, with the time, and what will stand comes out, or a refusal. Nothing here waits.
//!
//! Every rule looks at the bond as it counts now ([`Bond::at`]): a request whose time is over is none, whether or not
//! the sweep has been there.

mod blocks;
mod links;

pub use blocks::{block, forget, unblock};
pub use links::{NewLink, Redeemed, new_link, redeem};

use kernel::{BlockChange, FieldError, PlayerId, Timestamp};

use crate::error::Error;
use crate::event::FriendEvent;
use crate::model::{Bond, Relation, Standing};
use crate::policy::Verdict;
use crate::settings::Settings;

/// What a rule decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What will stand; the same as before where nothing changes. Its version is the old one.
    pub relation: Relation,
    /// What to tell.
    pub events: Vec<FriendEvent>,
    /// Blocks that change with it.
    pub blocks: Vec<BlockChange>,
    /// Whether a request was made that wasn't there, as the one who asks sees it.
    pub made: bool,
}

impl Decided {
    /// Nothing changes.
    fn kept(before: &Relation) -> Self {
        Self { relation: before.clone(), events: Vec::new(), blocks: Vec::new(), made: false }
    }

    fn bond(before: &Relation, bond: Bond) -> Self {
        Self { relation: Relation { bond, ..before.clone() }, ..Self::kept(before) }
    }

    fn telling(self, event: FriendEvent) -> Self {
        Self { events: self.events.into_iter().chain([event]).collect(), ..self }
    }
}

/// `by` asks for friendship; `verdict` is the policy's on [`FriendRequest`](crate::Surface::FriendRequest). Whom the
/// other has asked, or has been declined by, needs no leave to answer.
///
/// # Errors
/// [`Error::NotFound`], [`Error::AlreadyFriends`], [`Error::PrivacyRefused`].
pub fn request(
    before: &Relation,
    by: PlayerId,
    verdict: Verdict,
    settings: &Settings,
    now: Timestamp,
) -> Result<Decided, Error> {
    if before.is_apart() || verdict == Verdict::Hidden {
        return Err(Error::NotFound);
    }
    let refused = verdict == Verdict::Refused;
    match before.bond.at(now) {
        Bond::Friends { .. } => Err(Error::AlreadyFriends),
        Bond::Pending { from, .. } | Bond::Declined { from, .. } if from != by => Ok(befriend(before, now)),
        Bond::Pending { .. } => Ok(Decided::kept(before)),
        Bond::Declined { until, expires_at: Some(_), .. } if until > now || refused => Ok(Decided::kept(before)),
        Bond::None | Bond::Declined { expires_at: None, .. } if refused => Err(Error::PrivacyRefused),
        Bond::None | Bond::Declined { .. } => Ok(ask(before, by, settings, now)),
    }
}

/// A request by `by`, who may ask: told, unless a decline holds. One that the asker still sees, since the decline was
/// silent, stays as the asker sees it.
fn ask(before: &Relation, by: PlayerId, settings: &Settings, now: Timestamp) -> Decided {
    let fresh = (now, now + settings.request_life);
    let bond = before.bond.at(now);
    let (at, expires_at) = match bond {
        Bond::Declined { at, expires_at: Some(expires_at), .. } => (at, expires_at),
        _ => fresh,
    };
    let decided = match bond {
        Bond::Declined { until, .. } if until > now => {
            Decided::bond(before, Bond::Declined { from: by, at, until, expires_at: Some(expires_at) })
        }
        _ => Decided::bond(before, Bond::Pending { from: by, at, expires_at })
            .telling(FriendEvent::Requested { from: by, to: before.pair.other(by) }),
    };
    Decided { made: before.standing(by, now) == Standing::None, ..decided }
}

/// They are friends from now on. The service adds where they met.
fn befriend(before: &Relation, now: Timestamp) -> Decided {
    let mut decided = Decided::bond(before, Bond::Friends { since: now, met_in: None });
    touch(&mut decided.relation, now);
    decided.telling(FriendEvent::Added { pair: before.pair, since: now, met_in: None })
}

/// Both lists of friends change.
fn touch(relation: &mut Relation, now: Timestamp) {
    relation.low.updated_at = Some(now);
    relation.high.updated_at = Some(now);
}

/// The bond is over, with everything that goes with it.
fn part(before: &Relation, now: Timestamp) -> Relation {
    let mut after = Relation { bond: Bond::None, ..before.clone() };
    after.low.note = None;
    after.high.note = None;
    if before.bond.is_friends() {
        touch(&mut after, now);
    }
    after
}

/// There is nothing to answer: a request that may have been there a moment ago, or never was one.
fn unanswerable(before: &Relation) -> Error {
    if before.version == kernel::Version::NEW { Error::NoRequest } else { Error::StateChanged(Standing::None) }
}

/// `by` says yes to the other's request, also after having said no.
///
/// # Errors
/// [`Error::NotFound`] where a block stands, [`Error::NoRequest`], [`Error::StateChanged`] where there was one.
pub fn accept(before: &Relation, by: PlayerId, now: Timestamp) -> Result<Decided, Error> {
    if before.is_apart() {
        return Err(Error::NotFound);
    }
    match before.bond.at(now) {
        Bond::Friends { .. } => Ok(Decided::kept(before)),
        Bond::Pending { from, .. } | Bond::Declined { from, .. } if from != by => Ok(befriend(before, now)),
        Bond::Pending { .. } | Bond::Declined { .. } => Err(Error::NoRequest),
        Bond::None => Err(unanswerable(before)),
    }
}

/// `by` says no, and the other doesn't learn of it.
///
/// # Errors
/// As [`accept`]; friends must part instead.
pub fn decline(before: &Relation, by: PlayerId, settings: &Settings, now: Timestamp) -> Result<Decided, Error> {
    if before.is_apart() {
        return Err(Error::NotFound);
    }
    match before.bond.at(now) {
        Bond::Pending { from, at, expires_at } if from != by => {
            let until = now + settings.decline_holds;
            let bond = Bond::Declined { from, at, until, expires_at: Some(expires_at) };
            Ok(Decided::bond(before, bond).telling(FriendEvent::Removed { pair: before.pair, told: vec![by] }))
        }
        Bond::Declined { from, .. } if from != by => Ok(Decided::kept(before)),
        Bond::Friends { .. } => Err(Error::StateChanged(Standing::Friends)),
        Bond::Pending { .. } | Bond::Declined { .. } => Err(Error::NoRequest),
        Bond::None => Err(unanswerable(before)),
    }
}

/// `by` takes the own request back. A decline goes on holding: else taking back and asking again would get around it.
///
/// # Errors
/// [`Error::NotFound`] where a block stands, [`Error::NoRequest`], [`Error::StateChanged`] where it was accepted.
pub fn cancel(before: &Relation, by: PlayerId, now: Timestamp) -> Result<Decided, Error> {
    if before.is_apart() {
        return Err(Error::NotFound);
    }
    let removed = |told| FriendEvent::Removed { pair: before.pair, told };
    match before.bond.at(now) {
        Bond::Pending { from, .. } if from == by => {
            let both = vec![before.pair.low(), before.pair.high()];
            Ok(Decided { relation: part(before, now), ..Decided::kept(before) }.telling(removed(both)))
        }
        Bond::Declined { from, at, until, expires_at: Some(_) } if from == by => {
            let bond = Bond::Declined { from, at, until, expires_at: None };
            let bond = bond.at(now);
            Ok(Decided::bond(before, bond).telling(removed(vec![by])))
        }
        Bond::Friends { .. } => Err(Error::StateChanged(Standing::Friends)),
        Bond::None | Bond::Pending { .. } | Bond::Declined { .. } => Err(Error::NoRequest),
    }
}

/// They aren't friends any more, without a notice to the other.
///
/// # Errors
/// [`Error::NotFound`] where a block stands, [`Error::NotFriends`].
pub fn unfriend(before: &Relation, now: Timestamp) -> Result<Decided, Error> {
    if before.is_apart() {
        return Err(Error::NotFound);
    }
    if !before.bond.is_friends() {
        return Err(Error::NotFriends);
    }
    let told = vec![before.pair.low(), before.pair.high()];
    let event = FriendEvent::Removed { pair: before.pair, told };
    Ok(Decided { relation: part(before, now), ..Decided::kept(before) }.telling(event))
}

/// `by` notes something about a friend, or nothing any more.
///
/// # Errors
/// [`Error::NotFound`] where a block stands, [`Error::NotFriends`].
pub fn note(before: &Relation, by: PlayerId, note: Option<&str>, now: Timestamp) -> Result<Decided, Error> {
    if before.is_apart() {
        return Err(Error::NotFound);
    }
    if !before.bond.is_friends() {
        return Err(Error::NotFriends);
    }
    if before.side(by).note.as_deref() == note {
        return Ok(Decided::kept(before));
    }
    let mut decided = Decided::kept(before);
    let side = decided.relation.side_mut(by);
    side.note = note.map(str::to_owned);
    side.updated_at = Some(now);
    Ok(decided.telling(FriendEvent::Updated { player: by, friend: before.pair.other(by) }))
}

/// A note as it is kept: trimmed, and none if nothing is left.
///
/// # Errors
/// [`Error::Invalid`] if it is too long or has control characters other than line breaks.
pub fn check_note(note: Option<&str>, settings: &Settings) -> Result<Option<String>, Error> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    let refuse = |code, detail: String| Err(Error::Invalid(vec![FieldError::new("/note", code, detail)]));
    match note {
        Some(note) if note.chars().count() > settings.note_length => {
            refuse("too_long", format!("at most {} characters", settings.note_length))
        }
        Some(note) if note.chars().any(|c| c.is_control() && c != '\n') => {
            refuse("bad_characters", "no control characters other than line breaks".to_owned())
        }
        note => Ok(note.map(str::to_owned)),
    }
}

/// What lapsed is put down as such. The asker hears the same whether or not the request had been declined.
#[must_use]
pub fn lapse(before: &Relation, now: Timestamp) -> Decided {
    let bond = before.bond.at(now);
    if bond == before.bond {
        return Decided::kept(before);
    }
    let decided = Decided::bond(before, bond);
    let told = match before.bond {
        Bond::Pending { .. } => vec![before.pair.low(), before.pair.high()],
        Bond::Declined { from, expires_at: Some(_), .. } => vec![from],
        _ => return decided,
    };
    decided.telling(FriendEvent::Removed { pair: before.pair, told })
}
