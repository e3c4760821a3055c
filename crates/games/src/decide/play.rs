//! Moves of server-decided games, a practice bot's among them, and who may relay.

use kernel::{PlayerId, StoreError, Timestamp};
use serde_json::{Value, json};

use super::draft::{Draft, Settlement};
use super::verdict::by_rules;
use super::{Decided, in_time, seat_of};
use crate::error::Error;
use crate::event::{GameEvent, Moved};
use crate::mode::Mode;
use crate::model::Game;
use crate::rules::{Chance, PlayError, Rules};
use crate::words::Status;

/// Plays a move. `expected_sequence` is how many moves the player has seen; it keeps a move from being played twice or
/// on another position than the player looked at. Always a change where it isn't refused.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NoMoves`], [`Error::NotInProgress`],
/// [`Error::DeadlinePassed`], [`Error::StaleSequence`], [`Error::NotYourTurn`], [`Error::IllegalMove`]; checked in this
/// order.
pub fn play(game: &Game, mode: &Mode, by: PlayerId, mv: &Value, expected_sequence: i64, now: Timestamp) -> Decided {
    let at = seat_of(game, by)?;
    if !game.server_decided(mode) {
        return Err(Error::NoMoves);
    }
    if game.status != Status::InProgress {
        return Err(Error::NotInProgress { state: game.status });
    }
    in_time(game, now)?;
    if !game.players[at].status.engaged() {
        return Err(Error::Left { state: game.status });
    }
    let sequence = game.sequence;
    if expected_sequence != sequence {
        return Err(Error::StaleSequence { sequence });
    }
    let seat = game.players[at].seat;
    if game.turn.is_some_and(|turn| turn != seat) {
        return Err(Error::NotYourTurn { sequence });
    }
    let (Some(module), Some(state)) = (game.module(), &game.state) else {
        return Err(Error::Store(StoreError::broken(format!("the rules of game {} are gone", game.id))));
    };
    let mut draft = Draft::of(game, now);
    make(&mut draft, mode, module, state, seat, mv).map_err(|error| match error {
        PlayError::Illegal { why } => Error::IllegalMove { why },
        PlayError::Broken => Error::Store(StoreError::broken(format!("the state of game {} can't be read", game.id))),
    })?;
    answer(&mut draft, mode);
    Ok(Some(draft.into_change()))
}

/// Makes a move, and settles the game if that decides it.
fn make(
    draft: &mut Draft<'_>,
    mode: &Mode,
    module: &dyn Rules,
    state: &Value,
    seat: u8,
    mv: &Value,
) -> Result<(), PlayError> {
    let step = module.play(state, seat, mv)?;
    draft.game.sequence += i64::from(step.advances);
    draft.game.turn = step.turn;
    draft.game.state = Some(step.state);
    draft.say(GameEvent::Moved(Moved {
        game_id: draft.game.id,
        seat,
        mv: step.shown,
        sequence: draft.game.sequence,
        turn: step.turn,
        state: draft.game.view(None),
    }));
    // Unsealed: the log is nobody's to read before the end.
    draft.log("moved", json!({ "seat": seat, "move": mv, "sequence": draft.game.sequence }));
    if let Some(verdict) = step.verdict {
        let provenance = json!({
            "source": "rules",
            "rules": module.key(),
            "rules_version": module.version(),
            "mode_version": draft.game.mode_version,
            "moves": draft.game.sequence,
        });
        let standings = by_rules(&draft.game, verdict);
        draft.settle(mode, Settlement { reason: "rules", provenance, standings, ended: None });
    }
    Ok(())
}

/// The practice bot moves for as long as it is its turn, in the same change as what made it so. Where all may move at
/// once it waits for the other's move, which it doesn't see. A bot that can't move is no reason to hold a player.
pub(super) fn answer(draft: &mut Draft<'_>, mode: &Mode) {
    let Some(seat) = draft.game.players.iter().find(|player| player.is_bot()).map(|bot| bot.seat) else { return };
    while draft.game.status == Status::InProgress && draft.game.turn == Some(seat) {
        if answer_once(draft, mode, seat).is_none() {
            draft.void("server_fault");
        }
    }
}

fn answer_once(draft: &mut Draft<'_>, mode: &Mode, seat: u8) -> Option<()> {
    let (module, state) = (draft.game.module()?, draft.game.state.clone()?);
    let view = module.view(&state, Some(seat));
    let mv = module.bot()?.choose(&view, seat, &mut Chance::of(draft.game.seed, seat, &view))?;
    make(draft, mode, module, &state, seat, &mv).ok()
}

/// Whether this player may send the others something through the game now.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NotInProgress`], [`Error::Left`], [`Error::DeadlinePassed`].
pub fn may_relay(game: &Game, by: PlayerId, now: Timestamp) -> Result<(), Error> {
    let at = seat_of(game, by)?;
    if game.status != Status::InProgress {
        return Err(Error::NotInProgress { state: game.status });
    }
    if !game.players[at].status.engaged() {
        return Err(Error::Left { state: game.status });
    }
    in_time(game, now)
}
