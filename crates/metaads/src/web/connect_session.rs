//! The pages of a connect session, for a user of another product who has no account here. Nothing is bound or started
//! before a form is posted, so that a preview or a prefetch does not use the URL up.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{ConnectSession, ConnectSessionId, Login};
use serde::Deserialize;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::clock::HOUR;
use crate::connections::connect::sessions::ending::{self, Ended, Ending, return_origin, return_url};
use crate::connections::connect::sessions::start::{
    self, Entry, PostedBy, StartOutcome, StartRequest, Visitor,
};
use crate::http::client_info::{ClientInfo, OwnCookie};
use crate::http::form_fields::FormFields;
use crate::http::middleware::{allow_form_to, keep_opener};
use crate::http::problem::Problem;
use crate::messages::errors::error_text;
use crate::web::layout::{Layout, page};

/// Where somebody is sent whose callback belongs to a connect session of another browser.
pub const ELSEWHERE: &str = "/connect/elsewhere";
/// Longer than a session and an attempt in it can last.
const COOKIE_SECONDS: i64 = 2 * HOUR / 1_000;

#[derive(Template)]
#[template(path = "connect_session.html")]
struct SessionPage {
    layout: Layout,
    view: View,
}

/// What the page shows.
enum View {
    Confirm {
        token: String,
        session: Box<ConnectSession>,
        origin: String,
        is_popup: bool,
    },
    /// The product's page has to open it.
    FromProduct {
        product: String,
        origin: String,
    },
    WrongVerifier {
        product: String,
        origin: String,
    },
    NeedsComputer {
        product: String,
        link: String,
    },
    Waiting,
    /// In the popup: the script hands the result to the product's page.
    Popup {
        id: String,
        product: String,
        origin: String,
        back: String,
        ended: Ended,
    },
    Used {
        product: String,
        back: String,
    },
    Elsewhere,
    Locked,
    Gone,
    NotPossible,
}

impl SessionPage {
    fn title(&self) -> String {
        match &self.view {
            View::Confirm { session, .. } if session.repairs.is_some() => {
                format!("{} asks you to reconnect", session.product)
            }
            View::Confirm { session, .. } => {
                format!("{} wants to connect your {}", session.product, accounts(session.login))
            }
            View::FromProduct { product, .. } => format!("Start in {product}"),
            View::WrongVerifier { .. } => "The link could not be confirmed".to_owned(),
            View::NeedsComputer { .. } => "This needs a computer".to_owned(),
            View::Waiting => "Connecting to Meta".to_owned(),
            View::Popup { ended: Ended::Completed, .. } => "Connected".to_owned(),
            View::Popup { ended: Ended::Failed(code), .. } => error_text(*code).title.to_owned(),
            View::Used { .. } => "You are connected already".to_owned(),
            View::Elsewhere => "Opened in another browser".to_owned(),
            View::Locked | View::Gone => "This link no longer works".to_owned(),
            View::NotPossible => "This connection cannot be repaired".to_owned(),
        }
    }

    /// Why the attempt failed, for the person; empty if it did not.
    fn cause(&self) -> &'static str {
        if let View::Popup { ended: Ended::Failed(code), .. } = &self.view {
            error_text(*code).cause
        } else {
            ""
        }
    }

    fn status(&self) -> StatusCode {
        match &self.view {
            View::Confirm { .. }
            | View::FromProduct { .. }
            | View::NeedsComputer { .. }
            | View::Waiting
            | View::Popup { .. }
            | View::Used { .. } => StatusCode::OK,
            View::WrongVerifier { .. } => StatusCode::FORBIDDEN,
            View::Elsewhere | View::NotPossible => StatusCode::CONFLICT,
            View::Locked | View::Gone => StatusCode::GONE,
        }
    }
}

fn accounts(login: Login) -> &'static str {
    match login {
        Login::Facebook | Login::Business => "Meta ad accounts",
        Login::Instagram => "Instagram account",
    }
}

#[derive(Debug, Deserialize)]
pub struct OpenQuery {
    /// `popup`: it is in a popup of the product's page.
    display: Option<String>,
}

/// The one-time URL.
pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    Path(token): Path<String>,
    Query(query): Query<OpenQuery>,
) -> Result<Response, Problem> {
    let visitor = Visitor { token: &token, connect_tokens: &client.connect_tokens };
    let is_popup = query.display.as_deref() == Some("popup");
    let view = match start::open(&app, &visitor).await? {
        Entry::Open(session) if session.code_challenge.is_some() => {
            View::FromProduct { origin: return_origin(&session), product: session.product }
        }
        Entry::Open(session) if is_handheld(&client.user_agent) && start::needs_computer(&app, &session) => {
            needs_computer(&app, &token, *session)
        }
        Entry::Open(session) => View::Confirm { origin: return_origin(&session), token, session, is_popup },
        entry @ (Entry::Used(_) | Entry::Elsewhere | Entry::Locked | Entry::Gone) => no_entry(entry),
    };
    Ok(answer(&app, &client, view))
}

