use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use kernel::Decision;

use super::caller::{ArrivedAt, SignIn};
use super::{body, headers, limits};
use crate::app::App;
use crate::problem::Problem;

/// How long a handler may take: reading, writing.
const READ_DEADLINE: Duration = Duration::from_millis(500);
const WRITE_DEADLINE: Duration = Duration::from_millis(1_150);

/// What every request passes, in this order: request id, sign-in, rate limit, body, deadline; and on the way out problem
/// details, headers, metrics and the log.
pub(crate) async fn layer(
    app: web::Data<App>,
    req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let request_id = request_id(&app, &req);
    req.extensions_mut().insert(ArrivedAt(app.clock.now()));
    let trace_id = trace_id(&req);
    let method = req.method().clone();
    let route = req.match_pattern().unwrap_or_else(|| String::from("unmatched"));
    let (answer, decision) = if req.path().starts_with("/api/v1/") {
        api_call(&app, req, next, &request_id).await
    } else {
        // Pages, health, sockets: no sign-in and no body of ours, and a socket outlives any deadline.
        (next.call(req).await, Decision::UNLIMITED)
    };
    let result = answer.map(|response| {
        let mut response = rendered(response, &request_id, trace_id.as_deref());
        headers::finish(&mut response, &request_id, decision);
        response
    });
    let status = result.as_ref().map_or_else(|error| error.as_response_error().status_code(), ServiceResponse::status);
    crate::telemetry::request_done(&method, &route, status.as_u16(), begun.elapsed(), trace_id.as_deref());
    result
}

/// A call of the API. Refusals before the handler are errors, not responses: there is no handler's response to amend.
async fn api_call(
    app: &App,
    mut req: ServiceRequest,
    next: Next<BoxBody>,
    request_id: &str,
) -> (Result<ServiceResponse<BoxBody>, Error>, Decision) {
    let sign_in = sign_in(app, &req);
    req.extensions_mut().insert(sign_in);
    let decision = limits::check(app, &req, sign_in).await;
    if !decision.allowed {
        let seconds = u64::try_from(decision.reset.as_millis().div_ceil(1_000)).unwrap_or(60).max(1);
        let problem = Problem::of("rate_limited").retry_after(seconds);
        return (Ok(refused(req, &problem, request_id)), decision);
    }
    let reads = matches!(*req.method(), Method::GET | Method::HEAD);
    if !reads {
        let mut payload = req.take_payload();
        match body::read(req.request(), &mut payload).await {
            Ok(body) => _ = req.extensions_mut().insert(body),
            Err(problem) => return (Ok(refused(req, &problem, request_id)), decision),
        }
    }
    let deadline = if reads { READ_DEADLINE } else { WRITE_DEADLINE };
    let late = |_| Err(Problem::of("unavailable.deadline").retry_after(1).for_request(request_id).into());
    let answer = tokio::time::timeout(deadline, next.call(req)).await.unwrap_or_else(late);
    if !reads {
        app.wake_relay.notify_one();
    }
    (answer, decision)
}

/// The client's request id where it is presentable, else a new one.
fn request_id(app: &App, req: &ServiceRequest) -> String {
    let given = req.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let presentable = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    given.filter(presentable).map_or_else(|| app.ids.uuid(app.clock.now()).to_string(), str::to_owned)
}

/// The caller's trace (W3C Trace Context, `version-traceid-parentid-flags`), so that our log lines can be found by it.
fn trace_id(req: &ServiceRequest) -> Option<String> {
    let parent = req.headers().get("traceparent")?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    let valid = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    valid.then(|| id.to_owned())
}

fn sign_in(app: &App, req: &ServiceRequest) -> SignIn {
    let Some(value) = req.headers().get(header::AUTHORIZATION) else { return SignIn::Missing };
    let token = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token.and_then(|(_, token)| app.tokens.check(token.trim())) {
        None => SignIn::Bad,
        Some(caller) if app.revocations.contains(caller.session) => SignIn::Ended,
        Some(caller) => SignIn::Valid(caller),
    }
}

fn refused(req: ServiceRequest, problem: &Problem, request_id: &str) -> ServiceResponse<BoxBody> {
    req.into_response(problem.respond(request_id))
}

/// Errors get their request id here, the one place that knows it, and their source is logged here, once.
fn rendered(response: ServiceResponse<BoxBody>, request_id: &str, trace_id: Option<&str>) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let fallback;
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem,
        None if response.status().is_server_error() => {
            tracing::error!(request_id, %error, "a handler failed outside our own errors");
            fallback = Problem::of("internal");
            &fallback
        }
        None => {
            fallback = Problem::of("request.malformed");
            &fallback
        }
    };
    if let Some(chain) = problem.chain() {
        let status = problem.status().as_u16();
        tracing::warn!(request_id, trace_id, code = problem.code(), status, chain, "request failed");
    }
    let amended = problem.respond(request_id);
    let (req, _) = response.into_parts();
    ServiceResponse::new(req, amended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_a_well_formed_trace_is_taken_up() {
        let id = |value: &'static str| {
            trace_id(&TestRequest::default().insert_header(("traceparent", value)).to_srv_request())
        };
        let good = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(id("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").as_deref(), Some(good));
        for bad in ["", "00", "00-0000000000000000000000000000000-1-1", "00-4bf92f3577b34da6a3ce929d0e0e473g-1-1"] {
            assert_eq!(id(bad), None, "{bad}");
        }
        assert_eq!(id("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None, "all zeros is no trace");
    }
}
