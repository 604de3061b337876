//! The heart: one trip to Meta's dialog and back. The two public functions are its two ends;
//! `complete` runs in numbered phases, and each says what a crash in it leaves behind.

use std::time::Duration;

use metaads_graph::{AuthorizationCode, Callback, DialogAnswer, PkceVerifier};
use metaads_store::{
    Authorization, AuthorizationId, AuthorizationStatus, Completion, CompletionOutcome, ConnectionId,
    ConnectionKind, JobKind, Login, NewAuthorization, SignedIn, StoreError, UserId,
};
use metaads_vault::SealContext;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::sync_plan::plan_after_login;
use crate::connections::connect::grant::{Grant, ask_meta};
use crate::connections::connect::login_dialog::{again, dialog, login_of};
use crate::connections::permissions::incomplete;
use crate::keys::contexts::{token_context, token_row};
use crate::operator_notices::{LOGIN_REFUSED, note};
use crate::random::hash;
use crate::rate_limit;
use crate::rate_limit::Bucket;

/// A trip to the dialog may take so long.
pub const AUTHORIZATION_TTL_MS: i64 = 10 * 60_000;
/// The browser gets an answer within 20 seconds, whatever Meta does.
const COMPLETION_DEADLINE: Duration = Duration::from_secs(18);

/// What the person asked for when pressing the button.
#[derive(Debug, Default)]
pub struct AuthorizeRequest {
    /// Which dialog; where a connection is reconnected, its own kind counts.
    pub login: Option<Login>,
    pub is_popup: bool,
    /// Reconnect this connection in place.
    pub reconnects: Option<ConnectionId>,
    /// Ask again for declined permissions.
    pub is_asking_again: bool,
    /// At a phone or tablet.
    pub is_handheld: bool,
}

/// A trip that has started.
#[derive(Debug)]
pub struct StartedAuthorization {
    pub id: AuthorizationId,
    pub dialog: Url,
}

#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("there is no such connection")]
    NoSuchConnection,
    /// Login for Business or Instagram Login is not set up here.
    #[error("this login is not offered here")]
    NotOffered,
    /// A pasted token has no dialog; another one is pasted.
    #[error("the connection was made by a pasted token")]
    Pasted,
    /// Facebook offers Login for Business on computers only.
    #[error("a business is connected from a computer")]
    NeedsComputer,
    #[error("too many attempts")]
    Throttled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Draws a state, stores the pending authorization and gives the dialog's address.
pub async fn begin(
    app: &App,
    who: &SignedIn,
    request: AuthorizeRequest,
) -> Result<StartedAuthorization, BeginError> {
    if !rate_limit::allow(app, &Bucket::Connect { user: &who.user_id }).await? {
        return Err(BeginError::Throttled);
    }
    let reconnected = match &request.reconnects {
        None => None,
        Some(id) => {
            let known = app.store.find_connection(&who.user_id, id).await?;
            Some(known.ok_or(BeginError::NoSuchConnection)?)
        }
    };
    let login = match &reconnected {
        Some(connection) if connection.is_pasted => return Err(BeginError::Pasted),
        Some(connection) => connection.login.unwrap_or_else(|| login_of(connection.kind)),
        None => request.login.unwrap_or(Login::Facebook),
    };
    if login == Login::Business && request.is_handheld && app.config.login_config_id.is_some() {
        return Err(BeginError::NeedsComputer);
    }
    let id = app.new_authorization_id();
    let state = app.random.token();
    let has_verifier = app.config.is_pkce && login != Login::Instagram;
    let verifier = has_verifier.then(|| PkceVerifier::from_random(app.random.bytes()));
    let again = again(app, &request, reconnected.as_ref());
    let (redirect_uri, dialog) = dialog(app, login, &request, again, &state, verifier.as_ref())?;
    let now = app.now();
    let new = NewAuthorization {
        pkce_verifier: verifier.map(|verifier| app.seal(&verifier_context(id.as_str()), verifier.expose())),
        id: id.clone(),
        user_id: who.user_id.clone(),
        session_id: who.session_id.clone(),
        login,
        state_hash: hash(&state),
        redirect_uri,
        is_popup: request.is_popup,
        is_rerequest: request.is_asking_again,
        reconnects: request.reconnects,
        created_at: now,
        expires_at: now + AUTHORIZATION_TTL_MS,
    };
    app.store.insert_authorization(&new).await?;
    tracing::info!(authorization = %id, "a connect attempt began");
    Ok(StartedAuthorization { id, dialog })
}

/// How a callback ended.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// The authorization was this browser's; what became of it stands in its row.
    Settled { id: AuthorizationId, is_popup: bool },
    /// Nothing was touched: the callback did not belong to a trip of this session.
    Refused(Code),
}

