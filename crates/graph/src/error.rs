//! What can go wrong at Meta. What it means and what helps stands in [`crate::meaning`].

use std::fmt;

use serde_json::Value;

use crate::json;
use crate::meaning::{Budget, Recovery};
use crate::usage::Usage;

/// A call that brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// No complete answer within the deadline. What was asked may have happened.
    #[error("Meta did not answer {endpoint} in time")]
    Timeout { endpoint: &'static str },
    /// No connection, or it broke. What was asked may have happened.
    #[error("Meta could not be reached for {endpoint}")]
    Unreachable { endpoint: &'static str, source: reqwest::Error },
    /// An answer that is not what Meta documents: no JSON, a redirect, too long, a missing field.
    #[error("Meta's answer to {endpoint} (HTTP {status}) made no sense: {reason}")]
    Malformed { endpoint: &'static str, status: u16, reason: &'static str },
    /// Meta answered with an error of its own.
    #[error("Meta refused {}: {}", .0.endpoint, .0)]
    Refused(Box<Refusal>),
    /// Not sent: an allowance is used up until this moment (milliseconds since the epoch), and calls
    /// made before would prolong the block.
    #[error("{endpoint} waits: Meta's limits ({budget}) are used up")]
    HeldOff { endpoint: &'static str, budget: String, until: i64 },
}

/// Meta's error envelope. Its text is kept for the log only, with whatever looks like a token cut out.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub endpoint: &'static str,
    pub status: u16,
    pub code: Option<i64>,
    pub subcode: Option<i64>,
    pub kind: Option<String>,
    pub message: String,
    /// What Meta said about it; `false` does not mean that it never passes.
    pub is_transient: Option<bool>,
    pub fbtrace_id: Option<String>,
    /// The third word of `WWW-Authenticate`: `invalid_token`, `invalid_code`, `invalid_request` and others.
    pub challenge: Option<String>,
    /// What the answer's headers told about the limits.
    pub usage: Usage,
}

impl fmt::Display for Refusal {
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

impl GraphError {
    /// What the caller can do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            GraphError::Timeout { .. } | GraphError::Unreachable { .. } => Recovery::RetryLater,
            // A proxy's HTML page or a cut body: an outage by another name.
            GraphError::Malformed { .. } => Recovery::RetryLater,
            GraphError::Refused(refusal) => refusal.recovery(),
            GraphError::HeldOff { .. } => Recovery::Wait(Budget::App),
        }
    }

    /// Until when no call should be made (milliseconds since the epoch), where Meta or our own books say so.
    pub fn retry_at(&self, now: i64) -> Option<i64> {
        match self {
            GraphError::HeldOff { until, .. } => Some(*until),
            GraphError::Refused(refusal) => match refusal.recovery() {
                Recovery::Wait(budget) => Some(now + refusal.usage.pause_ms(budget)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Meta's trace id, for the history and a support request.
    pub fn fbtrace_id(&self) -> Option<&str> {
        match self {
            GraphError::Refused(refusal) => refusal.fbtrace_id.as_deref(),
            _ => None,
        }
    }
}

impl Refusal {
    /// Reads the envelope out of a body, if it holds one. A 200 can hold one too. Beside Graph's own there
    /// are the old REST form (`error_code`, `error_msg`), Instagram's flat one and its `meta`.
    pub(crate) fn read(endpoint: &'static str, status: u16, body: &Value) -> Option<Refusal> {
        let error = match body.get("error").filter(|error| !error.is_null()) {
            Some(error) => error,
            None => return Refusal::read_other(endpoint, status, body),
        };
        let message = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
        let message = message.unwrap_or_default();
        let subcode = json::whole(error, "error_subcode").or_else(|| json::whole(error, "subcode"));
        Some(Refusal {
            code: json::whole(error, "code").or_else(|| number_in(message)),
            subcode,
            kind: json::text(error, "type").filter(|kind| kind.len() <= 40),
            is_transient: error.get("is_transient").and_then(Value::as_bool),
            fbtrace_id: json::text(error, "fbtrace_id").filter(|trace| is_trace_id(trace)),
            ..Refusal::said(endpoint, status, message)
        })
    }

    fn read_other(endpoint: &'static str, status: u16, body: &Value) -> Option<Refusal> {
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        if body.get("error_code").is_some() || body.get("error_msg").is_some() {
            let code = json::whole(body, "error_code");
            return Some(Refusal { code, ..Refusal::said(endpoint, status, &text(body, "error_msg")) });
        }
        // Instagram's: `code` repeats the HTTP status there and is no Graph code.
        let flat = body.get("meta").unwrap_or(body);
        let kind = json::text(flat, "error_type")?;
        let is_token = kind == "OAuthAccessTokenException";
        let challenge = is_token.then(|| "invalid_token".to_owned());
        let kind = Some(kind).filter(|kind| kind.len() <= 40);
        Some(Refusal { kind, challenge, ..Refusal::said(endpoint, status, &text(flat, "error_message")) })
    }

    fn said(endpoint: &'static str, status: u16, message: &str) -> Refusal {
        Refusal {
            endpoint,
            status,
            code: None,
            subcode: None,
            kind: None,
            message: redact(message),
            is_transient: None,
            fbtrace_id: None,
            challenge: None,
            usage: Usage::default(),
        }
    }

    /// Adds what the headers told.
    pub(crate) fn with_headers(mut self, headers: &crate::usage::Headers) -> Refusal {
        self.usage = Usage::read(headers);
        let challenge = headers.get("www-authenticate").and_then(challenge);
        self.challenge = challenge.or(self.challenge);
        self
    }
}

/// "(#341) Feed action request limit reached": the number stands in the text where the key is missing.
fn number_in(message: &str) -> Option<i64> {
    let rest = message.strip_prefix("(#")?;
    rest.split_once(')')?.0.parse().ok()
}

/// `OAuth "Facebook Platform" "invalid_token" "…"`: the second quoted word. Not parsable by the RFC's
/// grammar, since the text repeats quotation marks as they are.
fn challenge(header: &str) -> Option<String> {
    let word = header.split('"').nth(3)?;
    let fits =
        (1..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    fits.then(|| word.to_owned())
}

/// Meta's trace ids are short; whatever else stands there is not repeated anywhere.
fn is_trace_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/+=".contains(&byte);
    text.len() <= 40 && text.bytes().all(is_letter)
}

/// Cuts out every run of 20 or more letters, digits and `|_-`: Meta repeats tokens in its messages. The
/// names of permissions, small letters and `_` alone, stay.
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

/// The endpoint that gives a token for a code of Instagram Login's dialog.
pub(crate) const INSTAGRAM_CODE: &str = "instagram oauth/access_token";
/// The account behind a token of Instagram Login.
pub(crate) const INSTAGRAM_ME: &str = "instagram me";
/// Ends a person's whole grant, and one token of a system user.
pub(crate) const REVOKE_GRANT: &str = "permissions (revoke)";
pub(crate) const REVOKE_TOKEN: &str = "oauth/revoke";

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
