//! Who calls the JSON API: a program with an API key, or a signed-in browser.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use metaads_store::{ApiCall, ApiKey, ApiScope, ConnectionId, UserId, WorkspaceId};

use crate::accounts::api_keys::{self, DEFAULT_CALLS_PER_MINUTE, Refused};
use crate::api_usage::Allowance;
use crate::app::App;
use crate::concurrency::Slot;
use crate::http::caller::MaybeCaller;
use crate::http::client_info;
use crate::http::problem::Problem;

/// Names the person or agent behind a program's call.
const ACTOR: HeaderName = HeaderName::from_static("x-metaads-actor");
const LONGEST_ACTOR: usize = 200;
const LONGEST_ACTION: usize = 200;

/// A known caller of the API.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    pub workspace_id: WorkspaceId,
    /// The signed-in user, or the one who made the key.
    pub user_id: UserId,
    pub via: Via,
    _slot: Option<Arc<Slot>>,
}

#[derive(Debug, Clone)]
pub enum Via {
    Session,
    Key(Arc<KeyUse>),
}

/// One request with an API key.
#[derive(Debug)]
pub struct KeyUse {
    pub key: ApiKey,
    /// Empty: the program does not say.
    pub actor: String,
    pub address: String,
    pub allowance: Allowance,
}

impl ApiCaller {
    /// A signed-in person may do everything in their workspace but get at tokens; a program what its key says.
    pub fn require(&self, scope: ApiScope) -> Result<(), Problem> {
        match &self.via {
            Via::Key(using) if using.key.scopes.contains(&scope) => Ok(()),
            Via::Key(_) => {
                let detail = format!("This API key lacks the scope {}.", scope.as_str());
                Err(Problem::Forbidden.because(detail))
            }
            Via::Session => match scope {
                ApiScope::TokensRead | ApiScope::GraphRead | ApiScope::GraphWrite => Err(Problem::Forbidden
                    .because("This needs an API key; a browser’s session never gets at tokens.")),
                ApiScope::ConnectionsRead
                | ApiScope::ConnectionsWrite
                | ApiScope::ConnectSessions
                | ApiScope::WebhooksManage
                | ApiScope::MetricsRead => Ok(()),
            },
        }
    }

    /// The key of a program; None for a signed-in person.
    pub fn key(&self) -> Option<&KeyUse> {
        match &self.via {
            Via::Key(using) => Some(using),
            Via::Session => None,
        }
    }

    /// Whether the caller may know of this connection.
    pub fn reaches(&self, connection: &ConnectionId) -> bool {
        self.key().is_none_or(|using| {
            let limit = &using.key.limits.connections;
            limit.is_empty() || limit.iter().any(|id| id == connection.as_str())
        })
    }

    /// The ad accounts that the key is limited to; None: every one.
    pub fn ad_accounts(&self) -> Option<&[String]> {
        self.key().map(|using| using.key.limits.ad_accounts.as_slice()).filter(|limit| !limit.is_empty())
    }

    /// Refuses a key that is limited to ad accounts, for what is not about one of them.
    pub fn require_every_ad_account(&self) -> Result<(), Problem> {
        match self.ad_accounts() {
            Some(_) => Err(Problem::Forbidden.because("This API key is limited to ad accounts.")),
            None => Ok(()),
        }
    }

    /// Records what a program is about to do. `action`: method and path.
    pub async fn record(
        &self,
        app: &App,
        connection: Option<&ConnectionId>,
        action: &str,
    ) -> Result<(), Problem> {
        let Some(using) = self.key() else { return Ok(()) };
        let visible = action.chars().filter(|character| !character.is_control());
        let call = ApiCall {
            id: app.new_row_id(),
            at: app.now(),
            workspace_id: self.workspace_id.clone(),
            api_key_id: using.key.id.clone(),
            actor: using.actor.clone(),
            connection_id: connection.cloned(),
            action: visible.take(LONGEST_ACTION).collect(),
            address: using.address.clone(),
        };
        Ok(app.api_usage().record(&app.store, call).await?)
    }
}

impl FromRequestParts<App> for ApiCaller {
    type Rejection = Problem;

    /// The caller that [`authenticate`] has found.
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<ApiCaller, Problem> {
        parts.extensions.get::<ApiCaller>().cloned().ok_or(Problem::SignedOut { next: String::new() })
    }
}

