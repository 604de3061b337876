//! Meta's health, for admins: operator_notices with our app, versions, limits, answers that nobody has described, and
//! Meta's calls to us.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::RELEASES;
use metaads_store::{QuotaRow, UnrecognizedError, WebhookEvent};
use serde::Deserialize;

use crate::app::App;
use crate::clock::HOUR;
use crate::messages::format;
use crate::messages::quotas;
use crate::web::extract::{Admin, ClientInfo, Fields};
use crate::web::layout::{Layout, Section, page};
use crate::web::operator_notices::OperatorNoticeView;
use crate::web::problem::Problem;
use crate::webhooks::inbox;

/// Calls of Meta's and allowances that are shown.
const SHOWN: usize = 50;
/// Ids that one press takes.
const LISTED: usize = 1_000;

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    layout: Layout,
    notice: String,
    operator_notices: Vec<OperatorNoticeView>,
    pinned: String,
    version: String,
    releases: Vec<ReleaseRow>,
    tier: Option<String>,
    limits: Vec<LimitRow>,
    unknown: Vec<UnknownRow>,
    events: Vec<EventRow>,
    addresses: [(&'static str, String); 4],
    /// Without it, Meta's handshake is refused.
    has_verify_token: bool,
    problem: String,
    typed: String,
}

struct ReleaseRow {
    name: String,
    is_pinned: bool,
    graph_until: &'static str,
    marketing_until: String,
}

struct LimitRow {
    name: String,
    percent: i64,
    /// When calls are let through again, as far as we know.
    blocked_until: Option<String>,
    seen: String,
}

struct UnknownRow {
    kind: String,
    times: String,
    last: String,
    fbtrace_id: Option<String>,
}

struct EventRow {
    what: String,
    received: String,
    outcome: String,
}

#[derive(Debug, Deserialize)]
pub struct AdminQuery {
    notice: Option<String>,
    number: Option<u64>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    Admin(who): Admin,
    Query(query): Query<AdminQuery>,
) -> Result<Response, Problem> {
    let number = i64::try_from(query.number.unwrap_or_default()).unwrap_or_default();
    let notice = match query.notice.as_deref() {
        Some("replayed") => {
            format!("{} applied once more.", format::plural(number, "call is being", "calls are being"))
        }
        Some("deleted") => {
            format!("{} being worked through.", format::plural(number, "deletion is", "deletions are"))
        }
        _ => String::new(),
    };
    let layout = Layout::new(&app, &client, Some(&who), Section::Admin, "Admin");
    Ok(page(&admin(&app, layout, notice, String::new(), "").await?))
}

async fn admin(
    app: &App,
    layout: Layout,
    notice: String,
    problem: String,
    typed: &str,
) -> Result<AdminPage, Problem> {
    let now = app.now();
    let pinned = app.graph().app().version;
    let base = app.config.base();
    let limits = app.store.list_quotas(now - HOUR).await?;
    let unknown = app.store.list_unrecognized_errors(SHOWN as i64).await?;
    let events = app.store.list_webhook_events(SHOWN as i64).await?;
    Ok(AdminPage {
        layout,
        notice,
        operator_notices: OperatorNoticeView::all(app, app.store.list_notices().await?, now),
        pinned: pinned.to_string(),
        version: crate::api_version::words(&pinned, now),
        releases: RELEASES
            .iter()
            .rev()
            .map(|release| ReleaseRow {
                name: format!("v{}.0", release.major),
                is_pinned: pinned.release().is_some_and(|own| own.major == release.major),
                graph_until: release.graph_until.unwrap_or("not announced"),
                // The exact days of older ones are not confirmed.
                marketing_until: match release.marketing_until {
                    Some(day) if release.major < 23 => format!("before {day}"),
                    Some(day) => day.to_owned(),
                    None => "not announced".to_owned(),
                },
            })
            .collect(),
        tier: app.meta.access_tier(),
        limits: limits.iter().take(SHOWN).map(|limit| LimitRow::new(limit, now)).collect(),
        unknown: unknown.into_iter().map(UnknownRow::new).collect(),
        events: events.iter().map(EventRow::new).collect(),
        addresses: [
            ("Redirect URI", app.config.redirect_uri()),
            ("Webhooks", format!("{base}/hooks/meta/events")),
            ("Deauthorize callback", format!("{base}/hooks/meta/deauthorize")),
            ("Data deletion request", format!("{base}/hooks/meta/data-deletion")),
        ],
        has_verify_token: app.config.meta_login.webhook_verify_token.is_some() || app.is_demo(),
        problem,
        typed: typed.to_owned(),
    })
}

/// Applies what Meta has called for since then once more: after a fault of ours, or a restored backup.
pub async fn replay(State(app): State<App>, Admin(who): Admin, fields: Fields) -> Result<Response, Problem> {
    let hours: i64 = fields
        .one("hours")
        .parse()
        .ok()
        .filter(|hours| (1..=24 * 40).contains(hours))
        .ok_or(Problem::Invalid)?;
    let number = inbox::replay(&app, app.now() - hours * HOUR).await?;
    tracing::info!(user = %who.user_id, hours, number, "Meta's calls are applied once more");
    Ok(Redirect::to(&format!("/admin?notice=replayed&number={number}#events")).into_response())
}

/// Deletes the data of people whose ids Meta listed in a mail.
pub async fn delete_listed(
    State(app): State<App>,
    client: ClientInfo,
    Admin(who): Admin,
    fields: Fields,
) -> Result<Response, Problem> {
    let text = fields.one("user_ids");
    let problem = match inbox::parse_user_ids(text, LISTED) {
        Ok(ids) => {
            let codes = inbox::import_deletions(&app, &ids).await?;
            tracing::info!(user = %who.user_id, number = codes.len(), "a list of deletions was handed in");
            return Ok(Redirect::to(&format!("/admin?notice=deleted&number={}#deletions", codes.len()))
                .into_response());
        }
        Err(problem) => problem,
    };
    let layout = Layout::new(&app, &client, Some(&who), Section::Admin, "Admin");
    let typed: String = text.chars().take(100_000).collect();
    let shown = admin(&app, layout, String::new(), problem.to_string(), &typed).await?;
    Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

impl LimitRow {
    fn new(limit: &QuotaRow, now: i64) -> LimitRow {
        LimitRow {
            name: quotas::quota_name(&limit.quota),
            percent: limit.percent,
            blocked_until: (limit.blocked_until > now).then(|| format::day_and_time(limit.blocked_until)),
            seen: format::day_and_time(limit.seen_at),
        }
    }
}

impl UnknownRow {
    fn new(answer: UnrecognizedError) -> UnknownRow {
        UnknownRow {
            kind: answer.kind,
            times: format::count(answer.times),
            last: format::day_and_time(answer.last_at),
            fbtrace_id: answer.fbtrace_id,
        }
    }
}

impl EventRow {
    fn new(event: &WebhookEvent) -> EventRow {
        let object = event.object.replace('_', " ");
        EventRow {
            what: if event.field.is_empty() { object } else { format!("{object}: {}", event.field) },
            received: format::day_and_time(event.received_at),
            outcome: event.outcome.map_or("waits", |outcome| outcome.as_str()).replace('_', " "),
        }
    }
}
