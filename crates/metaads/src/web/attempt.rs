//! One trip to the dialog as the person sees it: waiting, reading, and every way it can end.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{
    Authorization, AuthorizationId, AuthorizationStatus, ConnectionKind, ConnectionSummary, SignedIn,
    SyncState,
};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::permissions;
use crate::messages::errors::CallToAction;
use crate::messages::errors::error_text;
use crate::messages::format;
use crate::messages::scopes;
use crate::web::dashboard::Card;
use crate::web::extract::{ClientInfo, MaybeUser, User};
use crate::web::help::{ProblemPage, place};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::{Problem, support_id};

/// "Look again" without scripts waits so long for news.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(300);

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    layout: Layout,
    attempt: String,
    version: String,
    is_consumed: bool,
    reconnects: String,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "connected.html")]
struct ConnectedPage {
    layout: Layout,
    attempt: String,
    version: String,
    card: Card,
    is_again: bool,
    is_popup: bool,
    seconds: i64,
    found: String,
    missing: Vec<Missing>,
    given: Vec<&'static str>,
    developer_names: String,
    /// Where the person agreed.
    place: &'static str,
    kind: Kind,
}

/// Which of the good endings it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reading,
    Connected,
    /// Permissions were declined; the connection is kept.
    Partial,
    NoAdAccounts,
    /// No ad account can be listed without the permission.
    Withheld,
}

struct Missing {
    name: String,
    without: &'static str,
    is_needed: bool,
}

#[derive(Debug, Deserialize)]
pub struct AttemptQuery {
    /// `popup`: this page stands in the small window, and closes it.
    window: Option<String>,
    /// What the asker has seen: the answer waits for something else.
    seen: Option<String>,
    /// Leave the question about permissions behind.
    without: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Path(id): Path<String>,
    Query(query): Query<AttemptQuery>,
) -> Result<Response, Problem> {
    let (authorization, connection) = news(&app, &who, &id, query.seen.as_deref(), Grain::Coarse).await?;
    let is_popup = query.window.as_deref() == Some("popup");
    let layout = |title: &str| Layout::new(&app, &client, Some(&who), Section::Connections, title);
    let version = version(&authorization, connection.as_ref());
    Ok(match (authorization.status, connection) {
        (AuthorizationStatus::Pending | AuthorizationStatus::Consumed, _)
            if !is_over(&app, &authorization) =>
        {
            page(&WaitingPage {
                layout: layout("Connecting to Meta"),
                attempt: authorization.id.to_string(),
                version,
                is_consumed: authorization.status == AuthorizationStatus::Consumed,
                reconnects: authorization.reconnects.map_or_else(String::new, |id| id.to_string()),
                minutes: (authorization.expires_at - app.now() + 59_999) / 60_000,
            })
        }
        (AuthorizationStatus::Completed, Some(connection)) => {
            let title = format!("{} is connected", connection.name);
            page(&connected(
                &app,
                layout(&title),
                &authorization,
                &connection,
                version,
                is_popup,
                query.without.is_some(),
            ))
        }
        // The connection was removed meanwhile.
        (AuthorizationStatus::Completed, None) => Redirect::to("/dashboard").into_response(),
        _ => {
            let code = code_of(&app, &authorization);
            let detail = authorization.detail.as_deref().and_then(|text| serde_json::from_str(text).ok());
            let reconnects = authorization.reconnects.as_ref().map(ToString::to_string);
            let support = support_id(authorization.id.as_str());
            let mut shown = ProblemPage::new(
                layout(error_text(code).title),
                code,
                error_text(code).act,
                Some(support),
                detail,
            );
            shown.reconnects = reconnects.unwrap_or_default();
            shown.is_popup = is_popup;
            shown.login = authorization.login;
            page(&shown)
        }
    })
}

/// Where it stands, for the script: waits for news like the page does.
pub async fn status(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
    Query(query): Query<AttemptQuery>,
) -> Result<Response, Problem> {
    let (authorization, connection) = news(&app, &who, &id, query.seen.as_deref(), Grain::Fine).await?;
    let is_over = is_over(&app, &authorization);
    let is_waiting =
        matches!(authorization.status, AuthorizationStatus::Pending | AuthorizationStatus::Consumed);
    let reading = connection.as_ref().filter(|connection| connection.sync_state == SyncState::Running);
    Ok(Json(json!({
        "version": version(&authorization, connection.as_ref()),
        "is_waiting": is_waiting && !is_over,
        "is_consumed": authorization.status == AuthorizationStatus::Consumed,
        "is_reading": reading.is_some(),
        "done": connection.as_ref().map(|connection| connection.sync_done),
        "total": connection.as_ref().and_then(|connection| connection.sync_total),
    }))
    .into_response())
}

/// The cancel button, also while Meta is being asked.
pub async fn cancel(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = AuthorizationId::from_text(&id).ok_or(Problem::NotFound)?;
    app.store.find_authorization(&who.user_id, &id).await?.ok_or(Problem::NotFound)?;
    app.store.cancel_authorization(&who.user_id, &id, app.now()).await?;
    Ok(Redirect::to(&format!("/connect/attempts/{id}")).into_response())
}

/// A callback that belonged to no attempt of this browser.
pub async fn problem(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(who): MaybeUser,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let code = Code::from_text(&code).ok_or(Problem::NotFound)?;
    let words = error_text(code);
    let layout = Layout::new(&app, &client, who.as_ref(), Section::Connections, words.title);
    let act =
        if who.is_some() && words.act != CallToAction::SignIn { words.act } else { CallToAction::SignIn };
    let act = if who.is_some() && act == CallToAction::SignIn { CallToAction::Connections } else { act };
    let support = support_id(&app.new_row_id());
    tracing::warn!(code = words.code.as_str(), support_id = support, "a refused callback was explained");
    Ok(page(&ProblemPage::new(layout, code, act, Some(support), None)))
}

