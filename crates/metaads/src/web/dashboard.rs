//! Every connection with its state.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use metaads_store::{ConnectionKind, ConnectionStatus, ConnectionSummary, StatusReason, SyncState};
use serde::Deserialize;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::permissions;
use crate::connections::token::schedule;
use crate::messages::connection_errors;
use crate::messages::connection_errors::ConnectionErrorText;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::connection_warnings;
use crate::messages::connection_warnings::ConnectionWarning;
use crate::messages::format;
use crate::messages::scopes;
use crate::ui::Lifeline;
use crate::web::extract::{ClientInfo, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::operator_notices::OperatorNoticeView;
use crate::web::problem::Problem;

/// A connection that ends within a week is said to be ending.
pub const EXPIRING_MS: i64 = 7 * crate::clock::DAY;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    layout: Layout,
    cards: Vec<Card>,
    filters: Vec<Filter>,
    has_connections: bool,
    is_handheld: bool,
    /// Login for Business is set up.
    has_business: bool,
    /// Instagram Login is set up.
    has_instagram: bool,
    notice: &'static str,
    /// What only an admin can mend; shown to admins.
    operator_notices: Vec<OperatorNoticeView>,
    checked_at: Option<(String, String)>,
    asked: Vec<&'static str>,
    /// A trip to the dialog that is still under way.
    open_attempt: Option<String>,
}

struct Filter {
    label: &'static str,
    key: &'static str,
    count: usize,
    is_current: bool,
}

/// How a connection shows itself on the dashboard and at the head of its own page.
pub struct Card {
    pub id: String,
    pub name: String,
    pub first_name: String,
    pub initials: String,
    pub tone: &'static str,
    pub subtitle: String,
    pub badge: StatusBadge,
    pub connection_error: Option<ConnectionErrorText>,
    /// What will be query of somebody, although it works.
    pub warning: Option<ConnectionWarning>,
    /// Whether a renewal can be asked for now.
    pub is_renewable: bool,
    pub missing: i64,
    pub missing_required: i64,
    pub is_live: bool,
    pub is_reading: bool,
    pub is_stuck: bool,
    pub done: i64,
    pub total: Option<i64>,
    pub selected: String,
    pub reachable: String,
    pub reachable_number: i64,
    pub pages: String,
    pub instagram: String,
    pub permissions: String,
    pub owing: i64,
    /// Instagram Login brings no ad accounts and no Pages.
    pub has_ads: bool,
    pub stopped: i64,
    pub lifeline: String,
    pub life_from: String,
    pub life_to: String,
    order: u8,
}

pub struct StatusBadge {
    pub class: &'static str,
    pub glyph: &'static str,
    pub word: String,
}

#[derive(Debug, Deserialize)]
pub struct DashboardQuery {
    show: Option<String>,
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Query(query): Query<DashboardQuery>,
) -> Result<Response, Problem> {
    let connections = app.store.list_connections(&who.workspace_id).await?;
    let now = app.now();
    let open = app.store.find_open_authorization(&who.user_id, now).await?;
    let notices = if who.is_admin { app.store.list_notices().await? } else { Vec::new() };
    let checked_at = connections.iter().filter_map(|connection| connection.last_checked_at).max();
    let mut cards: Vec<Card> =
        connections.iter().map(|connection| Card::new(&app, connection, now)).collect();
    cards.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
    let current = query.show.as_deref().unwrap_or_default();
    let filters = [("All", ""), ("Needs you", "needs"), ("Ending soon", "ending"), ("Active", "active")]
        .into_iter()
        .map(|(label, key)| Filter {
            label,
            key,
            count: cards.iter().filter(|card| card.is_in(key)).count(),
            is_current: key == current,
        })
        .collect();
    let has_connections = !cards.is_empty();
    cards.retain(|card| card.is_in(current));
    Ok(page(&DashboardPage {
        layout: Layout::new(&app, &client, Some(&who), Section::Connections, "Connections"),
        open_attempt: open.map(|attempt| attempt.id.to_string()),
        cards,
        filters,
        has_connections,
        is_handheld: is_handheld(&client.user_agent),
        has_business: app.config.meta_login.config_id.is_some(),
        has_instagram: app.graph().app().instagram.is_some(),
        notice: match query.notice.as_deref() {
            Some("removed") => "The connection is removed from the list.",
            _ => "",
        },
        operator_notices: if who.is_admin { OperatorNoticeView::all(&app, notices, now) } else { Vec::new() },
        checked_at: checked_at.map(|at| (format::iso(at), format::day_and_time(at))),
        asked: app
            .config
            .meta_login
            .scopes
            .iter()
            .filter_map(|scope| scopes::scope(scope))
            .map(|scope| scope.name)
            .collect(),
    }))
}

