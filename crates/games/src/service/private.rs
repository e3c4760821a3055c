//! Games players make.

use kernel::{Engagement, GameId, IdSource, InviteId, PlayerId, Receipt, SessionSecret, StoreError, Timestamp};

use super::{Games, RETRIES, plain_outcome};
use crate::decide::{self, Decided, Guest, Joining, Offer, Opening};
use crate::error::Error;
use crate::invite::Invite;
use crate::mode::Mode;
use crate::model::Game;
use crate::words::Status;

/// A game to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreateGame {
    /// Key of its mode.
    pub mode: String,
    /// Whom to invite.
    pub invite: Vec<PlayerId>,
    /// Whether to make a link as well.
    pub link: bool,
    /// Whether a practice bot is to take the other seat.
    pub bot: bool,
}

/// A game that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// It, or the game of the invitation that was accepted instead.
    pub game: Game,
    /// Its link, where one was asked for.
    pub link: Option<Invite>,
}

impl Games {
    /// Makes a game: a private one by invitation, or one for the player alone or against a bot, started at once. Inviting
    /// one player who has invited the asker to the same mode accepts that invitation instead, so that the two meet in one
    /// game.
    ///
    /// # Errors
    /// [`Error::UnknownMode`], as [`decide::open`] or [`decide::practise`], and the store's.
    pub async fn create(&self, by: PlayerId, wanted: CreateGame, receipt: Option<Receipt>) -> Result<Created, Error> {
        let modes = self.modes();
        let mode = modes.get(&wanted.mode).ok_or(Error::UnknownMode)?;
        if wanted.bot {
            let game = self.practise(by, mode, &wanted, receipt).await?;
            return Ok(Created { game, link: None });
        }
        let only = match wanted.invite[..] {
            [to] if !wanted.link && mode.enabled => Some(to),
            _ => None,
        };
        if let Some(game) = self.meet(by, only, mode, receipt.clone()).await? {
            return Ok(Created { game, link: None });
        }
        let now = self.ports.clock.now();
        // More than any mode has seats are refused whatever they are: nothing is read for them.
        let mut offers = match wanted.invite.len() <= usize::from(mode.seats()) {
            true => self.offers(&wanted.invite, now).await?,
            false => {
                wanted.invite.iter().map(|to| self.offer(Guest::Player { id: *to, present: false }, now)).collect()
            }
        };
        if wanted.link {
            offers.push(self.offer(Guest::Link(self.code()), now));
        }
        let opening = self.opening(by, offers, now).await?;
        let change = decide::open(mode, &opening, self.windows, now)?;
        let receipt = receipt.map(|receipt| receipt.with_outcome(plain_outcome(&change.game)));
        let game = self.commit(change, receipt, now).await.map_err(|error| busy(by, error))?;
        // Of two who invite each other at the same instant neither saw the other's game: now each sees both.
        let game = self.meet(by, only, mode, None).await?.unwrap_or(game);
        let link = decide::open_like(&game, None).filter(|_| wanted.link).cloned();
        Ok(Created { game, link })
    }

    /// Who is queued may be matched or taken out at the same moment: then what the player is doing is read anew.
    async fn practise(
        &self,
        by: PlayerId,
        mode: &Mode,
        wanted: &CreateGame,
        receipt: Option<Receipt>,
    ) -> Result<Game, Error> {
        let mut retries = 0;
        loop {
            let now = self.ports.clock.now();
            let guests = wanted.invite.iter().map(|id| Guest::Player { id: *id, present: false });
            let link = wanted.link.then(|| Guest::Link(String::new()));
            let offers = guests.chain(link).map(|guest| self.offer(guest, now)).collect();
            let change = decide::practise(mode, &self.opening(by, offers, now).await?, now)?;
            let receipt = receipt.clone().map(|receipt| receipt.with_outcome(plain_outcome(&change.game)));
            match self.commit(change, receipt, now).await.map_err(|error| busy(by, error)) {
                Err(Error::Busy { doing: Engagement::Idle | Engagement::Ticket(_), .. }) if retries < RETRIES => {
                    retries += 1;
                }
                answer => return answer,
            }
        }
    }

    /// Accepts what `to` has invited `by` to in this mode, if there is such an invitation and it can be accepted.
    pub(super) async fn meet(
        &self,
        by: PlayerId,
        to: Option<PlayerId>,
        mode: &Mode,
        receipt: Option<Receipt>,
    ) -> Result<Option<Game>, Error> {
        let Some(to) = to else { return Ok(None) };
        let crossing = |(game, invite): &(Game, Invite)| {
            game.mode == mode.key && game.status == Status::Created && invite.from == to && invite.to == Some(by)
        };
        let Some((_, invite)) = self.invites_of(by).await?.into_iter().find(crossing) else { return Ok(None) };
        match self.accept(by, invite.id, receipt).await {
            Ok(game) => Ok(Some(game)),
            Err(error @ Error::Store(_)) => Err(error),
            // It can't be had any more, so there is nothing to meet in.
            Err(_) => Ok(None),
        }
    }