/// What counts as news.
#[derive(Debug, Clone, Copy)]
enum Grain {
    /// Every further account: the script counts along.
    Fine,
    /// Another state: nobody wants to press "Look again" for every hundred accounts.
    Coarse,
}

impl Grain {
    fn is_other(self, seen: &str, now: &str) -> bool {
        let coarse = |version: &str| version.trim_end_matches(|end: char| end.is_ascii_digit()).to_owned();
        match self {
            Grain::Fine => seen != now,
            Grain::Coarse => coarse(seen) != coarse(now),
        }
    }
}

/// The attempt as it stands; with `seen`, waits until it stands otherwise or the time is over.
async fn news(
    app: &App,
    who: &SignedIn,
    id: &str,
    seen: Option<&str>,
    grain: Grain,
) -> Result<(Authorization, Option<ConnectionSummary>), Problem> {
    let id = AuthorizationId::from_text(id).ok_or(Problem::NotFound)?;
    let until = tokio::time::Instant::now() + LONGEST_WAIT;
    loop {
        let found = app.store.find_authorization(&who.user_id, &id).await?.ok_or(Problem::NotFound)?;
        let connection = match &found.connection_id {
            Some(connection) => app.store.find_connection_summary(&who.workspace_id, connection).await?,
            None => None,
        };
        let is_news = seen.is_none_or(|seen| grain.is_other(seen, &version(&found, connection.as_ref())));
        if is_news || tokio::time::Instant::now() >= until {
            return Ok((found, connection));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Changes whenever there is something new to show.
fn version(authorization: &Authorization, connection: Option<&ConnectionSummary>) -> String {
    let reading = connection.map_or_else(String::new, |connection| {
        format!("-{}-{}", connection.sync_state.as_str(), connection.sync_done)
    });
    format!("{}{reading}", authorization.status.as_str())
}

/// Whether its time is over although its row does not say so yet.
fn is_over(app: &App, authorization: &Authorization) -> bool {
    authorization.expires_at <= app.now()
}

fn code_of(app: &App, authorization: &Authorization) -> Code {
    match authorization.status {
        AuthorizationStatus::Pending if is_over(app, authorization) => Code::StateExpired,
        AuthorizationStatus::Cancelled => Code::Cancelled,
        _ => authorization.outcome.as_deref().and_then(Code::from_text).unwrap_or(Code::MetaUnavailable),
    }
}

fn connected(
    app: &App,
    layout: Layout,
    authorization: &Authorization,
    connection: &ConnectionSummary,
    version: String,
    is_popup: bool,
    is_without: bool,
) -> ConnectedPage {
    let card = Card::new(app, connection, app.now());
    let asked = permissions::asked(app, connection.kind, &connection.scopes);
    let missing: Vec<&String> = asked.iter().filter(|scope| !connection.scopes.has(scope)).collect();
    let is_instagram = connection.kind == ConnectionKind::InstagramUser;
    let has_ads = connection.scopes.has("ads_read") || connection.scopes.has("ads_management");
    let is_withheld = !is_instagram && !has_ads;
    let kind = match () {
        () if is_withheld => Kind::Withheld,
        // Of Instagram there is nothing more to read than what has come.
        () if card.is_reading && !is_instagram => Kind::Reading,
        () if card.reachable_number == 0 && !is_instagram => Kind::NoAdAccounts,
        () if !missing.is_empty() && !is_without => Kind::Partial,
        () => Kind::Connected,
    };
    let given = asked.iter().filter(|scope| connection.scopes.has(scope));
    ConnectedPage {
        attempt: authorization.id.to_string(),
        is_again: authorization.outcome.as_deref() == Some("reconnected"),
        seconds: (authorization.finished_at.unwrap_or_default() - authorization.created_at) / 1000,
        found: found(connection),
        place: place(authorization.login),
        given: given.filter_map(|scope| scopes::scope(scope)).map(|words| words.name).collect(),
        developer_names: missing.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
        missing: missing.into_iter().map(|scope| Missing::new(app, connection, scope)).collect(),
        layout,
        version,
        card,
        is_popup,
        kind,
    }
}

impl Missing {
    fn new(app: &App, connection: &ConnectionSummary, scope: &str) -> Missing {
        let words = scopes::scope(scope);
        Missing {
            name: words.map_or_else(|| scope.to_owned(), |words| words.name.to_owned()),
            without: words.map_or("", |words| words.without),
            is_needed: permissions::is_required(app, connection.kind, scope),
        }
    }
}

/// "3 businesses, 1,307 ad accounts, 41 Pages and 27 Instagram accounts."
fn found(connection: &ConnectionSummary) -> String {
    let parts = [
        (connection.assets.businesses, "business", "businesses"),
        (connection.assets.ad_accounts, "ad account", "ad accounts"),
        (connection.assets.pages, "Page", "Pages"),
        (connection.assets.instagram_accounts, "Instagram account", "Instagram accounts"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _, _)| *number > 0)
        .map(|(number, one, many)| format::plural(number, one, many))
        .collect();
    match parts.split_last() {
        None => "No ad account came with it.".to_owned(),
        Some((last, [])) => format!("{last}."),
        Some((last, rest)) => format!("{} and {last}.", rest.join(", ")),
    }
}
