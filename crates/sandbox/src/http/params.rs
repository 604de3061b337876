//! The parameters of a request, from query, form or JSON.

use serde_json::Value;

#[derive(Clone, Default)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn from_form(text: &[u8]) -> Params {
        Params(url::form_urlencoded::parse(text).into_owned().collect())
    }

    pub(crate) fn from_json(text: &[u8]) -> Params {
        let Ok(Value::Object(object)) = serde_json::from_slice(text) else {
            return Params::default();
        };
        let plain = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Params(object.into_iter().map(|(key, value)| (key, plain(value))).collect())
    }
}
