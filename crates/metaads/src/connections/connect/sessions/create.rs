//! Making a connect session, for a program.

use metaads_store::{
    ApiKey, ConnectSession, ConnectSessionId, ConnectSessionInsert, Connection, ConnectionId, Login,
    NewConnectSession, NewSecret, StoreError,
};
use serde_json::json;
use url::Url;

use crate::accounts::api_keys::origin;
use crate::app::App;
use crate::connections::connect::login_dialog::login_of;
use crate::connections::connect::sessions::TTL_MS;
use crate::keys::contexts::secret_context;
use crate::random::hash;

const LONGEST_USER_ID: usize = 200;
const LONGEST_RETURN_URL: usize = 2_000;
/// SHA-256 as base64url.
const CHALLENGE_LENGTH: usize = 43;

/// What the product asks for.
#[derive(Debug)]
pub struct SessionRequest {
    /// The product's own id of its user.
    pub external_user_id: String,
    pub return_url: String,
    /// None: Facebook, or the login of the connection to repair.
    pub kind: Option<String>,
    pub code_challenge: Option<String>,
    /// The connection to repair, which the key reaches.
    pub repairs: Option<Connection>,
    pub idempotency_key: Option<String>,
}

/// A session that can be opened.
#[derive(Debug)]
pub struct MadeSession {
    pub id: ConnectSessionId,
    pub url: String,
    pub expires_at: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A sentence for the developer of the product.
    #[error("{0}")]
    Invalid(&'static str),
    #[error("an imported token cannot be repaired in a dialog")]
    Imported,
    #[error("the idempotency key was used for another request")]
    KeyReused,
    #[error("the sealed token of the first answer cannot be opened")]
    Unreadable,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a session with a key, or repeats the answer to the same request.
pub async fn create(app: &App, key: &ApiKey, request: SessionRequest) -> Result<MadeSession, SessionError> {
    let return_url = check_return_url(key, &request.return_url)?;
    check_texts(&request)?;
    let login = login(app, &request)?;
    let (id, token, now) = (app.new_connect_session_id(), app.random.token(), app.now());
    let secret_id = app.new_row_id();
    let repairs: Option<ConnectionId> = request.repairs.map(|connection| connection.id);
    let asked = json!([
        request.external_user_id,
        return_url,
        login.as_str(),
        request.code_challenge,
        repairs.as_ref().map(ConnectionId::as_str)
    ]);
    let new = NewConnectSession {
        id: id.clone(),
        workspace_id: key.workspace_id.clone(),
        user_id: key.user_id.clone(),
        api_key_id: key.id.clone(),
        token_hash: hash(&token),
        secret: NewSecret {
            sealed: app.seal(&secret_context(&secret_id), &token),
            id: secret_id,
            workspace_id: key.workspace_id.clone(),
            owner_id: id.to_string(),
        },
        external_user_id: request.external_user_id,
        return_url,
        login,
        code_challenge: request.code_challenge,
        repairs,
        idempotency_key: request.idempotency_key,
        request_hash: hash(&asked.to_string()),
        created_at: now,
        expires_at: now + TTL_MS,
    };
    match app.store.insert_connect_session(&new).await? {
        ConnectSessionInsert::Inserted => {
            tracing::info!(connect_session = %id, "connect session made");
            Ok(MadeSession { id, url: url(app, &token), expires_at: new.expires_at })
        }
        ConnectSessionInsert::Exists(known) if known.request_hash == new.request_hash => {
            repeated(app, *known).await
        }
        ConnectSessionInsert::Exists(_) => Err(SessionError::KeyReused),
    }
}

/// The answer that the first request got.
async fn repeated(app: &App, known: ConnectSession) -> Result<MadeSession, SessionError> {
    let sealed = app.store.find_secret(&known.secret_id).await?.ok_or(SessionError::Unreadable)?;
    let opened = app.keys.open(&app.store, &secret_context(&known.secret_id), sealed).await;
    let token = opened.ok().and_then(|opened| String::from_utf8(opened.to_vec()).ok());
    let token = token.ok_or(SessionError::Unreadable)?;
    Ok(MadeSession { url: url(app, &token), id: known.id, expires_at: known.expires_at })
}

fn url(app: &App, token: &str) -> String {
    format!("{}/connect-sessions/{token}", app.config.base())
}

/// The return URL in its normal form. Its origin is one that the key was made with.
fn check_return_url(key: &ApiKey, text: &str) -> Result<String, SessionError> {
    let is_short = text.len() <= LONGEST_RETURN_URL;
    let origin = origin(text).filter(|_| is_short).ok_or(SessionError::Invalid(
        "return_url is an https address of at most 2000 characters, or http on this machine.",
    ))?;
    if !key.limits.return_origins.contains(&origin) {
        return Err(SessionError::Invalid(
            "The origin of return_url is not one of the return origins that this API key was made with.",
        ));
    }
    Ok(Url::parse(text).expect("it has an origin").to_string())
}

fn check_texts(request: &SessionRequest) -> Result<(), SessionError> {
    let user = &request.external_user_id;
    if user.trim().is_empty() || user.chars().count() > LONGEST_USER_ID || user.chars().any(char::is_control)
    {
        return Err(SessionError::Invalid(
            "external_user_id is your id of the person, at most 200 characters.",
        ));
    }
    let is_challenge = |text: &String| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        text.len() == CHALLENGE_LENGTH && text.bytes().all(is_letter)
    };
    if request.code_challenge.as_ref().is_some_and(|text| !is_challenge(text)) {
        return Err(SessionError::Invalid(
            "code_challenge is the SHA-256 of the verifier as base64url without padding (S256): 43 characters.",
        ));
    }
    Ok(())
}

/// The login of the dialog. A repair uses the connection's own.
fn login(app: &App, request: &SessionRequest) -> Result<Login, SessionError> {
    let kind = request.kind.as_deref().map(|text| {
        Login::from_text(text).ok_or(SessionError::Invalid("kind is facebook, business or instagram."))
    });
    let kind = kind.transpose()?;
    let login = match &request.repairs {
        Some(connection) if connection.is_imported => return Err(SessionError::Imported),
        Some(connection) => connection.login.unwrap_or_else(|| login_of(connection.kind)),
        None => kind.unwrap_or(Login::Facebook),
    };
    if kind.is_some_and(|kind| kind != login) {
        return Err(SessionError::Invalid("The connection to repair was made with another kind of login."));
    }
    let is_offered = match login {
        Login::Facebook => true,
        Login::Business => app.config.meta_login.config_id.is_some(),
        Login::Instagram => app.graph().app().instagram.is_some(),
    };
    if is_offered { Ok(login) } else { Err(SessionError::Invalid("This kind of login is not set up here.")) }
}
