//! The rules: pure functions over values. Time, ids and randomness come in.

mod leave;

pub use leave::{erase, suspend};

use std::time::Duration;

use kernel::{IdSource, PlayerId, Riders, SessionId, Timestamp, Version};

use crate::{
    DisplayName, Error, Failures, Handle, PasswordHash, Player, PlayerChange, PlayerEvent, Privacy, ProfilePatch,
    RefreshToken, Role, SESSION_LIFE, Secret, SecretHash, Session, UsedToken,
};

/// Failed sign-ins in a row that are forgiven before waiting begins.
pub const FORGIVEN_FAILURES: u32 = 5;

/// The longest wait between sign-ins to one account.
pub const LONGEST_LOCKOUT: Duration = Duration::from_secs(15 * 60);

/// How long an exchange of tokens may go without a note that its reply left, before it counts as answered.
pub const ANSWER_GRACE: Duration = Duration::from_secs(5);

/// A player as they begin: a guest with every choice at its default, never stored so far.
#[must_use]
pub const fn new_player(id: PlayerId, display_name: DisplayName, at: Timestamp) -> Player {
    Player {
        id,
        handle: None,
        display_name,
        avatar_url: None,
        bio: None,
        status_text: None,
        locale: None,
        time_zone: None,
        privacy: Privacy {
            requests: crate::Visibility::Everyone,
            invites: crate::Visibility::Everyone,
            presence: crate::Visibility::Everyone,
            history: crate::Visibility::Everyone,
        },
        guest: true,
        role: Role::Player,
        suspended_until: None,
        erased_at: None,
        created_at: at,
        version: Version::NEW,
    }
}

