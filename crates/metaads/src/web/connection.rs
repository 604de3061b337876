//! One connection: access, chosen accounts, permissions, Pages, Instagram, history.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{
    AdAccount, AdAccountFilter, ConnectionId, ConnectionStatus, ConnectionSummary, InstagramAccount, Only,
    Page, Priority, SignedIn,
};
use serde::Deserialize;

use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::connections::assets::sync_plan;
use crate::connections::granular_scopes;
use crate::connections::permissions;
use crate::connections::token::check;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::messages::ad_accounts;
use crate::messages::ad_accounts::AccountStatusText;
use crate::messages::format;
use crate::messages::history;
use crate::messages::history::HistoryLine;
use crate::messages::scopes;
use crate::rate_limit;
use crate::rate_limit::Bucket;
use crate::web::dashboard::Card;
use crate::web::extract::{ClientInfo, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::picker::chosen_words;
use crate::web::problem::Problem;

/// Chosen accounts shown on the overview, and lines of history.
const SHOWN: i64 = 10;
const HISTORY: i64 = 200;

#[derive(Template)]
#[template(path = "connection.html")]
struct ConnectionPage {
    layout: Layout,
    card: Card,
    tab: &'static str,
    notice: &'static str,
    connected_on: String,
    valid_until: Option<String>,
    checked_on: Option<String>,
    instagram_until: Option<String>,
    chosen: Vec<ChosenRow>,
    has_more: bool,
    pages: Vec<Page>,
    instagram: Vec<InstagramAccount>,
    permissions: Vec<PermissionRow>,
    history: Vec<HistoryRow>,
    is_revocation_pending: bool,
    is_imported: bool,
}

struct ChosenRow {
    name: String,
    id: String,
    business: String,
    currency: String,
    zone: String,
    standing: AccountStatusText,
}

struct PermissionRow {
    name: String,
    /// What stops without it.
    without: &'static str,
    is_given: bool,
    is_needed: bool,
    /// Meta took it back, since it was not used.
    has_lapsed: bool,
    /// The assets it is limited to; none: all of them.
    targets: Vec<String>,
    /// When we last used it; None: not by us.
    used: Option<String>,
    /// When Facebook may take it back, since nobody has used it for long.
    lapses: Option<String>,
}

struct HistoryRow {
    line: HistoryLine,
    iso: String,
    shown: String,
}

#[derive(Debug, Deserialize)]
pub struct ConnectionQuery {
    tab: Option<String>,
    notice: Option<String>,
}

/// The connection of a path, if it is this user's.
pub(crate) async fn find(app: &App, who: &SignedIn, id: &str) -> Result<ConnectionSummary, Problem> {
    let id = ConnectionId::from_text(id).ok_or(Problem::NotFound)?;
    app.store.find_connection_summary(&who.workspace_id, &id).await?.ok_or(Problem::NotFound)
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Path(id): Path<String>,
    Query(query): Query<ConnectionQuery>,
) -> Result<Response, Problem> {
    let connection = find(&app, &who, &id).await?;
    let now = app.now();
    let tab = match query.tab.as_deref() {
        Some("pages") => "pages",
        Some("instagram") => "instagram",
        Some("history") => "history",
        _ => "overview",
    };
    let mut chosen = match tab {
        "overview" => app.store.list_ad_accounts(&chosen_filter(&connection)).await?,
        _ => Vec::new(),
    };
    let has_more = chosen.len() > usize::try_from(SHOWN).unwrap_or_default();
    chosen.truncate(usize::try_from(SHOWN).unwrap_or_default());
    let lines = if tab == "history" { HISTORY } else { 6 };
    let history = app.store.list_audit(&connection.id, lines).await?;
    let app_id = app.graph().app().app_id.as_str();
    Ok(page(&ConnectionPage {
        layout: Layout::new(&app, &client, Some(&who), Section::Connections, &connection.name),
        card: Card::new(&app, &connection, now),
        notice: notice(query.notice.as_deref()),
        connected_on: format::day(connection.connected_at, now),
        valid_until: valid_until(&connection, now),
        checked_on: connection.last_checked_at.map(|at| format::day(at, now)),
        instagram_until: instagram_until(&connection, now),
        chosen: chosen.into_iter().map(ChosenRow::new).collect(),
        has_more,
        pages: if tab == "pages" { app.store.list_pages(&connection.id).await? } else { Vec::new() },
        instagram: match tab {
            "instagram" => app.store.list_instagram_accounts(&connection.id).await?,
            _ => Vec::new(),
        },
        permissions: permission_rows(&app, &connection, now),
        is_imported: connection.is_imported,
        history: history.iter().map(|entry| HistoryRow::new(history::history_line(entry), now)).collect(),
        is_revocation_pending: connection.app_id == app_id
            && app.store.is_revocation_pending(app_id, &connection.meta_user_id).await?,
        tab,
    }))
}

/// The connection of a path, for a press that has Meta asked at once: not as often as somebody likes, since all
/// share the app's allowance.
pub(crate) async fn find_to_ask(app: &App, who: &SignedIn, id: &str) -> Result<ConnectionSummary, Problem> {
    let connection = find(app, who, id).await?;
    match rate_limit::allow(app, &Bucket::AskMeta { user: &who.user_id }).await? {
        true => Ok(connection),
        false => Err(Problem::Throttled),
    }
}

/// Reads the accounts again.
pub async fn read_again(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let connection = find_to_ask(&app, &who, &id).await?;
    let notice = if sync_plan::start_sync(&app, &connection.id, Priority::Interactive).await? {
        "reading"
    } else {
        "not_connected"
    };
    Ok(Redirect::to(&format!("/connections/{id}?notice={notice}")).into_response())
}

/// Renews the access now, or looks again whether it works.
pub async fn refresh(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let connection = find_to_ask(&app, &who, &id).await?;
    let notice = match check::check_now(&app, &connection.id, CheckTrigger::Requested).await? {
        CheckOutcome::Refreshed => "renewed",
        CheckOutcome::Valid => "well",
        CheckOutcome::NotRefreshed => "not_renewed",
        CheckOutcome::Unavailable | CheckOutcome::AppRefused => "meta_away",
        CheckOutcome::RateLimited => "held_off",
        // The page itself says what is wrong.
        CheckOutcome::NeedsConfirmation | CheckOutcome::NeedsReauthorization | CheckOutcome::Unreadable => {
            "checked"
        }
        CheckOutcome::Gone => "not_connected",
    };
    Ok(Redirect::to(&format!("/connections/{id}?notice={notice}")).into_response())
}

fn notice(query: Option<&str>) -> &'static str {
    match query {
        Some("renewed") => "The access is renewed.",
        Some("well") => "The access works.",
        Some("not_renewed") => {
            "The access works. Facebook gives no later end yet; we keep trying by ourselves."
        }
        Some("meta_away") => {
            "Meta isn’t answering right now. Nothing has changed; we try again by ourselves."
        }
        Some("held_off") => "Meta asks us to wait. Nothing has changed; we try again by ourselves.",
        Some("checked") => "We looked again. It still needs somebody, see below.",
        Some("reading") => "We are reading the accounts again. You can leave this page.",
        Some("not_connected") => "This connection is disconnected; there is nothing to do.",
        Some(key) => chosen_words(key),
        None => "",
    }
}

