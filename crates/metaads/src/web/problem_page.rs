//! The page of a problem: who must act, what happened, what to do, and a way onward. Any problem of a page request ends
//! here; the help pages and failed connect attempts have the same shape.

use askama::Template;
use axum::extract::{FromRequestParts as _, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::Login;
use url::form_urlencoded;

use crate::app::App;
use crate::codes::error_code::{CallToAction, Code, ResponsibleParty};
use crate::connections::connect::FailureDetail;
use crate::http::caller::{Caller, MaybeCaller};
use crate::http::client_info::ClientInfo;
use crate::http::problem::{Problem, rendered, support_id};
use crate::http::problem_json;
use crate::messages::errors::{self, ErrorText, error_text};
use crate::messages::format::first_name;
use crate::web::layout::{Layout, Section, page};

#[derive(Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    layout: Layout,
    title: String,
    cause: String,
    text: &'static ErrorText,
    act: CallToAction,
    support_id: Option<String>,
    /// Meta's own words, for developers.
    meta: Option<String>,
    /// Id of the connection that was to be reconnected, or empty.
    reconnects: String,
    /// First name of the person who should have signed in.
    expected: Option<String>,
    is_popup: bool,
    is_help: bool,
    /// It is the outcome of a connect attempt.
    is_attempt: bool,
    /// Which dialog "again" leads to.
    login: Login,
}

/// A failed connect attempt, as far as its page needs it.
#[derive(Debug)]
pub struct FailedAttempt {
    pub reconnects: String,
    pub login: Login,
    pub detail: Option<FailureDetail>,
    pub is_popup: bool,
}

impl ProblemPage {
    pub fn new(layout: Layout, code: Code, act: CallToAction, support_id: Option<String>) -> ProblemPage {
        let text = error_text(code);
        ProblemPage {
            layout,
            title: text.title.to_owned(),
            cause: text.cause.to_owned(),
            text,
            act,
            support_id,
            meta: None,
            reconnects: String::new(),
            expected: None,
            is_popup: false,
            is_help: false,
            is_attempt: false,
            login: Login::Facebook,
        }
    }

    /// The page of a code below /help.
    pub fn for_help(layout: Layout, code: Code, act: CallToAction) -> ProblemPage {
        ProblemPage { is_help: true, ..ProblemPage::new(layout, code, act, None) }
    }

    /// The page of a connect attempt that failed.
    pub fn for_attempt(
        layout: Layout,
        code: Code,
        support_id: String,
        attempt: FailedAttempt,
    ) -> ProblemPage {
        let FailedAttempt { reconnects, login, detail, is_popup } = attempt;
        let detail = detail.unwrap_or_default();
        let mut shown = ProblemPage::new(layout, code, code.call_to_action(), Some(support_id));
        if let (Code::WrongPerson, Some(expected), Some(met)) = (code, &detail.expected, &detail.met) {
            (shown.title, shown.cause) = errors::wrong_person(expected, met);
        }
        ProblemPage {
            meta: detail.meta,
            expected: detail.expected.map(|name| first_name(&name).to_owned()),
            reconnects,
            login,
            is_popup,
            is_attempt: true,
            ..shown
        }
    }

    fn code(&self) -> &'static str {
        self.text.code.as_str()
    }

    fn responsible(&self) -> &'static str {
        errors::responsible_party(self.text.code.responsible_party())
    }

    fn icon(&self) -> &'static str {
        match self.text.code.responsible_party() {
            ResponsibleParty::You => "undo-2",
            ResponsibleParty::Person => "user",
            ResponsibleParty::Meta => "hourglass",
            ResponsibleParty::Admin => "wrench",
            ResponsibleParty::Nobody => "info",
        }
    }

    fn is_meta_unavailable(&self) -> bool {
        self.text.code == Code::MetaUnavailable
    }

    fn is_instagram(&self) -> bool {
        self.login == Login::Instagram
    }

    /// Only Facebook's plain dialog comes in a window of its own.
    fn is_popup_login(&self) -> bool {
        self.login == Login::Facebook
    }

    fn is_business(&self) -> bool {
        self.login == Login::Business
    }
}

/// Renders a problem that is still bare: as a page, as JSON for our own script, or as a way to the sign-in for visitors.
/// Other responses pass unchanged.
pub async fn render(app: &App, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut head = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let client = ClientInfo::of(&head, app);
    if client.wants_json {
        return problem_json::render(app, response);
    }
    let Some(problem) = Problem::take(&mut response) else { return response };
    let support_id = support_id(&app.new_row_id());
    problem.log(&support_id);
    if let Problem::SignedOut { next } = problem {
        return to_sign_in(&next);
    }
    if problem.spares_database() {
        let (layout, act) = (Layout::signed_out(app, &client), problem.code().call_to_action());
        return rendered(&response, page(&ProblemPage::new(layout, problem.code(), act, Some(support_id))));
    }
    let caller = MaybeCaller::from_request_parts(&mut head, app).await;
    let caller = caller.ok().and_then(|MaybeCaller(caller)| caller);
    let layout = Layout::new(app, &client, caller.as_ref(), Section::None).await;
    let layout = layout.unwrap_or_else(|_| Layout::signed_out(app, &client));
    let act = act_for(caller.as_ref(), problem.code());
    rendered(&response, page(&ProblemPage::new(layout, problem.code(), act, Some(support_id))))
}

/// The button that helps, for somebody who is signed in or not.
pub fn act_for(caller: Option<&Caller>, code: Code) -> CallToAction {
    match (caller, code.call_to_action()) {
        (None, _) => CallToAction::SignIn,
        (Some(_), CallToAction::SignIn) => CallToAction::ViewConnections,
        (Some(_), act @ (CallToAction::Connect | CallToAction::ViewConnections)) => act,
    }
}

fn to_sign_in(next: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}
