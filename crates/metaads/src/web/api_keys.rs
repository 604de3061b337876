//! API keys of the user's workspace: making, replacing and ending them, and what was done with one.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use metaads_store::{ApiCall, ApiKey, ApiKeyLimits, ApiScope};
use serde::Deserialize;

use crate::accounts::api_keys::{self, DEFAULT_OVERLAP, KeyError, KeyRequest, MadeKey};
use crate::app::App;
use crate::codes::notice::Notice;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::{api_scopes, format};
use crate::web::confirm;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;

/// Calls on the page of a key.
const SHOWN_CALLS: i64 = 100;

#[derive(Template)]
#[template(path = "api_keys.html")]
struct ApiKeysPage {
    layout: Layout,
    notice: Option<NoticeView>,
    made: Option<Made>,
    keys: Vec<KeyRow>,
    ended: Vec<KeyRow>,
    scopes: Vec<Choice>,
    connections: Vec<Choice>,
    typed: Typed,
    /// The field that cannot be accepted, and why.
    error: Option<(&'static str, String)>,
    docs: String,
}

/// A key that is shown this once.
struct Made {
    secret: String,
    /// A line to try it with.
    curl: String,
}

struct KeyRow {
    id: String,
    name: String,
    hint: String,
    scopes: String,
    limits: String,
    /// "last used … from …".
    used: String,
    /// "until …", "ended …"; may be empty.
    end: String,
}

/// A box to check.
struct Choice {
    value: String,
    label: String,
    is_checked: bool,
}

/// What the form holds.
#[derive(Clone, Default)]
struct Typed {
    name: String,
    ad_accounts: String,
    networks: String,
    return_origins: String,
    calls_per_minute: String,
    expires: String,
}

#[derive(Template)]
#[template(path = "api_key.html")]
struct ApiKeyPage {
    layout: Layout,
    key: KeyRow,
    calls: Vec<CallRow>,
}

struct CallRow {
    action: String,
    actor: String,
    address: String,
    iso: String,
    shown: String,
}

#[derive(Debug, Deserialize)]
pub struct ApiKeysQuery {
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Query(query): Query<ApiKeysQuery>,
) -> Result<Response, Problem> {
    let mut shown = keys_page(&app, &client, &caller, &Typed::fresh(), &[], &[]).await?;
    shown.notice = NoticeView::of(&client, query.notice.as_deref());
    Ok(page(&shown))
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let typed = Typed::of(&fields);
    let (scopes, connections) = (fields.all("scope"), fields.all("connection"));
    let request = typed.request(&app, &scopes, &connections);
    match api_keys::create_by_user(&app, &caller.session, request, &client.origin()).await {
        Ok(made) => made_page(&app, &client, &caller, made).await,
        Err(KeyError::Store(error)) => Err(error.into()),
        Err(KeyError::NotFound) => Err(Problem::NotFound),
        Err(KeyError::Invalid { field, message }) => {
            let mut shown = keys_page(&app, &client, &caller, &typed, &scopes, &connections).await?;
            shown.layout.is_refused = true;
            shown.error = Some((field, message));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
        }
    }
}

/// The only page that shows a key.
async fn made_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    made: MadeKey,
) -> Result<Response, Problem> {
    let mut shown = keys_page(app, client, caller, &Typed::fresh(), &[], &[]).await?;
    shown.made = Some(Made::new(app, made));
    Ok(page(&shown))
}

/// What was done with a key.
pub async fn show_one(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let key = app.store.find_api_key_of(&caller.session.workspace_id, &id).await?.ok_or(Problem::NotFound)?;
    let calls = app.store.list_api_calls(&key.workspace_id, &key.id, SHOWN_CALLS).await?;
    Ok(page(&ApiKeyPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Settings).await?,
        key: KeyRow::new(&key, app.now()),
        calls: calls.into_iter().map(CallRow::new).collect(),
    }))
}

pub async fn replace(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let action = (format!("/settings/keys/{id}/replace"), "replace this key");
    if let Some(question) = confirm::ask(&app, &client, &caller, action, fields.one("password")).await? {
        return Ok(question);
    }
    match api_keys::rotate_by_user(&app, &caller.session, &id, DEFAULT_OVERLAP, &client.origin()).await {
        Ok(made) => made_page(&app, &client, &caller, made).await,
        Err(KeyError::Store(error)) => Err(error.into()),
        Err(KeyError::NotFound | KeyError::Invalid { .. }) => Err(Problem::NotFound),
    }
}

pub async fn end(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    if !api_keys::end_by_user(&app, &caller.session, &id, &client.origin()).await? {
        return Err(Problem::NotFound);
    }
    Ok(Redirect::to(&format!("/settings/keys?notice={}", Notice::ApiKeyEnded.as_str())).into_response())
}

