//! The heart: one authorization, from our button to Meta's dialog and back. The two public functions are its two ends;
//! `complete` runs in numbered phases, and each says what a crash in it leaves behind.

use std::time::Duration;

use metaads_graph::{AuthorizationCode, AuthorizationResponse, Callback, PkceVerifier};
use metaads_store::{
    Authorization, AuthorizationId, AuthorizationStatus, CheckPayload, Completion, CompletionOutcome,
    ConnectSessionId, Connection, ConnectionId, ConnectionKind, DialogHost, JobKind, JobPayload, Login,
    NewAuthorization, NoticeKind, SignedIn, StoreError,
};
use url::Url;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::failure::Failure;
use crate::connections::connect::grant::ask_meta;
use crate::connections::connect::initiator::{CallbackBrowser, Holder, Initiator};
use crate::connections::connect::login_dialog::{DialogPurpose, login_dialog, login_of};
use crate::connections::connect::save::{Owner, seal};
use crate::connections::connect::wrong_person::{is_other_connection, wrong_person};
use crate::keys::contexts::verifier_context;
use crate::operator_notices;
use crate::random::hash;
use crate::rate_limit::{self, Bucket};

/// An authorization must come back from the dialog within this time.
pub const AUTHORIZATION_TTL_MS: i64 = 10 * 60_000;
/// The browser gets an answer within 20 seconds, whatever Meta does.
const COMPLETION_DEADLINE: Duration = Duration::from_secs(18);

/// What the person asked for with the button.
#[derive(Debug, Default)]
pub struct AuthorizeRequest {
    /// Which login; a reconnect uses the connection's own.
    pub login: Option<Login>,
    pub is_popup: bool,
    /// Reconnect this connection in place.
    pub reconnects: Option<ConnectionId>,
    /// Ask again for declined permissions.
    pub is_asking_again: bool,
    /// On a phone or tablet.
    pub is_handheld: bool,
}

/// A pending authorization.
#[derive(Debug)]
pub struct StartedAuthorization {
    pub id: AuthorizationId,
    pub dialog: Url,
}

#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("there is no such connection")]
    NoSuchConnection,
    /// Login for Business or Instagram Login is not configured.
    #[error("this login is not offered here")]
    NotOffered,
    /// An imported token has no dialog: a new token has to be imported.
    #[error("the token of the connection was imported")]
    Imported,
    /// Facebook offers Login for Business on computers only.
    #[error("a business is connected from a computer")]
    NeedsComputer,
    #[error("too many attempts")]
    RateLimited,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates the state, stores the pending authorization and returns the address of the dialog.
pub async fn begin(
    app: &App,
    who: &Initiator,
    request: AuthorizeRequest,
) -> Result<StartedAuthorization, BeginError> {
    let bucket = match &who.connect_session {
        Some(session) => Bucket::ConnectSession { session },
        None => Bucket::Connect { user: &who.user_id },
    };
    if !rate_limit::allow(app, &bucket).await? {
        return Err(BeginError::RateLimited);
    }
    let reconnected = reconnected(app, who, request.reconnects.as_ref()).await?;
    let login = match &reconnected {
        Some(connection) if connection.is_imported => return Err(BeginError::Imported),
        Some(connection) => connection.login.unwrap_or_else(|| login_of(connection.kind)),
        None => request.login.unwrap_or(Login::Facebook),
    };
    if request.is_handheld && needs_computer(app, login) {
        return Err(BeginError::NeedsComputer);
    }
    let id = app.new_authorization_id();
    let state = app.random.token();
    let has_verifier = app.config.meta_login.is_pkce && login != Login::Instagram;
    let verifier = has_verifier.then(|| PkceVerifier::from_random(app.random.bytes()));
    let purpose = DialogPurpose {
        login,
        reconnects: reconnected.as_ref(),
        is_rerequest: request.is_asking_again,
        is_popup: request.is_popup,
    };
    let dialog =
        login_dialog(app, &purpose, &state, verifier.as_ref()).map_err(|_| BeginError::NotOffered)?;
    let now = app.now();
    let new = NewAuthorization {
        pkce_verifier: verifier.map(|verifier| app.seal(&verifier_context(id.as_str()), verifier.expose())),
        id: id.clone(),
        workspace_id: who.workspace_id.clone(),
        user_id: who.user_id.clone(),
        session_id: who.session_id.clone(),
        login,
        state_hash: hash(&state),
        redirect_uri: dialog.redirect_uri,
        is_popup: request.is_popup,
        is_rerequest: request.is_asking_again,
        reconnects: request.reconnects,
        connect_session: who.connect_session.clone(),
        created_at: now,
        expires_at: now + AUTHORIZATION_TTL_MS,
    };
    app.store.insert_authorization(&new).await?;
    tracing::info!(authorization = %id, "authorization started");
    Ok(StartedAuthorization { id, dialog: dialog.url })
}

