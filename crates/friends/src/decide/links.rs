//! Invite links.

use std::time::Duration;

use kernel::{FieldError, PlayerId, Timestamp};

use super::{Decided, ask, befriend};
use crate::change::LinkChange;
use crate::error::Error;
use crate::model::{Bond, InviteLink, Relation};
use crate::settings::Settings;

/// What an owner wants of a new link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NewLink {
    /// How often it may be redeemed; without limit unless told.
    pub max_uses: Option<u32>,
    /// How long it works; [`Settings::link_life`] unless told.
    pub expires_in: Option<Duration>,
    /// Whether redeeming makes friends at once; else it makes a request.
    pub auto_accept: bool,
}

/// The shortest that a link may work.
const SHORTEST: Duration = Duration::from_secs(60);

/// The most uses that may be said: more is "without limit".
const MOST_USES: u32 = 10_000;

/// A link of this owner.
///
/// # Errors
/// [`Error::Invalid`] with every bad field.
pub fn new_link(
    owner: PlayerId,
    code: String,
    wanted: NewLink,
    settings: &Settings,
    now: Timestamp,
) -> Result<InviteLink, Error> {
    let mut bad = Vec::new();
    if wanted.max_uses.is_some_and(|uses| uses == 0 || uses > MOST_USES) {
        bad.push(FieldError::new("/max_uses", "out_of_range", format!("1 to {MOST_USES}, or none for no limit")));
    }
    let longest = settings.longest_link_life;
    let life = wanted.expires_in.unwrap_or(settings.link_life);
    if life < SHORTEST || life > longest {
        let detail = format!("{} to {} seconds", SHORTEST.as_secs(), longest.as_secs());
        bad.push(FieldError::new("/expires_in", "out_of_range", detail));
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    Ok(InviteLink {
        code,
        owner,
        auto_accept: wanted.auto_accept,
        max_uses: wanted.max_uses,
        uses: 0,
        created_at: now,
        expires_at: now + life,
        revoked_at: None,
    })
}

/// What redeeming came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeemed {
    /// What will stand between the owner and who redeems.
    pub decided: Decided,
    /// The use, if it counts as one.
    pub used: Option<LinkChange>,
}

/// `by` redeems the link; `redeemed` says whether they did so before: that doesn't count again, and as they were let in
/// once and parted since, it only asks. The owner's wish to be asked is the link: privacy settings don't matter, but a
/// block does, and so does a decline that holds.
///
/// # Errors
/// [`Error::LinkNotFound`], [`Error::AlreadyFriends`], [`Error::LinkExpired`], [`Error::LinkUsedUp`].
pub fn redeem(
    before: &Relation,
    link: &InviteLink,
    by: PlayerId,
    redeemed: bool,
    settings: &Settings,
    now: Timestamp,
) -> Result<Redeemed, Error> {
    if before.is_apart() || link.revoked_at.is_some() {
        return Err(Error::LinkNotFound);
    }
    let bond = before.bond.at(now);
    if bond.is_friends() {
        return Err(Error::AlreadyFriends);
    }
    if link.expires_at <= now {
        return Err(Error::LinkExpired);
    }
    let free = |decided| Ok(Redeemed { decided, used: None });
    let befriends = match bond {
        Bond::Pending { from, .. } | Bond::Declined { from, .. } if from != by => true,
        Bond::Pending { .. } if !link.auto_accept || redeemed => return free(Decided::kept(before)),
        Bond::Declined { until, expires_at, .. } if until > now => {
            let seen = expires_at.is_some();
            return free(if seen { Decided::kept(before) } else { ask(before, by, settings, now) });
        }
        _ => link.auto_accept && !redeemed,
    };
    if link.is_used_up() && !redeemed {
        return Err(Error::LinkUsedUp);
    }
    let decided = if befriends { befriend(before, now) } else { ask(before, by, settings, now) };
    let used = LinkChange::Redeem { code: link.code.clone(), player: by, at: now };
    Ok(Redeemed { decided, used: (!redeemed).then_some(used) })
}
