//! The network phase of connecting: what Meta says about a new grant, one file per login. Nothing is written here.

mod business;
mod facebook;
mod granted;
mod instagram;
mod repeat;

use metaads_graph::{AuthorizationCode, IssuedToken, PkceVerifier};
use metaads_store::{Authorization, Login};

pub use business::system_user;
pub use granted::Grant;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::failure::Failure;
use crate::keys::contexts::verifier_context;

/// Asks Meta everything about the grant that the dialog's code stands for.
pub async fn ask_meta(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Grant, Failure> {
    match authorization.login {
        Login::Facebook => {
            facebook::person(app, exchange(app, authorization, code).await?.access_token).await
        }
        Login::Business => business::ask(app, exchange(app, authorization, code).await?).await,
        Login::Instagram => instagram::ask(app, authorization, code).await,
    }
}

/// Exchanges the code for a token. Never called twice with one code.
async fn exchange(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<IssuedToken, Failure> {
    let verifier = open_verifier(app, authorization).await?;
    let issued = app.graph().exchange_code(code, &authorization.redirect_uri, verifier.as_ref()).await;
    issued.map_err(|error| Failure::of_error(&error))
}

async fn open_verifier(app: &App, authorization: &Authorization) -> Result<Option<PkceVerifier>, Failure> {
    let Some(stored) = &authorization.pkce_verifier else { return Ok(None) };
    let context = verifier_context(authorization.id.as_str());
    let opened = app.keys.open(&app.store, &context, stored.clone()).await.ok();
    match opened.and_then(|opened| String::from_utf8(opened.to_vec()).ok()) {
        Some(verifier) => Ok(Some(PkceVerifier::from_text(verifier))),
        None => Err(Code::SealedValueUnreadable.into()),
    }
}
