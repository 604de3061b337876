//! The client, and the one private `send` that every call to Meta goes through.

use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::error::{GraphError, Refusal};
use crate::ids::{AccessToken, AppId, AppSecret};
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
    /// How long one call may take, from the first byte sent to the last byte read.
    pub deadline: Duration,
}

/// Meta, as this app talks to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(crate) app: MetaApp,
    http: reqwest::Client,
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
}

impl Graph {
    /// Builds the client: TLS by the platform's roots, no redirects, no proxy, no retry.
    pub fn new(app: MetaApp) -> Result<Graph, GraphError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one home of the HTTP client")]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(app.graph_url.scheme() == "https" && app.instagram_url.scheme() == "https")
            .connect_timeout(app.deadline.min(Duration::from_secs(5)))
            .user_agent(concat!("metaads/", env!("CARGO_PKG_VERSION")))
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(|source| GraphError::Unreachable { endpoint: "client", source })?;
        Ok(Graph { app, http })
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
        let started = Instant::now();
        let outcome = self.answer(call).await;
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

    async fn answer(&self, call: Call<'_>) -> Result<Value, GraphError> {
        let endpoint = call.endpoint;
        let url = match call.host {
            Host::Facebook => {
                let base = self.app.graph_url.as_str().trim_end_matches('/');
                format!("{base}/{}/{}", self.app.version, call.path)
            }
            Host::Instagram => {
                format!("{}/{}", self.app.instagram_url.as_str().trim_end_matches('/'), call.path)
            }
        };
        let mut request = self.http.request(call.method, url).query(&call.query).timeout(self.app.deadline);
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
        let json = crate::json::parse(&body).ok_or_else(|| malformed("no JSON"))?;
        if let Some(refusal) = Refusal::read(endpoint, status, &json) {
            return Err(GraphError::Refused(Box::new(refusal)));
        }
        if !(200..300).contains(&status) {
            return Err(malformed("an error status without an error"));
        }
        Ok(json)
    }
}
