//! Meta status, for admins: notices about our app, API version, quotas, unrecognized errors and Meta's calls to us.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_graph::RELEASES;
use metaads_store::{AccountEvent, Actor, QuotaRow, UnrecognizedError, WebhookEvent};
use serde::Deserialize;

use crate::accounts::events;
use crate::api_version;
use crate::app::App;
use crate::clock::HOUR;
use crate::codes::notice::Notice;
use crate::http::caller::AdminCaller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::{FormFields, LongText};
use crate::http::problem::Problem;
use crate::messages::api_version as version_text;
use crate::messages::format;
use crate::messages::{quotas, webhooks};
use crate::web::account_event_view::AccountEventRow;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;
use crate::web::operator_notice_view::OperatorNoticeView;
use crate::webhooks::inbox;

/// Rows of each table, and the most that one request can ask for.
const ROWS: usize = 50;
const MAX_ROWS: usize = 10_000;
/// Ids that one form takes.
const MAX_IDS: usize = 1_000;
/// Events can be replayed this far back: they are kept no longer.
const MAX_REPLAY_HOURS: i64 = 24 * 40;
/// What was typed is shown again up to this many characters.
const MAX_TYPED: usize = 100_000;

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    layout: Layout,
    notice: Option<NoticeView>,
    operator_notices: Vec<OperatorNoticeView>,
    pinned: String,
    version: String,
    releases: Vec<ReleaseRow>,
    tier: Option<String>,
    quotas: Vec<QuotaView>,
    errors: Vec<ErrorRow>,
    events: Vec<EventRow>,
    activity: Vec<AccountEventRow>,
    /// How many rows the link to more asks for; None if every table shows all.
    more_rows: Option<usize>,
    addresses: [(AddressName, String); 4],
    /// Without it, Meta's handshake is refused.
    has_verify_token: bool,
    /// What is wrong with the ids that were typed; may be empty.
    problem: String,
    typed: String,
}

/// An address to enter in the Meta app's App Dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressName {
    RedirectUri,
    Webhooks,
    Deauthorize,
    DataDeletion,
}

struct ReleaseRow {
    name: String,
    is_pinned: bool,
    graph_until: &'static str,
    marketing_until: String,
}

struct QuotaView {
    name: String,
    percent: i64,
    /// When calls are let through again, as far as we know.
    blocked_until: Option<String>,
    seen: String,
}

struct ErrorRow {
    kind: String,
    times: String,
    last: String,
    fbtrace_id: Option<String>,
}

struct EventRow {
    name: String,
    received: String,
    outcome: String,
}

/// The form for data deletions, as it was sent.
#[derive(Debug, Default)]
struct DeletionForm {
    problem: String,
    typed: String,
}

#[derive(Debug, Deserialize)]
pub struct AdminQuery {
    notice: Option<String>,
    number: Option<i64>,
    rows: Option<usize>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    AdminCaller(caller): AdminCaller,
    Query(query): Query<AdminQuery>,
) -> Result<Response, Problem> {
    let layout = Layout::new(&app, &client, Some(&caller), Section::Admin).await?;
    let rows = query.rows.unwrap_or(ROWS).clamp(ROWS, MAX_ROWS);
    let mut shown = admin(&app, layout, rows, DeletionForm::default()).await?;
    shown.notice = NoticeView::with_number(query.notice.as_deref(), query.number.unwrap_or_default());
    Ok(page(&shown))
}

async fn admin(app: &App, layout: Layout, rows: usize, form: DeletionForm) -> Result<AdminPage, Problem> {
    let now = app.now();
    let pinned = app.graph().app().version;
    let limit = i64::try_from(rows).unwrap_or(i64::MAX) + 1;
    let quotas = app.store.list_quotas(now - HOUR).await?;
    let errors = app.store.list_unrecognized_errors(limit).await?;
    let webhook_events = app.store.list_webhook_events(limit).await?;
    let activity = events::list(app, None, limit).await?;
    let has_more = [quotas.len(), errors.len(), webhook_events.len(), activity.len()]
        .into_iter()
        .any(|length| length > rows);
    Ok(AdminPage {
        layout,
        notice: None,
        operator_notices: OperatorNoticeView::all(app, &app.store.list_notices().await?, now),
        pinned: pinned.to_string(),
        version: api_version::summary(&pinned, now),
        releases: release_rows(app),
        tier: app.meta.access_tier(),
        quotas: quotas.iter().take(rows).map(|quota| QuotaView::new(quota, now)).collect(),
        errors: errors.into_iter().take(rows).map(ErrorRow::new).collect(),
        events: webhook_events.iter().take(rows).map(EventRow::new).collect(),
        activity: activity.iter().take(rows).map(AccountEventRow::new).collect(),
        more_rows: has_more.then_some(rows * 4),
        addresses: addresses(app),
        has_verify_token: app.config.meta_login.webhook_verify_token.is_some() || app.is_demo(),
        problem: form.problem,
        typed: form.typed,
    })
}

