//! Suspension and erasure: all sessions end with them.

use kernel::{AuditEntry, IdSource, PlayerId, Receipt, Riders, SessionId, Timestamp};
use serde_json::json;

use super::new_player;
use crate::{Departure, DisplayName, Error, Forget, Handle, Player, PlayerChange, PlayerEvent, RevokeReason, Role};

/// Keeps a player out until `until`, with an audit entry. `standing` are the player's sessions that aren't revoked.
///
/// # Errors
/// [`Error::NotAllowed`] unless the actor is above the player: moderators suspend players, administrators also
/// moderators, nobody suspends an administrator. [`Error::NotFound`] for an erased player.
pub fn suspend(
    actor: &Player,
    before: Player,
    until: Timestamp,
    reason: &str,
    standing: &[SessionId],
    ids: &dyn IdSource,
    at: Timestamp,
) -> Result<Departure, Error> {
    let above = match before.role {
        Role::Player => actor.role != Role::Player,
        Role::Moderator => actor.role == Role::Admin,
        Role::Admin => false,
    };
    if !above {
        return Err(Error::NotAllowed);
    }
    if before.erased_at.is_some() {
        return Err(Error::NotFound);
    }
    let (expect, version) = (before.version, before.version.next());
    let audit = AuditEntry {
        id: ids.uuid(at),
        actor: Some(actor.id),
        action: "player.suspend".to_owned(),
        subject: format!("player:{}", before.id),
        reason: reason.to_owned(),
        data: json!({ "from": before.suspended_until, "to": until }),
        at,
    };
    let updated = PlayerEvent::Updated { player: before.id, version }.into_event(ids, at);
    let mut events = vec![updated];
    events.extend(ends(before.id, standing, RevokeReason::Suspended, ids, at));
    let riders = Riders { audit: Some(audit), ..Riders::events(events) };
    let player = Player { suspended_until: Some(until), version, ..before };
    let change = PlayerChange { expect, player, device: None, password: None, start: None, riders };
    Ok(Departure { change, sessions: standing.to_vec(), at, forget: None })
}

/// Takes everything away that names a player or proves who they are. Id, time of arrival and a pseudonym stay, for
/// others' histories. A suspension stays, so that erasing oneself is no way around one.
///
/// # Errors
/// [`Error::LastAdmin`]: administrators don't give their own power away; [`Error::NotFound`] for who is erased already.
pub fn erase(
    before: &Player,
    standing: &[SessionId],
    receipt: Option<Receipt>,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Result<Departure, Error> {
    if before.erased_at.is_some() {
        return Err(Error::NotFound);
    }
    if before.role == Role::Admin {
        return Err(Error::LastAdmin);
    }
    // From a new player, not from `before`: a field that comes to players later is gone without anybody's thinking of it.
    let player = Player {
        suspended_until: before.suspended_until,
        erased_at: Some(at),
        version: before.version.next(),
        ..new_player(before.id, DisplayName::pseudonym(before.id), before.created_at)
    };
    let mut events = ends(before.id, standing, RevokeReason::Erased, ids, at);
    events.push(PlayerEvent::Erased { player: before.id }.into_event(ids, at));
    let riders = Riders { receipt, ..Riders::events(events) };
    let change = PlayerChange { expect: before.version, player, device: None, password: None, start: None, riders };
    let forget = Some(Forget { handle: before.handle.as_ref().map(Handle::key) });
    Ok(Departure { change, sessions: standing.to_vec(), at, forget })
}

fn ends(
    player: PlayerId,
    sessions: &[SessionId],
    reason: RevokeReason,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Vec<kernel::Event> {
    let end = |session: &SessionId| PlayerEvent::SessionRevoked { session: *session, player, reason };
    sessions.iter().map(|session| end(session).into_event(ids, at)).collect()
}
