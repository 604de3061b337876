//! Which login dialog the browser is sent to, and what it asks for.

use metaads_graph::{AuthType, DialogRequest, InstagramReauth, PermissionRequest, PkceVerifier};
use metaads_store::{Connection, ConnectionKind, Login, StatusReason};
use url::Url;

use crate::app::App;
use crate::connections::permissions::{INSTAGRAM_SCOPES, data_access_end};
use crate::connections::token::schedule::DATA_ACCESS_SOON;

/// What the dialog is for.
#[derive(Debug)]
pub struct DialogPurpose<'a> {
    pub login: Login,
    /// The connection to reconnect.
    pub reconnects: Option<&'a Connection>,
    /// Ask again for declined permissions.
    pub is_rerequest: bool,
    pub is_popup: bool,
}

/// Where the browser is sent, and where it comes back to.
#[derive(Debug)]
pub struct LoginDialog {
    pub url: Url,
    pub redirect_uri: String,
}

/// Login for Business or Instagram Login is not configured.
#[derive(Debug)]
pub struct NotOffered;

/// The login that makes connections of this kind.
pub fn login_of(kind: ConnectionKind) -> Login {
    match kind {
        ConnectionKind::FacebookUser => Login::Facebook,
        ConnectionKind::BusinessSystemUser => Login::Business,
        ConnectionKind::InstagramUser => Login::Instagram,
    }
}

/// The dialog for a purpose. `state` and `verifier` are fresh.
pub fn login_dialog(
    app: &App,
    purpose: &DialogPurpose<'_>,
    state: &str,
    verifier: Option<&PkceVerifier>,
) -> Result<LoginDialog, NotOffered> {
    let meta = app.graph().app();
    let permissions = match (purpose.login, &app.config.meta_login.config_id) {
        (Login::Instagram, _) => {
            let instagram = meta.instagram.as_ref().ok_or(NotOffered)?;
            let redirect_uri = app.config.instagram_redirect_uri();
            let reauth = match purpose.reconnects {
                Some(_) => InstagramReauth::Always,
                None => InstagramReauth::IfSignedOut,
            };
            let url = instagram.login_dialog_url(&redirect_uri, state, &INSTAGRAM_SCOPES, reauth);
            return Ok(LoginDialog { url, redirect_uri });
        }
        (Login::Business, Some(id)) => PermissionRequest::Configuration(id),
        (Login::Business, None) => return Err(NotOffered),
        (Login::Facebook, _) => PermissionRequest::Permissions(&app.config.meta_login.scopes),
    };
    let redirect_uri = app.config.redirect_uri();
    let challenge = verifier.map(PkceVerifier::challenge);
    let url = meta.login_dialog_url(&DialogRequest {
        redirect_uri: &redirect_uri,
        state,
        permissions,
        auth_type: if purpose.login == Login::Facebook { auth_type(app, purpose) } else { None },
        is_popup: purpose.is_popup,
        challenge: challenge.as_ref(),
    });
    Ok(LoginDialog { url, redirect_uri })
}

/// What a person who agreed before is asked again: data access if it is over or ends soon, else declined
/// permissions.
fn auth_type(app: &App, purpose: &DialogPurpose<'_>) -> Option<AuthType> {
    let ends_soon = purpose.reconnects.is_some_and(|connection| {
        connection.state.reason() == Some(StatusReason::DataAccessExpired)
            || data_access_end(connection).is_some_and(|at| at - app.now() < DATA_ACCESS_SOON)
    });
    let has_declined = purpose.reconnects.is_some_and(|connection| !connection.declined_scopes.0.is_empty());
    match (ends_soon, purpose.is_rerequest) {
        (true, _) if !has_declined => Some(AuthType::Reauthorize),
        (_, true) => Some(AuthType::Rerequest),
        (true, false) => Some(AuthType::Reauthorize),
        (false, false) => None,
    }
}