/// Whether this login is offered on computers only.
pub fn needs_computer(app: &App, login: Login) -> bool {
    login == Login::Business && app.config.meta_login.config_id.is_some()
}

async fn reconnected(
    app: &App,
    who: &Initiator,
    id: Option<&ConnectionId>,
) -> Result<Option<Connection>, BeginError> {
    let Some(id) = id else { return Ok(None) };
    let known = app.store.find_connection(&who.workspace_id, id).await?;
    Ok(Some(known.ok_or(BeginError::NoSuchConnection)?))
}

/// Cancels an authorization, also while Meta is being asked. False if the user has no such authorization.
pub async fn cancel(app: &App, who: &SignedIn, id: &AuthorizationId) -> Result<bool, StoreError> {
    if app.store.find_authorization(&who.user_id, id).await?.is_none() {
        return Ok(false);
    }
    app.store.cancel_authorization(&who.user_id, id, app.now()).await?;
    app.signals.connecting.notify();
    Ok(true)
}

/// How a callback ended.
#[derive(Debug)]
pub enum CallbackOutcome {
    /// The authorization was this browser's; its row says what became of it.
    Finished { id: AuthorizationId, is_popup: bool },
    /// It was this browser's attempt of a connect session; the session's row says what became of it.
    OfConnectSession(ConnectSessionId),
    /// Nothing was touched: it is the attempt of a connect session that is bound to another browser.
    OfOtherBrowser,
    /// Nothing was touched: the callback belongs to no authorization of this session.
    Rejected(Code),
}

/// Completes the authorization of a callback. Each dialog host has a callback of its own: a response that arrives at
/// the other one is rejected.
pub async fn complete(
    app: &App,
    browser: &CallbackBrowser,
    query: &str,
    host: DialogHost,
) -> Result<CallbackOutcome, StoreError> {
    let callback = match Callback::parse(query) {
        Ok(callback) => callback,
        Err(error) => {
            tracing::warn!(%error, "callback rejected: Meta’s dialog never sends such a query");
            return Ok(CallbackOutcome::Rejected(Code::StateExpired));
        }
    };
    let who = match browser.holder_of(app, &hash(&callback.state)).await? {
        Holder::Known(who) => Some(who),
        Holder::Nobody => None,
        Holder::OtherBrowser => {
            tracing::warn!("callback rejected: its connect session is bound to another browser");
            return Ok(CallbackOutcome::OfOtherBrowser);
        }
    };
    let outcome = complete_for(app, who.as_ref(), &callback, host).await?;
    Ok(match who.and_then(|who| who.connect_session) {
        Some(session) => CallbackOutcome::OfConnectSession(session),
        None => outcome,
    })
}

