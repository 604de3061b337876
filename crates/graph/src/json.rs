//! Lenient reading of Meta's JSON: ids come as strings or numbers, lists may be absent, numbers may
//! be text. Nothing here panics on any value.

use serde_json::Value;

/// Longest text that is taken from Meta: a cursor may be long, a name is cut later.
const TEXT_LIMIT: usize = 2_000;

/// Parses an answer. Half of a surrogate pair (`\ud83d` alone), which Meta sends where it cuts a name
/// in the middle of an emoji, becomes the replacement character instead of spoiling the whole list.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok().or_else(|| serde_json::from_slice(&mend_surrogates(body)).ok())
}

fn mend_surrogates(body: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let (taken, is_lone) = match (body[at], unit(at)) {
            (_, Some(0xD800..=0xDBFF)) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => (12, false),
            (_, Some(0xD800..=0xDFFF)) => (6, true),
            // An escaped backslash: what follows it is not an escape.
            (b'\\', _) => (2, false),
            _ => (1, false),
        };
        let end = (at + taken).min(body.len());
        mended.extend_from_slice(if is_lone { b"\\ufffd" } else { &body[at..end] });
        at = end;
    }
    mended
}

/// An id or other short text that may have been sent as a number. Control characters are left out:
/// no name needs them, and PostgreSQL refuses NUL.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) if !text.is_empty() => Some(plain(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number that may have been sent as text or as a float without a fraction.
pub(crate) fn whole(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            // Beyond 2^53 a float no longer names one whole number.
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of texts, or one text of comma-separated words.
pub(crate) fn words(value: &Value, key: &str) -> Vec<String> {
    match value.get(key) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(plain).collect(),
        Some(Value::String(text)) => {
            text.split([',', ' ']).filter(|word| !word.is_empty()).map(plain).collect()
        }
        _ => Vec::new(),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(TEXT_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_emoji_does_not_spoil_a_list() {
        let name = |body: &str| parse(body.as_bytes()).and_then(|value| text(&value, "name"));
        assert_eq!(name(r#"{"name":"a\ud83d"}"#).as_deref(), Some("a\u{fffd}"));
        assert_eq!(name(r#"{"name":"\ude00b\ud83d\ude00"}"#).as_deref(), Some("\u{fffd}b\u{1f600}"));
        assert_eq!(name(r#"{"name":"\\ud83d"}"#).as_deref(), Some("\\ud83d"));
        assert_eq!(name(r#"{"name":"\ud83d\u0000\u202e!"}"#).as_deref(), Some("\u{fffd}\u{202e}!"));
        assert_eq!(name(r#"{"name":"\ud8"#), None);
    }
}
