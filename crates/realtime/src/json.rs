use std::fmt;

use bytestring::ByteString;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A JSON document as text, known to be well formed: replies and problems are written once and copied into frames.
#[derive(Clone, PartialEq, Eq)]
pub struct Json(ByteString);

impl Json {
    /// Writes a value.
    ///
    /// # Errors
    /// What its `Serialize` answers, such as for a map whose keys aren't strings.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self(text.into()))
    }

    /// Writes a JSON value, which can't fail.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// Takes text that was written elsewhere, such as a stored reply; it is checked, not changed.
    ///
    /// # Errors
    /// If the text isn't one JSON document.
    pub fn from_text(text: impl Into<ByteString>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<IgnoredAny>(&text)?;
        Ok(Self(text))
    }

    /// `{}`.
    #[must_use]
    pub fn empty_object() -> Self {
        Self(ByteString::from_static("{}"))
    }

    /// Text that this crate put together from well-formed pieces.
    pub(crate) fn assembled(text: String) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same object with one more member at its end; anything but an object stays as it is.
    pub(crate) fn with_member(&self, name: &str, value: &str) -> Self {
        let Some(inside) = self.0.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return self.clone();
        };
        let comma = if inside.trim().is_empty() { "" } else { "," };
        Self(format!("{{{inside}{comma}\"{name}\":{value}}}").into())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn quote(out: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_a_member_to_objects_only() {
        let json = |text: &'static str| Json::from_text(text).expect("is JSON");
        assert_eq!(json("{}").with_member("a", "1").as_str(), r#"{"a":1}"#);
        assert_eq!(json(r#" {"b":[{}]} "#).with_member("a", "1").as_str(), r#"{"b":[{}],"a":1}"#);
        assert_eq!(json("[1]").with_member("a", "1").as_str(), "[1]");
    }

    #[test]
    fn refuses_text_that_is_not_one_document() {
        assert!(Json::from_text("{} {}").is_err());
        assert!(Json::from_text("{\"a\":").is_err());
    }

    #[test]
    fn quotes_like_serde() {
        for text in ["plain", "with \"quotes\"", "back\\slash", "line\nbreak", "ünï", ""] {
            let mut out = String::new();
            quote(&mut out, text);
            assert_eq!(out, serde_json::to_string(text).expect("a string is JSON"));
        }
    }
}
