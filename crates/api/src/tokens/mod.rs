//! Access tokens: JWT, HS256, ten minutes. The first key signs; the others are still believed, for rotation.

mod crypto;

use std::collections::HashMap;
use std::sync::{Arc, Once};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{Clock, IdSource, PlayerId, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "shallweplay-backend";
const AUDIENCE: &str = "shallweplay";
/// Life of an access token, in seconds.
pub(crate) const LIFE_SECONDS: i64 = 600;

/// A signing key: its id, which stands in the token's header, and its secret.
#[derive(Clone)]
pub(crate) struct SigningKey {
    /// Key id.
    pub(crate) kid: String,
    /// At least 32 bytes.
    pub(crate) secret: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: PlayerId,
    /// The session it was made for; it ends with it.
    sid: SessionId,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Who sends a request: an access token that was valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) player: PlayerId,
    /// On which device.
    pub(crate) session: SessionId,
    /// Until when the token holds.
    pub(crate) expires_at: Timestamp,
}

/// Why a token isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It isn't ours, or names another algorithm than ours.
    Bad,
    /// It was good once.
    Expired,
}

/// Makes and checks access tokens.
pub(crate) struct Tokens {
    signing: (String, EncodingKey),
    checking: HashMap<String, DecodingKey>,
    validation: Validation,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Tokens {
    /// Tokens under these keys; the first signs. `None` without keys.
    #[must_use]
    pub(crate) fn new(keys: &[SigningKey], clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Option<Self> {
        static INSTALLED: Once = Once::new();
        INSTALLED.call_once(|| {
            // Fails only when another provider was installed first, and nothing else here installs one.
            if crypto::PROVIDER.install_default().is_err() {
                tracing::error!("another JWT provider is installed");
            }
        });
        let first = keys.first()?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        // Expiry is checked below, by the database's clock rather than this machine's.
        validation.validate_exp = false;
        Some(Self {
            signing: (first.kid.clone(), EncodingKey::from_secret(&first.secret)),
            checking: keys.iter().map(|key| (key.kid.clone(), DecodingKey::from_secret(&key.secret))).collect(),
            validation,
            clock,
            ids,
        })
    }

    /// An access token for this session.
    #[must_use]
    pub(crate) fn issue(&self, player: PlayerId, session: SessionId) -> String {
        let now = self.clock.now();
        let seconds = now.millis() / 1_000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: player,
            sid: session,
            jti: self.ids.uuid(now).simple().to_string(),
            iat: seconds,
            exp: seconds + LIFE_SECONDS,
        };
        let header = Header { kid: Some(self.signing.0.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.signing.1).unwrap_or_default()
    }

    /// Who sent it; `None` if it isn't ours, isn't valid any more, or names another algorithm than ours.
    #[must_use]
    pub(crate) fn check(&self, token: &str) -> Option<Caller> {
        self.judge(token).ok()
    }

    /// As [`check`](Self::check), for those whom it helps to know that a token was good once.
    pub(crate) fn judge(&self, token: &str) -> Result<Caller, Rejected> {
        let caller = self.read(token).ok_or(Rejected::Bad)?;
        if self.clock.now() < caller.expires_at { Ok(caller) } else { Err(Rejected::Expired) }
    }

    fn read(&self, token: &str) -> Option<Caller> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let key = self.checking.get(header.kid.as_deref()?)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok()?.claims;
        let expires_at = Timestamp::from_millis(claims.exp.checked_mul(1_000)?);
        Some(Caller { player: claims.sub, session: claims.sid, expires_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{FakeClock, SeededIds};

    fn key(kid: &str, byte: u8) -> SigningKey {
        SigningKey { kid: kid.to_owned(), secret: vec![byte; 32] }
    }

    fn tokens(keys: &[SigningKey], clock: &Arc<FakeClock>) -> Tokens {
        Tokens::new(keys, Arc::clone(clock) as _, Arc::new(SeededIds::new(1))).expect("there is a key")
    }

    fn somebody() -> (PlayerId, SessionId) {
        let ids = SeededIds::new(2);
        let at = Timestamp::from_millis(0);
        (PlayerId::new(ids.uuid(at)), SessionId::new(ids.uuid(at)))
    }

    #[test]
    fn believes_its_own_until_they_expire() {
        let clock = Arc::new(FakeClock::default());
        let tokens = tokens(&[key("a", 1)], &clock);
        let (player, session) = somebody();
        let token = tokens.issue(player, session);
        let caller = tokens.check(&token).expect("it is fresh");
        assert_eq!((caller.player, caller.session), (player, session));
        clock.advance_millis(LIFE_SECONDS * 1_000 + 1_000);
        assert_eq!(tokens.judge(&token), Err(Rejected::Expired));
        assert_eq!(tokens.judge("not.a.token"), Err(Rejected::Bad));
    }

    #[test]
    fn keys_rotate_and_foreign_ones_are_refused() {
        let clock = Arc::new(FakeClock::default());
        let (player, session) = somebody();
        let old = tokens(&[key("a", 1)], &clock).issue(player, session);
        assert!(tokens(&[key("b", 2), key("a", 1)], &clock).check(&old).is_some());
        assert_eq!(tokens(&[key("a", 9)], &clock).check(&old), None, "same id, other secret");
        assert_eq!(tokens(&[key("b", 1)], &clock).check(&old), None, "other id");
    }

    #[test]
    fn a_bent_token_is_refused_wherever_it_is_bent() {
        let clock = Arc::new(FakeClock::default());
        let tokens = tokens(&[key("a", 1)], &clock);
        let (player, session) = somebody();
        let token = tokens.issue(player, session);
        for at in (0..token.len()).step_by(7) {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).expect("ASCII stays ASCII");
            assert_eq!(tokens.check(&bent), None, "bent at {at}");
        }
        use base64::Engine as _;
        let none = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"a"}"#);
        let body = token.split('.').nth(1).expect("three parts");
        assert_eq!(tokens.check(&format!("{none}.{body}.")), None, "no algorithm");
    }
}
