//! Which dialog a trip goes to, and what it asks for.

use metaads_graph::{Again, Asks, DialogRequest, PkceVerifier};
use metaads_store::{Connection, ConnectionKind, Login};
use url::Url;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::authorize::{AuthorizeRequest, BeginError};
use crate::connections::permissions::{INSTAGRAM_SCOPES, data_access_end};
use crate::connections::token::schedule::DATA_ACCESS_SOON;

/// The login that made connections of this kind.
pub fn login_of(kind: ConnectionKind) -> Login {
    match kind {
        ConnectionKind::FacebookUser => Login::Facebook,
        ConnectionKind::BusinessSystemUser => Login::Business,
        ConnectionKind::InstagramUser => Login::Instagram,
    }
}

/// What a person who agreed before is asked once more: where data access is over or ends soon, that counts.
pub fn again(app: &App, request: &AuthorizeRequest, reconnected: Option<&Connection>) -> Again {
    let ends_soon = reconnected.is_some_and(|connection| {
        let reason = connection.status_reason.as_deref().and_then(Code::from_text);
        let ends_soon = data_access_end(connection).is_some_and(|at| at - app.now() < DATA_ACCESS_SOON);
        reason == Some(Code::DataAccessExpired) || ends_soon
    });
    let has_declined = reconnected.is_some_and(|connection| !connection.declined_scopes.0.is_empty());
    match (ends_soon, request.is_asking_again) {
        (true, _) if !has_declined => Again::Reauthorize,
        (_, true) => Again::Rerequest,
        (true, false) => Again::Reauthorize,
        (false, false) => Again::No,
    }
}

/// Where the browser comes back to, and where it is sent.
pub fn dialog(
    app: &App,
    login: Login,
    request: &AuthorizeRequest,
    again: Again,
    state: &str,
    verifier: Option<&PkceVerifier>,
) -> Result<(String, Url), BeginError> {
    let meta = app.graph().app();
    let asks = match (login, &app.config.login_config_id) {
        (Login::Instagram, _) => {
            let instagram = meta.instagram.as_ref().ok_or(BeginError::NotOffered)?;
            let redirect_uri = app.config.instagram_redirect_uri();
            let dialog =
                instagram.dialog(&redirect_uri, state, &INSTAGRAM_SCOPES, request.reconnects.is_some());
            return Ok((redirect_uri, dialog));
        }
        (Login::Business, Some(id)) => Asks::Configuration(id),
        (Login::Business, None) => return Err(BeginError::NotOffered),
        (Login::Facebook, _) => Asks::Permissions(&app.config.scopes),
    };
    let redirect_uri = app.config.redirect_uri();
    let challenge = verifier.map(PkceVerifier::challenge);
    let dialog = meta.dialog(&DialogRequest {
        redirect_uri: &redirect_uri,
        state,
        asks,
        again: if login == Login::Facebook { again } else { Again::No },
        is_popup: request.is_popup,
        challenge: challenge.as_ref(),
    });
    Ok((redirect_uri, dialog))
}
