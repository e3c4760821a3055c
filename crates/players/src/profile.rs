//! What players say of themselves, and the rules for it.

use kernel::FieldError;

use crate::name::is_readable;
use crate::{DisplayName, Player, Visibility};

/// Wanted changes of a profile, as they came in. In the outer option `None` leaves a field alone; in the inner one
/// `None` (or blank text) clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// See [`DisplayName::parse`]; can't be cleared.
    pub display_name: Option<String>,
    /// `https` only, at most 512 characters.
    pub avatar_url: Option<Option<String>>,
    /// At most 500 characters.
    pub bio: Option<Option<String>>,
    /// At most 80 characters.
    pub status_text: Option<Option<String>>,
    /// A language tag (BCP 47), at most 35 characters.
    pub locale: Option<Option<String>>,
    /// A time zone's IANA name, at most 64 characters.
    pub time_zone: Option<Option<String>>,
    /// Privacy choices to change.
    pub privacy: PrivacyPatch,
}

/// Wanted changes of privacy choices; `None` leaves one alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrivacyPatch {
    /// Who may send friend requests.
    pub requests: Option<Visibility>,
    /// Who may invite to games and parties.
    pub invites: Option<Visibility>,
    /// Who sees whether one is there.
    pub presence: Option<Visibility>,
    /// Who sees past games.
    pub history: Option<Visibility>,
}

impl ProfilePatch {
    /// Puts the changes on a player, whose version stays.
    ///
    /// # Errors
    /// Every field that is against its rule, each with its pointer; the player is as it was then.
    pub fn apply(&self, player: &Player) -> Result<Player, Vec<FieldError>> {
        let mut after = player.clone();
        let mut errors = Vec::new();
        match self.display_name.as_deref().map(DisplayName::parse) {
            Some(Ok(name)) => after.display_name = name,
            Some(Err(error)) => errors.push(error),
            None => {}
        }
        let fields = [
            (&self.avatar_url, &mut after.avatar_url, check_avatar as Check),
            (&self.bio, &mut after.bio, check_bio),
            (&self.status_text, &mut after.status_text, check_status),
            (&self.locale, &mut after.locale, check_locale),
            (&self.time_zone, &mut after.time_zone, check_time_zone),
        ];
        for (wanted, field, check) in fields {
            let Some(wanted) = wanted else { continue };
            // Checked as typed: trimming would quietly drop a line break at the end.
            match wanted.as_deref().map_or(Ok(()), check) {
                Ok(()) => *field = wanted.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned),
                Err(error) => errors.push(error),
            }
        }
        let (privacy, wanted) = (&mut after.privacy, self.privacy);
        privacy.requests = wanted.requests.unwrap_or(privacy.requests);
        privacy.invites = wanted.invites.unwrap_or(privacy.invites);
        privacy.presence = wanted.presence.unwrap_or(privacy.presence);
        privacy.history = wanted.history.unwrap_or(privacy.history);
        if errors.is_empty() { Ok(after) } else { Err(errors) }
    }
}

type Check = fn(&str) -> Result<(), FieldError>;

fn check_text(text: &str, pointer: &str, most: usize) -> Result<(), FieldError> {
    if text.chars().count() > most {
        return Err(FieldError::new(pointer, "length", format!("at most {most} characters")));
    }
    if !text.chars().all(is_readable) {
        return Err(FieldError::new(pointer, "characters", "no control characters and no direction overrides"));
    }
    Ok(())
}

fn check_bio(text: &str) -> Result<(), FieldError> {
    check_text(text, "/bio", 500)
}

fn check_status(text: &str) -> Result<(), FieldError> {
    check_text(text, "/status_text", 80)
}

fn check_avatar(text: &str) -> Result<(), FieldError> {
    check_text(text, "/avatar_url", 512)?;
    let text = text.trim();
    let host = text
        .split_at_checked(8)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https://"))
        .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    // Printable ASCII without what would need escaping in a page; no credentials before the host.
    let clean = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\'));
    let host_fits = host.is_some_and(|host| !host.is_empty() && !host.starts_with(':') && !host.contains('@'));
    if text.is_empty() || (clean && host_fits) {
        return Ok(());
    }
    Err(FieldError::new("/avatar_url", "form", "an address that begins with https:// and a host"))
}

