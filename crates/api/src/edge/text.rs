/// Whether JSON text holds a NUL or another control character (but tab, line feed, carriage return) in any string. Raw
/// ones are syntax errors anyway, so only escapes count; most bodies have none and cost one scan.
pub(super) fn has_control_character(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        match rest.get(at + 1) {
            Some(b'b' | b'f') => return true,
            Some(b'u') => {
                let digits = rest.get(at + 2..at + 6).and_then(|hex| std::str::from_utf8(hex).ok());
                let point = digits.and_then(|hex| u32::from_str_radix(hex, 16).ok());
                if point.is_some_and(|point| point < 0x20 && ![0x09, 0x0a, 0x0d].contains(&point)) {
                    return true;
                }
            }
            _ => {}
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_escaped_controls_and_nothing_else() {
        for bad in [r#"{"a":"\u0000"}"#, r#"{"a":"x\u001b[0m"}"#, r#"{"a":"\b"}"#, r#"["\\\u0001"]"#] {
            assert!(has_control_character(bad.as_bytes()), "{bad}");
        }
        for good in [r#"{"a":"\n\t\r\u000a"}"#, r#"{"a":"\\u0000"}"#, r#"{"a":"\u00e9"}"#, r#""\"#, "", r#"{"a":"\u00"#]
        {
            assert!(!has_control_character(good.as_bytes()), "{good}");
        }
    }
}