fn chosen_filter(connection: &ConnectionSummary) -> AdAccountFilter {
    AdAccountFilter {
        connection_id: connection.id.clone(),
        group_id: None,
        search: None,
        only: Only::Selected,
        after: None,
        limit: SHOWN + 1,
    }
}

/// Said of a connection that works and does not end for good within days.
fn valid_until(connection: &ConnectionSummary, now: i64) -> Option<String> {
    let is_well = connection.state.status() == ConnectionStatus::Active;
    connection.expires_at.filter(|at| is_well && *at > now).map(|at| format::day(at, now))
}

/// Data access ends by a clock of its own, which matters only where Instagram was granted.
fn instagram_until(connection: &ConnectionSummary, now: i64) -> Option<String> {
    permissions::data_access_end(connection).filter(|at| *at > now).map(|at| format::day(at, now))
}

fn permission_rows(app: &App, connection: &ConnectionSummary, now: i64) -> Vec<PermissionRow> {
    let limited = granular_scopes::parse(&connection.granular_scopes);
    let row = |scope: &String| {
        let is_given = connection.scopes.has(scope);
        let used_at =
            connection.last_synced_at.filter(|_| permissions::is_exercised(scope, &connection.scopes));
        let lapses = permissions::lapses_at(used_at.unwrap_or(connection.connected_at), now);
        let shown = |at: i64| format::day(at, now);
        PermissionRow {
            name: scopes::scope(scope).map_or_else(|| scope.clone(), |words| words.name.to_owned()),
            without: scopes::scope(scope).map_or("", |words| words.without),
            is_needed: permissions::is_required(app, connection.kind, scope),
            has_lapsed: connection.expired_scopes.has(scope),
            targets: limited
                .iter()
                .find(|(own, _)| own == scope)
                .map_or_else(Vec::new, |(_, ids)| ids.clone()),
            used: used_at.filter(|_| is_given).map(shown),
            lapses: lapses.filter(|_| is_given).map(shown),
            is_given,
        }
    };
    permissions::asked(app, connection.kind, &connection.scopes).iter().map(row).collect()
}

impl ChosenRow {
    fn new(account: AdAccount) -> ChosenRow {
        ChosenRow {
            standing: ad_accounts::standing(AccountStatus::of(account.account_status, account.is_reachable)),
            business: account.business_name.unwrap_or_else(|| "Not in a business".to_owned()),
            zone: ad_accounts::zone_name(&account.timezone),
            name: account.account_name,
            id: account.account_id,
            currency: account.currency,
        }
    }
}

impl HistoryRow {
    fn new(line: HistoryLine, now: i64) -> HistoryRow {
        HistoryRow { iso: format::iso(line.at), shown: format::day(line.at, now), line }
    }
}
