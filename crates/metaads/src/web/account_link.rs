//! The pages of one-time links: the first admin, an invitation, a new password. Opening a link only shows its page, so
//! that a preview or a prefetch does not use it up; the form uses it up.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metaads_store::{AccountLink, LinkKind};
use serde::Deserialize;

use crate::accounts::error::AccountError;
use crate::accounts::links::{self, LinkForm};
use crate::app::App;
use crate::http::caller::MaybeCaller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::account_errors;
use crate::web::auth::start_session;
use crate::web::layout::{Layout, page};

#[derive(Template)]
#[template(path = "account_link.html")]
struct LinkPage {
    layout: Layout,
    /// None: the link can no longer be used.
    kind: Option<LinkKind>,
    token: String,
    /// Of the invitation or the account, or as it was typed.
    email: String,
    /// Above the form; may be empty.
    banner: &'static str,
    /// Below their fields; may be empty.
    email_error: &'static str,
    password_error: &'static str,
}

impl LinkPage {
    fn is_setup(&self) -> bool {
        self.kind == Some(LinkKind::Setup)
    }

    fn title(&self) -> &'static str {
        match self.kind {
            Some(LinkKind::Setup) => "Become the first admin",
            Some(LinkKind::Invitation) => "Accept your invitation",
            Some(LinkKind::Password) => "Choose a password",
            None => "This link no longer works",
        }
    }
}

/// The token travels in the query and then in the form, never in the path, which a log may repeat.
#[derive(Deserialize)]
pub struct LinkQuery {
    token: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    Query(query): Query<LinkQuery>,
) -> Result<Response, Problem> {
    let token = query.token.unwrap_or_default();
    let link = links::find(&app, &token).await?;
    let status = if link.is_some() { StatusCode::OK } else { StatusCode::GONE };
    Ok(answer(status, &link_page(&app, &client, &token, link)))
}

pub async fn consume(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(previous): MaybeCaller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let token = fields.one("token");
    let origin = client.origin();
    let form = LinkForm { email: fields.one("email"), password: fields.one("password"), origin: &origin };
    let error = match links::consume(&app, token, form).await {
        Ok(user) => return start_session(&app, &client, previous.as_ref(), &user, None, "/dashboard").await,
        Err(error) => error,
    };
    let mut shown = link_page(&app, &client, token, links::find(&app, token).await?);
    if shown.is_setup() {
        shown.email = fields.one("email").chars().take(254).collect();
    }
    shown.layout.is_refused = true;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match error {
        AccountError::LinkGone | AccountError::RegistrationClosed | AccountError::LastAdmin => {
            (status, shown.kind) = (StatusCode::GONE, None);
        }
        AccountError::RateLimited => {
            (status, shown.banner) = (StatusCode::TOO_MANY_REQUESTS, account_errors::TOO_MANY_ATTEMPTS);
        }
        AccountError::NoMatch => shown.password_error = account_errors::WRONG_PASSWORD_OF_ACCOUNT,
        AccountError::InvalidEmail => shown.email_error = account_errors::INVALID_EMAIL,
        AccountError::EmailTaken => shown.banner = account_errors::EMAIL_TAKEN,
        AccountError::Password(weak) => shown.password_error = account_errors::weak_password(weak),
        AccountError::Busy(busy) => return Err(busy.into()),
        AccountError::Store(error) => return Err(error.into()),
    }
    Ok(answer(status, &shown))
}

fn link_page(app: &App, client: &ClientInfo, token: &str, link: Option<AccountLink>) -> LinkPage {
    LinkPage {
        layout: Layout::signed_out(app, client),
        kind: link.as_ref().map(|link| link.purpose.kind()),
        // Only a token that was found is repeated.
        token: link.as_ref().map_or_else(String::new, |_| token.to_owned()),
        email: link.and_then(|link| link.email).unwrap_or_default(),
        banner: "",
        email_error: "",
        password_error: "",
    }
}

/// The token is in the address: no request carries it in a Referer header. The origin is kept, because a browser without
/// Sec-Fetch-Site proves with it that the form is ours.
fn answer(status: StatusCode, shown: &LinkPage) -> Response {
    let mut response = (status, page(shown)).into_response();
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    response
}
