//! What can go wrong at Meta, and what to do about it.
//!
//! Judged by `error.code` and `error_subcode` alone: the HTTP status and `type` mislead (a rate
//! limit arrives as 403, an outage as OAuthException), and the message is localized.
//! Source: Graph API "Error handling", and the recorded answers in the tests.

use std::fmt;

use serde_json::Value;

use crate::json;

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
    pub is_transient: bool,
    pub fbtrace_id: Option<String>,
}

/// Why a grant is dead (`status_reason` of a connection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadGrant {
    Expired,
    PasswordChanged,
    SessionInvalid,
    Checkpoint,
    UserUnconfirmed,
    AppRemoved,
    DataAccessExpired,
}

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Meta's side, or the network: the same call may work later.
    RetryLater,
    /// Too many calls: later, and no sooner.
    RateLimited,
    /// Meta asks for less at once: the same call with a smaller `limit`.
    AskForLess,
    /// Our app, its secret or its settings: only the operator can help.
    Operator,
    /// The token may be dead: ask `debug_token`, then the person.
    Grant(DeadGrant),
    /// A permission is missing.
    Permission,
    /// One asset, not the grant.
    Asset,
    /// We asked wrongly, or met something nobody has described. Never the grant's fault.
    Unknown,
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
    /// Reads the envelope out of a body, if it holds one. A 200 can hold one too.
    pub(crate) fn read(endpoint: &'static str, status: u16, body: &Value) -> Option<Refusal> {
        let error = body.get("error")?;
        if error.is_null() {
            return None;
        }
        let code = json::whole(error, "code");
        let subcode = json::whole(error, "error_subcode").or_else(|| json::whole(error, "subcode"));
        let message = error.get("message").and_then(Value::as_str).or_else(|| error.as_str());
        Some(Refusal {
            endpoint,
            status,
            code,
            subcode,
            kind: json::text(error, "type").filter(|kind| kind.len() <= 40),
            message: redact(message.unwrap_or_default()),
            is_transient: error.get("is_transient").and_then(Value::as_bool).unwrap_or(false),
            fbtrace_id: json::text(error, "fbtrace_id").filter(|trace| is_trace_id(trace)),
        })
    }

    /// What (code, subcode) means; each row has a test.
    pub fn recovery(&self) -> Recovery {
        let Some(code) = self.code else { return Recovery::RetryLater };
        match (code, self.subcode) {
            // Asked with the app's own token: not the person's is refused.
            (190 | 102 | 452, _) if self.endpoint == "debug_token" => Recovery::Operator,
            (3 | 10 | 200..=299, _) if self.is_app_call() => Recovery::Operator,
            (190 | 102, Some(subcode)) => match subcode {
                458 => Recovery::Grant(DeadGrant::AppRemoved),
                459 => Recovery::Grant(DeadGrant::Checkpoint),
                460 => Recovery::Grant(DeadGrant::PasswordChanged),
                463 => Recovery::Grant(DeadGrant::Expired),
                464 => Recovery::Grant(DeadGrant::UserUnconfirmed),
                492 => Recovery::Asset,
                493 => Recovery::Grant(DeadGrant::DataAccessExpired),
                _ => Recovery::Grant(DeadGrant::SessionInvalid),
            },
            (190 | 102 | 452, _) => Recovery::Grant(DeadGrant::SessionInvalid),
            (4 | 17 | 32 | 341 | 613 | 80000..=80014, _) => Recovery::RateLimited,
            // Code 1 is transient as HTTP 500 or with subcode 99; as HTTP 400 it is a refusal for
            // good, of our settings where it answers a call of the app's own.
            (1, Some(99)) => Recovery::RetryLater,
            (1, _) if self.message.contains("reduce the amount of data") => Recovery::AskForLess,
            (1, _) if self.status >= 500 => Recovery::RetryLater,
            (1, _) if self.is_app_call() => Recovery::Operator,
            (1, _) => Recovery::Unknown,
            (2, _) => Recovery::RetryLater,
            (101 | 191 | 2635, _) => Recovery::Operator,
            (100, _) if self.message.contains("appsecret_proof") => Recovery::Operator,
            (100, Some(36008)) => Recovery::Operator,
            (100, Some(33)) | (803, _) => Recovery::Asset,
            (3 | 10 | 200..=299, _) => Recovery::Permission,
            (368, _) => Recovery::RateLimited,
            _ if self.is_transient => Recovery::RetryLater,
            _ => Recovery::Unknown,
        }
    }

    /// Whether the call was made with the app's own id and secret.
    fn is_app_call(&self) -> bool {
        matches!(self.endpoint, "oauth/access_token" | "fb_exchange_token" | "debug_token")
    }
}

/// Meta's trace ids are short; whatever else stands there is not repeated anywhere.
fn is_trace_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/+=".contains(&byte);
    text.len() <= 40 && text.bytes().all(is_letter)
}

/// Cuts out every run of 20 or more letters, digits and `|_-`: Meta repeats tokens in its messages.
fn redact(message: &str) -> String {
    let mut shown = String::new();
    let mut run = String::new();
    for character in message.chars().take(500).chain(['\n']) {
        if character.is_ascii_alphanumeric() || "|_-".contains(character) {
            run.push(character);
            continue;
        }
        shown.push_str(if run.len() >= 20 { "[cut]" } else { &run });
        run.clear();
        shown.push(if character.is_control() { ' ' } else { character });
    }
    shown.trim_end().to_owned()
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
