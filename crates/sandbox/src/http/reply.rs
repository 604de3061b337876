//! What the sandbox sends back.

use serde_json::Value;

/// A complete response.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Without version and usage headers: Meta omits them if it could not even parse the token.
    pub(crate) is_bare: bool,
    /// How many bytes the server adds to a JSON object, for responses that are too large to hold.
    pub(crate) filler: usize,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Reply {
        Reply::text(200, "application/json; charset=UTF-8", value.to_string())
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Reply { status, headers, body: body.into(), is_bare: false, filler: 0 }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Reply {
        Reply::text(status, "text/plain; charset=utf-8", "").with("location", location)
    }
}

/// What the client gets, including broken responses.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    /// The head and half of the body.
    Truncated(Reply),
    /// No response: the connection is closed. In a batch: `null`.
    Closed,
}
