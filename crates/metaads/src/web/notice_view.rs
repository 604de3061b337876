//! The one-line notice on the page after an action.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::codes::notice::Notice;
use crate::http::client_info::{ClientInfo, OwnCookie};
use crate::messages::notices::notice;
use crate::web::tone::Tone;

pub struct NoticeView {
    pub text: String,
    pub tone: Tone,
    pub icon: &'static str,
}

impl NoticeView {
    /// From the key in the URL, else from the one in the cookie.
    pub fn of(client: &ClientInfo, key: Option<&str>) -> Option<NoticeView> {
        NoticeView::from_key(key).or_else(|| NoticeView::from_key(client.notice.as_deref()))
    }

    /// From the key in the URL; None for a key that we did not put there.
    pub fn from_key(key: Option<&str>) -> Option<NoticeView> {
        NoticeView::with_number(key, 0)
    }

    /// `number` counts what the action applied to.
    pub fn with_number(key: Option<&str>, number: i64) -> Option<NoticeView> {
        let key = Notice::from_text(key?)?;
        let (tone, icon) = tone_and_icon(key);
        Some(NoticeView { text: notice(key, number), tone, icon })
    }
}

/// How long a notice waits for the page that shows it.
const COOKIE_SECONDS: i64 = 60;

/// Lets the next page show a notice, whichever page that is.
pub fn show_next(app: &App, mut response: Response, notice: Notice) -> Response {
    OwnCookie::Notice.set(app, &mut response, notice.as_str(), COOKIE_SECONDS);
    response
}

/// Deletes the cookie with the first page that follows, so that a notice is shown once.
pub async fn forget_shown(
    State(app): State<App>,
    client: ClientInfo,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let content_type = response.headers().get(header::CONTENT_TYPE);
    let is_page = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if client.notice.is_some() && is_page && response.status() == StatusCode::OK {
        OwnCookie::Notice.set(&app, &mut response, "", 0);
    }
    response
}

fn tone_and_icon(notice: Notice) -> (Tone, &'static str) {
    match notice {
        Notice::Renewed
        | Notice::AccessWorks
        | Notice::SyncStarted
        | Notice::Selected
        | Notice::ConnectionRemoved
        | Notice::Disconnected
        | Notice::TokenConnected
        | Notice::SignedIn
        | Notice::Registered
        | Notice::SignedOut
        | Notice::AccountDeleted
        | Notice::PasswordChanged
        | Notice::SessionEnded
        | Notice::OtherSessionsEnded
        | Notice::ThemeSaved
        | Notice::ApiKeyEnded
        | Notice::WebhookSaved
        | Notice::WebhookOn
        | Notice::WebhookDeleted
        | Notice::DeliveryReplayed
        | Notice::EventsReplayed
        | Notice::DeletionsStarted => (Tone::Good, "circle-check"),
        Notice::NotRenewed | Notice::NotConnected | Notice::WebhookOff => (Tone::Neutral, "info"),
        Notice::MetaUnavailable
        | Notice::RateLimited
        | Notice::StillBroken
        | Notice::SomeRefused
        | Notice::SomeUnanswered => (Tone::Warning, "triangle-alert"),
    }
}