fn check_locale(text: &str) -> Result<(), FieldError> {
    let mut parts = text.split('-');
    let language =
        parts.next().is_some_and(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic()));
    let rest = parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if text.is_empty() || (language && rest && text.len() <= 35) {
        return Ok(());
    }
    Err(FieldError::new("/locale", "form", "a language tag such as en or pt-BR, at most 35 characters"))
}

fn check_time_zone(text: &str) -> Result<(), FieldError> {
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphabetic())
            && p.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
    };
    if text.is_empty() || (text.len() <= 64 && text.split('/').count() <= 3 && text.split('/').all(part)) {
        return Ok(());
    }
    Err(FieldError::new("/time_zone", "form", "a time zone such as Europe/Lisbon or UTC, at most 64 characters"))
}

#[cfg(test)]
mod tests {
    use kernel::{IdSource as _, PlayerId, SeededIds, Timestamp};

    use super::*;
    use crate::decide;

    fn somebody() -> Player {
        let at = Timestamp::from_millis(1);
        decide::new_player(PlayerId::new(SeededIds::new(1).uuid(at)), DisplayName::generated(1), at)
    }

    fn set(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    #[test]
    fn every_bad_field_is_listed() {
        let patch = ProfilePatch {
            display_name: Some("\0".into()),
            avatar_url: set("http://example.org/a.png"),
            bio: set(&"x".repeat(501)),
            status_text: set("a\u{202e}b"),
            locale: set("english!"),
            time_zone: set("../etc/passwd"),
            ..ProfilePatch::default()
        };
        let errors = patch.apply(&somebody()).expect_err("nothing in it is right");
        let pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/display_name", "/avatar_url", "/bio", "/status_text", "/locale", "/time_zone"]);
    }

    #[test]
    fn good_fields_are_taken_and_the_others_left() {
        let before = ProfilePatch { bio: set("Hello."), ..ProfilePatch::default() }.apply(&somebody()).expect("valid");
        let patch = ProfilePatch {
            avatar_url: set("https://example.org/a.png?s=64"),
            locale: set("pt-BR"),
            time_zone: set("America/Argentina/Buenos_Aires"),
            status_text: set(" up for a game 👩\u{200d}🚀 "),
            privacy: PrivacyPatch { history: Some(Visibility::Nobody), ..PrivacyPatch::default() },
            ..ProfilePatch::default()
        };
        let after = patch.apply(&before).expect("valid");
        assert_eq!(after.bio.as_deref(), Some("Hello."));
        assert_eq!(after.status_text.as_deref(), Some("up for a game 👩\u{200d}🚀"));
        assert_eq!(after.locale.as_deref(), Some("pt-BR"));
        assert_eq!((after.privacy.history, after.privacy.invites), (Visibility::Nobody, Visibility::Everyone));
        for cleared in [Some(None), set(""), set("  ")] {
            let after = ProfilePatch { bio: cleared, ..ProfilePatch::default() }.apply(&after).expect("valid");
            assert_eq!((after.bio, after.locale.as_deref()), (None, Some("pt-BR")));
        }
    }

    #[test]
    fn fields_have_their_forms() {
        for (check, good, bad) in [
            (
                check_avatar as Check,
                &["https://a.example/b", "HTTPS://a.example", ""][..],
                &[
                    "https://",
                    "https://:443/",
                    "https://me@a.example/",
                    "javascript:alert(1)",
                    "https://a.example/\"",
                    "https://a b",
                    "ＨＴＴＰＳ",
                ][..],
            ),
            (
                check_locale,
                &["en", "zh-Hant-TW", "de-DE-1996", ""][..],
                &["e", "en-", "en_US", "-en", "1n", "abcdefghi"][..],
            ),
            (
                check_time_zone,
                &["UTC", "Europe/Lisbon", "Etc/GMT+1", ""][..],
                &["Europe/", "/x", "a/b/c/d", "Europe Lisbon", "+1"][..],
            ),
            (check_bio, &["Ünïcødé 👋🏽", ""][..], &["line\nbreak", "nul\0"][..]),
        ] {
            for text in good {
                assert_eq!(check(text), Ok(()), "{text:?}");
            }
            for text in bad {
                assert!(check(text).is_err(), "{text:?}");
            }
        }
    }
}