async fn complete_for(
    app: &App,
    who: Option<&Initiator>,
    callback: &Callback,
    host: DialogHost,
) -> Result<CallbackOutcome, StoreError> {
    // (1) Consume: one conditional update takes the row, so that a callback counts once. A crash
    //     after it leaves a consumed row, which expires by itself; Meta's code was not used.
    let authorization = match consume(app, who, callback, host).await? {
        Consumed::Authorization(authorization) => authorization,
        Consumed::Before(authorization) => return came_back(app, who, &authorization, callback).await,
        Consumed::Rejected(code) => {
            tracing::warn!(code = code.as_str(), "callback rejected");
            return Ok(CallbackOutcome::Rejected(code));
        }
    };
    app.signals.connecting.notify();
    let outcome =
        CallbackOutcome::Finished { id: authorization.id.clone(), is_popup: authorization.is_popup };
    let connected = match code_of(app, callback, host) {
        Ok(code) => exchange_and_store(app, &authorization, code).await?,
        Err(failure) => Connected::Failed(failure),
    };
    if let Connected::Failed(Failure { code, detail, notice }) = connected {
        if let Some(notice) = notice {
            operator_notices::report(&app.store, app.now(), &notice).await;
        }
        tracing::warn!(authorization = %authorization.id, code = code.as_str(), "authorization failed");
        let detail = serde_json::to_string(&detail).expect("a detail of texts always serializes");
        app.store.fail_authorization(&authorization.id, code.as_str(), Some(&detail), app.now()).await?;
    }
    app.signals.connecting.notify();
    Ok(outcome)
}

enum Consumed {
    Authorization(Box<Authorization>),
    /// By an earlier callback of this session, which is being worked on or has connected.
    Before(Box<Authorization>),
    Rejected(Code),
}

async fn consume(
    app: &App,
    who: Option<&Initiator>,
    callback: &Callback,
    host: DialogHost,
) -> Result<Consumed, StoreError> {
    let state = hash(&callback.state);
    if let Some(who) = who
        && let Some(authorization) =
            app.store.consume_authorization(&state, &who.session_id, host, app.now()).await?
    {
        return Ok(Consumed::Authorization(Box::new(authorization)));
    }
    let Some(found) = app.store.find_authorization_by_state(&state).await? else {
        return Ok(Consumed::Rejected(Code::StateExpired));
    };
    let is_own = who.is_some_and(|who| who.session_id == found.session_id);
    let is_of_host = (found.login == Login::Instagram) == (host == DialogHost::Instagram);
    let is_kept = matches!(found.status, AuthorizationStatus::Consumed | AuthorizationStatus::Completed);
    if is_own && is_of_host && is_kept {
        return Ok(Consumed::Before(Box::new(found)));
    }
    Ok(Consumed::Rejected(match found.status {
        _ if !is_own => Code::WrongSession,
        AuthorizationStatus::Pending => Code::StateExpired,
        AuthorizationStatus::Cancelled => Code::Cancelled,
        AuthorizationStatus::Consumed | AuthorizationStatus::Completed | AuthorizationStatus::Failed => {
            Code::StateUsed
        }
    }))
}

/// A callback whose state was used before leads to its attempt; its code is never exchanged. Who went back in the dialog
/// may have agreed to something else there, so the grant is read again.
async fn came_back(
    app: &App,
    who: Option<&Initiator>,
    authorization: &Authorization,
    callback: &Callback,
) -> Result<CallbackOutcome, StoreError> {
    let has_code = matches!(callback.response, AuthorizationResponse::Code(_));
    if let (true, Some(who), Some(id)) = (has_code, who, &authorization.connection_id)
        && authorization.status == AuthorizationStatus::Completed
        && rate_limit::allow(app, &Bucket::AskMeta { user: &who.user_id }).await?
    {
        let payload = JobPayload::Check(CheckPayload { resync: true, offline_since: None });
        app.enqueue(&app.new_job(JobKind::Check, id.as_str(), payload)).await?;
    }
    Ok(CallbackOutcome::Finished { id: authorization.id.clone(), is_popup: authorization.is_popup })
}