    /// What it takes for `by` to open a game.
    pub(super) async fn opening(&self, by: PlayerId, offers: Vec<Offer>, now: Timestamp) -> Result<Opening, Error> {
        Ok(Opening {
            id: GameId::new(self.ports.ids.uuid(now)),
            seed: self.ports.ids.seed(),
            by,
            doing: self.doing(by).await?,
            secret: SessionSecret(self.ports.ids.secret()),
            offers,
        })
    }

    /// Offers to these players, each of whom is there to see it or isn't.
    pub(super) async fn offers(&self, to: &[PlayerId], now: Timestamp) -> Result<Vec<Offer>, Error> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        let present = self.ports.connections.connected(to).await.map_err(Error::Store)?;
        let guests = to.iter().zip(present).map(|(id, present)| Guest::Player { id: *id, present });
        Ok(guests.map(|guest| self.offer(guest, now)).collect())
    }

    pub(super) fn offer(&self, to: Guest, now: Timestamp) -> Offer {
        Offer { id: InviteId::new(self.ports.ids.uuid(now)), to }
    }

    pub(super) fn code(&self) -> String {
        code(&*self.ports.ids)
    }

    async fn doing(&self, player: PlayerId) -> Result<Engagement, Error> {
        let doing = self.ports.engagements.current(&[player]).await.map_err(Error::Store)?;
        Ok(doing.first().copied().unwrap_or(Engagement::Idle))
    }

    /// A command that may seat `by`: what the player is doing is read anew whenever it turned out to be another thing.
    pub(super) async fn joining(
        &self,
        by: PlayerId,
        id: GameId,
        receipt: Option<Receipt>,
        decide: impl Fn(&Game, &Mode, &Joining<'_>, Timestamp) -> Decided,
    ) -> Result<Game, Error> {
        let secret = SessionSecret(self.ports.ids.secret());
        let mut doing = self.doing(by).await?;
        let mut retries = 0;
        loop {
            let own = match doing {
                Engagement::Game(other) if other != id => self.ports.games.load(other).await.map_err(Error::Store)?,
                _ => None,
            };
            let joining = Joining { secret: secret.clone(), doing, own: own.as_ref() };
            let decide = |game: &Game, mode: &Mode, now| decide(game, mode, &joining, now);
            let answer = self.act(by, id, receipt.clone(), plain_outcome, decide).await;
            if retries == RETRIES {
                return answer;
            }
            retries += 1;
            match answer {
                Err(Error::Store(StoreError::Stale)) => doing = self.doing(by).await?,
                Err(Error::Busy { you: true, .. }) => {
                    let before = std::mem::replace(&mut doing, self.doing(by).await?);
                    if before == doing {
                        return answer;
                    }
                }
                answer => return answer,
            }
        }
    }
}

/// Somebody to be seated turned out to be doing something else.
pub(super) fn busy(by: PlayerId, error: Error) -> Error {
    match error {
        Error::Store(StoreError::Engaged { player, current }) => Error::Busy { you: player == by, doing: current },
        other => other,
    }
}

/// What codes of links are made of: nothing that looks like something else.
const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// Ten letters: about 49 bits, tried against a rate limit for as long as a link lives.
fn code(ids: &dyn IdSource) -> String {
    let mut code = String::with_capacity(10);
    while code.len() < 10 {
        let mut bytes = [0_u8; 32];
        ids.fill(&mut bytes);
        // The lowest five bits give 32 equally likely numbers, of which the last stands for no letter.
        let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 31)));
        code.extend(letters.map(|letter| char::from(*letter)).take(10 - code.len()));
    }
    code
}

#[cfg(test)]
mod tests {
    use kernel::SeededIds;

    use super::*;

    #[test]
    fn codes_are_ten_letters_and_use_them_all() {
        let ids = SeededIds::new(4);
        let codes: std::collections::BTreeSet<_> = (0..500).map(|_| code(&ids)).collect();
        assert_eq!(codes.len(), 500);
        assert!(codes.iter().all(|code| code.len() == 10 && code.bytes().all(|c| LETTERS.contains(&c))));
        let used: std::collections::BTreeSet<_> = codes.iter().flat_map(|code| code.bytes()).collect();
        assert_eq!(used.len(), LETTERS.len());
    }
}
