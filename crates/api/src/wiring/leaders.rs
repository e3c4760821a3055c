//! Drives the shard leaders of matchmaking: one candidate per mode and replica.

use std::sync::Arc;
use std::time::Duration;

use kernel::Handler;
use matchmaking::{Hint, LeaderPorts, ShardLeader, Tuning};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::explainers::Question;
use crate::app::App;

/// Hints that may wait for a step; what doesn't fit is found by reading the rows.
const INBOX: usize = 8_192;
/// After a step that failed.
const AGAIN: Duration = Duration::from_millis(250);
/// A step is made at least this often, whatever it asked for.
const AT_LEAST: Duration = Duration::from_secs(5);

/// What a candidate hears.
enum Heard {
    Hint(Hint),
    Asked(Question),
}

/// Stands for the leadership of one mode's queue until shutdown, then gives it back.
pub(super) async fn run(app: Arc<App>, ports: LeaderPorts, mode: String, holder: String, stop: CancellationToken) {
    let (sender, mut inbox) = mpsc::channel(INBOX);
    let hints = sender.clone();
    let handler: Handler = Arc::new(move |message| {
        if let Some(hint) = Hint::decode(&message.payload) {
            // A full inbox loses the hint; the rows are read anyway.
            _ = hints.try_send(Heard::Hint(hint));
        }
    });
    let _hints = app.bus.subscribe(&Hint::topic(&mode), handler);
    let handler: Handler = Arc::new(move |message| {
        if let Some(question) = Question::decode(&message.payload) {
            _ = sender.try_send(Heard::Asked(question));
        }
    });
    let _questions = app.bus.subscribe(&Question::topic(&mode), handler);
    let mut leader = ShardLeader::new(mode.clone(), holder, Tuning::default(), ports);
    let (mut heard, mut asked) = (Vec::new(), Vec::new());
    let mut led = false;
    while !stop.is_cancelled() {
        let pause = match leader.step(app.clock.now(), std::mem::take(&mut heard)).await {
            Ok(step) => {
                if step.matched > 0 {
                    app.wake_relay.notify_one();
                    metrics::counter!("matchmaking_matches_total", "mode" => mode.clone())
                        .increment(step.matched as u64);
                }
                if step.leading != led {
                    led = step.leading;
                    tracing::info!(mode, leading = led, "matchmaking leadership");
                }
                step.next_wake.since(app.clock.now()).min(AT_LEAST)
            }
            Err(error) => {
                tracing::debug!(mode, %error, "the queue's leader waits for the database");
                AGAIN
            }
        };
        for question in asked.drain(..) {
            answer(&app, &mut leader, question).await;
        }
        let mut next = tokio::select! {
            next = inbox.recv() => next,
            () = tokio::time::sleep(pause) => None,
            () = stop.cancelled() => None,
        };
        while let Some(message) = next {
            match message {
                Heard::Hint(hint) => heard.push(hint),
                Heard::Asked(question) => asked.push(question),
            }
            next = inbox.try_recv().ok();
        }
    }
    if let Err(error) = leader.resign().await {
        tracing::debug!(mode, %error, "the lease could not be given back; it lapses by itself");
    } else if let Ok(payload) = serde_json::to_vec(&Hint::Vacant) {
        app.bus.publish(&Hint::topic(&mode), payload.into()).await;
    }
}

/// Who doesn't lead, or doesn't hold the ticket, says nothing.
async fn answer(app: &App, leader: &mut ShardLeader, question: Question) {
    if let Some(explained) = leader.explain(question.ticket, app.clock.now()) {
        question.answer(explained, &*app.bus).await;
    }
}