impl Card {
    pub fn new(app: &App, connection: &ConnectionSummary, now: i64) -> Card {
        let is_live = !connection.state.is_revoked();
        let is_reading = is_live && connection.sync_state == SyncState::Running;
        let asked = permissions::asked(app, connection.kind, &connection.scopes);
        let missing: Vec<&String> = asked.iter().filter(|scope| !connection.scopes.has(scope)).collect();
        let is_required = |scope: &&&String| permissions::is_required(app, connection.kind, scope);
        let missing_required = missing.iter().filter(is_required).count();
        let asked = asked.len();
        let (order, badge) = badge(connection, now, is_reading, missing_required > 0);
        let (lifeline, life_from, life_to) = life(connection, now);
        let day = format::day(connection.state.since(), now);
        let reason = connection.state.reason().map_or("session_invalid", |reason| reason.as_str());
        Card {
            id: connection.id.to_string(),
            first_name: ConnectionLabel::of(connection).name.to_owned(),
            initials: format::initials(&connection.name),
            tone: match connection.state.status() {
                ConnectionStatus::Active => "avatar-pine",
                ConnectionStatus::NeedsReauthorization | ConnectionStatus::Revoked => "",
            },
            subtitle: subtitle(connection),
            connection_error: (connection.state.status() == ConnectionStatus::NeedsReauthorization
                || was_removed(connection))
            .then(|| {
                connection_errors::connection_error(
                    reason,
                    ConnectionLabel::of(connection),
                    &day,
                    connection.assets.selected,
                )
            }),
            warning: warning(connection, now),
            is_renewable: is_live && schedule::may_refresh(connection, now),
            missing: i64::try_from(missing.len()).unwrap_or_default(),
            missing_required: i64::try_from(missing_required).unwrap_or_default(),
            is_live,
            is_reading,
            is_stuck: is_live && connection.sync_state == SyncState::Failed,
            done: connection.sync_done,
            total: connection.sync_total.filter(|total| *total >= connection.sync_done),
            selected: format::count(connection.assets.selected),
            reachable: format::count(connection.assets.ad_accounts),
            reachable_number: connection.assets.ad_accounts,
            pages: format::count(connection.assets.pages),
            instagram: format::count(connection.assets.instagram_accounts),
            permissions: match missing.len() {
                0 => format!("All {asked}"),
                missing => format!("{} of {asked}", asked - missing),
            },
            owing: connection.assets.owing,
            has_ads: connection.kind != ConnectionKind::InstagramUser,
            stopped: connection.assets.stopped,
            lifeline,
            life_from,
            life_to,
            badge,
            order,
            name: connection.name.clone(),
        }
    }

    pub fn done_words(&self) -> String {
        format::count(self.done)
    }

    pub fn total_words(&self) -> String {
        format::count(self.total.unwrap_or_default())
    }

    fn is_in(&self, filter: &str) -> bool {
        match filter {
            "needs" => self.badge.class == "pill-needs",
            "ending" => self.badge.class == "pill-expiring",
            "active" => matches!(self.badge.class, "pill-active" | "pill-reading"),
            _ => true,
        }
    }
}

fn badge(
    connection: &ConnectionSummary,
    now: i64,
    is_reading: bool,
    is_incomplete: bool,
) -> (u8, StatusBadge) {
    let ends_in = connection.expires_at.map(|at| at - now);
    let (order, class, glyph, word) = match connection.state.status() {
        ConnectionStatus::Revoked if was_removed(connection) => {
            (0, "pill-needs", "status-needs", "Needs you".to_owned())
        }
        ConnectionStatus::Revoked => (5, "pill-gone", "status-gone", "Disconnected".to_owned()),
        ConnectionStatus::NeedsReauthorization => (0, "pill-needs", "status-needs", "Needs you".to_owned()),
        ConnectionStatus::Active if is_incomplete || is_data_access_over(connection) => {
            (0, "pill-needs", "status-needs", "Needs you".to_owned())
        }
        ConnectionStatus::Active if ends_in.is_some_and(|left| left < EXPIRING_MS) => {
            let days = ends_in.unwrap_or_default() / 86_400_000;
            let word = if days < 1 {
                "Ends today".to_owned()
            } else {
                format::plural(days, "day left", "days left")
            };
            (1, "pill-expiring", "status-expiring", word)
        }
        ConnectionStatus::Active if is_reading => {
            let done = format::count(connection.sync_done);
            let word = match connection.sync_total {
                Some(total) if total >= connection.sync_done => {
                    format!("Reading {done} of {}", format::count(total))
                }
                _ => format!("Reading {done}"),
            };
            (2, "pill-reading", "status-reading", word)
        }
        ConnectionStatus::Active => (3, "pill-active", "status-active", "Active".to_owned()),
    };
    (order, StatusBadge { class, glyph, word })
}