/// Takes the browser's callback to its end. Instagram Login has a callback of its own: an answer that comes
/// by the wrong one is nobody's.
pub async fn complete(
    app: &App,
    who: Option<&SignedIn>,
    query: &str,
    is_instagram: bool,
) -> Result<CallbackOutcome, StoreError> {
    // (1) Consume: one conditional update takes the row, so that a callback counts once. A crash
    //     after it leaves a consumed row, which expires by itself; Meta's code was not used.
    let callback = match Callback::parse(query) {
        Ok(callback) => callback,
        Err(error) => {
            tracing::warn!(%error, "a callback that no dialog makes was refused");
            return Ok(CallbackOutcome::Refused(Code::StateExpired));
        }
    };
    let authorization = match consume(app, who, &callback, is_instagram).await? {
        Ok(authorization) => authorization,
        Err(code) => {
            tracing::warn!(code = code.as_str(), "a callback was refused");
            return Ok(CallbackOutcome::Refused(code));
        }
    };
    let ended = CallbackOutcome::Settled { id: authorization.id.clone(), is_popup: authorization.is_popup };
    let outcome = match answer_of(app, &callback, is_instagram) {
        Ok(code) => settle(app, &authorization, code).await?,
        Err(failure) => Err(failure),
    };
    if let Err(Failure { code, detail, operator }) = outcome {
        if let Some(text) = operator {
            note(&app.store, app.now(), LOGIN_REFUSED, &text).await;
        }
        tracing::warn!(authorization = %authorization.id, code = code.as_str(), "a connect attempt failed");
        let detail = serde_json::to_string(&detail).expect("a detail of texts always serializes");
        app.store.fail_authorization(&authorization.id, code.as_str(), Some(&detail), app.now()).await?;
    }
    Ok(ended)
}

/// Why an attempt ended without a connection, and what is told about it.
#[derive(Debug)]
pub(super) struct Failure {
    pub code: Code,
    pub detail: FailureDetail,
    /// What only the operator can mend.
    pub operator: Option<String>,
}

/// What the result page tells beside the code's own words. Never a secret.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FailureDetail {
    /// Whom a reconnect expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Whom it met.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<String>,
    /// Meta's own numbers, for a support request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<String>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure { code, detail: FailureDetail::default(), operator: None }
    }
}

async fn consume(
    app: &App,
    who: Option<&SignedIn>,
    callback: &Callback,
    is_instagram: bool,
) -> Result<Result<Authorization, Code>, StoreError> {
    let state = hash(&callback.state);
    if let Some(who) = who
        && let Some(authorization) =
            app.store.consume_authorization(&state, &who.session_id, is_instagram, app.now()).await?
    {
        return Ok(Ok(authorization));
    }
    let Some(found) = app.store.find_authorization_by_state(&state).await? else {
        return Ok(Err(Code::StateExpired));
    };
    let is_own = who.is_some_and(|who| who.session_id == found.session_id);
    Ok(Err(match found.status {
        _ if !is_own => Code::WrongSession,
        AuthorizationStatus::Pending => Code::StateExpired,
        AuthorizationStatus::Cancelled => Code::Cancelled,
        AuthorizationStatus::Consumed | AuthorizationStatus::Completed | AuthorizationStatus::Failed => {
            Code::StateUsed
        }
    }))
}

/// The code, or why there is none. A foreign issuer (RFC 9207) never gets to see our secret.
fn answer_of<'a>(
    app: &App,
    callback: &'a Callback,
    is_instagram: bool,
) -> Result<&'a AuthorizationCode, Failure> {
    if let Some(issuer) = &callback.issuer {
        let meta = app.graph().app();
        let instagram = meta.instagram.as_ref().filter(|_| is_instagram);
        let own = instagram.map_or(&meta.dialog_url, |instagram| &instagram.dialog_url).origin();
        let is_own = Url::parse(issuer).is_ok_and(|issuer| issuer.origin() == own);
        if !is_own {
            return Err(Code::CodeRefused.into());
        }
    }
    let numbered = |code: Code, number: Option<i64>| {
        let meta = number.map_or("dialog error".to_owned(), |number| format!("dialog error {number}"));
        let operator = Some(format!("{meta}: docs/meta-app-setup.md says what it means and where to click"));
        Failure {
            code,
            detail: FailureDetail { meta: number.map(|_| meta), ..FailureDetail::default() },
            operator,
        }
    };
    match &callback.answer {
        DialogAnswer::Code(code) => Ok(code),
        DialogAnswer::Denied => Err(Code::Cancelled.into()),
        DialogAnswer::AppNotActive { number } => Err(numbered(Code::AppNotActive, Some(*number))),
        DialogAnswer::Misconfigured { number } => Err(numbered(Code::MetaAppMisconfigured, *number)),
        DialogAnswer::Unavailable => Err(Code::MetaUnavailable.into()),
    }
}

