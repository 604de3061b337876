//! What can go wrong with a call to Meta. `api_error` reads Meta's error objects, `classify` decides what an
//! error means, and `recovery` lists what a caller can do about it.

mod api_error;
mod classify;
mod recovery;

pub use api_error::ApiError;
pub use recovery::{DeadGrant, Misconfiguration, Recovery};

use crate::endpoint::Endpoint;
use crate::usage::Quota;

/// A call that returned no usable result.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The HTTP client could not be built: no call was made.
    #[error("the HTTP client for Meta could not be built")]
    Client(#[source] reqwest::Error),
    /// No complete response within the timeout. The request may have taken effect.
    #[error("Meta did not answer {endpoint} in time")]
    Timeout { endpoint: Endpoint },
    /// No connection, or it broke. The request may have taken effect.
    #[error("Meta could not be reached for {endpoint}")]
    Unreachable { endpoint: Endpoint, source: reqwest::Error },
    /// A response that Meta does not document: not JSON, a redirect, too long, a missing field.
    #[error("Meta's response to {endpoint} (HTTP {status}) is malformed: {reason}")]
    Malformed { endpoint: Endpoint, status: u16, reason: &'static str },
    /// Meta returned an error object.
    #[error("Meta refused {}: {}", .0.endpoint, .0)]
    Api(Box<ApiError>),
    /// Not sent, because a quota is used up and earlier calls would prolong the block. `quota` is a key as in
    /// [`QuotaState`](crate::QuotaState); `retry_at` is in Unix milliseconds.
    #[error("{endpoint} was not called: Meta's quota ({quota}) is used up")]
    RateLimited { endpoint: Endpoint, quota: String, retry_at: i64 },
}

impl GraphError {
    /// What the caller can do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            GraphError::Client(_) | GraphError::Timeout { .. } | GraphError::Unreachable { .. } => {
                Recovery::RetryLater
            }
            // In practice an outage: a proxy's HTML page or a truncated body.
            GraphError::Malformed { .. } => Recovery::RetryLater,
            GraphError::Api(error) => error.recovery(),
            GraphError::RateLimited { .. } => Recovery::Wait(Quota::App),
        }
    }

    /// The earliest time for the next call, where Meta or our own rate limits set one. `now` and the result
    /// are in Unix milliseconds.
    pub fn retry_at(&self, now: i64) -> Option<i64> {
        if let GraphError::RateLimited { retry_at, .. } = self {
            return Some(*retry_at);
        }
        let error = self.api_error()?;
        let Recovery::Wait(quota) = error.recovery() else { return None };
        Some(now + error.usage.pause_ms(quota, error.endpoint.use_case()))
    }

    /// Meta's trace id, for the history and for support requests to Meta.
    pub fn fbtrace_id(&self) -> Option<&str> {
        self.api_error()?.fbtrace_id.as_deref()
    }

    /// Whether Meta refused a call made with the app's own credentials, rather than with a user's token alone.
    pub fn is_of_app_call(&self) -> bool {
        self.api_error().is_some_and(|error| {
            let kind = error.endpoint.call_kind();
            kind.authenticates_app() || kind.sends_only_app_credentials()
        })
    }

    /// Meta's error object, if Meta returned one.
    pub fn api_error(&self) -> Option<&ApiError> {
        match self {
            GraphError::Api(error) => Some(error),
            GraphError::Client(_)
            | GraphError::Timeout { .. }
            | GraphError::Unreachable { .. }
            | GraphError::Malformed { .. }
            | GraphError::RateLimited { .. } => None,
        }
    }
}
