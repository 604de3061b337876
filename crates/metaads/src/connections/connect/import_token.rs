//! A system user's token that an operator or agency has made in Business settings and pastes here.
//! It is inspected like any other: whose it is, for which app, until when. Never assumed eternal.

use metaads_graph::{AccessToken, GraphError, IssuedToken, TokenLifetime};
use metaads_store::{CompletionOutcome, ConnectionId, SignedIn, StoreError};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::authorize::seal;
use crate::connections::connect::grant::{Grant, ask_system_user};
use crate::rate_limit;
use crate::rate_limit::Bucket;

/// Meta's tokens are a few hundred characters.
const LONGEST: usize = 2_000;

/// What became of a pasted token.
#[derive(Debug)]
pub enum Pasted {
    Connected(ConnectionId),
    /// A code that /help/errors knows.
    Refused(Code),
    /// Not a token of a system user: a person's ends within the hour.
    NotASystemUser,
    NotAToken,
    /// Meta does not tell us about it: made for another app, or cut.
    OfAnotherApp,
    Throttled,
}

/// Inspects a token and connects what it stands for.
pub async fn paste(app: &App, who: &SignedIn, text: &str) -> Result<Pasted, StoreError> {
    let text = text.trim();
    let is_token = (20..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    // What has a bar in it is an app's own token.
    if !is_token || text.contains('|') {
        return Ok(Pasted::NotAToken);
    }
    if !rate_limit::allow(app, &Bucket::Connect { user: &who.user_id }).await? {
        return Ok(Pasted::Throttled);
    }
    let access_token = AccessToken::new(text.to_owned());
    // A person's token is refused before anything is asked in its name.
    match app.graph().inspect_token(&access_token).await {
        Ok(inspection) if !inspection.is_valid => return Ok(Pasted::Refused(Code::SessionInvalid)),
        Ok(inspection) if inspection.kind.as_deref() != Some("SYSTEM_USER") => {
            return Ok(Pasted::NotASystemUser);
        }
        Ok(_) => {}
        Err(GraphError::Refused(refusal)) if matches!(refusal.code, Some(100 | 190)) => {
            return Ok(Pasted::OfAnotherApp);
        }
        Err(error) => {
            return Ok(Pasted::Refused(crate::connections::connect::grant::code_of(
                &error,
                Code::MetaUnavailable,
            )));
        }
    }
    match ask_system_user(app, IssuedToken { access_token, lifetime: TokenLifetime::Unsaid }).await {
        Ok(grant) => store(app, who, &grant).await,
        Err(failure) => Ok(Pasted::Refused(failure.code)),
    }
}

async fn store(app: &App, who: &SignedIn, grant: &Grant) -> Result<Pasted, StoreError> {
    for _ in 0..2 {
        let completion = seal(app, &who.user_id, None, grant).await?;
        match app.store.complete_authorization(&completion).await? {
            CompletionOutcome::Created | CompletionOutcome::Updated => {
                tracing::info!(connection = %completion.connection_id, "connected by a pasted token");
                app.queue.notify();
                return Ok(Pasted::Connected(completion.connection_id));
            }
            CompletionOutcome::Cancelled | CompletionOutcome::Conflict => {}
        }
    }
    Ok(Pasted::Refused(Code::Conflict))
}