/// Phases 2 to 4.
async fn settle(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Result<(), Failure>, StoreError> {
    // (2) Network only: nothing is written, no transaction is open. A crash leaves the consumed row;
    //     the code is spent, so the person connects again. Never asked twice with one code.
    let asked = tokio::time::timeout(COMPLETION_DEADLINE, ask_meta(app, authorization, code)).await;
    let grant = match asked {
        Ok(Ok(grant)) => grant,
        Ok(Err(failure)) => return Ok(Err(failure)),
        Err(_) => return Ok(Err(Code::MetaUnavailable.into())),
    };
    if let Some(failure) = wrong_person(app, authorization, &grant).await? {
        return Ok(Err(failure));
    }
    // (3) Seal, for the row it will stand in; (4) one write. A crash before it leaves what (2) left,
    //     after it everything is there and the job goes on reading. Another tab that connected the
    //     same person in this moment makes it start over with that connection's id, once.
    for _ in 0..2 {
        let completion = seal(app, &authorization.user_id, Some(authorization), &grant).await?;
        match app.store.complete_authorization(&completion).await? {
            CompletionOutcome::Created | CompletionOutcome::Updated => {
                tracing::info!(authorization = %authorization.id, connection = %completion.connection_id, "connected");
                app.queue.notify();
                app.store.clear_notice(LOGIN_REFUSED).await?;
                return Ok(Ok(()));
            }
            CompletionOutcome::Cancelled => {
                end_unwanted_grant(app, &completion).await?;
                return Ok(Err(Code::Cancelled.into()));
            }
            CompletionOutcome::Conflict => {}
        }
    }
    Ok(Err(Code::MetaUnavailable.into()))
}

/// The person called it off while Meta was answering: the grant exists there. Where no connection
/// rests on it, Meta is told to forget it.
async fn end_unwanted_grant(app: &App, completion: &Completion) -> Result<(), StoreError> {
    let (app_id, user) = (&completion.app_id, &completion.meta_user_id);
    if completion.kind == ConnectionKind::FacebookUser
        && app.store.list_connections_on_grant(&completion.connection_id, app_id, user).await?.is_empty()
        && app.store.find_connection_for_job(&completion.connection_id).await?.is_none()
    {
        let grant = format!("{app_id}:{user}");
        app.store.enqueue_job(&app.new_job_id(), JobKind::Revoke, &grant, "", app.now()).await?;
        app.queue.notify();
    }
    Ok(())
}

async fn wrong_person(
    app: &App,
    authorization: &Authorization,
    met: &Grant,
) -> Result<Option<Failure>, StoreError> {
    let Some(id) = &authorization.reconnects else { return Ok(None) };
    // Deleted meanwhile: then it is a new connection.
    let Some(expected) = app.store.find_connection(&authorization.user_id, id).await? else {
        return Ok(None);
    };
    // Under another Meta app the same person has another id: it is a new connection too.
    if expected.meta_user_id == met.meta_user_id || expected.app_id != met.app_id {
        return Ok(None);
    }
    let detail = FailureDetail {
        expected: Some(expected.name),
        met: Some(met.name.clone()),
        ..FailureDetail::default()
    };
    Ok(Some(Failure { code: Code::WrongPerson, detail, operator: None }))
}

/// What is written of a grant; without an authorization it was pasted.
pub(super) async fn seal(
    app: &App,
    user: &UserId,
    authorization: Option<&Authorization>,
    grant: &Grant,
) -> Result<Completion, StoreError> {
    let known = app.store.find_connection_id(user, grant.kind, &grant.app_id, &grant.meta_user_id).await?;
    let connection_id = known.unwrap_or_else(|| app.new_connection_id());
    Ok(Completion {
        access_token: app
            .seal(&token_context(&token_row(user, connection_id.as_str())), grant.token.expose()),
        authorization_id: authorization.map(|trip| trip.id.clone()),
        login: authorization.map(|trip| trip.login),
        user_id: user.clone(),
        connection_id,
        kind: grant.kind,
        app_id: grant.app_id.clone(),
        meta_user_id: grant.meta_user_id.clone(),
        scoped_user_id: grant.scoped_user_id.clone(),
        name: grant.name.clone(),
        picture_url: grant.picture_url.clone(),
        status_reason: incomplete(app, grant.kind, &grant.permissions.granted)
            .map(|code| code.as_str().to_owned()),
        scopes: grant.permissions.granted.clone(),
        declined_scopes: grant.permissions.declined.clone(),
        expired_scopes: grant.permissions.expired.clone(),
        granular_scopes: grant.granular_scopes.clone(),
        business: grant.business.clone(),
        expires_at: grant.expires_at,
        data_access_expires_at: grant.data_access_expires_at,
        sync_total: grant.total,
        assets: grant.found.clone(),
        sync_progress: plan_after_login(grant.todo.clone()),
        at: app.now(),
        ids: [app.new_row_id(), app.new_row_id(), app.new_row_id()],
    })
}

/// Where a trip's verifier is sealed for.
pub(crate) fn verifier_context(id: &str) -> SealContext<'_> {
    SealContext { table: "authorizations", column: "pkce_verifier", row: id }
}
