//! The page of a connection: access, selected ad accounts, permissions, Pages, Instagram accounts and history.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{AdAccount, AdAccountFilter, ConnectionSummary, InstagramAccount, Only, Page};
use serde::Deserialize;
use url::form_urlencoded;

use crate::app::App;
use crate::codes::notice::Notice;
use crate::connections::assets::sync_plan::{self, SyncRequest};
use crate::connections::granular_scopes;
use crate::connections::token::check;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::{permissions, status};
use crate::http::client_info::ClientInfo;
use crate::http::owned_connection::{OwnedConnection, OwnedConnectionForMetaCall};
use crate::http::problem::Problem;
use crate::messages::{ad_accounts, format, scopes};
use crate::web::account_status_view::AccountStatusView;
use crate::web::connection_card::ConnectionCard;
use crate::web::history_view::HistoryRow;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;

/// Selected ad accounts on the overview.
const SHOWN: i64 = 10;
/// Lines of history on the overview, and on the first page of the tab.
const SHOWN_HISTORY: i64 = 6;
const HISTORY: i64 = 200;
/// Lines that one request can ask for.
const MAX_HISTORY: i64 = 20_000;
/// Pages or Instagram accounts on one page.
const ASSETS: i64 = 500;
/// Ids of a limited permission that are shown.
const SHOWN_TARGETS: usize = 50;

#[derive(Template)]
#[template(path = "connection.html")]
struct ConnectionPage {
    layout: Layout,
    card: ConnectionCard,
    tab: Tab,
    notice: Option<NoticeView>,
    connected_on: String,
    valid_until: Option<String>,
    checked_on: Option<String>,
    instagram_until: Option<String>,
    selected: Vec<SelectedRow>,
    has_more_selected: bool,
    pages: Vec<Page>,
    instagram: Vec<InstagramAccount>,
    /// The link to further Pages or Instagram accounts.
    more_assets: Option<String>,
    permissions: Vec<PermissionRow>,
    history: Vec<HistoryRow>,
    /// How many lines the link to older ones asks for; None if all are shown.
    more_history: Option<i64>,
    is_revocation_pending: bool,
    /// The page follows the disconnection, and its own banner is the notice.
    is_just_disconnected: bool,
    is_imported: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Overview,
    Pages,
    Instagram,
    History,
}

struct SelectedRow {
    name: String,
    id: String,
    business: String,
    currency: String,
    zone: String,
    status: AccountStatusView,
}

