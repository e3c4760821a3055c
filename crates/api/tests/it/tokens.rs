//! Access tokens made by hand, to be refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// The claims of a token that was made by the service.
pub(crate) fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).expect("has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).expect("is base64url")).expect("is JSON")
}

/// A token with these claims, signed like ours under this key.
pub(crate) fn signed(kid: &str, secret: &str, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = json!({ "alg": "HS256", "typ": "JWT", "kid": kid });
    let text = format!("{}.{}", encode(&head), encode(claims));
    let mut mac = <Hmac<Sha256>>::new_from_slice(secret.as_bytes()).expect("takes any key");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
