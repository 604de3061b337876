//! What Meta says about a new grant: the network phase of connecting. Nothing is written here.

use metaads_graph::{
    AccessToken, AuthorizationCode, DeadGrant, GraphError, IssuedToken, PERMISSION_GRANTED, Permission,
    Person, PkceVerifier, Profile, Recovery, TokenInspection, TokenLifetime,
};
use metaads_store::{Authorization, Words};

use super::authorize::{Detail, Failure, verifier_place};
use super::sync::PAGE_LIMIT;
use crate::app::App;
use crate::words::Code;

/// Everything Meta said about a new grant.
pub(super) struct Grant {
    pub token: AccessToken,
    pub person: Person,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub scopes: Words,
    pub declined_scopes: Words,
    pub profile: Profile,
}

/// Two round trips of waiting: the code for a token; then long-lived exchange, inspection and reads
/// together. A third only for what Meta left out.
pub(super) async fn ask_meta(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Grant, Failure> {
    let verifier = open_verifier(app, authorization).await?;
    let short = app
        .graph()
        .exchange_code(code, &authorization.redirect_uri, verifier.as_ref())
        .await
        .map_err(|error| failure_of(&error, Code::CodeRefused))?;
    let (long, inspection, profile) = tokio::join!(
        app.graph().exchange_long_lived(&short.access_token),
        app.graph().inspect_token(&short.access_token),
        app.graph().read_profile(&short.access_token, PAGE_LIMIT),
    );
    let failed = |error: GraphError| failure_of(&error, Code::MetaUnavailable);
    let inspection = inspection.map_err(failed)?;
    let long = long.map_err(failed)?;
    let profile = profile.map_err(failed)?;
    let person = verified_person(app, &short.access_token, &inspection, &profile).await?;
    let expires_at = expiry(app, &long, &person).await?;
    let (scopes, declined_scopes) = permissions(app, &inspection.scopes, profile.permissions.as_deref().ok());
    Ok(Grant {
        token: long.access_token,
        person,
        expires_at,
        data_access_expires_at: inspection.data_access_expires_at.map(seconds_to_ms),
        scopes,
        declined_scopes,
        profile,
    })
}

/// The token must be ours, alive, and of the person it reads: else somebody slipped us another one.
async fn verified_person(
    app: &App,
    token: &AccessToken,
    inspection: &TokenInspection,
    profile: &Profile,
) -> Result<Person, Failure> {
    let person = match &profile.person {
        Ok(person) => person.clone(),
        Err(_) => {
            let asked = app.graph().read_person(token).await;
            asked.map_err(|error| failure_of(&error, Code::MetaUnavailable))?
        }
    };
    if is_ours(app, inspection, "USER", person.id.as_str()) {
        Ok(person)
    } else {
        Err(Code::ForeignToken.into())
    }
}

/// Whether an inspection is of a living token of our app, of this kind and of this person.
pub(super) fn is_ours(app: &App, inspection: &TokenInspection, kind: &str, person: &str) -> bool {
    inspection.is_valid
        && inspection.app_id == app.graph().app().app_id.as_str()
        && inspection.kind.as_deref().is_none_or(|said| said == kind)
        && inspection.user_id.as_deref() == Some(person)
        && inspection.expires_at.is_none_or(|at| seconds_to_ms(at) > app.now())
}

/// When the long-lived token ends (milliseconds since the epoch); None: never. Where Meta did not say,
/// `debug_token` does.
async fn expiry(app: &App, long: &IssuedToken, person: &Person) -> Result<Option<i64>, Failure> {
    match long.lifetime {
        TokenLifetime::Seconds(seconds) => Ok(Some(app.now() + seconds_to_ms(seconds))),
        TokenLifetime::Unsaid => {
            let inspection = app.graph().inspect_token(&long.access_token).await;
            let inspection = inspection.map_err(|error| failure_of(&error, Code::MetaUnavailable))?;
            match is_ours(app, &inspection, "USER", person.id.as_str()) {
                true => Ok(inspection.expires_at.map(seconds_to_ms)),
                false => Err(Code::ForeignToken.into()),
            }
        }
    }
}

/// What was granted and what was declined of what was asked; the inspection stands in where
/// `/me/permissions` did not answer.
pub(crate) fn permissions(app: &App, inspected: &[String], listed: Option<&[Permission]>) -> (Words, Words) {
    let granted: Vec<String> = match listed {
        Some(listed) => listed
            .iter()
            .filter(|one| one.status == PERMISSION_GRANTED)
            .map(|one| one.permission.clone())
            .collect(),
        None => inspected.to_vec(),
    };
    let usable = |word: &String| !word.is_empty() && word.len() <= 100 && !word.contains(',');
    let granted: Vec<String> = granted.into_iter().filter(usable).take(200).collect();
    let declined = app.config.scopes.iter().filter(|scope| !granted.contains(scope)).cloned().collect();
    (Words(granted), Words(declined))
}

async fn open_verifier(app: &App, authorization: &Authorization) -> Result<Option<PkceVerifier>, Failure> {
    let Some(stored) = &authorization.pkce_verifier else { return Ok(None) };
    let place = verifier_place(authorization.id.as_str());
    let opened = app.keys.open(&app.store, &place, stored.clone()).await.ok();
    match opened.and_then(|opened| String::from_utf8(opened.to_vec()).ok()) {
        Some(verifier) => Ok(Some(PkceVerifier::from_text(verifier))),
        None => Err(Code::SealedValueUnreadable.into()),
    }
}

/// The code a person sees for an error of Meta's; `otherwise` where the error itself says nothing.
fn failure_of(error: &GraphError, otherwise: Code) -> Failure {
    let code = match error.recovery() {
        Recovery::RetryLater | Recovery::AskForLess => Code::MetaUnavailable,
        Recovery::Wait(_) => Code::MetaRateLimited,
        Recovery::Operator(_) | Recovery::Permission => Code::MetaAppMisconfigured,
        Recovery::LoginAgain => Code::CodeRefused,
        Recovery::Grant(DeadGrant::Checkpoint) => Code::Checkpoint,
        Recovery::Grant(DeadGrant::UserUnconfirmed) => Code::UserUnconfirmed,
        Recovery::Grant(_) | Recovery::Asset | Recovery::WrongToken | Recovery::Bug | Recovery::Unknown => {
            otherwise
        }
    };
    let meta = match error {
        GraphError::Refused(refusal) => Some(refusal.to_string()),
        _ => None,
    };
    Failure { code, detail: Detail { meta, ..Detail::default() } }
}

/// Meta's seconds as the tables' milliseconds; absurd values stay in bounds.
pub(crate) fn seconds_to_ms(seconds: i64) -> i64 {
    seconds.saturating_mul(1000).clamp(0, 253_402_300_799_000)
}
