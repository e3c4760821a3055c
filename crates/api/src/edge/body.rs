use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use kernel::FieldError;
use serde::de::DeserializeOwned;

use super::text::has_control_character;
use crate::problem::Problem;

/// The largest body, in bytes.
const LIMIT: usize = 64 * 1024;
/// How long a body may take to arrive; actix has no such limit itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// The request's body as it came, read before the handler's deadline begins.
#[derive(Clone, Default)]
pub(crate) struct RawBody(pub(crate) Bytes);

/// Reads a body within its limits of size and time.
pub(super) async fn read(req: &HttpRequest, payload: &mut Payload) -> Result<RawBody, Problem> {
    let declared =
        req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > LIMIT) {
        return Err(Problem::of("request.too_large"));
    }
    let mut body = BytesMut::with_capacity(declared.unwrap_or(0));
    let reading = async {
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Problem::new("request.malformed", "The body broke off."))?;
            if body.len() + chunk.len() > LIMIT {
                return Err(Problem::of("request.too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, reading).await.map_err(|_| Problem::of("request.body_timeout"))??;
    Ok(RawBody(body.freeze()))
}

/// A JSON body. Unknown fields, wrong types and control characters are refused with the place.
pub(crate) struct Body<T>(pub(crate) T);

/// A body that is complained about only once it is known who sends it: an extractor that asks the database would
/// otherwise lose to one that doesn't, and strangers would learn what an operation takes.
pub(crate) type LateBody<T> = Result<Body<T>, Problem>;

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let RawBody(bytes) = req.extensions().get::<RawBody>().cloned().unwrap_or_default();
        ready(parse(req, &bytes).map(Self))
    }
}

fn parse<T: DeserializeOwned>(req: &HttpRequest, bytes: &[u8]) -> Result<T, Problem> {
    // An empty body stands for `{}`: calls without required fields need none, nor a content type.
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    let essence = req.content_type();
    if !bytes.is_empty() && !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::of("request.unsupported_media_type"));
    }
    if has_control_character(text) {
        return Err(Problem::of("request.control_character"));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::invalid(vec![FieldError::new(pointer, "type", reason(&inner))])
        } else {
            Problem::new("request.malformed", "The body isn't valid JSON, or nested deeper than 128 levels.")
        }
    })?;
    json.end().map_err(|_| Problem::new("request.malformed", "Something follows the JSON value in the body."))?;
    Ok(value)
}

/// The data of a realtime message, as strictly as a body.
pub(crate) fn from_data<T: DeserializeOwned>(data: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(data).map_err(|error| {
        let pointer = pointer(error.path());
        Problem::invalid(vec![FieldError::new(pointer, "type", reason(&error.into_inner()))])
    })
}

/// What serde found wrong, without the input that it echoes and the place in the text; the pointer says the place.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let Some((found, expected)) = text.split_once(", expected ") else { return text.to_owned() };
    let kind = found.split([':', '`']).next().unwrap_or_default().trim_end();
    format!("{kind}, expected {expected}")
}

/// RFC 6901 from serde's path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dto::{JoinDto, MoveDto};
    use actix_web::test::TestRequest;

    fn refusal<T: DeserializeOwned>(kind: &str, body: &str) -> serde_json::Value {
        let req = TestRequest::post().insert_header((header::CONTENT_TYPE, kind)).to_http_request();
        match parse::<T>(&req, body.as_bytes()) {
            Ok(_) => panic!("{body} was taken"),
            Err(problem) => problem.to_value("r"),
        }
    }

    #[test]
    fn every_sort_of_bad_body_has_its_code() {
        for (kind, body, code) in [
            ("text/plain", "{}", "request.unsupported_media_type"),
            ("application/json", "{", "request.malformed"),
            ("application/json", r#"{"mode":"duel"} {}"#, "request.malformed"),
            ("application/json", r#"{"mode":"du\u0000el"}"#, "request.control_character"),
            ("application/json", r#"{"mode":7}"#, "validation.failed"),
            ("application/json", r#"{}"#, "validation.failed"),
            ("application/json", r#"{"mode":"duel","rating":3000}"#, "validation.failed"),
        ] {
            assert_eq!(refusal::<JoinDto>(kind, body)["code"], code, "{body}");
        }
        let deep = format!(r#"{{"move":{}{},"expected_sequence":0}}"#, "[".repeat(200), "]".repeat(200));
        assert_eq!(refusal::<MoveDto>("application/json", &deep)["code"], "request.malformed");
    }

    #[test]
    fn the_place_is_named_and_the_input_is_not_echoed() {
        let problem = refusal::<JoinDto>("application/json", r#"{"mode":"duel","secret-field":1}"#);
        assert_eq!(problem["errors"][0]["pointer"], "/secret-field");
        assert!(!problem["detail"].as_str().unwrap_or_default().contains("`secret-field`"), "{problem}");
        let problem = refusal::<JoinDto>("application/json", r#"{"mode":["hunter2"]}"#);
        assert_eq!(problem["errors"][0]["pointer"], "/mode");
        assert!(!problem.to_string().contains("hunter2"));
    }
}
