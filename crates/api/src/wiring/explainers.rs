//! Asks the leader of a queue, on whatever replica it is, why a ticket still waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Bus, Handler, IdSource, Subscription, TicketId, Timestamp};
use matchmaking::{Explained, Leaders};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

/// After that the rows are read instead.
const PATIENCE: Duration = Duration::from_millis(150);
/// Questions under way at a time; beyond them the rows are read at once.
const MOST: usize = 256;

/// A question to a mode's leader.
#[derive(Serialize, Deserialize)]
pub(super) struct Question {
    id: Uuid,
    pub(super) ticket: TicketId,
    reply_to: String,
}

#[derive(Serialize, Deserialize)]
struct Reply {
    id: Uuid,
    explained: Explained,
}

impl Question {
    /// Where questions about a mode's queue are asked.
    pub(super) fn topic(mode: &str) -> String {
        format!("matchmaking:explain:{mode}")
    }

    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }

    pub(super) async fn answer(self, explained: Explained, bus: &dyn Bus) {
        if let Ok(payload) = serde_json::to_vec(&Reply { id: self.id, explained }) {
            bus.publish(&self.reply_to, payload.into()).await;
        }
    }
}

type Waiting = Arc<Mutex<HashMap<Uuid, oneshot::Sender<Explained>>>>;

/// Questions of this replica that wait for their answers.
pub(super) struct Explainers {
    bus: Arc<dyn Bus>,
    ids: Arc<dyn IdSource>,
    reply_to: String,
    waiting: Waiting,
    _subscription: Subscription,
}

impl Explainers {
    pub(super) fn new(bus: Arc<dyn Bus>, ids: Arc<dyn IdSource>) -> Arc<Self> {
        let waiting = Waiting::default();
        let answered = Arc::clone(&waiting);
        let handler: Handler = Arc::new(move |message| {
            if let Ok(reply) = serde_json::from_slice::<Reply>(&message.payload)
                && let Some(asker) = answered.lock().unwrap_or_else(PoisonError::into_inner).remove(&reply.id)
            {
                // Whoever asked may have given up.
                _ = asker.send(reply.explained);
            }
        });
        let reply_to = format!("matchmaking:explained:{}", ids.uuid(Timestamp::from_micros(0)));
        let subscription = bus.subscribe(&reply_to, handler);
        Arc::new(Self { bus, ids, reply_to, waiting, _subscription: subscription })
    }
}

#[async_trait]
impl Leaders for Explainers {
    async fn explain(&self, mode: &str, ticket: TicketId) -> Option<Explained> {
        let id = self.ids.uuid(Timestamp::from_micros(0));
        let (asker, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.retain(|_, asker| !asker.is_closed());
            if waiting.len() >= MOST {
                return None;
            }
            waiting.insert(id, asker);
        }
        let question = Question { id, ticket, reply_to: self.reply_to.clone() };
        let payload = serde_json::to_vec(&question).ok()?;
        self.bus.publish(&Question::topic(mode), payload.into()).await;
        tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()
    }
}
