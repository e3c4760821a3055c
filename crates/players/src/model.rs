//! Values and aggregates.

use std::str::FromStr;
use std::time::Duration;

use kernel::{PlayerId, SessionId, Timestamp, Version};

use crate::{DisplayName, Handle, SecretHash};

/// Somebody who plays: a guest (known by a device) or an account (known by handle and password).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Stays the same when a guest becomes an account.
    pub id: PlayerId,
    /// Accounts have one, guests don't.
    pub handle: Option<Handle>,
    /// What others see.
    pub display_name: DisplayName,
    /// An `https` address of a picture.
    pub avatar_url: Option<String>,
    /// About oneself, at most 500 characters.
    pub bio: Option<String>,
    /// What one is up to, at most 80 characters.
    pub status_text: Option<String>,
    /// Language tag, such as `pt-BR`.
    pub locale: Option<String>,
    /// IANA name, such as `America/Sao_Paulo`.
    pub time_zone: Option<String>,
    /// Who may do and see what.
    pub privacy: Privacy,
    /// Whether this is a guest: no handle, no password.
    pub guest: bool,
    /// What the player may do to others.
    pub role: Role,
    /// No sign-in before this time.
    pub suspended_until: Option<Timestamp>,
    /// When the player was erased, if so: nothing here names anybody any more, and nothing signs in.
    pub erased_at: Option<Timestamp>,
    /// When the player first came.
    pub created_at: Timestamp,
    /// Rises with every change.
    pub version: Version,
}

impl Player {
    /// Until when the player is suspended, if that is so at `now`.
    #[must_use]
    pub fn suspended_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.suspended_until.filter(|until| *until > now)
    }
}

/// Declares an enum whose variants have stored names, which are also their names on the wire.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name it is stored and sent under.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(UnknownName) }
            }
        }
    };
}

/// The text names none of the alternatives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such alternative")]
pub struct UnknownName;

named! {
    /// Who may see or do something.
    Visibility {
        /// Anybody who isn't blocked.
        #[default]
        Everyone = "everyone",
        /// Friends only.
        Friends = "friends",
        /// Nobody else.
        Nobody = "nobody",
    }
}

named! {
    /// What a player may do to others.
    Role {
        /// Nothing out of the ordinary.
        #[default]
        Player = "player",
        /// Handles reports and disputes.
        Moderator = "moderator",
        /// Everything.
        Admin = "admin",
    }
}

named! {
    /// Why a session was revoked.
    RevokeReason {
        /// Its player signed out.
        #[default]
        SignedOut = "signed_out",
        /// A refresh token was presented again after it had been used: somebody else has a copy.
        TokenReused = "token_reused",
        /// Its player is suspended.
        Suspended = "suspended",
        /// Its player ended it from another device.
        EndedElsewhere = "ended_elsewhere",
        /// Its player was erased.
        Erased = "erased",
    }
}

/// A player's privacy choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Privacy {
    /// Who may send friend requests.
    pub requests: Visibility,
    /// Who may invite to games and parties.
    pub invites: Visibility,
    /// Who sees whether one is there.
    pub presence: Visibility,
    /// Who sees past games.
    pub history: Visibility,
}

/// How long a session lives after it was last used.
pub const SESSION_LIFE: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// A signed-in device: the family of its refresh tokens, of which one is valid at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The family.
    pub id: SessionId,
    /// Whose.
    pub player_id: PlayerId,
    /// When the player signed in.
    pub created_at: Timestamp,
    /// When the player signed in or last refreshed.
    pub last_used_at: Timestamp,
    /// [`SESSION_LIFE`] after the last use.
    pub expires_at: Timestamp,
    /// The one refresh token that is valid.
    pub refresh_hash: SecretHash,
    /// When the last token was exchanged for the present one, if ever.
    pub rotated_at: Option<Timestamp>,
    /// When the family was revoked, if it was: nothing revives it.
    pub revoked_at: Option<Timestamp>,
    /// What the device called itself at sign-in, at most 200 characters.
    pub user_agent: Option<String>,
}

impl Session {
    /// Whether the session is neither revoked nor expired at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

/// A refresh token that was exchanged for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedToken {
    /// Its family.
    pub session_id: SessionId,
    /// When the exchange was decided.
    pub used_at: Timestamp,
    /// When its reply was about to be sent: nobody could know the new token before. `None` while that is still under way,
    /// or for ever when the replica that was at it died.
    pub answered_at: Option<Timestamp>,
}

/// What a WebSocket ticket opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WsTicket {
    /// Who may connect.
    pub player_id: PlayerId,
    /// Under which session.
    pub session_id: SessionId,
    /// Not after this time.
    pub expires_at: Timestamp,
}

/// A password hash in PHC string format. Its debug form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// A player with what proves a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub player: Player,
    /// What to check the password against.
    pub password: PasswordHash,
}

/// Failed sign-ins to one account in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many; 0 if there were none.
    pub count: u32,
    /// When the last one was; `None` if there were none.
    pub last_at: Option<Timestamp>,
}
