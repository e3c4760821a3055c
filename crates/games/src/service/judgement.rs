//! Statements about results, and the approval gate's part in deciding them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use kernel::{ApprovalRequest, Approved, GameId, PlayerId, Receipt, StoreError, Timestamp};
use serde_json::Value;

use super::{Games, Swept, plain_outcome};
use crate::decide;
use crate::error::Error;
use crate::mode::Mode;
use crate::model::Game;

/// A game whose decision the gate is asked for.
pub(super) struct Asked {
    game: Game,
    request: ApprovalRequest,
}

impl Games {
    /// Keeps what a player says about a result.
    ///
    /// # Errors
    /// As [`decide::dispute`], and the store's.
    pub async fn dispute(
        &self,
        player: PlayerId,
        id: GameId,
        reason: &str,
        evidence: Option<&Value>,
        receipt: Option<Receipt>,
    ) -> Result<Game, Error> {
        let decide = |game: &_, mode: &_, now| decide::dispute(game, mode, player, reason, evidence, now);
        self.act(player, id, receipt, plain_outcome, decide).await
    }

    /// Takes a due game for the gate, if it waits for it and no other replica was faster.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn ask_for(&self, game: &Game, now: Timestamp) -> Result<Option<Asked>, Error> {
        let Some(mode) = self.mode_of(game).await? else { return Ok(None) };
        let Some(request) = decide::question(game, &mode, now) else { return Ok(None) };
        match self.commit(decide::asking(game, &mode, now), None, now).await {
            Ok(game) => Ok(Some(Asked { game, request })),
            Err(Error::Store(StoreError::Stale)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the gate about all of them at once, so that a slow gate costs a sweep its time limit once, and carries out
    /// what it says. A game that changed meanwhile is asked about again, for it was another question.
    pub(super) async fn judge(&self, asked: Vec<Asked>, swept: &mut Swept) {
        let gate = &self.ports.approval;
        let asking = asked.into_iter().map(|asked| {
            let gate = Arc::clone(gate);
            Box::pin(async move { (gate.ask(&asked.request).await, asked.game) })
                as Pin<Box<dyn Future<Output = _> + Send>>
        });
        for (answer, game) in together(asking.collect()).await {
            let now = self.ports.clock.now();
            let mode = match self.mode_of(&game).await {
                Ok(mode) => mode,
                Err(error) => {
                    swept.failed.push((game.id, error));
                    continue;
                }
            };
            let answered = |mode: &Arc<Mode>| decide::answered(&game, mode, &answer, now);
            let Some(change) = mode.as_ref().and_then(answered) else { continue };
            match self.commit(change, None, now).await {
                Ok(game) => swept.expired.push(game.id),
                Err(Error::Store(StoreError::Stale)) => {}
                Err(error) => swept.failed.push((game.id, error)),
            }
        }
    }
}

/// Waits for all of them at the same time.
async fn together<T>(mut waiting: Vec<Pin<Box<dyn Future<Output = T> + Send>>>) -> Vec<T> {
    let mut done = Vec::with_capacity(waiting.len());
    poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                done.push(value);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

/// The gate's answer to an operator.
pub(super) fn allowed(answer: Approved) -> Result<(), Error> {
    match answer {
        Approved::Yes => Ok(()),
        Approved::No(reason) => Err(Error::NotApproved { reason }),
        Approved::Pending => Err(Error::ApprovalPending),
    }
}
