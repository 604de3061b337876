//! Every connection with its status.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::connections::status::Health;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::messages::format;
use crate::messages::scopes::{self, PermissionText};
use crate::web::connection_card::ConnectionCard;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;
use crate::web::operator_notice_view::OperatorNoticeView;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    layout: Layout,
    cards: Vec<ConnectionCard>,
    filters: Vec<FilterLink>,
    has_connections: bool,
    is_handheld: bool,
    /// Login for Business is set up.
    has_business: bool,
    /// Instagram Login is set up.
    has_instagram: bool,
    notice: Option<NoticeView>,
    /// Shown to admins.
    operator_notices: Vec<OperatorNoticeView>,
    /// When Meta was last asked: RFC 3339, and as text.
    checked_at: Option<(String, String)>,
    /// The permissions that Meta will ask for.
    asked: Vec<PermissionText>,
    /// A connect attempt that is still under way.
    open_attempt: Option<String>,
}

struct FilterLink {
    filter: Filter,
    count: usize,
    is_current: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    ActionNeeded,
    Expiring,
    Active,
}

impl Filter {
    const ALL: [Filter; 4] = [Filter::All, Filter::ActionNeeded, Filter::Expiring, Filter::Active];

    fn as_str(self) -> &'static str {
        match self {
            Filter::All => "",
            Filter::ActionNeeded => "needs",
            Filter::Expiring => "ending",
            Filter::Active => "active",
        }
    }

    fn has(self, card: &ConnectionCard) -> bool {
        match self {
            Filter::All => true,
            Filter::ActionNeeded => card.health == Health::ActionNeeded,
            Filter::Expiring => matches!(card.health, Health::Expiring { .. }),
            Filter::Active => card.health == Health::Active,
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct DashboardQuery {
    show: Option<String>,
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Query(query): Query<DashboardQuery>,
) -> Result<Response, Problem> {
    let connections = app.store.list_connections(&caller.session.workspace_id).await?;
    let now = app.now();
    let open = app.store.find_open_authorization(&caller.user_id, now).await?;
    let operator_notices = match caller.session.is_admin {
        true => OperatorNoticeView::all(&app, &app.store.list_notices().await?, now),
        false => Vec::new(),
    };
    let checked_at = connections.iter().filter_map(|connection| connection.last_checked_at).max();
    let mut cards: Vec<ConnectionCard> =
        connections.iter().map(|connection| ConnectionCard::new(&app, connection, now)).collect();
    cards.sort_by(|a, b| (a.order(), &a.name).cmp(&(b.order(), &b.name)));
    let key = query.show.unwrap_or_default();
    let current = Filter::ALL.into_iter().find(|filter| filter.as_str() == key).unwrap_or(Filter::All);
    let filters = Filter::ALL.map(|filter| FilterLink {
        filter,
        count: cards.iter().filter(|card| filter.has(card)).count(),
        is_current: filter == current,
    });
    let has_connections = !cards.is_empty();
    cards.retain(|card| current.has(card));
    Ok(page(&DashboardPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Connections).await?,
        open_attempt: open.map(|attempt| attempt.id.to_string()),
        cards,
        filters: filters.into(),
        has_connections,
        is_handheld: is_handheld(&client.user_agent),
        has_business: app.config.meta_login.config_id.is_some(),
        has_instagram: app.graph().app().instagram.is_some(),
        notice: NoticeView::of(&client, query.notice.as_deref()),
        operator_notices,
        checked_at: checked_at.map(|at| (format::iso(at), format::day_and_time(at))),
        asked: app.config.meta_login.scopes.iter().filter_map(|scope| scopes::scope(scope)).collect(),
    }))
}
