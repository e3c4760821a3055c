//! A client with the edge in front of it: one key per command, tried again through the other replica until there is an
//! answer.

use std::sync::Arc;

use games::Error;
use kernel::{
    Clock as _, ErrorKind, Receipt, ReceiptKey, ReceiptRecord, ReceiptReply, Receipts, Refusal as _, StoreError,
};
use serde_json::Value;

use crate::calls::Call;
use crate::replica::Replica;
use crate::world::World;

/// How often a client tries before it does something else; it comes back later.
const PATIENCE: usize = 6;

/// What a client knows of its command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was carried out, or held already.
    Done,
    /// It was refused for good.
    Refused(String),
    /// It was refused, but may be sent again.
    NotNow(String),
    /// No answer came.
    Lost,
    /// A 500.
    Broken(String),
}

impl Call {
    pub(crate) fn receipt_key(&self) -> ReceiptKey {
        ReceiptKey { player: self.by, route: String::from("POST /story"), key: self.key.clone() }
    }
}

/// Sends it until there is an answer, to one replica after the other, from the `first` on.
pub(crate) async fn send(world: &World, replicas: [Arc<Replica>; 2], first: usize, call: &Call) -> Answer {
    for attempt in 0..PATIENCE {
        let answer = once(world, &replicas[(first + attempt) % 2], call).await;
        if answer != Answer::Lost {
            return answer;
        }
    }
    Answer::Lost
}

/// As the edge does it.
async fn once(world: &World, replica: &Replica, call: &Call) -> Answer {
    let (receipts, key) = (&*world.stores.receipts, call.receipt_key());
    match receipts.find(&key).await {
        Ok(Some(record)) => return replay(&record),
        Ok(None) => {}
        Err(error) => return lost(&error),
    }
    let receipt = Receipt { key, body_hash: [7; 32], outcome: Value::Null, at: world.clock.now() };
    match call.run(world, replica, receipt.clone()).await {
        Ok(()) => remember(receipts, receipt).await,
        Err(error) => refused(receipts, receipt, error).await,
    }
}

async fn remember(receipts: &dyn Receipts, receipt: Receipt) -> Answer {
    let reply = ReceiptReply { status: 200, body: String::new() };
    if let Ok(false) = receipts.attach(&receipt.key, &reply).await {
        // Nothing had to change; a twin's answer may have been kept first.
        let key = receipt.key.clone();
        drop(receipts.record(receipt, reply).await);
        return match receipts.find(&key).await {
            Ok(Some(record)) => replay(&record),
            _ => Answer::Done,
        };
    }
    Answer::Done
}

async fn refused(receipts: &dyn Receipts, receipt: Receipt, error: Error) -> Answer {
    let code = error.code().to_owned();
    let is_final = match error {
        // A race, or a failure: it may be sent again.
        Error::Store(_) => false,
        _ => matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Conflict),
    };
    let key = receipt.key.clone();
    if is_final && let Err(error) = receipts.record(receipt, ReceiptReply { status: 409, body: code.clone() }).await {
        return lost(&error);
    }
    // A twin may have won meanwhile; and of two refusals the first one stands.
    match (receipts.find(&key).await, &error) {
        (Ok(Some(record)), _) => replay(&record),
        (Err(error), _) => lost(&error),
        (Ok(None), Error::Store(error)) => lost(error),
        (Ok(None), _) if error.kind() == ErrorKind::Internal => Answer::Broken(error.to_string()),
        (Ok(None), _) => Answer::NotNow(code),
    }
}

fn replay(record: &ReceiptRecord) -> Answer {
    match &record.reply {
        Some(reply) if reply.status == 409 => Answer::Refused(reply.body.clone()),
        _ => Answer::Done,
    }
}

fn lost(error: &StoreError) -> Answer {
    match error {
        StoreError::Broken(why) => Answer::Broken(format!("{why:?}")),
        // A receipt that was used and then can't be found was never there: with it comes the next attempt.
        _ => Answer::Lost,
    }
}