/// The code, or why there is none. A foreign issuer (RFC 9207) never gets to see our secret.
fn code_of<'a>(
    app: &App,
    callback: &'a Callback,
    host: DialogHost,
) -> Result<&'a AuthorizationCode, Failure> {
    if let Some(issuer) = &callback.issuer {
        let meta = app.graph().app();
        let dialog_url = match (host, &meta.instagram) {
            (DialogHost::Instagram, Some(instagram)) => &instagram.dialog_url,
            (DialogHost::Instagram | DialogHost::Facebook, _) => &meta.dialog_url,
        };
        if !Url::parse(issuer).is_ok_and(|issuer| issuer.origin() == dialog_url.origin()) {
            return Err(Code::CodeRefused.into());
        }
    }
    match &callback.response {
        AuthorizationResponse::Code(code) => Ok(code),
        AuthorizationResponse::Denied => Err(Code::Cancelled.into()),
        AuthorizationResponse::AppNotActive { error_code } => {
            Err(Failure::of_dialog(Code::AppNotActive, Some(*error_code)))
        }
        AuthorizationResponse::Misconfigured { error_code } => {
            Err(Failure::of_dialog(Code::MetaAppMisconfigured, *error_code))
        }
        AuthorizationResponse::Unavailable => Err(Code::MetaUnavailable.into()),
        AuthorizationResponse::Missing => Err(Code::NoAnswer.into()),
    }
}

enum Connected {
    Yes,
    Failed(Failure),
}

/// Phases 2 to 4.
async fn exchange_and_store(
    app: &App,
    authorization: &Authorization,
    code: &AuthorizationCode,
) -> Result<Connected, StoreError> {
    // (2) Network only: nothing is written, no transaction is open. A crash leaves the consumed row;
    //     the code is spent, so the person connects again. A code is never exchanged twice.
    let asked = tokio::time::timeout(COMPLETION_DEADLINE, ask_meta(app, authorization, code)).await;
    let grant = match asked {
        Ok(Ok(grant)) => grant,
        Ok(Err(failure)) => return Ok(Connected::Failed(failure)),
        Err(_) => return Ok(Connected::Failed(Code::MetaUnavailable.into())),
    };
    if let Some(failure) = wrong_person(app, authorization, &grant).await? {
        return Ok(Connected::Failed(failure));
    }
    // (3) Seal, for the row it will be in; (4) one write. A crash before it leaves what (2) left, after it everything
    //     is stored and the jobs continue. Another tab that connected the same person at this moment makes it start
    //     over with that connection's id, once.
    for _ in 0..2 {
        let completion = seal(app, Owner::of_authorization(authorization), &grant).await?;
        if is_other_connection(authorization, &completion.connection_id) {
            return Ok(Connected::Failed(Code::WrongPerson.into()));
        }
        match app.store.complete_authorization(&completion).await? {
            CompletionOutcome::Created | CompletionOutcome::Updated => {
                tracing::info!(authorization = %authorization.id, connection = %completion.connection_id, "connected");
                app.signals.enqueued.notify();
                app.signals.outgoing.notify_one();
                app.store.clear_notice(NoticeKind::MetaLoginRefused).await?;
                return Ok(Connected::Yes);
            }
            CompletionOutcome::Cancelled => {
                revoke_unwanted_grant(app, &completion).await?;
                return Ok(Connected::Failed(Code::Cancelled.into()));
            }
            CompletionOutcome::Conflict => {}
        }
    }
    Ok(Connected::Failed(Code::MetaUnavailable.into()))
}

/// The person cancelled while Meta was answering: the grant exists there. If no connection uses it, it is revoked.
async fn revoke_unwanted_grant(app: &App, completion: &Completion) -> Result<(), StoreError> {
    let (app_id, user) = (&completion.app_id, &completion.meta_user_id);
    if completion.kind == ConnectionKind::FacebookUser
        && app.store.list_connections_on_grant(app_id, user).await?.is_empty()
        && app.store.find_connection_for_job(&completion.connection_id).await?.is_none()
    {
        let grant = format!("{app_id}:{user}");
        app.enqueue(&app.new_job(JobKind::Revoke, &grant, JobPayload::Empty)).await?;
    }
    Ok(())
}
