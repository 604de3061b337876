//! Lenient parsing of Meta's JSON: ids are strings or numbers, lists may be absent, numbers may be strings.
//! No value makes it panic.

use serde_json::Value;

/// Longest text that is kept: a cursor may be long, and names are shortened elsewhere.
const MAX_TEXT_CHARS: usize = 2_000;

/// Parses a response. A lone surrogate (`\ud83d` without its second half), which Meta sends where it cuts a
/// name in the middle of an emoji, becomes the replacement character, so that the rest can be parsed.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| serde_json::from_slice(&replace_lone_surrogates(body)).ok())
}

fn replace_lone_surrogates(body: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut fixed = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let (length, is_lone) = match (body[at], unit(at)) {
            (_, Some(0xD800..=0xDBFF)) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => (12, false),
            (_, Some(0xD800..=0xDFFF)) => (6, true),
            // An escaped backslash: the next character starts no escape.
            (b'\\', _) => (2, false),
            _ => (1, false),
        };
        let end = (at + length).min(body.len());
        fixed.extend_from_slice(if is_lone { b"\\ufffd" } else { &body[at..end] });
        at = end;
    }
    fixed
}

/// An id or other short text, also if sent as a number. Control characters are removed: no name needs them,
/// and PostgreSQL refuses NUL.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(without_control_characters(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number, also if sent as text or as a float without a fraction.
pub(crate) fn whole(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Beyond 2^53 a float does not represent every whole number.
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of strings, or one string of words separated by commas or blanks.
pub(crate) fn words(value: &Value, key: &str) -> Vec<String> {
    match value.get(key) {
        Some(Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).map(without_control_characters).collect()
        }
        Some(Value::String(text)) => {
            text.split([',', ' ']).filter(|word| !word.is_empty()).map(without_control_characters).collect()
        }
        _ => Vec::new(),
    }
}

fn without_control_characters(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_surrogate_is_replaced() {
        let name = |body: &str| parse(body.as_bytes()).and_then(|value| text(&value, "name"));
        assert_eq!(name(r#"{"name":"a\ud83d"}"#).as_deref(), Some("a\u{fffd}"));
        assert_eq!(name(r#"{"name":"\ude00b\ud83d\ude00"}"#).as_deref(), Some("\u{fffd}b\u{1f600}"));
        assert_eq!(name(r#"{"name":"\\ud83d"}"#).as_deref(), Some("\\ud83d"));
        assert_eq!(name(r#"{"name":"\ud83d\u0000\u202e!"}"#).as_deref(), Some("\u{fffd}\u{202e}!"));
        assert_eq!(name(r#"{"name":"\ud8"#), None);
    }
}
