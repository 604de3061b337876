//! Reads a complete response of Meta's, or an item of a batch response: its JSON, or Meta's error.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::error::{ApiError, GraphError};
use crate::headers::Headers;
use crate::json;

/// Returns the body's JSON. An error object in the body counts whatever the status.
pub(crate) fn parse_response(
    endpoint: Endpoint,
    status: u16,
    headers: &Headers,
    body: &[u8],
) -> Result<Value, GraphError> {
    let malformed = |reason| GraphError::Malformed { endpoint, status, reason };
    let json = json::parse(body).ok_or_else(|| malformed("not JSON"))?;
    if let Some(error) = ApiError::parse(endpoint, status, &json) {
        return Err(GraphError::Api(Box::new(error.with_headers(headers))));
    }
    match status {
        200..300 => Ok(json),
        _ => Err(malformed("an error status without an error")),
    }
}