async fn keys_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    typed: &Typed,
    scopes: &[String],
    connections: &[String],
) -> Result<ApiKeysPage, Problem> {
    let now = app.now();
    let workspace = &caller.session.workspace_id;
    let all = app.store.list_api_keys(workspace).await?;
    let (usable, ended): (Vec<ApiKey>, Vec<ApiKey>) =
        all.into_iter().partition(|key| api_keys::is_usable(key, now));
    let choice = |scope: ApiScope| Choice {
        value: scope.as_str().to_owned(),
        label: api_scopes::scope(scope).to_owned(),
        is_checked: scopes.iter().any(|checked| checked == scope.as_str())
            || (scopes.is_empty() && scope == ApiScope::ConnectionsRead),
    };
    let rows = |keys: &[ApiKey]| keys.iter().map(|key| KeyRow::new(key, now)).collect();
    let linked = app.store.list_connections(workspace).await?;
    Ok(ApiKeysPage {
        layout: Layout::new(app, client, Some(caller), Section::Settings).await?,
        notice: None,
        made: None,
        keys: rows(&usable),
        ended: rows(&ended),
        scopes: ApiScope::ALL.into_iter().map(choice).collect(),
        connections: linked
            .into_iter()
            .map(|connection| Choice {
                is_checked: connections.iter().any(|id| id == connection.id.as_str()),
                value: connection.id.to_string(),
                label: connection.name.clone(),
            })
            .collect(),
        typed: typed.clone(),
        error: None,
        docs: format!("{}/api/docs", app.config.base()),
    })
}

impl ApiKeysPage {
    /// What is wrong with a field; empty: nothing.
    fn error_of(&self, field: &str) -> &str {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map_or("", |(_, message)| message.as_str())
    }
}

impl Made {
    fn new(app: &App, made: MadeKey) -> Made {
        let curl = format!(
            "curl -H 'Authorization: Bearer {}' {}/api/v1/connections",
            made.secret,
            app.config.base()
        );
        Made { secret: made.secret, curl }
    }
}

impl KeyRow {
    fn new(key: &ApiKey, now: i64) -> KeyRow {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| api_scopes::scope(*scope)).collect();
        let used = match (key.last_used_at, key.last_used_from.as_deref()) {
            (None, _) => "never used".to_owned(),
            (Some(at), Some(from)) if !from.is_empty() => {
                format!("last used {} from {from}", format::day_and_time(at))
            }
            (Some(at), _) => format!("last used {}", format::day_and_time(at)),
        };
        let end = match (key.ended_at, key.expires_at) {
            (Some(at), _) => format!("ended {}", format::day(at, now)),
            (None, Some(at)) if at <= now => format!("expired {}", format::day(at, now)),
            (None, Some(at)) => format!("until {}", format::day(at, now)),
            (None, None) => String::new(),
        };
        KeyRow {
            id: key.id.clone(),
            name: key.name.clone(),
            hint: key.hint.clone(),
            scopes: scopes.join(" · "),
            limits: api_scopes::limits(key),
            used,
            end,
        }
    }
}

impl CallRow {
    fn new(call: ApiCall) -> CallRow {
        CallRow {
            iso: format::iso(call.at),
            shown: format::day_and_time(call.at),
            action: call.action,
            actor: call.actor,
            address: call.address,
        }
    }
}

impl Typed {
    /// An empty form.
    fn fresh() -> Typed {
        Typed { expires: "90d".to_owned(), ..Typed::default() }
    }

    fn of(fields: &FormFields) -> Typed {
        let text = |name: &str| fields.one(name).trim().to_owned();
        Typed {
            name: text("name"),
            ad_accounts: text("ad_accounts"),
            networks: text("networks"),
            return_origins: text("return_origins"),
            calls_per_minute: text("calls_per_minute"),
            expires: text("expires"),
        }
    }

    fn request(&self, app: &App, scopes: &[String], connections: &[String]) -> KeyRequest {
        let words = |text: &str| {
            let words = text.split(|letter: char| letter.is_whitespace() || letter == ',');
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        // Zero calls are refused, as text that is not a number should be.
        let calls = Some(self.calls_per_minute.as_str()).filter(|text| !text.is_empty());
        KeyRequest {
            name: self.name.clone(),
            scopes: scopes.to_vec(),
            limits: ApiKeyLimits {
                connections: connections.to_vec(),
                ad_accounts: words(&self.ad_accounts),
                networks: words(&self.networks),
                return_origins: words(&self.return_origins),
                calls_per_minute: calls.map(|text| text.parse().unwrap_or(0)),
            },
            expires_at: api_keys::duration(&self.expires).map(|after| app.now() + after),
        }
    }
}
