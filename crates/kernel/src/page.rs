use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// How many items a page may have: 1 to 100, 20 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The longest page.
    pub const MOST: Self = Self(100);

    /// `None` if it isn't within 1 to 100.
    #[must_use]
    pub const fn new(limit: u16) -> Option<Self> {
        if limit >= 1 && limit <= 100 { Some(Self(limit)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

/// One page of a keyset-paged list. `next` is the position of the last item, if more follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<P>,
}

/// Why a cursor was not taken. They all look the same to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this cursor wasn't made for this list: start again without one, or keep the filters it was made with")]
pub struct CursorError;

/// Signs cursors, so that a client can neither forge a position nor use one with other filters.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl CursorKey {
    /// A key derived from secret material that all replicas share.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        Self(Sha256::new().chain_update(b"shallweplay cursor v1").chain_update(secret).finalize().into())
    }

    fn tag(&self, scope: &str, body: &[u8]) -> Option<[u8; 16]> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).ok()?;
        mac.update(&(scope.len() as u64).to_le_bytes());
        mac.update(scope.as_bytes());
        mac.update(body);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut tag = [0; 16];
        tag.copy_from_slice(&whole[..16]);
        Some(tag)
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(***)")
    }
}

/// An opaque position in a list: base64url of a 128-bit HMAC tag and the position as JSON. `scope` names the list and
/// its filters; a cursor of one scope is refused in every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

impl Cursor {
    /// Seals a position.
    #[must_use]
    pub fn seal<P: Serialize>(key: &CursorKey, scope: &str, position: &P) -> Self {
        let body = serde_json::to_vec(position).unwrap_or_default();
        let mut bytes = key.tag(scope, &body).unwrap_or_default().to_vec();
        bytes.extend_from_slice(&body);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens what [`Cursor::seal`] sealed with the same key and scope.
    ///
    /// # Errors
    /// [`CursorError`] for anything else, whatever is wrong with it.
    pub fn open<P: DeserializeOwned>(&self, key: &CursorKey, scope: &str) -> Result<P, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| CursorError)?;
        let (tag, body) = bytes.split_at_checked(16).ok_or(CursorError)?;
        let expected = key.tag(scope, body).ok_or(CursorError)?;
        if expected.iter().zip(tag).fold(0, |acc, (a, b)| acc | (a ^ b)) != 0 {
            return Err(CursorError);
        }
        serde_json::from_slice(body).map_err(|_| CursorError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_under_the_key_and_scope_that_sealed_it() {
        let (ours, theirs) = (CursorKey::derive(b"a"), CursorKey::derive(b"b"));
        let cursor = Cursor::seal(&ours, "history?mode=duel", &(17_i64, "x"));
        assert_eq!(cursor.open::<(i64, String)>(&ours, "history?mode=duel"), Ok((17, "x".to_owned())));
        assert!(cursor.open::<(i64, String)>(&ours, "history").is_err());
        assert!(cursor.open::<(i64, String)>(&theirs, "history?mode=duel").is_err());
        for at in 0..cursor.0.len() {
            let mut bent = cursor.0.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = Cursor(String::from_utf8(bent).expect("ASCII stays ASCII"));
            assert!(bent.open::<(i64, String)>(&ours, "history?mode=duel").is_err(), "changed at {at}");
        }
        assert!(Cursor(String::from("AAAA")).open::<(i64, String)>(&ours, "history").is_err());
    }
}
