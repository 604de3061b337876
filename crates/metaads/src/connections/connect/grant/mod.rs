//! What Meta says about a new grant: the network phase of connecting, one file for each login. Nothing is
//! written here.

mod business;
mod facebook;
mod instagram;

use metaads_graph::{
    AccessToken, AuthorizationCode, DeadGrant, GranularScope, GraphError, IssuedToken, PERMISSION_GRANTED,
    Permission, PkceVerifier, Recovery, TokenInspection,
};
use metaads_store::{AssetBatch, Authorization, ConnectionKind, Login, ScopeSet};

pub use business::ask as ask_system_user;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::sync_plan::SyncTask;
use crate::connections::connect::authorize::{Failure, FailureDetail};
use crate::keys::contexts::verifier_context;

/// A token of which nobody says when it ends is taken for one of the shorter kind: it is renewed in time, and then
/// its end is known.
const UNSAID_TTL: i64 = 60 * crate::clock::DAY;

/// Everything Meta said about a new grant.
pub struct Grant {
    pub kind: ConnectionKind,
    /// The app it was given to: Instagram Login has one of its own.
    pub app_id: String,
    pub token: AccessToken,
    pub meta_user_id: String,
    /// Instagram's other id for the account, for this app alone.
    pub scoped_user_id: Option<String>,
    pub name: String,
    pub picture_url: Option<String>,
    /// Id and name of the portfolio that a system user belongs to.
    pub business: Option<(String, String)>,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub permissions: Permissions,
    /// JSON: `[[scope, [ids]]]`.
    pub granular_scopes: String,
    /// What the first answers brought, and what is still to be read.
    pub found: AssetBatch,
    pub todo: Vec<SyncTask>,
    pub total: Option<i64>,
}

/// Asks Meta everything about what the dialog's code stands for.
pub async fn ask_meta(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Grant, Failure> {
    match authorization.login {
        Login::Facebook | Login::Business => {
            let token = exchange(app, authorization, code).await?;
            match authorization.login {
                Login::Business => business::ask(app, token).await,
                Login::Facebook | Login::Instagram => facebook::ask(app, token.access_token).await,
            }
        }
        Login::Instagram => instagram::ask(app, authorization, code).await,
    }
}

/// The code for a token: never asked twice with one code.
async fn exchange(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<IssuedToken, Failure> {
    let verifier = open_verifier(app, authorization).await?;
    let issued = app.graph().exchange_code(code, &authorization.redirect_uri, verifier.as_ref()).await;
    issued.map_err(|error| failure_of(&error, Code::CodeRefused))
}

/// Permissions limited to some assets, as they are stored.
pub fn granular_text(scopes: &[GranularScope]) -> String {
    let rows: Vec<(&str, &[String])> = scopes
        .iter()
        .filter(|scope| !scope.target_ids.is_empty())
        .map(|scope| (scope.scope.as_str(), scope.target_ids.as_slice()))
        .collect();
    serde_json::to_string(&rows).expect("texts always serialize")
}

/// The permissions that are limited, each with its assets, from how they are stored.
pub fn granular_of(text: &str) -> Vec<(String, Vec<String>)> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Whether an inspection is of a living token of our app, of this kind and of this person.
pub fn is_ours(app: &App, inspection: &TokenInspection, kind: &str, person: &str) -> bool {
    inspection.is_valid
        && inspection.app_id == app.graph().app().app_id.as_str()
        && inspection.kind.as_deref().is_none_or(|said| said == kind)
        && inspection.user_id.as_deref() == Some(person)
        && inspection.expires_at.is_none_or(|at| seconds_to_ms(at) > app.now())
}

/// What became of the permissions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    pub granted: ScopeSet,
    /// Of those asked for.
    pub declined: ScopeSet,
    /// Given once, and taken back by Meta because the app left them unused.
    pub expired: ScopeSet,
}

/// What was granted, declined and lapsed of what was `asked`; the inspection stands in where
/// `/me/permissions` did not answer.
pub fn permissions(asked: &[String], inspected: &[String], listed: Option<&[Permission]>) -> Permissions {
    let of = |wanted: &str| {
        let listed = listed.unwrap_or_default().iter().filter(|one| one.status == wanted);
        listed.map(|one| one.permission.clone()).collect::<Vec<_>>()
    };
    let usable = |word: &String| !word.is_empty() && word.len() <= 100 && !word.contains(',');
    let granted = if listed.is_some() { of(PERMISSION_GRANTED) } else { inspected.to_vec() };
    let granted: Vec<String> = granted.into_iter().filter(usable).take(200).collect();
    let expired: Vec<String> = of("expired").into_iter().filter(|scope| asked.contains(scope)).collect();
    let declined = asked.iter().filter(|scope| !granted.contains(scope) && !expired.contains(scope));
    Permissions {
        declined: ScopeSet(declined.cloned().collect()),
        granted: ScopeSet(granted),
        expired: ScopeSet(expired),
    }
}

async fn open_verifier(app: &App, authorization: &Authorization) -> Result<Option<PkceVerifier>, Failure> {
    let Some(stored) = &authorization.pkce_verifier else { return Ok(None) };
    let place = verifier_context(authorization.id.as_str());
    let opened = app.keys.open(&app.store, &place, stored.clone()).await.ok();
    match opened.and_then(|opened| String::from_utf8(opened.to_vec()).ok()) {
        Some(verifier) => Ok(Some(PkceVerifier::from_text(verifier))),
        None => Err(Code::SealedValueUnreadable.into()),
    }
}

/// The code a person sees for an error of Meta's; `otherwise` where the error itself says nothing.
fn failure_of(error: &GraphError, otherwise: Code) -> Failure {
    let meta = match error {
        GraphError::Refused(refusal) => Some(refusal.to_string()),
        _ => None,
    };
    let operator = match error.recovery() {
        Recovery::Operator(fault) => Some(format!("{} ({error})", fault.remedy())),
        _ => None,
    };
    Failure {
        code: code_of(error, otherwise),
        detail: FailureDetail { meta, ..FailureDetail::default() },
        operator,
    }
}

/// The code alone.
pub fn code_of(error: &GraphError, otherwise: Code) -> Code {
    match error.recovery() {
        Recovery::RetryLater | Recovery::AskForLess => Code::MetaUnavailable,
        Recovery::Wait(_) => Code::MetaRateLimited,
        Recovery::Operator(_) | Recovery::Permission => Code::MetaAppMisconfigured,
        Recovery::LoginAgain => Code::CodeRefused,
        Recovery::Grant(DeadGrant::Checkpoint) => Code::Checkpoint,
        Recovery::Grant(DeadGrant::UserUnconfirmed) => Code::UserUnconfirmed,
        Recovery::Grant(_) | Recovery::Asset | Recovery::WrongToken | Recovery::Bug | Recovery::Unknown => {
            otherwise
        }
    }
}

/// Meta's seconds as the tables' milliseconds; absurd values stay in bounds.
pub fn seconds_to_ms(seconds: i64) -> i64 {
    seconds.saturating_mul(1000).clamp(0, 253_402_300_799_000)
}
