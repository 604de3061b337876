//! Calls of other programs, passed on as they are: only the token and its proof are added. The body streams both ways;
//! quotas are respected and learned from as with our own calls.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use reqwest::header::CONTENT_TYPE;

use crate::client::Graph;
use crate::endpoint::Endpoint;
use crate::error::{ApiError, GraphError};
use crate::headers::Headers;
use crate::ids::{AccessToken, AdAccountId};
use crate::json;
use crate::rate_limits::QuotaKeys;
use crate::version::GraphVersion;

/// Meta's head has to come within this time: synchronous insights take long.
const HEAD_TIMEOUT: Duration = Duration::from_secs(90);
/// Between two pieces of an answer.
const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// Pieces of a body.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, ForwardError>> + Send>>;

/// A piece of a body did not come.
#[derive(Debug, thiserror::Error)]
#[error("the body was cut off: {0}")]
pub struct ForwardError(pub String);

/// A call to pass on. Nothing in it holds a token.
pub struct ForwardedCall<'a> {
    pub method: reqwest::Method,
    pub version: GraphVersion,
    /// Without the version; empty: the root, which serves batches.
    pub path: &'a str,
    pub query: &'a [(String, String)],
    pub body: ForwardedBody,
    /// The ad account whose quotas the call draws on, where it is known.
    pub account: Option<&'a AdAccountId>,
}

pub enum ForwardedBody {
    None,
    /// A small body.
    Bytes {
        content_type: String,
        bytes: Bytes,
    },
    /// An upload.
    Pieces {
        content_type: String,
        pieces: Pieces,
    },
}

/// Meta's answer, whatever its status. The body has not been read yet.
pub struct ForwardedAnswer {
    pub status: u16,
    /// Names in lower case; only those that mean something to the caller.
    pub headers: Vec<(String, String)>,
    pub body: Pieces,
    endpoint: Endpoint,
    quota_keys: QuotaKeys,
    all_headers: Headers,
}

// By hand: bodies and queries may hold what people wrote.
impl fmt::Debug for ForwardedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedCall").field("method", &self.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for ForwardedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedBody").finish_non_exhaustive()
    }
}

impl fmt::Debug for ForwardedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardedAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Headers of Meta's that reach the caller.
const PASSED_ON: [&str; 17] = [
    "content-type",
    "content-disposition",
    "content-range",
    "etag",
    "last-modified",
    "location",
    "facebook-api-version",
    "x-fb-request-id",
    "x-fb-trace-id",
    "x-fb-rev",
    "x-app-usage",
    "x-page-usage",
    "x-ad-account-usage",
    "x-business-use-case-usage",
    "x-fb-ads-insights-throttle",
    "x-ad-api-version-warning",
    "www-authenticate",
];

impl Graph {
    /// Passes a call on with this token. Fails if a quota forbids it, or if Meta does not answer.
    pub async fn forward(
        &self,
        token: &AccessToken,
        call: ForwardedCall<'_>,
    ) -> Result<ForwardedAnswer, GraphError> {
        let endpoint = endpoint_of(call.path);
        let owner = call.account.map(|account| format!("act_{account}"));
        let object = owner.as_deref().unwrap_or(call.path);
        let keys = QuotaKeys::for_call(endpoint, object, Some(token.expose()));
        self.check_quota(endpoint, &keys)?;
        let base = self.app.graph_url.as_str().trim_end_matches('/');
        let url = format!("{base}/{}/{}", call.version, call.path);
        let request = self.http.request(call.method, url).query(&self.auth_params(token)).query(call.query);
        let request = match call.body {
            ForwardedBody::None => request,
            ForwardedBody::Bytes { content_type, bytes } => {
                request.header(CONTENT_TYPE, content_type).body(bytes)
            }
            ForwardedBody::Pieces { content_type, pieces } => {
                request.header(CONTENT_TYPE, content_type).body(reqwest::Body::wrap_stream(pieces))
            }
        };
        let response = match tokio::time::timeout(HEAD_TIMEOUT, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_timeout() => return Err(GraphError::Timeout { endpoint }),
            // The URL of a reqwest error contains the token.
            Ok(Err(error)) => return Err(GraphError::Unreachable { endpoint, source: error.without_url() }),
            Err(_) => return Err(GraphError::Timeout { endpoint }),
        };
        Ok(self.answer(endpoint, keys, call.version, response))
    }

    /// The ad account that an object belongs to: `GET /{id}?fields=account_id`. None: it belongs to none.
    pub async fn account_of_object(
        &self,
        token: &AccessToken,
        object: &str,
    ) -> Result<Option<AdAccountId>, GraphError> {
        let fields = vec![("fields", "account_id".to_owned())];
        let answer = self.get(Endpoint::Forwarded, object, token, fields).await?;
        let account = json::text(&answer, "account_id")
            .or_else(|| Some(json::whole(&answer, "account_id")?.to_string()));
        Ok(account.and_then(|account| AdAccountId::parse_any(&account).ok()))
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        quota_keys: QuotaKeys,
        version: GraphVersion,
        response: reqwest::Response,
    ) -> ForwardedAnswer {
        let status = response.status().as_u16();
        let all_headers = Headers::from_http(response.headers());
        if version == self.app.version {
            self.record_version(&all_headers);
        }
        // An error is recorded with its body: see `read_error`.
        if status < 400 {
            self.record_usage(&quota_keys, &all_headers, &Ok(serde_json::Value::Null));
        }
        let passed_on = |name: &&str| Some(((*name).to_owned(), all_headers.get(name)?.to_owned()));
        let headers = PASSED_ON.iter().filter_map(passed_on).collect();
        let pieces = response
            .bytes_stream()
            .map(|piece| piece.map_err(|error| ForwardError(error.without_url().to_string())));
        ForwardedAnswer {
            status,
            headers,
            body: in_time(Box::pin(pieces)),
            endpoint,
            quota_keys,
            all_headers,
        }
    }

    /// Reads the error object of an answer's body and learns from it. None: there is none.
    pub fn read_error(&self, answer: &ForwardedAnswer, body: &[u8]) -> Option<ApiError> {
        let json = json::parse(body)?;
        let error = ApiError::parse(answer.endpoint, answer.status, &json)?.with_headers(&answer.all_headers);
        let outcome = Err(GraphError::Api(Box::new(error.clone())));
        self.record_usage(&answer.quota_keys, &answer.all_headers, &outcome);
        Some(error)
    }
}

/// Ends a stream with an error if its next piece does not come in time.
fn in_time(pieces: Pieces) -> Pieces {
    Box::pin(futures_util::stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match tokio::time::timeout(PIECE_TIMEOUT, pieces.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(pieces))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(ForwardError("Meta stopped sending".to_owned())), None)),
        }
    }))
}

/// Insights have quotas of their own.
fn endpoint_of(path: &str) -> Endpoint {
    let mut segments = path.split('/');
    if segments.any(|segment| segment == "insights") {
        Endpoint::ForwardedInsights
    } else {
        Endpoint::Forwarded
    }
}