/// Not ended here, but by its person on Facebook.
fn was_removed(connection: &ConnectionSummary) -> bool {
    connection.state.is_revoked() && connection.state.reason() == Some(StatusReason::AppRemoved)
}

fn is_data_access_over(connection: &ConnectionSummary) -> bool {
    connection.state.reason() == Some(StatusReason::DataAccessExpired)
}

fn warning(connection: &ConnectionSummary, now: i64) -> Option<ConnectionWarning> {
    if connection.state.status() != ConnectionStatus::Active {
        return None;
    }
    let reason = crate::connections::status::reason(connection);
    if reason == Some(Code::PermissionExpired) {
        return Some(connection_warnings::lapsed(ConnectionLabel::of(connection)));
    }
    // A permission that is missing has its own note.
    if reason == Some(Code::PermissionsMissing) {
        return None;
    }
    if let Some(end) = connection.expires_at.filter(|end| end - now < EXPIRING_MS) {
        return Some(connection_warnings::ending(ConnectionLabel::of(connection), end, now));
    }
    let data_access =
        permissions::data_access_end(connection).filter(|end| end - now < schedule::DATA_ACCESS_SOON);
    data_access.map(|end| connection_warnings::instagram(ConnectionLabel::of(connection), end, now))
}

fn life(connection: &ConnectionSummary, now: i64) -> (String, String, String) {
    let renewed = connection.last_refreshed_at.unwrap_or(connection.connected_at);
    let from = match renewed > connection.connected_at {
        true => format!("Renewed {}", format::day(renewed, now)),
        false => format!("Connected {}", format::day(connection.connected_at, now)),
    };
    let (line, from, to) = match (connection.state.status(), connection.expires_at) {
        (ConnectionStatus::Revoked, _) => {
            let day = format::day(connection.state.since(), now);
            let what = if was_removed(connection) { "Removed" } else { "Disconnected" };
            (Lifeline::Gone, from, format!("{what} {day}"))
        }
        (ConnectionStatus::NeedsReauthorization, end) => {
            let broke = connection.state.since();
            let at = end.map_or(45.0, |end| Lifeline::share(connection.connected_at, broke, end).min(90.0));
            (Lifeline::Broken(at), from, format!("Stopped {}", format::day(broke, now)))
        }
        (ConnectionStatus::Active, None) => (Lifeline::Endless, from, "No end date".to_owned()),
        (ConnectionStatus::Active, Some(end)) => {
            let at = Lifeline::share(renewed, now, end);
            let day = format::day(end, now);
            let begins = schedule::refresh_from(connection).unwrap_or(end);
            if end - now < EXPIRING_MS {
                (Lifeline::Ending(at), from, format!("Ends {day}"))
            } else if begins <= now {
                (Lifeline::Running(at, 0.0), from, format!("Being renewed, valid until {day}"))
            } else {
                let tick = Lifeline::share(renewed, begins, end);
                let begins = format::day(begins, now);
                (Lifeline::Running(at, tick), from, format!("Renews itself from {begins}"))
            }
        }
    };
    (line.svg(), from, to)
}

fn subtitle(connection: &ConnectionSummary) -> String {
    let kind = match connection.kind {
        ConnectionKind::FacebookUser => "Facebook",
        ConnectionKind::BusinessSystemUser => "Business system user",
        ConnectionKind::InstagramUser => "Instagram",
    };
    match (&connection.assets.first_business, connection.assets.businesses) {
        (Some(first), 1) => format!("{kind} · {first}"),
        (Some(first), more) => format!("{kind} · {first} and {} more", more - 1),
        (None, _) => kind.to_owned(),
    }
}
