//! Invitations to games.

use kernel::{GameId, InviteId, PlayerId, Receipt};
use serde_json::{Value, json};

use super::Games;
use crate::decide::{self, Guest, Offer};
use crate::error::Error;
use crate::invite::Invite;
use crate::model::Game;

/// More open invitations than anybody can look through.
const MOST: i64 = 100;

impl Games {
    /// A player of a game that waits for others invites one more. While an invitation to that player is open it is
    /// answered again. Who is alone in the game and invited by that other one to the same mode accepts that instead.
    ///
    /// # Errors
    /// As [`decide::invite`], and the store's.
    pub async fn invite_player(
        &self,
        by: PlayerId,
        id: GameId,
        to: PlayerId,
        receipt: Option<Receipt>,
    ) -> Result<(Game, Invite), Error> {
        let game = self.load(id).await?;
        let modes = self.modes();
        if let Some(mode) = modes.get(&game.mode).filter(|_| game.holds(by))
            && let Some(met) = self.meet(by, Some(to), mode, receipt.clone()).await?
            && let Some(invite) = met.invites.iter().rev().find(|invite| invite.to == Some(by)).cloned()
        {
            return Ok((met, invite));
        }
        let now = self.ports.clock.now();
        let offer = self.offers(&[to], now).await?.pop();
        self.send(by, id, offer.unwrap_or_else(|| self.offer(Guest::Player { id: to, present: false }, now)), receipt)
            .await
    }

    /// A player of a game that waits for others makes a link to it. While one is open it is answered again.
    ///
    /// # Errors
    /// As [`decide::invite`], and the store's.
    pub async fn invite_link(
        &self,
        by: PlayerId,
        id: GameId,
        receipt: Option<Receipt>,
    ) -> Result<(Game, Invite), Error> {
        let offer = self.offer(Guest::Link(self.code()), self.ports.clock.now());
        self.send(by, id, offer, receipt).await
    }

    async fn send(
        &self,
        by: PlayerId,
        id: GameId,
        offer: Offer,
        receipt: Option<Receipt>,
    ) -> Result<(Game, Invite), Error> {
        let to = match offer.to {
            Guest::Player { id, .. } => Some(id),
            Guest::Link(_) => None,
        };
        let outcome = |game: &Game| invite_outcome(game, offer.id);
        let decide = |game: &Game, mode: &_, now| decide::invite(game, mode, by, &offer, self.windows, now);
        let game = self.act(by, id, receipt, outcome, decide).await?;
        let invite = decide::open_like(&game, to).cloned().ok_or(Error::InviteNotFound)?;
        Ok((game, invite))
    }

    /// The player accepts and is seated, taken from a queue or from the own game in which nobody else sits.
    ///
    /// # Errors
    /// As [`decide::accept`], and the store's.
    pub async fn accept(&self, by: PlayerId, invite: InviteId, receipt: Option<Receipt>) -> Result<Game, Error> {
        let id = self.game_of(invite).await?;
        self.joining(by, id, receipt, |game, mode, joining, now| decide::accept(game, mode, by, invite, joining, now))
            .await
            .map_err(not_for_them)
    }

    /// The player is seated by the link with this code.
    ///
    /// # Errors
    /// As [`decide::redeem`], and the store's.
    pub async fn redeem(&self, by: PlayerId, code: &str, receipt: Option<Receipt>) -> Result<Game, Error> {
        let found = self.ports.invites.game_of_code(code).await.map_err(Error::Store)?;
        let id = found.ok_or(Error::InviteNotFound)?;
        self.joining(by, id, receipt, |game, mode, joining, now| decide::redeem(game, mode, by, code, joining, now))
            .await
            .map_err(not_for_them)
    }

    /// The invited player says no, and why if it wants to.
    ///
    /// # Errors
    /// As [`decide::decline`], and the store's.
    pub async fn decline(
        &self,
        by: PlayerId,
        invite: InviteId,
        reason: Option<&str>,
        receipt: Option<Receipt>,
    ) -> Result<(Game, Invite), Error> {
        let id = self.game_of(invite).await?;
        let outcome = |game: &Game| invite_outcome(game, invite);
        let decide = |game: &Game, mode: &_, now| decide::decline(game, mode, by, invite, reason, now);
        with(self.act(by, id, receipt, outcome, decide).await?, invite)
    }

    /// Who made the invitation, or the host, takes it back.
    ///
    /// # Errors
    /// As [`decide::cancel`], and the store's.
    pub async fn cancel(
        &self,
        by: PlayerId,
        invite: InviteId,
        receipt: Option<Receipt>,
    ) -> Result<(Game, Invite), Error> {
        let id = self.game_of(invite).await?;
        let outcome = |game: &Game| invite_outcome(game, invite);
        let decide = |game: &Game, mode: &_, now| decide::cancel(game, mode, by, invite, now);
        with(self.act(by, id, receipt, outcome, decide).await?, invite)
    }

    /// Invitations to and from this player that can still be answered, of the newest games first.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn invites_of(&self, player: PlayerId) -> Result<Vec<(Game, Invite)>, Error> {
        let now = self.ports.clock.now();
        let mut found = Vec::new();
        for game in self.ports.invites.open_of(player, MOST).await.map_err(Error::Store)? {
            let open = game.invites.iter().filter(|invite| invite.state.open() && invite.expires_at > now);
            let own: Vec<_> = open.filter(|i| i.to == Some(player) || i.from == player).cloned().collect();
            found.extend(own.into_iter().map(|invite| (game.clone(), invite)));
        }
        Ok(found)
    }

    /// Which of these players wait in a game of theirs with an open link, and in which: there is a seat.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn open_links_of(&self, players: &[PlayerId]) -> Result<Vec<(PlayerId, GameId)>, Error> {
        self.ports.invites.open_links_of(players).await.map_err(Error::Store)
    }

    async fn game_of(&self, invite: InviteId) -> Result<GameId, Error> {
        self.ports.invites.game_of(invite).await.map_err(Error::Store)?.ok_or(Error::InviteNotFound)
    }
}

/// An invitation into a game with somebody across a block is none.
fn not_for_them(error: Error) -> Error {
    if matches!(error, Error::NoSuchPlayer) { Error::InviteNotFound } else { error }
}

fn with(game: Game, invite: InviteId) -> Result<(Game, Invite), Error> {
    let found = game.invites.iter().find(|found| found.id == invite).cloned().ok_or(Error::InviteNotFound)?;
    Ok((game, found))
}

fn invite_outcome(game: &Game, invite: InviteId) -> Value {
    json!({ "game": game.id, "as": "invite", "invite": invite })
}