fn release_rows(app: &App) -> Vec<ReleaseRow> {
    let pinned = app.graph().app().version.release().map(|release| release.major);
    RELEASES
        .iter()
        .rev()
        .map(|release| ReleaseRow {
            name: format!("v{}.0", release.major),
            is_pinned: pinned == Some(release.major),
            graph_until: release.graph_until.unwrap_or(version_text::NOT_ANNOUNCED),
            // The exact days of older ones are not confirmed.
            marketing_until: match release.marketing_until {
                Some(day) if release.major < 23 => version_text::before(day),
                Some(day) => day.to_owned(),
                None => version_text::NOT_ANNOUNCED.to_owned(),
            },
        })
        .collect()
}

fn addresses(app: &App) -> [(AddressName, String); 4] {
    let base = app.config.base();
    [
        (AddressName::RedirectUri, app.config.redirect_uri()),
        (AddressName::Webhooks, format!("{base}/hooks/meta/events")),
        (AddressName::Deauthorize, format!("{base}/hooks/meta/deauthorize")),
        (AddressName::DataDeletion, format!("{base}/hooks/meta/data-deletion")),
    ]
}

/// Replays Meta's calls of the last hours, after a bug of ours or from a restored backup.
pub async fn replay(
    State(app): State<App>,
    client: ClientInfo,
    AdminCaller(caller): AdminCaller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let hours: i64 = fields.one("hours").parse().map_err(|_| Problem::Invalid)?;
    if !(1..=MAX_REPLAY_HOURS).contains(&hours) {
        return Err(Problem::Invalid);
    }
    let number = inbox::replay(&app, app.now() - hours * HOUR).await?;
    tracing::info!(user = %caller.user_id, hours, number, "an admin replays webhook events");
    let event =
        AccountEvent::WebhookEventsReplayed { hours, number: i64::try_from(number).unwrap_or(i64::MAX) };
    events::record(&app, None, Actor::User(caller.user_id), event, &client.origin()).await;
    let notice = Notice::EventsReplayed.as_str();
    Ok(Redirect::to(&format!("/admin?notice={notice}&number={number}")).into_response())
}

/// Deletes the data of people whose ids Meta listed in an email.
pub async fn delete_listed(
    State(app): State<App>,
    client: ClientInfo,
    AdminCaller(caller): AdminCaller,
    LongText(fields): LongText,
) -> Result<Response, Problem> {
    let text = fields.one("user_ids");
    let problem = match inbox::parse_user_ids(text, MAX_IDS) {
        Ok(ids) => {
            let number = inbox::import_deletions(&app, &ids).await?.len();
            tracing::info!(user = %caller.user_id, number, "an admin imported data deletions");
            let event = AccountEvent::DeletionsImported { number: i64::try_from(number).unwrap_or(i64::MAX) };
            events::record(&app, None, Actor::User(caller.user_id), event, &client.origin()).await;
            let notice = Notice::DeletionsStarted.as_str();
            return Ok(Redirect::to(&format!("/admin?notice={notice}&number={number}")).into_response());
        }
        Err(problem) => problem.to_string(),
    };
    let mut layout = Layout::new(&app, &client, Some(&caller), Section::Admin).await?;
    layout.is_refused = true;
    let form = DeletionForm { problem, typed: text.chars().take(MAX_TYPED).collect() };
    let shown = admin(&app, layout, ROWS, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

impl QuotaView {
    fn new(quota: &QuotaRow, now: i64) -> QuotaView {
        QuotaView {
            name: quotas::quota_name(&quota.quota),
            percent: quota.percent,
            blocked_until: (quota.blocked_until > now).then(|| format::day_and_time(quota.blocked_until)),
            seen: format::day_and_time(quota.seen_at),
        }
    }
}

impl ErrorRow {
    fn new(error: UnrecognizedError) -> ErrorRow {
        ErrorRow {
            kind: error.kind,
            times: format::count(error.times),
            last: format::day_and_time(error.last_at),
            fbtrace_id: error.fbtrace_id,
        }
    }
}

impl EventRow {
    fn new(event: &WebhookEvent) -> EventRow {
        EventRow {
            name: webhooks::event_name(&event.object, &event.field),
            received: format::day_and_time(event.received_at),
            outcome: webhooks::outcome(event.outcome),
        }
    }
}
