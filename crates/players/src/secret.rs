//! Secrets: shown once to whom they belong, stored as hashes, never printed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{IdSource, SessionId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Text that must not reach a log: its debug form hides it, and it has no other.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for whom it belongs to.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// SHA-256 of a random 256-bit secret. Plain hashing is enough there, since there is nothing to guess; passwords need a
/// [`PasswordHasher`](crate::PasswordHasher).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Back from what was stored; `None` unless it has 32 bytes.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A refresh token: base64url over the 16 bytes of its session's id and 32 random ones, 64 characters in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session it belongs to, if it belongs to any.
    pub session: SessionId,
    /// What the store knows of it.
    pub hash: SecretHash,
}

impl RefreshToken {
    /// A fresh token of a session, and the text to give to the client.
    #[must_use]
    pub fn generate(ids: &dyn IdSource, session: SessionId) -> (Self, Secret) {
        let mut bytes = [0; 48];
        let (id, random) = bytes.split_at_mut(16);
        id.copy_from_slice(session.uuid().as_bytes());
        ids.fill(random);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        (Self { session, hash: SecretHash::of(&text) }, Secret(text))
    }

    /// Reads what a client presents; `None` if no such token was ever made.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // 48 bytes are 64 characters exactly, so one token has one spelling.
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let id: [u8; 16] = bytes[..16].try_into().ok()?;
        Some(Self { session: SessionId::new(Uuid::from_bytes(id)), hash: SecretHash::of(text) })
    }
}

#[cfg(test)]
mod tests {
    use kernel::{SeededIds, Timestamp};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_reads_back() {
        let ids = SeededIds::new(1);
        let session = SessionId::new(ids.uuid(Timestamp::from_millis(1)));
        let (token, text) = RefreshToken::generate(&ids, session);
        assert_eq!(text.expose().len(), 64);
        assert_eq!(RefreshToken::parse(text.expose()), Some(token.clone()));
        assert_ne!(RefreshToken::generate(&ids, session).0, token);
    }

    #[test]
    fn secrets_hide_in_debug_output() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(***)");
        assert_eq!(format!("{:?}", SecretHash::of("hunter2")), "SecretHash(…)");
    }

    proptest! {
        #[test]
        fn only_64_characters_of_base64url_are_a_token(text in any::<String>()) {
            let well_formed = text.len() == 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            prop_assert_eq!(RefreshToken::parse(&text).is_some(), well_formed);
        }
    }
}
