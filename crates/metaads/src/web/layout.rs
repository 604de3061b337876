//! What every page has around its content.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use metaads_store::SignedIn;

use crate::app::App;
use crate::messages::format;
use crate::web::extract::ClientInfo;

/// Which entry of the main navigation is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Connections,
    Settings,
    Admin,
    None,
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub title: String,
    pub section: Section,
    pub user: Option<ShownUser>,
    /// The built-in sandbox's control page; there only in demo mode.
    pub sandbox: Option<String>,
    /// `light`, `dark`, or empty: as the device.
    pub theme: &'static str,
    /// Pages with an action bar hide the phone's navigation.
    pub has_actions: bool,
}

#[derive(Debug, Clone)]
pub struct ShownUser {
    pub email: String,
    pub initials: String,
    pub needing: i64,
    pub is_admin: bool,
}

impl Layout {
    pub fn new(
        app: &App,
        client: &ClientInfo,
        who: Option<&SignedIn>,
        section: Section,
        title: &str,
    ) -> Layout {
        Layout {
            title: title.to_owned(),
            section,
            user: who.map(|who| ShownUser {
                email: who.email.clone(),
                initials: format::initials(&who.email.replace(['.', '_', '-', '@'], " ")),
                needing: 0,
                is_admin: who.is_admin,
            }),
            sandbox: app.sandbox_url.as_ref().map(|url| format!("{url}/_control")),
            theme: client.theme,
            has_actions: false,
        }
    }

    pub fn body_class(&self) -> &'static str {
        match (self.user.is_some(), self.has_actions) {
            (false, _) => "signed-out",
            (true, true) => "has-actions",
            (true, false) => "",
        }
    }

    pub fn is_connections(&self) -> bool {
        self.section == Section::Connections
    }

    pub fn is_admin(&self) -> bool {
        self.section == Section::Admin
    }

    pub fn is_settings(&self) -> bool {
        self.section == Section::Settings
    }
}

/// Renders a page.
pub fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a template did not render");
            crate::web::problem::Problem::Internal.into_response()
        }
    }
}