/// A session with its first refresh token.
///
/// # Errors
/// [`Error::Suspended`], [`Error::NotFound`] for an erased player.
pub fn start_session(
    player: &Player,
    user_agent: Option<&str>,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Result<(Session, Secret), Error> {
    if player.erased_at.is_some() {
        return Err(Error::NotFound);
    }
    if let Some(until) = player.suspended_at(at) {
        return Err(Error::Suspended { until });
    }
    let id = SessionId::new(ids.uuid(at));
    let (token, secret) = RefreshToken::generate(ids, id);
    let session = Session {
        id,
        player_id: player.id,
        created_at: at,
        last_used_at: at,
        expires_at: at + SESSION_LIFE,
        refresh_hash: token.hash,
        rotated_at: None,
        revoked_at: None,
        user_agent: user_agent.and_then(device_name),
    };
    Ok((session, secret))
}

/// A device's name from its `User-Agent`: whatever is printable of it, cut to 200 characters.
fn device_name(user_agent: &str) -> Option<String> {
    let name: String = user_agent.chars().filter(|c| !c.is_control()).take(200).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// A new guest with a device and a session. No event: nobody could have asked about them.
#[must_use]
pub fn create_guest(guest: Player, device: SecretHash, start: Session) -> PlayerChange {
    let mut change = next(guest, start);
    change.device = Some(device);
    change
}

/// Makes an account of `before`, a guest or somebody new.
///
/// # Errors
/// [`Error::AlreadyRegistered`].
pub fn register(
    before: Player,
    handle: Handle,
    display_name: Option<DisplayName>,
    password: PasswordHash,
    start: Session,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Result<PlayerChange, Error> {
    if !before.guest {
        return Err(Error::AlreadyRegistered);
    }
    let event = PlayerEvent::Registered { player: before.id }.into_event(ids, at);
    let mut change = next(before, start);
    change.player.handle = Some(handle);
    change.player.guest = false;
    change.player.display_name = display_name.unwrap_or(change.player.display_name);
    change.password = Some(password);
    change.riders = Riders::events(vec![event]);
    Ok(change)
}

fn next(before: Player, start: Session) -> PlayerChange {
    let expect = before.version;
    let player = Player { version: expect.next(), ..before };
    PlayerChange { expect, player, device: None, password: None, start: Some(start), riders: Riders::default() }
}

/// Changes a profile; `None` if nothing would be different.
///
/// # Errors
/// [`Error::Invalid`] with every bad field, [`Error::NotFound`] for an erased player.
pub fn update_profile(
    before: &Player,
    patch: &ProfilePatch,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Result<Option<PlayerChange>, Error> {
    if before.erased_at.is_some() {
        return Err(Error::NotFound);
    }
    let after = patch.apply(before).map_err(Error::Invalid)?;
    if after == *before {
        return Ok(None);
    }
    let expect = before.version;
    let event = PlayerEvent::Updated { player: before.id, version: expect.next() }.into_event(ids, at);
    Ok(Some(PlayerChange {
        expect,
        player: Player { version: expect.next(), ..after },
        device: None,
        password: None,
        start: None,
        riders: Riders::events(vec![event]),
    }))
}

/// Until when nobody may try to sign in to an account that has failed like this: from the fifth failure in a row on
/// 1 s, 2 s, 4 s and so on up to [`LONGEST_LOCKOUT`], counted from the last one.
#[must_use]
pub fn locked_until(failures: Failures) -> Option<Timestamp> {
    let doublings = failures.count.checked_sub(FORGIVEN_FAILURES)?;
    let wait = Duration::from_secs(1_u64.checked_shl(doublings.min(20)).unwrap_or(u64::MAX)).min(LONGEST_LOCKOUT);
    failures.last_at.map(|last| last + wait)
}

/// Lets an attempt to sign in pass, or not.
///
/// # Errors
/// [`Error::LockedOut`].
pub fn check_lockout(failures: Failures, now: Timestamp) -> Result<(), Error> {
    match locked_until(failures).filter(|until| *until > now) {
        Some(retry_at) => Err(Error::LockedOut { retry_at }),
        None => Ok(()),
    }
}

/// What presenting a token again, that had been exchanged, says about its bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondUse {
    /// Sent before the exchange was answered: an honest client doing two things at once.
    Race,
    /// Sent although the next token was known to whoever exchanged it: two parties have the same token.
    Theft,
}

/// Judges a request that arrived at `arrived_at` with a token that had been exchanged.
///
/// The line is when the reply to the exchange left, not when the exchange was decided: between the two lies the commit,
/// and a client that sends two requests at once may well have its second one arrive there.
#[must_use]
pub fn judge_second_use(used: &UsedToken, arrived_at: Timestamp) -> SecondUse {
    let answered_at = used.answered_at.unwrap_or(used.used_at + ANSWER_GRACE);
    if arrived_at <= answered_at { SecondUse::Race } else { SecondUse::Theft }
}

#[cfg(test)]
mod tests {
    use kernel::SeededIds;
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    #[test]
    fn waiting_doubles_from_the_fifth_failure_on() {
        let wait = |count| locked_until(Failures { count, last_at: Some(T0) }).map(|until| until.since(T0).as_secs());
        assert_eq!([0, 4].map(wait), [None, None]);
        assert_eq!([5, 6, 9, 14, 15, 100, u32::MAX].map(wait), [1, 2, 16, 512, 900, 900, 900].map(Some));
        assert_eq!(locked_until(Failures::default()), None);
    }

    #[test]
    fn a_suspended_player_gets_no_session() {
        let ids = SeededIds::new(1);
        let mut player = new_player(PlayerId::new(ids.uuid(T0)), DisplayName::generated(1), T0);
        player.suspended_until = Some(T0.plus_millis(1));
        assert!(matches!(start_session(&player, None, &ids, T0), Err(Error::Suspended { .. })));
        assert!(start_session(&player, None, &ids, T0.plus_millis(1)).is_ok());
    }

    #[test]
    fn a_device_name_is_printable_and_short() {
        assert_eq!(device_name(" curl/8\r\n\0 "), Some("curl/8".to_owned()));
        assert_eq!(device_name("\0"), None);
        assert_eq!(device_name(&"é".repeat(300)), Some("é".repeat(200)));
    }

    proptest! {
        #[test]
        fn only_what_was_sent_before_the_answer_is_a_race(used in 0_i64..1_000, took in 0_i64..50, sent in 0_i64..2_000) {
            let at = |millis| T0.plus_millis(millis);
            let id = SessionId::new(SeededIds::new(1).uuid(T0));
            let token = UsedToken { session_id: id, used_at: at(used), answered_at: Some(at(used + took)) };
            let verdict = judge_second_use(&token, at(sent));
            prop_assert_eq!(verdict == SecondUse::Race, sent <= used + took);
        }
    }
}
