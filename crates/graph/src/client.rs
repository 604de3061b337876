//! The client, and the one private `send` that every call to Meta goes through.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::error::{GraphError, Refusal};
use crate::ids::{AccessToken, AppId, AppSecret};
use crate::meter::{Draws, Learned, Meter, Standing};
use crate::usage::{Headers, Usage};
use crate::version::GraphVersion;

/// An answer longer than this (after decompression) is refused: 100 ad accounts need 40 KiB.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// The Meta app, and where Meta is.
#[derive(Debug, Clone)]
pub struct MetaApp {
    pub app_id: AppId,
    pub app_secret: AppSecret,
    pub version: GraphVersion,
    /// Base of the login dialog, without version: `https://www.facebook.com`.
    pub dialog_url: Url,
    /// Base of the Graph API, without version: `https://graph.facebook.com`.
    pub graph_url: Url,
    /// Base of the API behind Instagram Login, without version: `https://graph.instagram.com`.
    pub instagram_url: Url,
    /// None: no Instagram Login.
    pub instagram: Option<InstagramApp>,
    /// How long one call may take, from the first byte sent to the last byte read.
    pub deadline: Duration,
}

/// The app of Instagram Login: it has an id and a secret of its own.
#[derive(Debug, Clone)]
pub struct InstagramApp {
    pub app_id: AppId,
    pub app_secret: AppSecret,
    /// Base of its dialog: `https://www.instagram.com`.
    pub dialog_url: Url,
    /// Base of its token endpoint: `https://api.instagram.com`.
    pub api_url: Url,
}

/// Gives the time, in milliseconds since the epoch.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Meta, as this app talks to it. Cheap to clone; clones share one set of books over Meta's limits.
#[derive(Clone)]
pub struct Graph {
    pub(crate) app: MetaApp,
    http: reqwest::Client,
    meter: Meter,
    now: Now,
    is_background: bool,
}

// By hand: a clock has no Debug.
impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("app", &self.app).finish_non_exhaustive()
    }
}

impl MetaApp {
    fn is_https(&self) -> bool {
        let api = self.instagram.as_ref().map(|app| &app.api_url);
        [&self.graph_url, &self.instagram_url].into_iter().chain(api).all(|url| url.scheme() == "https")
    }
}

/// One call. `query` goes into the URL, `form` into the body.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub endpoint: &'static str,
    pub host: Host,
    pub method: Method,
    pub path: &'a str,
    pub query: Vec<(&'static str, String)>,
    pub form: Vec<(&'static str, String)>,
}

/// Whom a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Facebook,
    /// Instagram Login's host; its token calls have no version in their path.
    Instagram,
    /// The host of Instagram Login's code exchange.
    InstagramApi,
}