/// The form that starts: on our page, or on the product's page with the verifier.
pub async fn start(
    State(app): State<App>,
    client: ClientInfo,
    Path(token): Path<String>,
    headers: HeaderMap,
    fields: FormFields,
) -> Result<Response, Problem> {
    let request = StartRequest {
        visitor: Visitor { token: &token, connect_tokens: &client.connect_tokens },
        posted_by: posted_by(&app, &headers),
        code_verifier: fields.one("code_verifier"),
        is_popup: fields.one("display") == "popup",
        is_handheld: is_handheld(&client.user_agent),
    };
    let view = match start::start(&app, &request).await? {
        StartOutcome::Started { session, browser_token, dialog } => {
            let mut response = Redirect::to(dialog.as_str()).into_response();
            OwnCookie::Connect(&session).set(&app, &mut response, &browser_token, COOKIE_SECONDS);
            return Ok(protect(response));
        }
        StartOutcome::NoEntry(entry) => no_entry(entry),
        StartOutcome::WrongVerifier(session) => {
            View::WrongVerifier { origin: return_origin(&session), product: session.product }
        }
        StartOutcome::NeedsComputer(session) => needs_computer(&app, &token, *session),
        StartOutcome::NotPossible => View::NotPossible,
        StartOutcome::WrongPage => return Err(Problem::CrossSite),
        StartOutcome::RateLimited => return Err(Problem::RateLimited),
    };
    Ok(answer(&app, &client, view))
}

/// Back from the dialog: on to the product, or in the popup to the page that opened it.
pub async fn result(
    State(app): State<App>,
    client: ClientInfo,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = ConnectSessionId::from_text(&id).ok_or(Problem::NotFound)?;
    let token = client.connect_tokens.iter().find(|(of, _)| *of == id).map(|(_, token)| token.as_str());
    let view = match ending::find(&app, &id, token).await? {
        None => View::Elsewhere,
        Some((_, Ending::Waiting)) => View::Waiting,
        Some((session, Ending::Ended(ended))) if session.is_popup => View::Popup {
            id: session.id.to_string(),
            origin: return_origin(&session),
            back: return_url(&session, ended).into(),
            product: session.product,
            ended,
        },
        Some((session, Ending::Ended(ended))) => {
            let mut target = return_url(&session, ended);
            // An empty fragment replaces the `#_=_` that Facebook appends, which browsers pass on from redirect to
            // redirect.
            if target.fragment().is_none() {
                target.set_fragment(Some(""));
            }
            return Ok(protect(Redirect::to(target.as_str()).into_response()));
        }
    };
    Ok(answer(&app, &client, view))
}

/// For a callback that came back in another browser.
pub async fn elsewhere(State(app): State<App>, client: ClientInfo) -> Response {
    answer(&app, &client, View::Elsewhere)
}

/// Where the callback leads.
pub fn result_path(id: &ConnectSessionId) -> String {
    format!("/connect/result/{id}")
}

fn no_entry(entry: Entry) -> View {
    match entry {
        Entry::Used(session) => {
            View::Used { back: return_url(&session, Ended::Completed).into(), product: session.product }
        }
        Entry::Elsewhere => View::Elsewhere,
        Entry::Locked => View::Locked,
        Entry::Open(_) | Entry::Gone => View::Gone,
    }
}

fn needs_computer(app: &App, token: &str, session: ConnectSession) -> View {
    let link = format!("{}/connect-sessions/{token}", app.config.base());
    View::NeedsComputer { product: session.product, link }
}

/// Which page has posted the form. Browsers say it in Origin; if that is hidden, in Sec-Fetch-Site.
fn posted_by(app: &App, headers: &HeaderMap) -> PostedBy {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = app.config.server.public_url.origin().ascii_serialization();
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin"), _) => PostedBy::OurPage,
        (_, Some(origin)) if origin == own => PostedBy::OurPage,
        (_, Some(origin)) => PostedBy::Origin(origin.to_owned()),
        (Some(_), None) => PostedBy::Origin(String::new()),
        (None, None) => PostedBy::NotSaid,
    }
}

fn answer(app: &App, client: &ClientInfo, view: View) -> Response {
    let layout = Layout { has_sign_in: false, ..Layout::signed_out(app, client) };
    // The form may lead on to the dialog, back here, and to the product, all by redirects.
    let form_target = if let View::Confirm { origin, .. } = &view { Some(origin.clone()) } else { None };
    let shown = SessionPage { layout, view };
    let mut response = protect((shown.status(), page(&shown)).into_response());
    if let Some(origin) = form_target {
        allow_form_to(app, &mut response, &origin);
        // The token is not sent along, but the origin is: a browser without Sec-Fetch-Site proves with it that the form
        // is ours.
        let policy = HeaderValue::from_static("strict-origin");
        response.headers_mut().insert(header::REFERRER_POLICY, policy);
    }
    response
}

/// The URL has a token, and the page may be in a popup of another origin.
fn protect(mut response: Response) -> Response {
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    keep_opener(&mut response);
    response
}