/// Finds out who calls, counts the call, and records each change that a program makes.
pub async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let caller = match find(&app, &mut parts).await {
        Ok(caller) => caller,
        Err(problem) => return refused(problem),
    };
    let allowance = caller.key().map(|using| using.allowance);
    if allowance.is_some_and(|allowance| allowance.remaining.is_none()) {
        return with_allowance(Problem::RateLimited.into_response(), allowance);
    }
    if !parts.method.is_safe() {
        let action = format!("{} {}", parts.method, parts.uri.path());
        let connection = parts.uri.path().split('/').skip_while(|part| *part != "connections").nth(1);
        let connection = connection.and_then(ConnectionId::from_text);
        if let Err(problem) = caller.record(&app, connection.as_ref(), &action).await {
            return problem.into_response();
        }
    }
    parts.extensions.insert(caller);
    with_allowance(next.run(Request::from_parts(parts, body)).await, allowance)
}

async fn find(app: &App, parts: &mut Parts) -> Result<ApiCaller, Problem> {
    if let Some(secret) = bearer(&parts.headers) {
        let secret = secret.to_owned();
        return of_key(app, parts, &secret).await;
    }
    let MaybeCaller(caller) = MaybeCaller::from_request_parts(parts, app).await?;
    let caller = caller.ok_or(Problem::SignedOut { next: String::new() })?;
    Ok(ApiCaller {
        workspace_id: caller.session.workspace_id.clone(),
        user_id: caller.user_id,
        via: Via::Session,
        _slot: None,
    })
}

/// The caller with this API key. The call is counted; one too many has no allowance left.
pub async fn of_key(app: &App, parts: &Parts, secret: &str) -> Result<ApiCaller, Problem> {
    let actor = actor(&parts.headers)?;
    let ip = client_info::ip(parts, app);
    let key = match api_keys::authenticate(app, secret, ip).await {
        Ok(key) => key,
        Err(Refused::Unknown) => {
            let detail = "This API key is not known here, or it has ended.";
            return Err(Problem::SignedOut { next: String::new() }.because(detail));
        }
        Err(Refused::WrongNetwork) => {
            return Err(Problem::Forbidden.because("This API key is limited to other networks."));
        }
        Err(Refused::Store(error)) => return Err(error.into()),
    };
    let slot = app.concurrency().programs.take(&key.id).await.ok_or(Problem::Busy)?;
    let limit = key.limits.calls_per_minute.unwrap_or(DEFAULT_CALLS_PER_MINUTE);
    let allowance = app.api_usage().count(&key.id, limit, app.now());
    Ok(ApiCaller {
        workspace_id: key.workspace_id.clone(),
        user_id: key.user_id.clone(),
        via: Via::Key(Arc::new(KeyUse {
            actor,
            address: ip.map(|ip| ip.to_string()).unwrap_or_default(),
            allowance,
            key,
        })),
        _slot: Some(Arc::new(slot)),
    })
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn actor(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(value) = headers.get(ACTOR) else { return Ok(String::new()) };
    let text = std::str::from_utf8(value.as_bytes()).ok().map(str::trim);
    text.filter(|text| text.chars().count() <= LONGEST_ACTOR)
        .map(str::to_owned)
        .ok_or_else(|| Problem::Invalid.because("X-Metaads-Actor is UTF-8 text of at most 200 characters."))
}

/// An answer with what is left of the key's calls, as draft-ietf-httpapi-ratelimit-headers names it.
pub fn with_allowance(mut response: Response, allowance: Option<Allowance>) -> Response {
    let Some(Allowance { limit, remaining, seconds }) = allowance else { return response };
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        headers.insert(name, HeaderValue::from_str(&value).expect("numbers and visible letters"));
    };
    set(HeaderName::from_static("ratelimit-policy"), format!("\"key\";q={limit};w=60"));
    set(HeaderName::from_static("ratelimit"), format!("\"key\";r={};t={seconds}", remaining.unwrap_or(0)));
    if remaining.is_none() {
        set(header::RETRY_AFTER, seconds.max(1).to_string());
    }
    response
}

fn refused(problem: Problem) -> Response {
    let is_unknown = problem.status() == axum::http::StatusCode::UNAUTHORIZED;
    let mut response = problem.into_response();
    if is_unknown {
        let challenge = HeaderValue::from_static("Bearer realm=\"MetaAds\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
