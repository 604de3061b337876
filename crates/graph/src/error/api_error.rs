//! Meta's error object in its four forms: Graph's, the old REST form, and Instagram's two. This file only
//! reads it; what an error means is decided in `classify`.

use std::fmt;

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::headers::Headers;
use crate::json;
use crate::usage::Usage;

/// Longest `type` that is kept.
const MAX_TYPE_BYTES: usize = 40;

/// Meta's error object. The message is kept for the log only, with everything that looks like a token
/// removed.
#[derive(Debug, Clone)]
pub struct ApiError {
    pub endpoint: Endpoint,
    pub status: u16,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    /// Meta's `type`.
    pub error_type: Option<String>,
    pub message: String,
    /// As Meta sent it; `false` does not mean that the error is permanent.
    pub is_transient: Option<bool>,
    pub fbtrace_id: Option<String>,
    /// The error word of `WWW-Authenticate`: `invalid_token`, `invalid_code`, `invalid_request` and others.
    pub challenge: Option<String>,
    /// What the response headers report about rate limits.
    pub usage: Usage,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}, code {}", self.status, self.code.map_or("none".into(), |code| code.to_string()))?;
        if let Some(subcode) = self.subcode {
            write!(f, "/{subcode}")?;
        }
        match &self.fbtrace_id {
            Some(trace) => write!(f, ", fbtrace_id {trace}"),
            None => Ok(()),
        }
    }
}

impl ApiError {
    /// Returns the error object of a body, if it has one; a 200 can have one too. Besides Graph's own form
    /// there are the old REST form (`error_code`, `error_msg`), Instagram's flat one and its `meta`.
    pub(crate) fn parse(endpoint: Endpoint, status: u16, body: &Value) -> Option<ApiError> {
        let error = match body.get("error").filter(|error| !error.is_null()) {
            Some(error) => error,
            None => return ApiError::parse_other_forms(endpoint, status, body),
        };
        let message = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
        let message = message.unwrap_or_default();
        let subcode = json::whole(error, "error_subcode").or_else(|| json::whole(error, "subcode"));
        Some(ApiError {
            code: json::whole(error, "code").or_else(|| code_in_message(message)),
            subcode,
            error_type: json::text(error, "type").filter(|text| text.len() <= MAX_TYPE_BYTES),
            is_transient: error.get("is_transient").and_then(Value::as_bool),
            fbtrace_id: json::text(error, "fbtrace_id").filter(|trace| is_trace_id(trace)),
            ..ApiError::with_message(endpoint, status, message)
        })
    }

    fn parse_other_forms(endpoint: Endpoint, status: u16, body: &Value) -> Option<ApiError> {
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if body.get("error_code").is_some() || body.get("error_msg").is_some() {
            let code = json::whole(body, "error_code");
            return Some(ApiError {
                code,
                ..ApiError::with_message(endpoint, status, &text(body, "error_msg"))
            });
        }
        // Instagram's forms: there `code` repeats the HTTP status and is no Graph code.
        let flat = body.get("meta").unwrap_or(body);
        let error_type = json::text(flat, "error_type")?;
        let is_token = error_type == "OAuthAccessTokenException";
        let challenge = is_token.then(|| "invalid_token".to_owned());
        let error_type = Some(error_type).filter(|text| text.len() <= MAX_TYPE_BYTES);
        Some(ApiError {
            error_type,
            challenge,
            ..ApiError::with_message(endpoint, status, &text(flat, "error_message"))
        })
    }

    fn with_message(endpoint: Endpoint, status: u16, message: &str) -> ApiError {
        ApiError {
            endpoint,
            status,
            code: None,
            subcode: None,
            error_type: None,
            message: redact(message),
            is_transient: None,
            fbtrace_id: None,
            challenge: None,
            usage: Usage::default(),
        }
    }

    /// Adds what the response headers report.
    pub(crate) fn with_headers(mut self, headers: &Headers) -> ApiError {
        self.usage = Usage::from_headers(headers);
        let challenge = headers.get("www-authenticate").and_then(challenge);
        self.challenge = challenge.or(self.challenge);
        self
    }
}

/// "(#341) Feed action request limit reached": the code is in the message where the key is missing.
fn code_in_message(message: &str) -> Option<i64> {
    let rest = message.strip_prefix("(#")?;
    rest.split_once(')')?.0.parse().ok()
}

/// `OAuth "Facebook Platform" "invalid_token" "…"`: the second quoted word. The RFC's grammar cannot parse
/// it, since Meta does not escape quotation marks inside the text.
fn challenge(header: &str) -> Option<String> {
    let word = header.split('"').nth(3)?;
    let fits =
        (1..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    fits.then(|| word.to_owned())
}

/// Meta's trace ids are short; anything else is dropped and shown nowhere.
fn is_trace_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/+=".contains(&byte);
    text.len() <= 40 && text.bytes().all(is_letter)
}

/// Removes every run of 20 or more letters, digits and `|_-`, since Meta repeats tokens in its messages.
/// Names of permissions (lower-case letters and `_` only) stay.
fn redact(message: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    for character in message.chars().take(500).chain(['\n']) {
        if character.is_ascii_alphanumeric() || "|_-".contains(character) {
            run.push(character);
            continue;
        }
        let is_name = run.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        shown.push_str(if run.len() < 20 || (is_name && run.len() < 60) { &run } else { "[cut]" });
        run.clear();
        shown.push(if character.is_control() { ' ' } else { character });
    }
    shown.trim_end().to_owned()
}

#[cfg(test)]
#[path = "api_error_tests.rs"]
mod tests;
