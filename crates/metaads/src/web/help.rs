//! What each code means: public pages, and the shape of every page that tells of a problem.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use metaads_store::Login;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::FailureDetail;
use crate::messages::errors::CallToAction;
use crate::messages::errors::{self, error_text};
use crate::messages::format;
use crate::messages::scopes;
use crate::web::extract::{ClientInfo, MaybeUser};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

/// A problem: who must act, what happened, what to do, a way onward.
#[derive(Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    pub layout: Layout,
    pub title: String,
    pub cause: String,
    pub words: &'static errors::ErrorText,
    pub act: CallToAction,
    pub support_id: Option<String>,
    pub meta: Option<String>,
    /// The connection that was to be reconnected, by id.
    pub reconnects: String,
    pub expected: Option<String>,
    pub is_popup: bool,
    pub is_help: bool,
    /// Which dialog "again" leads to.
    pub login: Login,
}

impl ProblemPage {
    fn place(&self) -> &'static str {
        place(self.login)
    }

    fn connect_path(&self) -> &'static str {
        if self.login == Login::Instagram { "/connect/instagram" } else { "/connect/meta" }
    }

    /// Only Facebook's plain dialog comes in a window of its own.
    fn is_popup_login(&self) -> bool {
        self.login == Login::Facebook
    }

    fn kind_field(&self) -> &'static str {
        match self.login {
            Login::Business => r#"<input type="hidden" name="kind" value="business">"#,
            Login::Facebook | Login::Instagram => "",
        }
    }

    pub fn new(
        layout: Layout,
        code: Code,
        act: CallToAction,
        support_id: Option<String>,
        detail: Option<FailureDetail>,
    ) -> ProblemPage {
        let words = error_text(code);
        let detail = detail.unwrap_or_default();
        let (title, cause) = match (code, &detail.expected, &detail.met) {
            (Code::WrongPerson, Some(expected), Some(met)) => (
                format!("That was {}, not {}", format::first_name(met), format::first_name(expected)),
                format!(
                    "This connection belongs to {expected}. You signed in as {met}. Nothing was changed."
                ),
            ),
            _ => (words.title.to_owned(), words.cause.to_owned()),
        };
        ProblemPage {
            layout,
            title,
            cause,
            words,
            act,
            support_id,
            meta: detail.meta,
            reconnects: String::new(),
            expected: detail.expected.map(|name| format::first_name(&name).to_owned()),
            is_popup: false,
            is_help: false,
            login: Login::Facebook,
        }
    }
}

/// Where the person agrees.
pub fn place(login: Login) -> &'static str {
    if login == Login::Instagram { "Instagram" } else { "Facebook" }
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    layout: Layout,
    asked: Vec<(scopes::PermissionText, String)>,
    codes: Vec<&'static errors::ErrorText>,
}

/// Short answers, and the list of all codes.
pub async fn index(State(app): State<App>, client: ClientInfo, MaybeUser(who): MaybeUser) -> Response {
    let asked =
        app.config.meta_login.scopes.iter().filter_map(|scope| Some((scopes::scope(scope)?, scope.clone())));
    page(&HelpPage {
        layout: Layout::new(&app, &client, who.as_ref(), Section::None, "Help"),
        asked: asked.collect(),
        codes: errors::all().collect(),
    })
}

/// One code.
pub async fn code(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(who): MaybeUser,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let code = Code::from_text(&code).ok_or(Problem::NotFound)?;
    let layout = Layout::new(&app, &client, who.as_ref(), Section::None, error_text(code).title);
    let mut shown = ProblemPage::new(
        layout,
        code,
        if who.is_some() { CallToAction::Connections } else { CallToAction::SignIn },
        None,
        None,
    );
    shown.is_help = true;
    Ok(page(&shown))
}
