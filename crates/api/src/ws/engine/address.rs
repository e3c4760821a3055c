use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, dev, web};
use bytestring::ByteString;
use realtime::engine_io::{Engine, Packet};
use serde::Deserialize;
use serde_json::json;

use super::super::guard::Guard;
use super::super::listener::Lifeline;
use super::super::sign_in;
use super::super::wire::Wire;
use super::Endpoint;
use super::pipe::Pipe;
use super::pump::{self, Connection, Role};
use crate::app::App;
use crate::edge;
use crate::problem::Problem;

/// How long a body may take to come, and to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// The protocol's own refusals.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    Transport,
    Session,
    Method,
    Malformed,
    Origin,
    Version,
}

impl Refusal {
    fn response(self) -> HttpResponse {
        let (status, code, message) = match self {
            Self::Transport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Self::Session => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Self::Method => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Self::Malformed => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Self::Origin => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Self::Version => (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version"),
        };
        HttpResponse::build(status).json(json!({ "code": code, "message": message }))
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "EIO")]
    version: Option<String>,
    transport: Option<String>,
    sid: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Polling,
    WebSocket,
}

/// Serves an endpoint at a path, with and without a slash at its end.
pub(crate) fn mount(path: &str, endpoint: Arc<Endpoint>) -> actix_web::Resource {
    web::resource([path.to_owned(), format!("{path}/")])
        .app_data(web::Data::from(endpoint))
        .route(web::route().to(serve))
}

async fn serve(
    endpoint: web::Data<Endpoint>,
    app: web::Data<App>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let endpoint = endpoint.into_inner();
    let (carrier, sid) = match asked(&endpoint, &app, &req) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal.response()),
    };
    let pipe = match &sid {
        None => None,
        Some(sid) => match endpoint.pipes.get(sid) {
            Some(pipe) => Some(pipe),
            None => return Ok(Refusal::Session.response()),
        },
    };
    match (pipe, carrier, req.method()) {
        (None, Carrier::Polling, &Method::GET) => open(&endpoint, &app.into_inner(), &req).await,
        (Some(pipe), Carrier::Polling, &Method::GET) => Ok(poll(&pipe).await),
        (Some(pipe), Carrier::Polling, &Method::POST) => Ok(post(&endpoint, &pipe, payload).await),
        (pipe, Carrier::WebSocket, &Method::GET) => upgrade(&endpoint, &app.into_inner(), &req, payload, pipe).await,
        (None, ..) => Ok(Refusal::Method.response()),
        (Some(_), ..) => Ok(Refusal::Malformed.response()),
    }
}

fn asked(endpoint: &Endpoint, app: &App, req: &HttpRequest) -> Result<(Carrier, Option<String>), Refusal> {
    let query = web::Query::<Asked>::from_query(req.query_string()).map_err(|_| Refusal::Malformed)?.into_inner();
    if query.version.as_deref() != Some("4") {
        return Err(Refusal::Version);
    }
    let carrier = match query.transport.as_deref() {
        Some("polling") if endpoint.polling => Carrier::Polling,
        Some("websocket") => Carrier::WebSocket,
        _ => return Err(Refusal::Transport),
    };
    if !edge::origin_allowed(req, &app.settings.origins) {
        return Err(Refusal::Origin);
    }
    Ok((carrier, query.sid))
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; charset=UTF-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

fn full() -> Problem {
    Problem::of("realtime.full").retry_after(2)
}

/// A new session; its first poll is answered at once.
async fn open(endpoint: &Endpoint, app: &Arc<App>, req: &HttpRequest) -> Result<HttpResponse, Problem> {
    let known = sign_in::at_upgrade(app, req).await?;
    let pipe = Pipe::new(Arc::clone(&app.clock), Engine::polling(endpoint.config, app.clock.now()));
    let sid = endpoint.pipes.insert(&*app.ids, &pipe);
    let opened = pipe.open_packet(&sid);
    if !(endpoint.serve)(app, Arc::clone(&pipe), known) {
        pipe.leave();
        return Err(full());
    }
    Ok(text(opened))
}

/// Given up by its client, a poll takes its session with it: what was written to it is lost.
struct Polling<'a>(&'a Pipe);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.cancel_poll();
    }
}

async fn poll(pipe: &Pipe) -> HttpResponse {
    if pipe.begin_poll().is_err() {
        return Refusal::Session.response();
    }
    let _polling = Polling(pipe);
    text(poll_fn(|cx| pipe.poll_body(cx)).await)
}

struct Posting<'a>(&'a Pipe);

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}

async fn post(endpoint: &Endpoint, pipe: &Pipe, payload: web::Payload) -> HttpResponse {
    if pipe.begin_post().is_err() {
        return Refusal::Session.response();
    }
    let _posting = Posting(pipe);
    let body = tokio::time::timeout(PATIENCE, payload.to_bytes_limited(endpoint.config.max_payload)).await;
    let packets = match body {
        Ok(Ok(Ok(body))) => ByteString::try_from(body).ok().and_then(|body| Packet::read_payload(&body)),
        Ok(Err(_)) => {
            _ = pipe.take(None);
            return HttpResponse::PayloadTooLarge().finish();
        }
        Ok(Ok(Err(_))) | Err(_) => None,
    };
    if pipe.take(packets).is_err() {
        return Refusal::Malformed.response();
    }
    // The next post comes after this answer, so nobody posts faster than the session takes.
    match tokio::time::timeout(PATIENCE, poll_fn(|cx| pipe.poll_taken(cx))).await {
        Ok(()) => HttpResponse::Ok().content_type("text/html").body("ok"),
        Err(_) => HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "1")).finish(),
    }
}

/// A WebSocket: a session of its own, or one that takes over from polling.
async fn upgrade(
    endpoint: &Endpoint,
    app: &Arc<App>,
    req: &HttpRequest,
    payload: web::Payload,
    pipe: Option<Arc<Pipe>>,
) -> Result<HttpResponse, Problem> {
    // A packet has its type in front.
    let limit = endpoint.config.max_payload + 16;
    let (guard, found) = Guard::new(payload.into_inner(), limit, true);
    let mut guarded: dev::Payload = dev::Payload::Stream { payload: Box::pin(guard) };
    let guarded = web::Payload::from_request(req, &mut guarded).await.map_err(|_| Problem::of("internal"))?;
    let Ok((response, session, messages)) = actix_ws::handle(req, guarded) else {
        return Ok(Refusal::Malformed.response());
    };
    let messages = messages.max_frame_size(limit).aggregate_continuations().max_continuation_size(limit);
    let lifeline = req.conn_data::<Rc<Lifeline>>().map(Rc::downgrade).unwrap_or_default();
    let mut connection = Connection { wire: Wire::new(session), messages, found, lifeline };
    let Some(pipe) = pipe else {
        let known = sign_in::at_upgrade(app, req).await?;
        let pipe = Pipe::new(Arc::clone(&app.clock), Engine::websocket(endpoint.config, app.clock.now()));
        let sid = endpoint.pipes.insert(&*app.ids, &pipe);
        connection.wire.text(pipe.open_packet(&sid).into());
        if !(endpoint.serve)(app, Arc::clone(&pipe), known) {
            pipe.leave();
            return Err(full());
        }
        pump::spawn(connection, pipe, Role::Serving);
        return Ok(response);
    };
    let role = if pipe.begin_probe().is_ok() { Role::Probing } else { Role::Late };
    pump::spawn(connection, pipe, role);
    Ok(response)
}
