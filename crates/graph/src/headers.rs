//! Response headers, of an HTTP response or of an item inside a batch response.

use serde_json::Value;

/// Longest header value kept from a batch item.
const MAX_VALUE_CHARS: usize = 8_000;

/// Names are in lower case.
#[derive(Debug, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub fn from_http(headers: &reqwest::header::HeaderMap) -> Headers {
        let text =
            |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Headers(headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect())
    }

    /// Batch items carry `[{"name", "value"}]`; an object is accepted as well.
    pub fn from_json(value: Option<&Value>) -> Headers {
        let bounded = |text: &str| text.chars().take(MAX_VALUE_CHARS).collect::<String>();
        let pairs = match value {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| {
                    Some((
                        item.get("name")?.as_str()?.to_ascii_lowercase(),
                        bounded(item.get("value")?.as_str()?),
                    ))
                })
                .collect(),
            Some(Value::Object(map)) => map
                .iter()
                .filter_map(|(name, value)| Some((name.to_ascii_lowercase(), bounded(value.as_str()?))))
                .collect(),
            _ => Vec::new(),
        };
        Headers(pairs)
    }

    /// `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The value of a header that holds JSON.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?).ok()
    }
}
