//! The client, and the one private `send` that every call to Meta goes through.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::endpoint::{Endpoint, Host};
use crate::error::GraphError;
use crate::headers::Headers;
use crate::ids::AccessToken;
use crate::meta_app::MetaApp;
use crate::rate_limits::{Priority, QuotaKeys, QuotaState, RateLimiter, UsageReport};
use crate::response::parse_response;
use crate::usage::Usage;

/// A longer body (after decompression) is refused: 100 ad accounts need 40 KiB.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Returns the current time in Unix milliseconds.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Meta's login and Graph API for one app. Cheap to clone; clones share one rate limiter.
#[derive(Clone)]
pub struct Graph {
    pub(crate) app: MetaApp,
    pub(crate) http: reqwest::Client,
    limiter: RateLimiter,
    now: Now,
    priority: Priority,
}

// By hand: a clock has no Debug.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("app", &self.app).finish_non_exhaustive()
    }
}

/// One call. `query` goes into the URL, `form` into the body.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub endpoint: Endpoint,
    pub method: Method,
    pub path: &'a str,
    pub query: Vec<(&'static str, String)>,
    pub form: Vec<(&'static str, String)>,
}

impl Graph {
    /// Builds the client: TLS with the platform's roots, no redirects, no retry, no proxy but the app's own. Its
    /// calls are interactive.
    pub fn new(app: MetaApp, now: Now) -> Result<Graph, GraphError> {
        #[expect(clippy::disallowed_methods, reason = "the only place that builds the HTTP client")]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(app.is_https())
            .connect_timeout(app.timeout.min(Duration::from_secs(5)))
            .user_agent(concat!("metaads/", env!("CARGO_PKG_VERSION")))
            .retry(reqwest::retry::never())
            .no_proxy();
        let http = match &app.proxy {
            Some(proxy) => http.proxy(reqwest::Proxy::all(proxy.clone()).map_err(GraphError::Client)?),
            None => http,
        };
        let http = http.build().map_err(GraphError::Client)?;
        let limiter = RateLimiter::default();
        Ok(Graph { app, http, limiter, now, priority: Priority::Interactive })
    }

    /// The same client, sharing its rate limiter, for calls of this priority.
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Graph {
        Graph { priority, ..self.clone() }
    }

    /// What was learned about rate limits, versions and unrecognized errors since the last call of this
    /// function.
    pub fn drain_usage(&self) -> UsageReport {
        self.limiter.drain()
    }

    /// Adds what other processes have learned about the quotas.
    pub fn merge_quotas(&self, others: Vec<QuotaState>) {
        self.limiter.merge(others, (self.now)());
    }

    /// Fails if a call that counts against these quotas must not be sent now.
    pub(crate) fn check_quota(&self, endpoint: Endpoint, keys: &QuotaKeys) -> Result<(), GraphError> {
        self.limiter.check_quota(keys, self.priority, (self.now)()).map_err(|block| GraphError::RateLimited {
            endpoint,
            quota: block.quota,
            retry_at: block.until,
        })
    }

    /// Records which version served a response or a batch item.
    pub(crate) fn record_version(&self, headers: &Headers) {
        self.limiter.record_version(headers, &self.app.version);
    }

    /// Records the quota usage of a response or a batch item.
    pub(crate) fn record_usage(
        &self,
        keys: &QuotaKeys,
        headers: &Headers,
        outcome: &Result<Value, GraphError>,
    ) {
        let error = outcome.as_ref().err().and_then(GraphError::api_error);
        let usage = error.map_or_else(|| Usage::from_headers(headers), |error| error.usage.clone());
        self.limiter.record(keys, &usage, error, (self.now)());
    }

    pub fn app(&self) -> &MetaApp {
        &self.app
    }

    /// `{app-id}|{app-secret}`: the token of the app itself.
    pub(crate) fn app_token(&self) -> AccessToken {
        AccessToken::new(format!("{}|{}", self.app.app_id, self.app.app_secret.expose()))
    }

    /// hex(HMAC-SHA256(app secret, token)), which every call sends along with its token.
    /// Source: "Securing Graph API requests".
    pub fn appsecret_proof(&self, token: &AccessToken) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.app.app_secret.expose().as_bytes());
        hex::encode(hmac::sign(&key, token.expose().as_bytes()))
    }

    /// The two parameters of a call made with `token`.
    pub(crate) fn auth_params(&self, token: &AccessToken) -> Vec<(&'static str, String)> {
        vec![("access_token", token.expose().to_owned()), ("appsecret_proof", self.appsecret_proof(token))]
    }

    /// A GET made with `token`.
    pub(crate) async fn get(
        &self,
        endpoint: Endpoint,
        path: &str,
        token: &AccessToken,
        params: Vec<(&'static str, String)>,
    ) -> Result<Value, GraphError> {
        let mut query = self.auth_params(token);
        query.extend(params);
        self.send(Call { endpoint, method: Method::GET, path, query, form: Vec::new() }).await
    }

    /// Sends one call and returns the JSON of a response that is not an error. Never logs a URL.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Value, GraphError> {
        let endpoint = call.endpoint;
        let mut params = call.query.iter().chain(&call.form);
        let token = params.find(|(name, _)| *name == "access_token").map(|(_, text)| text.as_str());
        let keys = QuotaKeys::for_call(endpoint, call.path, token);
        self.check_quota(endpoint, &keys)?;
        let started = Instant::now();
        let outcome = self.exchange(call, &keys).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let endpoint = endpoint.as_str();
        match &outcome {
            Ok(_) => tracing::debug!(endpoint, elapsed_ms = ms, "Meta answered"),
            Err(GraphError::Api(error)) => tracing::warn!(
                endpoint,
                elapsed_ms = ms,
                status = error.status,
                code = error.code,
                subcode = error.subcode,
                fbtrace_id = error.fbtrace_id,
                message = error.message,
                "Meta refused a call"
            ),
            Err(error) => tracing::warn!(endpoint, elapsed_ms = ms, %error, "a call to Meta failed"),
        }
        outcome
    }

    /// Sends the request, reads the whole response and records its usage.
    async fn exchange(&self, call: Call<'_>, keys: &QuotaKeys) -> Result<Value, GraphError> {
        let endpoint = call.endpoint;
        let mut request = self.http.request(call.method, self.url(endpoint, call.path)).query(&call.query);
        request = request.timeout(self.app.timeout);
        if !call.form.is_empty() {
            request = request.form(&call.form);
        }
        let failed = |source: reqwest::Error| match source.is_timeout() {
            true => GraphError::Timeout { endpoint },
            // The URL of a reqwest error contains the token.
            false => GraphError::Unreachable { endpoint, source: source.without_url() },
        };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = Headers::from_http(response.headers());
        self.limiter.record_date(&headers, (self.now)());
        let malformed = |reason| GraphError::Malformed { endpoint, status, reason };
        if response.status().is_redirection() {
            return Err(malformed("a redirect, which is never followed"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(malformed("longer than 4 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        match endpoint.host() {
            Host::Facebook => self.record_version(&headers),
            Host::Instagram | Host::InstagramApi => {}
        }
        let outcome = parse_response(endpoint, status, &headers, &body);
        self.record_usage(keys, &headers, &outcome);
        outcome
    }

    fn url(&self, endpoint: Endpoint, path: &str) -> String {
        let base = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        match endpoint.host() {
            Host::Facebook => format!("{}/{}/{path}", base(&self.app.graph_url), self.app.version),
            Host::Instagram => format!("{}/{path}", base(&self.app.instagram_url)),
            Host::InstagramApi => {
                let app = self.app.instagram.as_ref();
                format!("{}/{path}", base(app.map_or(&self.app.instagram_url, |app| &app.api_url)))
            }
        }
    }
}
