//! Games made by a player: seats that fill, and when they are enough.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{
    Engage, Engagement, FieldError, GameId, GameSpec, InviteId, PlayerId, RosterSeat, SessionSecret, Timestamp,
};
use serde_json::json;

use super::draft::Draft;
use super::{invite, lifecycle};
use crate::change::Change;
use crate::error::Error;
use crate::event::{GameEvent, InviteUpdated, Invited};
use crate::invite::Invite;
use crate::mode::Mode;
use crate::model::{Ended, Game, GamePlayer, Origin};
use crate::words::{InviteState, OriginKind, PlayerStatus, Status};

/// How long a game that nobody is invited to waits for its maker to invite somebody.
const ALONE_MS: i64 = 600_000;

/// How long invitations can be answered, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteWindows {
    /// One to a player.
    pub player_ms: i64,
    /// A link.
    pub link_ms: i64,
}

impl Default for InviteWindows {
    fn default() -> Self {
        Self { player_ms: 60_000, link_ms: 24 * 3_600_000 }
    }
}

/// An invitation to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: InviteId,
    /// Whom it is for.
    pub to: Guest,
}

/// Whom an [`Offer`] is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Guest {
    /// This player.
    Player {
        /// Who.
        id: PlayerId,
        /// Whether the player is there to see it.
        present: bool,
    },
    /// Whoever has the link with this code.
    Link(String),
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Player { id, present } => f.debug_struct("Player").field("id", id).field("present", present).finish(),
            Self::Link(_) => f.write_str("Link(***)"),
        }
    }
}

impl Offer {
    pub(super) fn player(&self) -> Option<PlayerId> {
        match self.to {
            Guest::Player { id, .. } => Some(id),
            Guest::Link(_) => None,
        }
    }
}

/// A game to be opened by a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub id: GameId,
    /// Its seed; never negative.
    pub seed: i64,
    /// Who opens it, and takes the first seat.
    pub by: PlayerId,
    /// What that player is doing now.
    pub doing: Engagement,
    /// That player's session secret.
    pub secret: SessionSecret,
    /// Whom to invite.
    pub offers: Vec<Offer>,
}

/// Somebody about to take a seat.
#[derive(Debug, Clone)]
pub struct Joining<'a> {
    /// The session secret, if the seat is taken.
    pub secret: SessionSecret,
    /// What the player is doing now.
    pub doing: Engagement,
    /// The game the player is in now, if another.
    pub own: Option<&'a Game>,
}

/// A player opens a game: in progress at once where the mode is for one, else with the player in the first seat and the
/// others invited.
///
/// # Errors
/// [`Error::ModeDisabled`], [`Error::BadInvitees`] with pointers `/invite/0` or `/link`, [`Error::Busy`].
pub fn open(mode: &Mode, opening: &Opening, windows: InviteWindows, now: Timestamp) -> Result<Change, Error> {
    let solo = mode.seats() == 1;
    may_open(mode, opening, |wrong| {
        let room = usize::from(mode.seats()) - 1;
        for (n, offer) in opening.offers.iter().enumerate() {
            let at = format!("/invite/{n}");
            let Some(to) = offer.player() else {
                if solo {
                    wrong.push(FieldError::new("/link", "solo", "A mode for one has no seat for anybody else."));
                }
                continue;
            };
            if to == opening.by {
                wrong.push(FieldError::new(at, "self", "You have a seat already: invite others."));
            } else if opening.offers[..n].iter().any(|earlier| earlier.player() == Some(to)) {
                wrong.push(FieldError::new(at, "twice", "This player is in the list already."));
            } else if n >= room {
                wrong.push(FieldError::new(at, "too_many", format!("This mode has seats for {room} others.")));
            }
        }
    })?;
    let kind = if solo { OriginKind::Solo } else { OriginKind::Private };
    let blank = blank(mode, opening, Origin { kind, host: Some(opening.by), rematch_of: None }, now);
    let mut draft = Draft::of(&blank, now);
    take_first_seat(&mut draft, mode, opening, 0);
    log_opening(&mut draft);
    if solo {
        draft.game.players[0].status = PlayerStatus::Ready;
        draft.game.players[0].ready_at = Some(now);
    }
    for offer in &opening.offers {
        send(&mut draft, opening.by, offer, windows);
    }
    proceed(&mut draft, mode, None);
    Ok(draft.into_change())
}