struct PermissionRow {
    name: String,
    /// What stops without it.
    without: &'static str,
    is_granted: bool,
    is_required: bool,
    /// Meta took it back, because it was not used.
    has_expired: bool,
    /// The first assets that it is limited to, and how many more there are; none: not limited.
    targets: Vec<String>,
    more_targets: usize,
    /// When we last used it; None: not by us.
    used: Option<String>,
    /// When Meta may take it back, because nobody has used it for long.
    expires: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct ConnectionQuery {
    tab: Option<String>,
    notice: Option<String>,
    /// Lines of history.
    lines: Option<i64>,
    /// Name and id of the last Page or Instagram account already shown.
    after: Option<String>,
    after_id: Option<String>,
}

impl ConnectionQuery {
    fn tab(&self) -> Tab {
        match self.tab.as_deref() {
            Some("pages") => Tab::Pages,
            Some("instagram") => Tab::Instagram,
            Some("history") => Tab::History,
            _ => Tab::Overview,
        }
    }
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    OwnedConnection { caller, connection }: OwnedConnection,
    Query(query): Query<ConnectionQuery>,
) -> Result<Response, Problem> {
    let now = app.now();
    let tab = query.tab();
    let mut selected = match tab {
        Tab::Overview => app.store.list_ad_accounts(&selected_filter(&connection)).await?,
        Tab::Pages | Tab::Instagram | Tab::History => Vec::new(),
    };
    let has_more_selected = selected.len() > usize::try_from(SHOWN).unwrap_or_default();
    selected.truncate(usize::try_from(SHOWN).unwrap_or_default());
    let lines = match tab {
        Tab::History => query.lines.unwrap_or(HISTORY).clamp(HISTORY, MAX_HISTORY),
        Tab::Overview => SHOWN_HISTORY,
        Tab::Pages | Tab::Instagram => 0,
    };
    let mut history = match lines {
        0 => Vec::new(),
        lines => app.store.list_audit(&connection.id, None, lines + 1).await?,
    };
    let has_older = history.len() > usize::try_from(lines).unwrap_or_default();
    history.truncate(usize::try_from(lines).unwrap_or_default());
    let assets = assets(&app, &connection, tab, &query).await?;
    let app_id = app.graph().app().app_id.as_str();
    let is_just_disconnected = client.notice.as_deref() == Some(Notice::Disconnected.as_str());
    Ok(page(&ConnectionPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Connections).await?,
        card: ConnectionCard::new(&app, &connection, now),
        notice: NoticeView::of(&client, query.notice.as_deref()).filter(|_| !is_just_disconnected),
        is_just_disconnected,
        connected_on: format::day(connection.connected_at, now),
        valid_until: valid_until(&connection, now),
        checked_on: connection.last_checked_at.map(|at| format::day(at, now)),
        instagram_until: instagram_until(&connection, now),
        selected: selected.into_iter().map(SelectedRow::new).collect(),
        has_more_selected,
        pages: assets.pages,
        instagram: assets.instagram,
        more_assets: assets.more,
        permissions: match tab {
            Tab::Overview => permission_rows(&app, &connection, now),
            Tab::Pages | Tab::Instagram | Tab::History => Vec::new(),
        },
        is_imported: connection.is_imported,
        history: history.iter().map(|entry| HistoryRow::new(entry, now)).collect(),
        more_history: has_older.then_some(lines * 5),
        is_revocation_pending: !status::is_connected(&connection)
            && connection.app_id == app_id
            && app.store.is_revocation_pending(app_id, &connection.meta_user_id).await?,
        tab,
    }))
}

/// Pages or Instagram accounts of their tab.
#[derive(Default)]
struct Assets {
    pages: Vec<Page>,
    instagram: Vec<InstagramAccount>,
    /// The link to the next ones.
    more: Option<String>,
}

async fn assets(
    app: &App,
    connection: &ConnectionSummary,
    tab: Tab,
    query: &ConnectionQuery,
) -> Result<Assets, Problem> {
    let id = &connection.id;
    let after = query.after.as_deref().unwrap_or_default();
    let after_id = query.after_id.as_deref().unwrap_or_default();
    let has_more = |length: usize| length > usize::try_from(ASSETS).unwrap_or_default();
    match tab {
        Tab::Overview | Tab::History => Ok(Assets::default()),
        Tab::Pages => {
            let mut pages = app.store.list_pages(id, after, after_id, ASSETS + 1).await?;
            let more = has_more(pages.len()).then(|| pages.pop()).flatten();
            let last = pages.last().filter(|_| more.is_some());
            let more = last.map(|last| more_href("pages", &last.name, &last.page_id));
            Ok(Assets { pages, more, ..Assets::default() })
        }
        Tab::Instagram => {
            let mut accounts = app.store.list_instagram_accounts(id, after, after_id, ASSETS + 1).await?;
            let more = has_more(accounts.len()).then(|| accounts.pop()).flatten();
            let last = accounts.last().filter(|_| more.is_some());
            let more = last.map(|last| more_href("instagram", &last.username, &last.instagram_id));
            Ok(Assets { instagram: accounts, more, ..Assets::default() })
        }
    }
}

fn more_href(tab: &str, name: &str, id: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::from("?"));
    query.append_pair("tab", tab).append_pair("after", name).append_pair("after_id", id).finish()
}

/// Syncs the asset lists.
pub async fn sync(
    State(app): State<App>,
    OwnedConnectionForMetaCall(owned): OwnedConnectionForMetaCall,
) -> Result<Response, Problem> {
    let OwnedConnection { caller, connection } = owned;
    let notice = match sync_plan::request_sync(&app, &caller.user_id, &connection).await? {
        SyncRequest::Started => Notice::SyncStarted,
        SyncRequest::NotConnected => Notice::NotConnected,
        SyncRequest::RateLimited => return Err(Problem::RateLimited),
    };
    Ok(done(&connection, notice))
}

