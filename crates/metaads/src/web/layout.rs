//! What every page has around its content.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use metaads_store::StoreError;

use crate::app::App;
use crate::connections::status;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::messages::format;

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
    pub section: Section,
    pub user: Option<ShownUser>,
    /// The built-in sandbox's control page; only in demo mode.
    pub sandbox: Option<String>,
    /// `light`, `dark`, or empty: as the device.
    pub theme: &'static str,
    /// Somebody who is signed out may want to sign in here: not so the users of other products.
    pub has_sign_in: bool,
    /// Pages with an action bar hide the phone's navigation.
    pub has_actions: bool,
    /// The page shows a form again that was refused; its title says so.
    pub is_refused: bool,
}

#[derive(Debug, Clone)]
pub struct ShownUser {
    pub email: String,
    pub initials: String,
    /// Connections that need somebody to act.
    pub needing_attention: usize,
    pub is_admin: bool,
}

impl Layout {
    pub async fn new(
        app: &App,
        client: &ClientInfo,
        caller: Option<&Caller>,
        section: Section,
    ) -> Result<Layout, StoreError> {
        let user = match caller {
            Some(caller) => Some(ShownUser::new(app, caller).await?),
            None => None,
        };
        Ok(Layout { section, user, ..Layout::signed_out(app, client) })
    }

    /// For pages that do not say who is signed in.
    pub fn signed_out(app: &App, client: &ClientInfo) -> Layout {
        Layout {
            section: Section::None,
            user: None,
            sandbox: app.sandbox_url.as_ref().map(|url| format!("{url}/_control")),
            theme: client.theme,
            has_sign_in: true,
            has_actions: false,
            is_refused: false,
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

impl ShownUser {
    async fn new(app: &App, caller: &Caller) -> Result<ShownUser, StoreError> {
        let session = &caller.session;
        Ok(ShownUser {
            email: session.email.clone(),
            initials: format::initials(&session.email.replace(['.', '_', '-', '@'], " ")),
            needing_attention: status::count_needing_attention(app, &session.workspace_id).await?,
            is_admin: session.is_admin,
        })
    }
}

/// Renders a page.
pub fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a template did not render");
            Problem::Internal.into_response()
        }
    }
}
