//! The Graph proxy's surface: `/graph/{version}/{path}`. The caller's API key goes where Meta's SDKs put the access
//! token; errors of ours have the form of Meta's, so that the SDKs raise them as their own.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use metaads_store::{ApiScope, Connection, ConnectionId};
use url::form_urlencoded;

use crate::accounts::api_keys::PREFIX;
use crate::api::graph_body::{self, ParsedBody};
use crate::api::token::token_problem;
use crate::app::App;
use crate::connections::graph_proxy::call::{ProxyCall, Refusal};
use crate::connections::graph_proxy::forward::{self, Access, Answer, ProxyError};
use crate::http::api_caller::{self, ApiCaller, KeyUse};
use crate::http::problem::Problem;

/// Names the connection, for keys that are not bound to one.
const CONNECTION: HeaderName = HeaderName::from_static("x-metaads-connection");
/// What the caller can do about an error of Meta's, in our words.
const CLASSIFICATION: HeaderName = HeaderName::from_static("x-metaads-classification");

/// Passes a call on to Meta.
pub async fn forward(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let body = graph_body::read(&app, &parts, body).await?;
    let key = key_of(&parts, &query, &body)?;
    let caller = api_caller::of_key(&app, &parts, &key).await?;
    let using = caller.key().ok_or(Problem::Forbidden)?;
    if using.allowance.remaining.is_none() {
        return Ok(api_caller::with_allowance(Problem::RateLimited.into_response(), Some(using.allowance)));
    }
    if !using.key.scopes.contains(&ApiScope::GraphWrite) {
        caller.require(ApiScope::GraphRead)?;
    }
    let connection = connection_of(&app, &parts, &caller, using).await?;
    let path = parts.uri.path().strip_prefix("/graph").unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let call = ProxyCall::parse(parts.method.clone(), path, query, body.params, &key).map_err(refused)?;
    let action = format!("{} /graph/{}", parts.method, call.path());
    caller.record(&app, Some(&connection.id), &action).await?;
    let access = Access {
        key: &key,
        can_write: using.key.scopes.contains(&ApiScope::GraphWrite),
        ad_accounts: caller.ad_accounts(),
    };
    let answer = match forward::forward(&app, &connection, access, call, body.upload).await {
        Ok(answer) => answer,
        Err(error) => return problem_of(&app, &connection, error),
    };
    Ok(api_caller::with_allowance(response(answer)?, Some(using.allowance)))
}

/// The API key: in `Authorization`, or as `access_token` in the query or the body. Two different ones are refused.
fn key_of(parts: &Parts, query: &[(String, String)], body: &ParsedBody) -> Result<String, Problem> {
    let params = query.iter().chain(&body.params);
    let params = params.filter(|(name, _)| name == "access_token").map(|(_, value)| value.as_str());
    let mut keys = api_caller::bearer(&parts.headers).into_iter().chain(params);
    let key = keys.next().ok_or(Problem::SignedOut { next: String::new() })?;
    if keys.any(|other| other != key) {
        return Err(Problem::Invalid.because("The call names two different keys."));
    }
    if !key.starts_with(PREFIX) {
        let detail = "The access token of the proxy is an API key of this service, which starts with mak_.";
        return Err(Problem::SignedOut { next: String::new() }.because(detail));
    }
    Ok(key.to_owned())
}

/// The connection that the call is made with: named by the header, or the only one of the key.
async fn connection_of(
    app: &App,
    parts: &Parts,
    caller: &ApiCaller,
    using: &KeyUse,
) -> Result<Connection, Problem> {
    let named = parts.headers.get(&CONNECTION).map(|value| value.to_str().unwrap_or_default());
    let id = match (named, using.key.limits.connections.as_slice()) {
        (Some(id), _) => id,
        (None, [only]) => only.as_str(),
        (None, _) => {
            let detail =
                "Name the connection in the header X-Metaads-Connection, or use a key that is bound to one.";
            return Err(Problem::Invalid.because(detail));
        }
    };
    let missing = || Problem::NotFound.because("There is no such connection for this key.");
    let id = ConnectionId::from_text(id).filter(|id| caller.reaches(id)).ok_or_else(missing)?;
    app.store.find_connection(&caller.workspace_id, &id).await?.ok_or_else(missing)
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Invalid(detail) => Problem::Invalid.because(detail),
        Refusal::Forbidden(detail) => Problem::Forbidden.because(detail),
    }
}

fn problem_of(app: &App, connection: &Connection, error: ProxyError) -> Result<Response, Problem> {
    match error {
        ProxyError::Refused(refusal) => Err(refused(refusal)),
        ProxyError::Token(error) => Err(token_problem(app, connection, error)),
        ProxyError::RateLimited { retry_at } => {
            let seconds = ((retry_at - app.now() + 999) / 1_000).max(1);
            let detail =
                "Meta’s limits for this ad account or app are used up; another call would prolong the block.";
            let mut response = Problem::RateLimited.because(detail).into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
        ProxyError::Unanswered(reason) => {
            tracing::warn!(connection = %connection.id, reason, "a program's call got no answer from Meta");
            Err(Problem::Unanswered)
        }
        ProxyError::Store(error) => Err(error.into()),
    }
}

fn response(answer: Answer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(answer.status).map_err(|_| Problem::Unanswered)?;
    let mut response = Response::new(Body::from_stream(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = pair {
            headers.append(name, value);
        }
    }
    if let Some(classification) = answer.classification {
        headers.insert(CLASSIFICATION, HeaderValue::from_static(classification));
    }
    // Meta's text, never a page of ours.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    // Whatever Meta says of its own answer, its errors are not ours to render.
    response.extensions_mut().insert(PassedThrough);
    Ok(response)
}

/// Marks an answer of Meta's.
#[derive(Debug, Clone)]
pub struct PassedThrough;

/// Renders a problem in the form of Meta's errors; other responses pass unchanged.
pub fn render_problem(app: &App, method: &Method, mut response: Response) -> Response {
    if response.extensions().get::<PassedThrough>().is_some() {
        return response;
    }
    let Some(problem) = Problem::take(&mut response) else { return response };
    let rendering = graph_body::problem(app, &problem);
    let rendering = crate::http::problem::rendered(&response, rendering);
    if method == Method::HEAD { rendering.map(|_| Body::empty()) } else { rendering }
}
