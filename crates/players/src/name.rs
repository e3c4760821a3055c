//! Names: handles, which are unique and typed to find somebody, and display names, which are neither.

use std::fmt;

use kernel::FieldError;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{is_combining_mark, is_public_assigned};

/// What a player signs in with and is found by: 3 to 24 of `a-z`, `0-9` and `_`, a letter first. Case is folded on input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle(String);

impl Handle {
    /// Folds case and checks the form.
    ///
    /// # Errors
    /// A [`FieldError`] for `/handle`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let folded = text.to_ascii_lowercase();
        if !(3..=24).contains(&folded.chars().count()) {
            return Err(FieldError::new("/handle", "length", "a handle has 3 to 24 characters"));
        }
        if !folded.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(FieldError::new("/handle", "first_character", "a handle begins with a letter from a to z"));
        }
        if !folded.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
            return Err(FieldError::new("/handle", "characters", "a handle is made of a to z, 0 to 9 and _"));
        }
        Ok(Self(folded))
    }

    /// Back from what was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The handle as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What must be unique: see [`HandleKey`].
    #[must_use]
    pub fn key(&self) -> HandleKey {
        let fold = |c| match c {
            '0' => 'o',
            '1' | 'l' => 'i',
            other => other,
        };
        HandleKey(self.0.chars().filter(|c| *c != '_').map(fold).collect())
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The skeleton of a handle: two handles that people confuse have the same one, and only one player may have it.
/// `0` counts as `o`, `1` and `l` count as `i`, and `_` doesn't count, so `al_1ce` is taken once there is an `alice`
/// (`aiice`), and so is `a1ice`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HandleKey(String);

impl HandleKey {
    /// Back from what was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What failed sign-ins are counted under: the key's SHA-256, in hexadecimal. What people type there needn't be a
    /// handle, and may be one that somebody who was erased had.
    #[must_use]
    pub fn digest(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What others see: 1 to 32 characters after NFKC, not unique.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Most characters, counted after NFKC.
    pub const MAX: usize = 32;

    /// Normalises (NFKC, no white space around) and checks.
    ///
    /// # Errors
    /// A [`FieldError`] for `/display_name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let refuse = |code, detail: &str| Err(FieldError::new("/display_name", code, detail));
        // Looked at before trimming, which would quietly drop a line break at the end.
        if text.chars().any(char::is_control) {
            return refuse("characters", "a display name has no control characters");
        }
        let name: String = text.nfkc().collect();
        let name = name.trim();
        if !(1..=Self::MAX).contains(&name.chars().count()) {
            return refuse("length", "a display name has 1 to 32 characters");
        }
        if !name.chars().all(|c| c == ' ' || is_visible(c)) || !variation_selectors_fit(name) {
            return refuse("characters", "a display name has no invisible characters and no direction overrides");
        }
        if marks_pile_up(name) {
            return refuse("combining_marks", "a display name has at most 3 combining marks in a row, and none first");
        }
        Ok(Self(name.to_owned()))
    }

    /// A friendly name for somebody who brought none, such as `Brave Otter 417`. Equal seeds give equal names.
    #[must_use]
    pub fn generated(seed: i64) -> Self {
        let mut rest = seed.unsigned_abs();
        let mut draw = |n: usize| {
            let n = n as u64;
            let drawn = rest % n;
            rest /= n;
            usize::try_from(drawn).unwrap_or(0)
        };
        let (adjective, animal) = (ADJECTIVES[draw(ADJECTIVES.len())], ANIMALS[draw(ANIMALS.len())]);
        Self(format!("{adjective} {animal} {}", 100 + draw(900)))
    }

    /// What an erased player goes by, such as `Player 7f3a9c`: from the id's random end, which says nothing of when the
    /// player came.
    #[must_use]
    pub fn pseudonym(id: kernel::PlayerId) -> Self {
        let id = id.to_string();
        Self(format!("Player {}", id.get(id.len().saturating_sub(6)..).unwrap_or_default()))
    }

    /// Back from what was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Handle> for DisplayName {
    /// Every handle is a valid display name.
    fn from(handle: &Handle) -> Self {
        Self(handle.as_str().to_owned())
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a character can be seen and stays where it is typed: assigned, no control, format or direction character, no
/// white space, no filler that draws nothing. Variation selectors pass here and are looked at in their place.
fn is_visible(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    // Private use has no agreed picture, and so can pass for anything.
    let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    !hidden && !private && !c.is_control() && !c.is_whitespace() && is_public_assigned(c)
}

/// U+FE0E and U+FE0F choose between the text and the emoji form of the character before; anywhere else they hide.
fn variation_selectors_fit(name: &str) -> bool {
    let selector = |c: char| matches!(c, '\u{fe0e}' | '\u{fe0f}');
    let mut before = ' ';
    name.chars().all(|c| {
        let fits = !selector(c) || (!before.is_ascii() && !selector(before) && !before.is_alphanumeric());
        before = c;
        fits
    })
}

/// Whether combining marks spill over the neighbourhood ("zalgo").
fn marks_pile_up(name: &str) -> bool {
    let mut row = 3;
    name.chars().any(|c| {
        row = if is_combining_mark(c) && c != '\u{fe0f}' && c != '\u{fe0e}' { row + 1 } else { 0 };
        row > 3
    })
}

/// Whether text for others to read (a bio, a status) may hold this character: emoji joiners yes, control characters and
/// direction overrides no.
pub(crate) fn is_readable(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
}

#[rustfmt::skip]
const ADJECTIVES: [&str; 40] = [
    "Agile", "Amber", "Bold", "Brave", "Bright", "Calm", "Cheerful", "Clever", "Cosmic", "Curious", "Daring", "Eager",
    "Fearless", "Gentle", "Golden", "Happy", "Jolly", "Keen", "Kind", "Lively", "Lucky", "Mellow", "Merry", "Mighty",
    "Nimble", "Noble", "Patient", "Playful", "Proud", "Quick", "Quiet", "Scarlet", "Silver", "Sly", "Snowy", "Sunny",
    "Swift", "Tidy", "Witty", "Zesty",
];

#[rustfmt::skip]
const ANIMALS: [&str; 40] = [
    "Badger", "Bear", "Beaver", "Bison", "Crane", "Dolphin", "Dragonfly", "Eagle", "Falcon", "Ferret", "Finch", "Fox",
    "Gecko", "Hare", "Hedgehog", "Heron", "Ibex", "Jackdaw", "Koala", "Lemur", "Lynx", "Magpie", "Marten", "Moose",
    "Narwhal", "Newt", "Ocelot", "Orca", "Otter", "Owl", "Panda", "Penguin", "Puffin", "Raven", "Robin", "Seal",
    "Sparrow", "Tiger", "Walrus", "Wombat",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_handle_is_folded_and_checked() {
        assert_eq!(Handle::parse("Alice_9").map(|h| h.to_string()), Ok("alice_9".to_owned()));
        for (text, code) in [
            ("ab", "length"),
            ("", "length"),
            ("a23456789012345678901234x", "length"),
            ("1abc", "first_character"),
            ("_abc", "first_character"),
            ("abc-d", "characters"),
            ("abc d", "characters"),
            ("àlice", "first_character"),
            ("alic\u{435}", "characters"),
            ("abc\0", "characters"),
            // U+212A KELVIN SIGN lowercases to k outside ASCII: it isn't folded, it is refused.
            ("bac\u{212a}", "characters"),
        ] {
            assert_eq!(Handle::parse(text).map_err(|e| e.code), Err(code), "{text:?}");
        }
    }

    #[test]
    fn handles_that_look_alike_share_a_key() {
        let key = |text| Handle::parse(text).map(|h| h.key()).expect("a valid handle");
        assert_eq!(key("alice"), key("a1ice"));
        assert_eq!(key("alice"), key("al_i_ce"));
        assert_eq!(key("b0b"), key("bob"));
        assert_ne!(key("alice"), key("alicia"));
    }

    #[test]
    fn a_display_name_is_normalised() {
        let parse = |text: &str| DisplayName::parse(text).map(|n| n.to_string()).map_err(|e| e.code);
        assert_eq!(parse("  Ａｌｉｃｅ "), Ok("Alice".to_owned()));
        assert_eq!(parse("Cafe\u{301}"), Ok("Café".to_owned()));
        assert_eq!(parse("a\u{a0}b"), Ok("a b".to_owned()));
        assert_eq!(parse("Ana ❤\u{fe0f}"), Ok("Ana ❤\u{fe0f}".to_owned()));
        assert_eq!(parse(&"x".repeat(32)), Ok("x".repeat(32)));
        for (text, code) in [
            ("", "length"),
            ("   ", "length"),
            (&*"x".repeat(33), "length"),
            // One ligature, eighteen letters after NFKC; two of them are too many.
            ("\u{fdfa}\u{fdfa}", "length"),
            ("a\0b", "characters"),
            ("a\nb", "characters"),
            ("ab\n", "characters"),
            ("a\u{200b}b", "characters"),
            ("a\u{200d}b", "characters"),
            ("\u{202e}evil", "characters"),
            ("a\u{2066}b", "characters"),
            ("a\u{feff}b", "characters"),
            ("a\u{ad}b", "characters"),
            ("\u{3164}", "characters"),
            ("a\u{2028}b", "characters"),
            ("a\u{e0041}", "characters"),
            ("a\u{378}", "characters"),
            ("a\u{e000}", "characters"),
            ("a\u{fe0f}", "characters"),
            ("\u{301}a", "combining_marks"),
            ("Z\u{316}\u{317}\u{318}\u{319}", "combining_marks"),
        ] {
            assert_eq!(parse(text), Err(code), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_twice_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(name) = DisplayName::parse(&text) {
                prop_assert_eq!(DisplayName::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn whatever_passes_is_short_and_clean(text in any::<String>()) {
            if let Ok(name) = DisplayName::parse(&text) {
                let count = name.as_str().chars().count();
                prop_assert!((1..=32).contains(&count));
                prop_assert!(!name.as_str().chars().any(char::is_control));
            }
        }

        #[test]
        fn generated_names_are_valid(seed in any::<i64>()) {
            let name = DisplayName::generated(seed);
            prop_assert_eq!(DisplayName::parse(name.as_str()), Ok(name));
        }

        #[test]
        fn case_and_underscores_never_make_a_second_handle(text in "[a-z][a-z0-9]{2,11}", at in 1_usize..12) {
            let plain = Handle::parse(&text).expect("valid by construction");
            let mut other = text.to_ascii_uppercase();
            other.insert(at.min(other.len()), '_');
            let other = Handle::parse(&other).expect("valid by construction");
            prop_assert_eq!(plain.key(), other.key());
            prop_assert_eq!(DisplayName::parse(other.as_str()), Ok(DisplayName::from(&other)));
        }
    }
}
