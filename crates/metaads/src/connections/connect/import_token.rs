//! Importing the token of a system user that an operator or agency created in Business settings. It is inspected like
//! any other: whose it is, for which app, until when.

use metaads_graph::{AccessToken, GraphError, IssuedToken, TokenLifetime};
use metaads_store::{CompletionOutcome, ConnectionId, SignedIn, StoreError};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::failure::code_of_error;
use crate::connections::connect::grant::{Grant, system_user};
use crate::connections::connect::save::{Owner, seal};
use crate::rate_limit::{self, Bucket};

/// Meta's tokens are a few hundred characters.
const LONGEST: usize = 2_000;

/// What became of an imported token.
#[derive(Debug)]
pub enum ImportOutcome {
    Connected(ConnectionId),
    Refused(Code),
    /// The token of a person or Page: it would end within hours.
    NotASystemUser,
    NotAToken,
    /// Meta tells us nothing about it: made for another app, or incomplete.
    OfAnotherApp,
    RateLimited,
}

/// Inspects a token and connects the system user it belongs to.
pub async fn import_token(app: &App, who: &SignedIn, text: &str) -> Result<ImportOutcome, StoreError> {
    let text = text.trim();
    let is_token = (20..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    // A token with a bar in it is an app's own.
    if !is_token || text.contains('|') {
        return Ok(ImportOutcome::NotAToken);
    }
    if !rate_limit::allow(app, &Bucket::Connect { user: &who.user_id }).await? {
        return Ok(ImportOutcome::RateLimited);
    }
    let access_token = AccessToken::new(text.to_owned());
    // A person's token is refused before it is used for any call.
    let inspection = match app.graph().inspect_token(&access_token).await {
        Ok(inspection) if !inspection.is_valid => return Ok(ImportOutcome::Refused(Code::SessionInvalid)),
        Ok(inspection) if inspection.kind.as_deref() != Some("SYSTEM_USER") => {
            return Ok(ImportOutcome::NotASystemUser);
        }
        Ok(inspection) => inspection,
        Err(GraphError::Api(api_error)) if matches!(api_error.code, Some(100 | 190)) => {
            return Ok(ImportOutcome::OfAnotherApp);
        }
        Err(error) => return Ok(ImportOutcome::Refused(code_of_error(&error))),
    };
    let issued = IssuedToken { access_token, lifetime: TokenLifetime::NotReported };
    match system_user(app, issued, inspection).await {
        Ok(grant) => store(app, who, &grant).await,
        Err(failure) => Ok(ImportOutcome::Refused(failure.code)),
    }
}

async fn store(app: &App, who: &SignedIn, grant: &Grant) -> Result<ImportOutcome, StoreError> {
    for _ in 0..2 {
        let completion = seal(app, Owner::importing(who), grant).await?;
        match app.store.complete_authorization(&completion).await? {
            CompletionOutcome::Created | CompletionOutcome::Updated => {
                tracing::info!(connection = %completion.connection_id, "connected by an imported token");
                app.signals.enqueued.notify();
                app.signals.outgoing.notify_one();
                return Ok(ImportOutcome::Connected(completion.connection_id));
            }
            CompletionOutcome::Cancelled | CompletionOutcome::Conflict => {}
        }
    }
    Ok(ImportOutcome::Refused(Code::Conflict))
}
