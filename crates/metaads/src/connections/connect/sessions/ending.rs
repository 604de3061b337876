//! Back from the dialog, and on to the product.

use metaads_store::{AuthorizationStatus, ConnectSession, ConnectSessionId, ConnectSessionState, StoreError};
use url::Url;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::initiator::is_bound_to;

/// The parameters that are added to the return URL.
const ADDED: [&str; 3] = ["connect_session", "status", "error"];

/// The state of an attempt, for the browser that made it.
#[derive(Debug)]
pub enum Ending {
    /// Meta is being asked.
    Waiting,
    Ended(Ended),
}

/// The answer to the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Completed,
    Failed(Code),
}

impl Ended {
    pub fn status(self) -> &'static str {
        match self {
            Ended::Completed => "completed",
            Ended::Failed(_) => "failed",
        }
    }

    pub fn error(self) -> Option<&'static str> {
        match self {
            Ended::Completed => None,
            Ended::Failed(code) => Some(code.as_str()),
        }
    }
}

/// The session and the state of its newest attempt; None unless it is bound to the browser with this cookie.
pub async fn find(
    app: &App,
    id: &ConnectSessionId,
    token: Option<&str>,
) -> Result<Option<(ConnectSession, Ending)>, StoreError> {
    let found = app.store.find_connect_session(id, app.now()).await?;
    let session = found.filter(|session| is_bound_to(session, token));
    Ok(session.map(|session| {
        let ending = ending(&session, app.now());
        (session, ending)
    }))
}

fn ending(session: &ConnectSession, now: i64) -> Ending {
    match &session.state {
        ConnectSessionState::Completed { .. } => Ending::Ended(Ended::Completed),
        ConnectSessionState::Failed { code, .. } => {
            Ending::Ended(Ended::Failed(Code::from_text(code).unwrap_or(Code::MetaUnavailable)))
        }
        ConnectSessionState::Connecting { attempt: AuthorizationStatus::Consumed, until } if *until > now => {
            Ending::Waiting
        }
        ConnectSessionState::Connecting { .. }
        | ConnectSessionState::Opened
        | ConnectSessionState::Pending => Ending::Ended(Ended::Failed(Code::StateExpired)),
    }
}

/// Where the browser is sent back to. It learns the session's id and its end, never a token.
pub fn return_url(session: &ConnectSession, ended: Ended) -> Url {
    let mut url = Url::parse(&session.return_url).expect("it was parsed before it was stored");
    let own: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !ADDED.contains(&name.as_ref()))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if own.len() < url.query_pairs().count() {
        // Nobody can pass off an earlier result as this one.
        url.query_pairs_mut().clear().extend_pairs(own);
    }
    url.query_pairs_mut()
        .append_pair("connect_session", session.id.as_str())
        .append_pair("status", ended.status());
    if let Some(error) = ended.error() {
        url.query_pairs_mut().append_pair("error", error);
    }
    url
}

/// The origin of the product's page.
pub fn return_origin(session: &ConnectSession) -> String {
    let url = Url::parse(&session.return_url).expect("it was parsed before it was stored");
    url.origin().ascii_serialization()
}
