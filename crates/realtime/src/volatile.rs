use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kernel::{PlayerId, StreamKey, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::RenderedVolatile;

/// A volatile event on its way between replicas: at most once, never stored. It rides the bus as JSON; fields that a
/// newer replica adds are ignored by an older one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VolatileMessage {
    /// Whose followers get it.
    pub stream: StreamKey,
    /// Its type on the wire, such as `game.relayed`.
    pub kind: String,
    /// Who sent it, where a player did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PlayerId>,
    /// The sender's count within the stream, from [`Numbering`]: a jump tells the receiver what it missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// The payload.
    pub data: Value,
    /// Only these players; absent: every follower but the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<PlayerId>>,
    /// When it was taken.
    pub at: Timestamp,
}

impl VolatileMessage {
    /// Whether a follower gets it.
    #[must_use]
    pub fn reaches(&self, player: PlayerId) -> bool {
        match &self.to {
            Some(players) => players.contains(&player),
            None => self.from != Some(player),
        }
    }

    /// As it goes out. A numbered message becomes `{from, n, data}` (with `game_id` in a game's stream); any other goes
    /// with its data as it is.
    #[must_use]
    pub fn render(&self) -> RenderedVolatile {
        let render = |data: &Value| RenderedVolatile::new(self.stream.clone(), self.kind.clone(), self.at, data);
        let (Some(from), Some(n)) = (self.from, self.n) else { return render(&self.data) };
        let mut data = json!({ "from": from, "n": n, "data": self.data });
        if let Some(game) = self.stream.game_id() {
            data["game_id"] = json!(game);
        }
        render(&data)
    }
}

/// Counts what each sender has sent within a stream, from 1, on this replica. A sender who comes back soon goes on
/// counting; one who is silent for long, or moves to another replica, starts anew.
#[derive(Debug, Default)]
pub struct Numbering {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    recent: HashMap<(StreamKey, PlayerId), u64>,
    older: HashMap<(StreamKey, PlayerId), u64>,
}

impl Numbering {
    /// How many senders a generation holds; two generations are kept, so memory is bounded without a clock.
    const GENERATION: usize = 4_096;

    /// The next number of this sender in this stream.
    pub fn next(&self, stream: &StreamKey, from: PlayerId) -> u64 {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (stream.clone(), from);
        if let Some(n) = counts.recent.get_mut(&key) {
            *n += 1;
            return *n;
        }
        let n = counts.older.remove(&key).unwrap_or(0) + 1;
        if counts.recent.len() >= Self::GENERATION {
            counts.older = std::mem::take(&mut counts.recent);
        }
        counts.recent.insert(key, n);
        n
    }
}

#[cfg(test)]
mod tests {
    use kernel::GameId;
    use uuid::Uuid;

    use super::*;

    fn player(n: u128) -> PlayerId {
        PlayerId::new(Uuid::from_u128(n))
    }

    fn game(n: u128) -> StreamKey {
        StreamKey::game(GameId::new(Uuid::from_u128(n)))
    }

    #[test]
    fn numbers_rise_per_sender_and_stream_within_bounded_memory() {
        let numbering = Numbering::default();
        assert_eq!([1, 2, 3].map(|_| numbering.next(&game(1), player(1))), [1, 2, 3]);
        assert_eq!(numbering.next(&game(1), player(2)), 1);
        assert_eq!(numbering.next(&game(2), player(1)), 1);
        for other in 0..Numbering::GENERATION as u128 {
            numbering.next(&game(1_000 + other), player(9));
        }
        assert_eq!(numbering.next(&game(1), player(1)), 4, "recent senders go on counting");
        for other in 0..3 * Numbering::GENERATION as u128 {
            numbering.next(&game(10_000 + other), player(9));
        }
        let counts = numbering.counts.lock().expect("not poisoned");
        assert!(counts.recent.len() + counts.older.len() <= 2 * Numbering::GENERATION);
    }

    #[test]
    fn a_relay_survives_the_bus_and_shows_its_sender() {
        let message = VolatileMessage {
            stream: game(1),
            kind: "game.relayed".to_owned(),
            from: Some(player(1)),
            n: Some(7),
            data: json!({"x": 1}),
            to: None,
            at: Timestamp::from_millis(0),
        };
        let bytes = serde_json::to_vec(&message).expect("serialises");
        assert_eq!(serde_json::from_slice::<VolatileMessage>(&bytes).expect("reads back"), message);
        let frame: Value = serde_json::from_str(message.render().frame()).expect("is JSON");
        assert_eq!(frame["type"], "game.relayed");
        assert_eq!(frame["data"], json!({"from": player(1), "n": 7, "data": {"x": 1}, "game_id": Uuid::from_u128(1)}));
        assert!(!message.reaches(player(1)) && message.reaches(player(2)));
        let addressed = VolatileMessage { to: Some(vec![player(2)]), ..message };
        assert!(addressed.reaches(player(2)) && !addressed.reaches(player(3)));
    }
}
