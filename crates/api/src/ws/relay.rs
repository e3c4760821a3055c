use std::sync::Arc;

use kernel::{Bus, Clock, GameId, PlayerId, StreamKey};
use realtime::{Numbering, VolatileMessage};
use serde_json::Value;

/// The bus topic that carries volatile events.
pub(super) const VOLATILE_TOPIC: &str = "volatile";

/// Sends what players say to each other within a game to the sockets of any replica.
pub(crate) struct Relay {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    numbering: Numbering,
}

impl Relay {
    /// Over this bus.
    #[must_use]
    pub(crate) fn new(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>) -> Self {
        Self { bus, clock, numbering: Numbering::default() }
    }

    /// Sends to these players of the game, or to all but the sender; answers the sender's count. At most once: it may be
    /// lost, and then the count shows it.
    pub(super) async fn send(&self, game: GameId, from: PlayerId, data: Value, to: Option<Vec<PlayerId>>) -> u64 {
        let stream = StreamKey::game(game);
        let n = self.numbering.next(&stream, from);
        let kind = "game.relayed".to_owned();
        let message = VolatileMessage { stream, kind, from: Some(from), n: Some(n), data, to, at: self.clock.now() };
        if let Ok(payload) = serde_json::to_vec(&message) {
            self.bus.publish(VOLATILE_TOPIC, payload.into()).await;
        }
        n
    }
}