/// What is asked of everybody who opens a game; `check` adds what is wrong with the invitations.
pub(super) fn may_open(mode: &Mode, opening: &Opening, check: impl Fn(&mut Vec<FieldError>)) -> Result<(), Error> {
    if !mode.enabled {
        return Err(Error::ModeDisabled);
    }
    let mut wrong = Vec::new();
    check(&mut wrong);
    if !wrong.is_empty() {
        return Err(Error::BadInvitees(wrong));
    }
    if opening.doing == Engagement::Idle { Ok(()) } else { Err(Error::Busy { you: true, doing: opening.doing }) }
}

/// The game before it is there: nobody sits in it, and no store has it.
pub(super) fn blank(mode: &Mode, opening: &Opening, origin: Origin, now: Timestamp) -> Game {
    let mut game = Game::open(&GameSpec {
        id: opening.id,
        mode: mode.key.clone(),
        rated: mode.rating.is_some(),
        seed: opening.seed,
        roster: Vec::new(),
        ready_due_at: now,
        ready: false,
        created_at: now,
    });
    game.status = Status::Created;
    game.version = kernel::Version::NEW;
    game.origin = origin;
    game
}

pub(super) fn take_first_seat(draft: &mut Draft<'_>, mode: &Mode, opening: &Opening, seat: u8) {
    place(draft, mode, opening.by, opening.secret.clone(), seat);
    let to = Engagement::Game(opening.id);
    draft.engage.push(Engage { player: opening.by, from: opening.doing, to });
}

pub(super) fn log_opening(draft: &mut Draft<'_>) {
    let game = &draft.game;
    let seat = |p: &GamePlayer| json!({ "player_id": p.player_id, "team": p.team, "seat": p.seat });
    let opened = json!({
        "mode": game.mode,
        "origin": game.origin,
        "rated": game.rated,
        "seats": game.players.iter().map(seat).collect::<Vec<_>>(),
        "created_at": game.created_at,
    });
    draft.log("opened", opened);
}

pub(super) fn place(draft: &mut Draft<'_>, mode: &Mode, player_id: PlayerId, secret: SessionSecret, seat: u8) {
    let team = seat % mode.teams.max(1);
    draft.game.players.push(GamePlayer::seated(&RosterSeat { player_id, team, seat, secret }));
    draft.game.players.sort_by_key(|player| player.seat);
}

/// Adds an open invitation.
pub(super) fn send(draft: &mut Draft<'_>, from: PlayerId, offer: &Offer, windows: InviteWindows) {
    let (lasts, code, state) = match &offer.to {
        Guest::Player { present: true, .. } => (windows.player_ms, None, InviteState::Delivered),
        Guest::Player { present: false, .. } => (windows.player_ms, None, InviteState::Stored),
        Guest::Link(code) => (windows.link_ms, Some(code.clone()), InviteState::Stored),
    };
    let expires_at = draft.now.plus_millis(lasts);
    let to = offer.player();
    draft.game.invites.push(Invite {
        id: offer.id,
        from,
        to,
        code,
        state,
        reason: None,
        created_at: draft.now,
        expires_at,
    });
    // The code is what lets somebody in: a log that anybody may read has no place for it.
    draft.log("invited", json!({ "by": from, "to": to, "invite_id": offer.id, "expires_at": expires_at }));
    if let Some(to) = to {
        let invited = Invited {
            invite_id: offer.id,
            game_id: draft.game.id,
            mode: draft.game.mode.clone(),
            from,
            expires_at,
            rematch_of: draft.game.origin.rematch_of,
        };
        draft.say(GameEvent::Invited(to, invited));
    }
}

/// The lowest seat nobody has, reserved ones included.
pub(super) fn free_seat(game: &Game, mode: &Mode) -> Option<u8> {
    (0..mode.seats()).find(|seat| game.players.iter().all(|player| player.seat != *seat))
}

/// Seats nobody has.
pub(super) fn free_seats(game: &Game, mode: &Mode) -> usize {
    usize::from(mode.seats()).saturating_sub(game.players.len())
}

