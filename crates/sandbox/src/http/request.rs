//! A parsed request: version, path, and the parameters from query and form.

use axum::http::{HeaderMap, Method};

use super::params::Params;
use super::sent::{Sent, UploadedFile};

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
    /// From a multipart body.
    pub(crate) files: Vec<UploadedFile>,
    pub(crate) in_batch: bool,
    /// Injected fault: an exchange returns the token it was sent.
    pub(crate) returns_same_token: bool,
    pub(crate) if_none_match: Option<String>,
    /// `http://host` as the client addressed us; used for links in responses.
    pub(crate) base: String,
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
            files: Vec::new(),
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
        sent: Sent,
        base: &str,
    ) -> Request {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let base = header("host").map_or_else(|| base.to_owned(), |host| format!("http://{host}"));
        let mut request = Request::new(method.as_str(), target, &base);
        request.params.0.extend(sent.params.0);
        request.files = sent.files;
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