/// Refreshes the token, or checks it where it cannot be refreshed.
pub async fn refresh(
    State(app): State<App>,
    OwnedConnectionForMetaCall(owned): OwnedConnectionForMetaCall,
) -> Result<Response, Problem> {
    let connection = owned.connection;
    let notice = match check::check_now(&app, &connection.id, CheckTrigger::Requested).await? {
        CheckOutcome::Refreshed => Notice::Renewed,
        CheckOutcome::Valid => Notice::AccessWorks,
        CheckOutcome::NotRefreshed => Notice::NotRenewed,
        CheckOutcome::Unavailable | CheckOutcome::AppRefused => Notice::MetaUnavailable,
        CheckOutcome::RateLimited => Notice::RateLimited,
        CheckOutcome::NeedsConfirmation
        | CheckOutcome::NeedsReauthorization
        | CheckOutcome::OtherApp
        | CheckOutcome::Unreadable => Notice::StillBroken,
        CheckOutcome::Gone => Notice::NotConnected,
    };
    Ok(done(&connection, notice))
}

/// Back to the page of the connection, with a notice.
fn done(connection: &ConnectionSummary, notice: Notice) -> Response {
    Redirect::to(&format!("/connections/{}?notice={}", connection.id, notice.as_str())).into_response()
}

fn selected_filter(connection: &ConnectionSummary) -> AdAccountFilter {
    AdAccountFilter { only: Only::Selected, ..AdAccountFilter::all(&connection.id, SHOWN + 1) }
}

/// When the token of a working connection ends.
fn valid_until(connection: &ConnectionSummary, now: i64) -> Option<String> {
    let is_working = status::is_working(connection);
    connection.expires_at.filter(|at| is_working && *at > now).map(|at| format::day(at, now))
}

/// Data access has an end of its own, which matters only where Instagram was granted.
fn instagram_until(connection: &ConnectionSummary, now: i64) -> Option<String> {
    permissions::data_access_end(connection).filter(|at| *at > now).map(|at| format::day(at, now))
}

fn permission_rows(app: &App, connection: &ConnectionSummary, now: i64) -> Vec<PermissionRow> {
    let limited = granular_scopes::parse(&connection.granular_scopes);
    let row = |scope: &String| {
        let is_granted = connection.scopes.has(scope);
        let used_at =
            connection.last_synced_at.filter(|_| permissions::is_exercised(scope, &connection.scopes));
        let expires = permissions::lapses_at(used_at.unwrap_or(connection.connected_at), now);
        let shown = |at: i64| format::day(at, now);
        let targets = limited.iter().find(|(own, _)| own == scope).map_or(&[][..], |(_, ids)| ids);
        PermissionRow {
            name: scopes::scope_name(scope).to_owned(),
            without: scopes::scope(scope).map_or("", |text| text.without),
            is_required: permissions::is_required(app, connection.kind, scope),
            has_expired: connection.expired_scopes.has(scope),
            more_targets: targets.len().saturating_sub(SHOWN_TARGETS),
            targets: targets.iter().take(SHOWN_TARGETS).cloned().collect(),
            used: used_at.filter(|_| is_granted).map(shown),
            expires: expires.filter(|_| is_granted).map(shown),
            is_granted,
        }
    };
    permissions::asked(app, connection.kind, &connection.scopes).iter().map(row).collect()
}

impl PermissionRow {
    fn number_of_targets(&self) -> usize {
        self.targets.len() + self.more_targets
    }
}

impl SelectedRow {
    fn new(account: AdAccount) -> SelectedRow {
        SelectedRow {
            status: AccountStatusView::of(&account),
            business: account.business_name.unwrap_or_else(|| ad_accounts::NO_BUSINESS.to_owned()),
            zone: ad_accounts::zone_name(&account.timezone),
            name: account.account_name,
            id: account.account_id,
            currency: account.currency,
        }
    }
}
