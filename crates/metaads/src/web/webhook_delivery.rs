//! One delivery: the request, the answer, and the next attempt.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{DeliveryStatus, WebhookDelivery};
use serde_json::Value;

use crate::app::App;
use crate::codes::notice::Notice;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::messages::{format, outgoing_webhooks as text};
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::{self, NoticeView};
use crate::web::webhook_view::{Pill, delivery_label, delivery_pill};
use crate::web::webhooks::problem;
use crate::webhooks::outgoing::{deliver, endpoints};

#[derive(Template)]
#[template(path = "webhook_delivery.html")]
struct DeliveryPage {
    layout: Layout,
    notice: Option<NoticeView>,
    id: String,
    endpoint_id: String,
    url: String,
    label: &'static str,
    kind: String,
    event_id: String,
    pill: Pill,
    attempts: i64,
    /// Time for programs and for people.
    created: (String, String),
    last: Option<(String, String)>,
    /// None: it is over.
    next: Option<(String, String)>,
    /// Indented JSON.
    body: String,
    response_status: Option<i64>,
    response_body: String,
    error: Option<&'static str>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = endpoints::find_delivery(&app, &caller.session.workspace_id, &id).await.map_err(problem)?;
    let layout = Layout::new(&app, &client, Some(&caller), Section::Settings).await?;
    Ok(page(&DeliveryPage::new(layout, NoticeView::of(&client, None), found)))
}

pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let sent = endpoints::replay(&app, &caller.session.workspace_id, &id).await.map_err(problem)?;
    let response = Redirect::to(&format!("/settings/webhooks/deliveries/{}", sent.id)).into_response();
    Ok(notice_view::show_next(&app, response, Notice::DeliveryReplayed))
}

impl DeliveryPage {
    fn new(layout: Layout, notice: Option<NoticeView>, delivery: WebhookDelivery) -> DeliveryPage {
        let time = |at| (format::iso(at), format::day_and_time(at));
        let body: Value = serde_json::from_str(&deliver::payload(&delivery)).unwrap_or_default();
        let is_pending = delivery.status == DeliveryStatus::Pending;
        DeliveryPage {
            layout,
            notice,
            label: delivery_label(&delivery),
            pill: delivery_pill(&delivery),
            created: time(delivery.created_at),
            last: delivery.last_attempt_at.map(time),
            next: is_pending.then(|| time(delivery.next_attempt_at)),
            body: serde_json::to_string_pretty(&body).unwrap_or_default(),
            error: delivery.error.map(text::error_text),
            attempts: delivery.attempts,
            id: delivery.id,
            endpoint_id: delivery.endpoint_id,
            url: delivery.url,
            kind: delivery.kind,
            event_id: delivery.event_id,
            response_status: delivery.response_status,
            response_body: delivery.response_body.unwrap_or_default(),
        }
    }
}
