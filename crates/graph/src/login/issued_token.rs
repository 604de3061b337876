//! Responses of the token endpoints.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::AccessToken;
use crate::json;
use crate::time::Seconds;

/// Ten years; a longer lifetime is ignored.
const MAX_LIFETIME: i64 = 10 * 366 * 86_400;
const MAX_TOKEN_BYTES: usize = 4096;

/// A token as the token endpoint issued it.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    pub access_token: AccessToken,
    pub lifetime: TokenLifetime,
}

/// How long an issued token lasts (`expires_in`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLifetime {
    /// From now.
    Seconds(Seconds),
    /// Absent or implausible; `debug_token` reports it.
    NotReported,
}

pub(crate) fn parse_issued_token(endpoint: Endpoint, response: &Value) -> Result<IssuedToken, GraphError> {
    let malformed = |reason| GraphError::Malformed { endpoint, status: 200, reason };
    let token = response.get("access_token").and_then(Value::as_str).unwrap_or_default();
    // Tokens are put into URLs and headers, so anything but visible ASCII is refused.
    let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || token.len() > MAX_TOKEN_BYTES || !is_visible {
        return Err(malformed("no usable access_token"));
    }
    match response.get("token_type") {
        None => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(malformed("a token_type other than bearer")),
    }
    let lifetime = match json::whole(response, "expires_in") {
        Some(seconds) if (1..=MAX_LIFETIME).contains(&seconds) => {
            TokenLifetime::Seconds(Seconds::new(seconds))
        }
        _ => TokenLifetime::NotReported,
    };
    Ok(IssuedToken { access_token: AccessToken::new(token.to_owned()), lifetime })
}

#[cfg(test)]
#[path = "issued_token_tests.rs"]
mod tests;
