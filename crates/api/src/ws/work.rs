//! What a session asks for and waits for.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use kernel::StreamKey;
use realtime::{CallId, Input, Json, Request, Token, Wanted, resume};

use super::dispatch::{self, Asker, Done};
use super::mailbox::{Answer, Mailbox};
use super::render::Renderer;
use super::sign_in::{self, Known};
use super::socket::Relays;
use super::sockets;
use crate::app::App;
use crate::problem::Problem;

/// How long a request may take, as for a write over REST.
const PATIENCE: Duration = Duration::from_millis(1_150);

fn json(app: &App, problem: &Problem) -> Json {
    sockets::problem(problem, &*app.clock, &*app.ids)
}

/// Checks who opens the socket.
pub(super) async fn sign_in(app: &App, known: Option<Known>, token: Option<Token>, streams: &[StreamKey]) -> Answer {
    match sign_in::sign_in(app, known, token, streams).await {
        Ok((signed, device)) => Answer::SignedIn(Box::new(signed), device),
        Err((reason, problem)) => Answer::Input(Input::SignInFailed { reason, problem: json(app, &problem) }),
    }
}

/// Reads what was missed of streams.
pub(super) async fn read(app: &App, wanted: Vec<Wanted>) -> Answer {
    let renderer = Renderer(&app.directory);
    let reading = async {
        let most = app.sockets.config.max_missed;
        resume::attach(&*app.streams, &renderer, &wanted, most).await.map_err(|error| app.refuse(error))
    };
    Answer::Input(match sign_in::in_time(reading).await {
        Ok(attached) => Input::Attached(attached),
        Err(problem) => {
            let streams = wanted.into_iter().map(|wanted| wanted.stream).collect();
            Input::AttachFailed { streams, problem: json(app, &problem) }
        }
    })
}

/// Carries out a request.
pub(super) async fn call(app: &App, asker: Asker, call: CallId, request: Request) -> Answer {
    let late = |_| Err(Problem::of("unavailable.deadline").retry_after(1));
    let begun = std::time::Instant::now();
    let labels = [("type", request.kind.clone())];
    // A panic is logged by its hook, and answered: a request without a reply would hold its place for ever.
    let working = AssertUnwindSafe(dispatch::dispatch(app, asker, request)).catch_unwind();
    let working = working.map(|outcome| outcome.unwrap_or_else(|_| Err(Problem::of("internal"))));
    let outcome = tokio::time::timeout(PATIENCE, working).await.unwrap_or_else(late);
    // Whatever was committed has events that wait to go out.
    app.wake_relay.notify_one();
    metrics::histogram!("realtime_request_duration_seconds", &labels).record(begun.elapsed().as_secs_f64());
    Answer::Input(match outcome {
        Ok(Done { outcome, follow }) => Input::Reply { call, outcome, follow },
        Err(problem) => refused(app, call, &problem),
    })
}

/// The answer to a request that was refused.
pub(super) fn refused(app: &App, call: CallId, problem: &Problem) -> Input {
    Input::Reply { call, outcome: Err(json(app, problem)), follow: Vec::new() }
}

/// Carries out relayed messages in their order until none waits. The one in hand stays in the queue, so that no second
/// task is started beside this one.
pub(super) async fn relay(app: Arc<App>, asker: Asker, relays: Relays, mailbox: Arc<Mailbox>) {
    let relays = Rc::downgrade(&relays);
    loop {
        let next = relays.upgrade().and_then(|relays| relays.borrow().front().cloned());
        let Some((id, request)) = next else { return };
        mailbox.answer(call(&app, asker, id, request).await);
        if let Some(relays) = relays.upgrade() {
            relays.borrow_mut().pop_front();
        }
    }
}
