//! A parsed request: version, path, and the parameters from query and form.

use axum::http::{HeaderMap, Method};
use serde_json::Value;

/// One call, from the socket or from inside a batch.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// As requested, version included.
    pub(crate) path: String,
    /// The path segments after the version.
    pub(crate) segments: Vec<String>,
    /// The version in the path; empty if there is none.
    pub(crate) requested_version: String,
    /// The version that serves the call.
    pub(crate) version: String,
    pub(crate) marketing_version: MarketingVersion,
    pub(crate) params: Params,
    pub(crate) in_batch: bool,
    /// Injected fault: an exchange returns the token it was sent.
    pub(crate) returns_same_token: bool,
    pub(crate) if_none_match: Option<String>,
    /// `http://host` as the client addressed us; used for links in responses.
    pub(crate) base: String,
}

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

impl Request {
    /// `version` is the requested one until `versions::resolve` decides which version serves the call.
    pub(crate) fn new(method: &str, target: &str, base: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let requested_version = match segments.first() {
            Some(first) if is_version(first) => segments.remove(0),
            _ => String::new(),
        };
        Request {
            method: method.to_uppercase(),
            path: path.to_owned(),
            segments,
            version: requested_version.clone(),
            requested_version,
            marketing_version: MarketingVersion::default(),
            params: Params::from_form(query.as_bytes()),
            in_batch: false,
            returns_same_token: false,
            if_none_match: None,
            base: base.to_owned(),
        }
    }

    pub(crate) fn from_http(
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        body: &[u8],
        base: &str,
    ) -> Request {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let base = header("host").map_or_else(|| base.to_owned(), |host| format!("http://{host}"));
        let mut request = Request::new(method.as_str(), target, &base);
        let is_json = header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let sent = if is_json { Params::from_json(body) } else { Params::from_form(body) };
        request.params.0.extend(sent.0);
        if request.params.get("access_token").is_none()
            && let Some(token) = header("authorization").and_then(|value| value.strip_prefix("Bearer "))
        {
            request.params.0.push(("access_token".to_owned(), token.to_owned()));
        }
        request.if_none_match = header("if-none-match").map(str::to_owned);
        request.apply_method_override();
        request
    }

    /// `POST …?method=delete` is a DELETE.
    pub(crate) fn apply_method_override(&mut self) {
        if self.method == "POST"
            && let Some(method) = self.params.get("method")
        {
            self.method = method.to_uppercase();
        }
    }

    pub(crate) fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }
}

fn decode(segment: &str) -> String {
    // In a path, a plus sign is a plus sign.
    let text = format!("x={}", segment.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned());
    decoded.unwrap_or_default()
}

fn is_version(segment: &str) -> bool {
    let Some((major, minor)) = segment.strip_prefix('v').and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    !major.is_empty() && [major, minor].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How a call to the Marketing API is served, given the version it requested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum MarketingVersion {
    #[default]
    AsRequested,
    /// Served by a newer version; the text of the warning header.
    Upgraded(String),
    Retired,
}