/// Takes the player from whatever it is and gives it a seat: the one kept for it, or the lowest that is free. Returns
/// its index.
pub(super) fn seat(draft: &mut Draft<'_>, mode: &Mode, by: PlayerId, joining: &Joining<'_>) -> Result<usize, Error> {
    let full = Error::Full { state: draft.game.status };
    let kept = draft.game.players.iter().position(|player| player.player_id == by);
    if kept.is_none() {
        let free = free_seat(&draft.game, mode).ok_or(full)?;
        place(draft, mode, by, joining.secret.clone(), free);
    }
    let at = super::seat_of(&draft.game, by)?;
    let player = &mut draft.game.players[at];
    (player.status, player.secret) = (PlayerStatus::Joined, joining.secret.clone());
    match (joining.doing, joining.own) {
        (Engagement::Idle | Engagement::Ticket(_), _) => {}
        (Engagement::Game(id), Some(own)) if own.id == id && waits_alone(own, by) => {
            draft.also = Some(Box::new(supersede(own, by, draft.now)));
        }
        (doing, _) => return Err(Error::Busy { you: true, doing }),
    }
    draft.engage.push(Engage { player: by, from: joining.doing, to: Engagement::Game(draft.game.id) });
    let player = &draft.game.players[at];
    draft.log("joined", json!({ "player_id": by, "team": player.team, "seat": player.seat }));
    invite::answered_by_joining(draft, by);
    Ok(at)
}

/// Whether this is the player's own game, in which nobody else sits yet.
fn waits_alone(game: &Game, player: PlayerId) -> bool {
    game.status == Status::Created
        && game.origin.host == Some(player)
        && game.players.iter().all(|other| other.player_id == player || !other.status.engaged())
}

/// The player leaves the own game for another one. The engagement goes straight from one to the other.
fn supersede(own: &Game, by: PlayerId, now: Timestamp) -> Change {
    let mut draft = Draft::of(own, now);
    draft.end_without_result(Status::Aborted, Ended::by_player("superseded", by));
    draft.engage.clear();
    draft.into_change()
}

/// Whether those seated make a game, full or not: enough of them, in teams of equal size. A rematch that everybody
/// agreed to is played as the game before was.
fn may_start(game: &Game, mode: &Mode) -> bool {
    let seated = game.players.iter().filter(|player| player.status.engaged());
    let mut teams: BTreeMap<u8, usize> = BTreeMap::new();
    for player in seated.clone() {
        *teams.entry(player.team).or_default() += 1;
    }
    if teams.len() < usize::from(mode.teams.min(2)) {
        return false;
    }
    let everybody_again = game.origin.kind == OriginKind::Rematch
        && game.invites.iter().all(|invite| invite.state == InviteState::Accepted)
        && seated.clone().count() > game.invites.len();
    let sizes: Vec<_> = teams.values().collect();
    let even = sizes.windows(2).all(|pair| pair[0] == pair[1]);
    everybody_again || (even && seated.count() >= usize::from(mode.min_players))
}

/// After any change to the seats or invitations of a game in `created`: starts it, lets it wait for all to be ready, or
/// keeps it open. `ended` says why it is over if its last open invitation just ended and those seated are too few.
pub(super) fn proceed(draft: &mut Draft<'_>, mode: &Mode, ended: Option<Ended>) {
    let engaged = |game: &Game| game.players.iter().filter(|player| player.status.engaged()).count();
    let full = engaged(&draft.game) >= usize::from(mode.seats());
    if full {
        invite::seats_are_taken(draft);
    }
    let open = draft.game.invites.iter().filter(|invite| invite.state.open()).map(|invite| invite.expires_at).min();
    if full || (open.is_none() && may_start(&draft.game, mode)) {
        if draft.game.players.iter().all(|player| player.status == PlayerStatus::Ready) {
            lifecycle::start(draft, mode);
            return;
        }
        draft.game.status = Status::WaitingReady;
        draft.game.due_at = Some(draft.now.plus_millis(mode.windows.ready_ms));
    } else if open.is_some() {
        draft.game.due_at = open;
    } else if let Some(ended) = ended {
        draft.end_without_result(Status::Aborted, ended);
        return;
    } else {
        draft.game.due_at = Some(draft.now.plus_millis(ALONE_MS));
    }
    if draft.is_seen_otherwise() {
        draft.say_updated();
    }
}

/// A player who isn't the host leaves a game that waits for others: the seat is free again.
pub(super) fn unseat(draft: &mut Draft<'_>, mode: &Mode, by: PlayerId) {
    draft.let_go(by);
    draft.game.players.retain(|player| player.player_id != by);
    draft.log("left", json!({ "player_id": by }));
    proceed(draft, mode, None);
}

pub(super) fn tell(draft: &mut Draft<'_>, at: usize) {
    let invite = &draft.game.invites[at];
    let updated = InviteUpdated {
        invite_id: invite.id,
        game_id: draft.game.id,
        from: invite.from,
        to: invite.to,
        state: invite.state,
        reason: invite.reason.clone(),
    };
    draft.say(GameEvent::InviteUpdated(updated));
}
