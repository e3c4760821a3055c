//! Passwords: what is accepted, and how they are hashed.

use argon2::password_hash::{CustomizedPasswordHasher as _, Error as HashError, PasswordVerifier as _};
use argon2::{Argon2, Params};
use async_trait::async_trait;
use kernel::{BoxError, FieldError};

use crate::{Handle, PasswordHash, Secret};

/// Passwords that many people have, of at least 8 characters, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// Checks a new password as typed: no trimming, no folding.
///
/// # Errors
/// A [`FieldError`] for `/password`.
pub fn check_password(password: &Secret, handle: Option<&Handle>) -> Result<(), FieldError> {
    let refuse = |code, detail: &str| Err(FieldError::new("/password", code, detail));
    let text = password.expose();
    if !(8..=128).contains(&text.chars().count()) {
        return refuse("length", "a password has 8 to 128 characters");
    }
    if text.chars().any(char::is_control) {
        return refuse("characters", "a password has no control characters");
    }
    let folded = text.to_lowercase();
    let first = folded.chars().next();
    let repeated = folded.chars().all(|c| Some(c) == first);
    if repeated || COMMON.lines().any(|common| common == folded) {
        return refuse("too_common", "this password is among the first that anybody would try");
    }
    if handle.is_some_and(|handle| handle.as_str() == folded) {
        return refuse("too_common", "a password is not the handle");
    }
    Ok(())
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// Too many are waiting: try again.
    #[error("too many passwords are being hashed")]
    Busy,
    /// A bug, no memory, or a stored hash that can't be read.
    #[error("hashing failed")]
    Failed(#[source] BoxError),
}

/// Hashes passwords. It costs tens of milliseconds of a core and megabytes, so an implementation runs it on threads of
/// its own, few of them, and refuses ([`HasherError::Busy`]) rather than letting a queue grow.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a new password with this random salt.
    async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<PasswordHash, HasherError>;

    /// Checks a password. Without a hash (no such account) it takes as long as with one and says no.
    async fn verify(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, HasherError>;
}

/// Argon2id with 12 MiB, 3 passes, one lane. Its methods **block**: call them from a bounded pool of threads.
#[derive(Debug, Clone)]
pub struct Argon2Hasher {
    params: Params,
}

impl Default for Argon2Hasher {
    fn default() -> Self {
        // Fits a pod of 256 MiB with a few at once. The constants are within the crate's bounds.
        Self { params: Params::new(12_288, 3, 1, None).unwrap_or(Params::DEFAULT) }
    }
}

impl Argon2Hasher {
    /// Hashes a new password with this random salt.
    ///
    /// # Errors
    /// [`HasherError::Failed`] when memory is short.
    pub fn hash(&self, password: &Secret, salt: &[u8; 16]) -> Result<PasswordHash, HasherError> {
        Argon2::default()
            .hash_password_customized(password.expose().as_bytes(), salt, None, None, self.params.clone())
            .map(|hash| PasswordHash(hash.to_string()))
            .map_err(|error| HasherError::Failed(Box::new(error)))
    }

    /// Checks a password; without a hash it works as long and says no.
    ///
    /// # Errors
    /// [`HasherError::Failed`] when memory is short or the hash can't be read.
    pub fn verify(&self, password: &Secret, hash: Option<&PasswordHash>) -> Result<bool, HasherError> {
        let Some(hash) = hash else {
            return self.hash(password, &[0; 16]).map(|_| false);
        };
        match Argon2::default().verify_password(password.expose().as_bytes(), hash.0.as_str()) {
            Ok(()) => Ok(true),
            Err(HashError::PasswordInvalid) => Ok(false),
            Err(error) => Err(HasherError::Failed(Box::new(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        let handle = Handle::parse("grandmaster_7").expect("a valid handle");
        let check = |text: &str| check_password(&Secret::new(text), Some(&handle)).map_err(|e| e.code);
        for (text, code) in [
            ("1234567", "length"),
            (&*"x".repeat(129), "length"),
            ("correct\0horse", "characters"),
            ("password1", "too_common"),
            ("PassWord1", "too_common"),
            ("aaaaaaaaaaaa", "too_common"),
            ("Grandmaster_7", "too_common"),
        ] {
            assert_eq!(check(text), Err(code), "{text:?}");
        }
        for text in ["correct horse battery", " leading and trailing ", "pässwörtchen", &"xy".repeat(64)] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn the_list_is_what_the_check_assumes() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() >= 200, "{}", lines.len());
        assert!(lines.iter().all(|l| l.chars().count() >= 8 && *l == l.to_lowercase() && l.trim() == *l));
        let mut unique = lines.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), lines.len());
    }

    #[test]
    fn argon2_tells_right_from_wrong_and_unknown() {
        let hasher = Argon2Hasher::default();
        let right = Secret::new("correct horse battery");
        let hash = hasher.hash(&right, &[7; 16]).expect("memory for one hash");
        assert!(hash.0.starts_with("$argon2id$v=19$m=12288,t=3,p=1$"), "{}", hash.0);
        assert!(hasher.verify(&right, Some(&hash)).expect("a readable hash"));
        assert!(!hasher.verify(&Secret::new("correct horse"), Some(&hash)).expect("a readable hash"));
        assert!(!hasher.verify(&right, None).expect("no hash to read"));
        assert!(hasher.verify(&right, Some(&PasswordHash("garbage".into()))).is_err());
    }
}