impl Graph {
    /// Builds the client: TLS by the platform's roots, no redirects, no proxy, no retry.
    pub fn new(app: MetaApp, now: Now) -> Result<Graph, GraphError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the HTTP client")]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(app.is_https())
            .connect_timeout(app.deadline.min(Duration::from_secs(5)))
            .user_agent(concat!("metaads/", env!("CARGO_PKG_VERSION")))
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|source| GraphError::Unreachable { endpoint: "client", source })?;
        Ok(Graph { app, http, meter: Meter::default(), now, is_background: false })
    }

    /// The same client for work that nobody waits for: it lets what is left of an allowance to people.
    #[must_use]
    pub fn in_background(&self) -> Graph {
        Graph { is_background: true, ..self.clone() }
    }

    /// What was learned about limits, versions and unknown answers since the last time.
    pub fn drain_learned(&self) -> Learned {
        self.meter.drain()
    }

    /// Takes in what other processes have learned about the limits.
    pub fn merge_limits(&self, others: Vec<Standing>) {
        self.meter.merge(others, (self.now)());
    }

    /// Whether a call to this path may go now.
    pub(crate) fn may_go(&self, endpoint: &'static str, draws: &Draws) -> Result<(), GraphError> {
        match self.meter.wait(draws, self.is_background, (self.now)()) {
            Some((budget, until)) => Err(GraphError::HeldOff { endpoint, budget, until }),
            None => Ok(()),
        }
    }

    /// Takes in which version served an answer, or an item of a batch.
    pub(crate) fn note_version(&self, headers: &Headers) {
        self.meter.note_version(headers, &self.app.version);
    }

    /// Keeps the books over one answer, or one item of a batch.
    pub(crate) fn keep_books(&self, draws: &Draws, headers: &Headers, outcome: &Result<Value, GraphError>) {
        let refusal = match outcome {
            Err(GraphError::Refused(refusal)) => Some(refusal.as_ref()),
            _ => None,
        };
        let usage = refusal.map_or_else(|| Usage::read(headers), |refusal| refusal.usage.clone());
        self.meter.note(draws, &usage, refusal, (self.now)());
    }

    pub fn app(&self) -> &MetaApp {
        &self.app
    }

    /// `{app-id}|{app-secret}`: acts for the app itself.
    pub(crate) fn app_token(&self) -> AccessToken {
        AccessToken::new(format!("{}|{}", self.app.app_id, self.app.app_secret.expose()))
    }

    /// hex(HMAC-SHA256(app secret, token)), which every call carries for the token it sends.
    /// Source: "Securing Graph API requests".
    pub fn appsecret_proof(&self, token: &AccessToken) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.app.app_secret.expose().as_bytes());
        hex::encode(hmac::sign(&key, token.expose().as_bytes()))
    }

    /// The two parameters that a call made with `token` carries.
    pub(crate) fn signed_by(&self, token: &AccessToken) -> Vec<(&'static str, String)> {
        vec![("access_token", token.expose().to_owned()), ("appsecret_proof", self.appsecret_proof(token))]
    }

    /// A GET made with `token`.
    pub(crate) async fn get(
        &self,
        endpoint: &'static str,
        path: &str,
        token: &AccessToken,
        more: Vec<(&'static str, String)>,
    ) -> Result<Value, GraphError> {
        let mut query = self.signed_by(token);
        query.extend(more);
        self.send(Call { endpoint, host: Host::Facebook, method: Method::GET, path, query, form: Vec::new() })
            .await
    }

    /// Sends one call and gives the JSON of an answer that is not an error. Never logs a URL.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Value, GraphError> {
        let endpoint = call.endpoint;
        let sent = call.query.iter().chain(&call.form);
        let token = sent.clone().find(|(name, _)| *name == "access_token").map(|(_, text)| text.as_str());
        let draws = Draws::of(call.path, token, call.host != Host::Facebook);
        self.may_go(endpoint, &draws)?;
        let started = Instant::now();
        let outcome = self.answer(call, &draws).await;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            Ok(_) => tracing::debug!(endpoint, elapsed_ms = ms, "Meta answered"),
            Err(GraphError::Refused(refusal)) => tracing::warn!(
                endpoint,
                elapsed_ms = ms,
                status = refusal.status,
                code = refusal.code,
                subcode = refusal.subcode,
                fbtrace_id = refusal.fbtrace_id,
                message = refusal.message,
                "Meta refused a call"
            ),
            Err(error) => tracing::warn!(endpoint, elapsed_ms = ms, %error, "a call to Meta failed"),
        }
        outcome
    }

    async fn answer(&self, call: Call<'_>, draws: &Draws) -> Result<Value, GraphError> {
        let endpoint = call.endpoint;
        let is_versioned = call.host == Host::Facebook;
        let mut request = self.http.request(call.method, self.url(call.host, call.path)).query(&call.query);
        request = request.timeout(self.app.deadline);
        if !call.form.is_empty() {
            request = request.form(&call.form);
        }
        let broken = |source: reqwest::Error| match source.is_timeout() {
            true => GraphError::Timeout { endpoint },
            // The URL of a reqwest error carries the token.
            false => GraphError::Unreachable { endpoint, source: source.without_url() },
        };
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let headers = Headers::of_http(response.headers());
        let malformed = |reason| GraphError::Malformed { endpoint, status, reason };
        if response.status().is_redirection() {
            return Err(malformed("a redirect, which is never followed"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(malformed("longer than 4 MiB"));
            }
            body.extend_from_slice(&chunk);
        }
        if is_versioned {
            self.note_version(&headers);
        }
        let outcome = read_answer(endpoint, status, &headers, &body);
        self.keep_books(draws, &headers, &outcome);
        outcome
    }

    fn url(&self, host: Host, path: &str) -> String {
        let base = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        match host {
            Host::Facebook => format!("{}/{}/{path}", base(&self.app.graph_url), self.app.version),
            Host::Instagram => format!("{}/{path}", base(&self.app.instagram_url)),
            Host::InstagramApi => {
                let app = self.app.instagram.as_ref();
                format!("{}/{path}", base(app.map_or(&self.app.instagram_url, |app| &app.api_url)))
            }
        }
    }
}

/// What a complete answer, or an item of a batch, says: its JSON, or Meta's refusal whatever the status.
pub(crate) fn read_answer(
    endpoint: &'static str,
    status: u16,
    headers: &Headers,
    body: &[u8],
) -> Result<Value, GraphError> {
    let malformed = |reason| GraphError::Malformed { endpoint, status, reason };
    let json = crate::json::parse(body).ok_or_else(|| malformed("no JSON"))?;
    if let Some(refusal) = Refusal::read(endpoint, status, &json) {
        return Err(GraphError::Refused(Box::new(refusal.with_headers(headers))));
    }
    match status {
        200..300 => Ok(json),
        _ => Err(malformed("an error status without an error")),
    }
}
