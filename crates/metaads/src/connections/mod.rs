//! Meta identities linked to users: decisions, without any web framework.

pub mod assets;
pub mod authorize;
pub mod deletion;
mod dialog;
pub mod disconnect;
pub mod events;
pub mod examine;
mod grant;
mod inspect;
pub mod missing;
pub mod paste;
pub mod permissions;
mod progress;
pub mod refresh;
pub mod schedule;
pub mod selection;
pub mod standing;
pub mod sync;
pub mod upkeep;
pub mod watch;

use metaads_graph::{AccessToken, Budget, GraphError, Recovery};
use metaads_store::{Connection, ConnectionKind, Job, UserId, Words};
use metaads_vault::Place;

pub use grant::granular_of;

use crate::app::App;
use crate::keys::NotOpened;
use crate::words::Code;

/// The row that a token is sealed for: the connection and its owner, so that a connection moved to
/// another user does not open either.
pub(crate) fn token_row(user: &UserId, id: &str) -> String {
    format!("{user}/{id}")
}

/// Where a connection's token is sealed for.
pub(crate) fn token_place(row: &str) -> Place<'_> {
    Place { table: "meta_connections", column: "access_token", row }
}

/// The reason that marks a living connection without all the permissions it needs.
pub(crate) fn incomplete(app: &App, kind: ConnectionKind, scopes: &Words) -> Option<String> {
    let is_missing = !permissions::missing(app, kind, scopes).0.is_empty();
    is_missing.then(|| Code::PermissionsMissing.as_str().to_owned())
}

/// Notes trouble that only the operator can mend, if this is some. A store that fails here too has told so
/// already.
async fn tell_operator(app: &App, error: &GraphError) {
    let (code, text) = match error.recovery() {
        Recovery::Operator(fault) => (Code::MetaAppMisconfigured.as_str(), fault.remedy()),
        Recovery::Wait(Budget::Policy) => (
            POLICY_BLOCK,
            "Meta has blocked what this app or a person does, and waits for somebody to look: see the alerts in the App Dashboard and Account Quality",
        ),
        _ => return,
    };
    note(app, code, &format!("{text} ({error})")).await;
}

async fn note(app: &App, code: &str, text: &str) {
    if let Err(error) = app.store.notice(code, text, app.now()).await {
        tracing::error!(%error, "trouble for the operator could not be noted");
    }
}

/// Notice to the operator: blocked for what was done, not for how often.
pub const POLICY_BLOCK: &str = "meta_policy_block";
/// Notice to the operator: Meta refused our app while somebody connected.
pub const LOGIN_REFUSED: &str = "meta_login_refused";

/// Meta has answered our app again, after tries that failed.
async fn forget_trouble(app: &App, job: &Job) {
    if job.attempts == 0 {
        return;
    }
    if let Err(error) = app.store.clear_notice(Code::MetaAppMisconfigured.as_str()).await {
        tracing::error!(%error, "a notice that is over could not be cleared");
    }
}

/// An id out of Meta's JSON, sent as text or as a number; "" where there is none.
fn digits(value: &serde_json::Value, key: &str) -> String {
    match value.get(key) {
        Some(serde_json::Value::String(text)) => text.chars().filter(char::is_ascii_digit).take(64).collect(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Why a stored token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenUnusable {
    #[error("the connection is disconnected")]
    Disconnected,
    #[error("the stored value does not open: {0}")]
    Unreadable(#[from] NotOpened),
    #[error("the stored value is no text")]
    NoText,
}

/// Opens a connection's token. Whoever wants to use it asks [`upkeep::fresh_token`] instead.
async fn open_token(app: &App, connection: &Connection) -> Result<AccessToken, TokenUnusable> {
    let stored = connection.access_token.clone().ok_or(TokenUnusable::Disconnected)?;
    let row = token_row(&connection.user_id, connection.id.as_str());
    let opened = app.keys.open(&app.store, &token_place(&row), stored).await?;
    let text = std::str::from_utf8(&opened).map_err(|_| TokenUnusable::NoText)?;
    Ok(AccessToken::new(text.to_owned()))
}
