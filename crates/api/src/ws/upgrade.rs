//! `GET /ws`: from a request to a socket.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{FromRequest as _, HttpRequest, HttpResponse, dev, web};

use super::guard::Guard;
use super::listener::Lifeline;
use super::sign_in;
use super::socket::{self, Opening};
use super::transport::Plain;
use super::wire::Wire;
use crate::app::App;
use crate::edge;
use crate::problem::Problem;

/// The subprotocol spoken here. Clients that ask for none get it, too.
const PROTOCOL: &str = "shallweplay.v1";

/// Upgrades a request to a socket. Whatever is wrong with the request is said in HTTP, but for a protocol that isn't
/// spoken here: browsers don't show scripts a refused upgrade, so that is said by closing.
pub(crate) async fn upgrade(
    app: web::Data<App>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if !edge::origin_allowed(&req, &app.settings.origins) {
        return Err(Problem::of("realtime.origin_refused"));
    }
    let seat = app.sockets.seat().filter(|_| !app.health.is_draining());
    let seat = seat.ok_or_else(|| Problem::of("realtime.full").retry_after(2))?;
    let limit = app.sockets.config.max_message_bytes;
    let (guard, found) = Guard::new(payload.into_inner(), limit, false);
    let mut guarded: dev::Payload = dev::Payload::Stream { payload: Box::pin(guard) };
    let guarded = web::Payload::from_request(&req, &mut guarded).await.map_err(|_| Problem::of("internal"))?;
    let detail = "This address speaks WebSocket (RFC 6455, version 13): send an upgrade request.";
    let (response, session, messages) = actix_ws::handle_with_protocols(&req, guarded, &[PROTOCOL])
        .map_err(|_| Problem::new("request.malformed", detail))?;
    let known = sign_in::at_upgrade(&app, &req).await?;
    let messages = messages.max_frame_size(limit).aggregate_continuations().max_continuation_size(limit);
    let lifeline = req.conn_data::<Rc<Lifeline>>().map(Rc::downgrade).unwrap_or_default();
    let transport = Box::new(Plain { messages, found, wire: Wire::new(session), lifeline });
    let config = Arc::clone(&app.sockets.config);
    let opening = Opening { app: app.into_inner(), seat, transport, config };
    if asked_for(&req) == Asked::Others {
        socket::refuse(opening);
    } else {
        socket::open(opening, known);
    }
    Ok(response)
}

/// What the client asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    V1,
    Others,
}

fn asked_for(req: &HttpRequest) -> Asked {
    let values = req.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let names = values.flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim);
    let mut asked = Asked::Nothing;
    for name in names.filter(|name| !name.is_empty()) {
        if name == PROTOCOL {
            return Asked::V1;
        }
        asked = Asked::Others;
    }
    asked
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_protocol_is_found_wherever_it_stands() {
        let asked = |values: &[&str]| {
            let add = |req: TestRequest, value: &&str| {
                req.append_header((header::SEC_WEBSOCKET_PROTOCOL, (*value).to_owned()))
            };
            asked_for(&values.iter().fold(TestRequest::default(), add).to_http_request())
        };
        assert_eq!(asked(&[]), Asked::Nothing);
        assert_eq!(asked(&["shallweplay.v1"]), Asked::V1);
        assert_eq!(asked(&["shallweplay.v2, shallweplay.v1"]), Asked::V1);
        assert_eq!(asked(&["shallweplay.v2", " shallweplay.v1 "]), Asked::V1);
        assert_eq!(asked(&["shallweplay.v2"]), Asked::Others);
    }
}
