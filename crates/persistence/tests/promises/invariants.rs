//! What must hold once everything has come to an end, whatever failed on the way.

mod effects;
mod events;
mod games;
mod standing;

use crate::story::Story;

/// A broken promise, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A store said that it is broken, or an answer was a 500.
    Broken(String),
    /// Something never came to an end.
    Pending(String),
    /// A result version changed after it was seen.
    ResultChanged(String),
    /// Of two copies of one command one was done and the other refused.
    TwinsDiffer(String),
    /// A command took effect more than once.
    EffectTwice(String),
    /// A command was refused, yet took effect.
    RefusedYetDone(String),
    /// A command was answered as done, and nothing of it is there.
    EffectLost(String),
    /// A command was done without its receipt, or a game was made by none.
    Unreceipted(String),
    /// The ledger has a gap, or doesn't say what the games do.
    Ledger(String),
    /// A log's chain is broken, or its moves lead elsewhere.
    Log(String),
    /// A player is in two games, or engaged in none of those that hold the player.
    Engagement(String),
    /// An invitation outlived its game.
    Invite(String),
    /// An event is missing, or was told twice or out of order.
    Event(String),
    /// An event isn't in its streams once.
    Delivery(String),
    /// Standings aren't what follows from the ledger.
    Standing(String),
}

/// Notes whatever doesn't hold.
pub(crate) async fn check(story: &Story) {
    let games = story.games().await;
    let ledger = games::ledger_of(story).await;
    effects::check(story, &games).await;
    games::check(story, &games, &ledger).await;
    events::check(story, &games, &ledger).await;
    standing::check(story, &ledger).await;
}
