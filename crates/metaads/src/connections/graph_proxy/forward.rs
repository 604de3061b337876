//! Passing a call on: (1) what does it touch, (2) may this key, (3) send, (4) clean the answer and learn from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use metaads_graph::{
    AccessToken, AdAccountId, ForwardedAnswer, ForwardedBody, ForwardedCall, GraphError, GraphVersion,
    Method, Pieces, Recovery,
};
use metaads_store::{Connection, ConnectionKind, JobKind, JobPayload, StoreError};

use super::call::{Param, ProxyCall, Refusal};
use super::requirements::Requirements;
use super::resolve::account_of;
use super::rewrite::{Replacements, Secrets, cleaned};
use crate::app::App;
use crate::connections::token::broker::{TokenError, fresh_token};

/// An error's body is read up to this size; Meta's are a few hundred bytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// What a key allows.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The caller's API key, which replaces Meta's token in the answer.
    pub key: &'a str,
    pub can_write: bool,
    /// In digits; None: all of the connection.
    pub ad_accounts: Option<&'a [String]>,
}

/// What is sent as the body.
#[derive(Debug)]
pub enum Upload {
    /// The parameters of the call.
    None,
    /// Parameters of the call, and files that end with this boundary.
    Files { boundary: String, files: UploadPieces },
}

/// Hides the pieces from `Debug`.
pub struct UploadPieces(pub Pieces);

impl std::fmt::Debug for UploadPieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UploadPieces")
    }
}

/// Meta's answer, without a token in it.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// What the caller can do about an error, in our words.
    pub classification: Option<&'static str>,
    pub body: Pieces,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Why a call was not passed on, or not answered.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A quota is used up until this moment (Unix milliseconds).
    #[error("Meta’s limits are used up")]
    RateLimited { retry_at: i64 },
    #[error("Meta did not answer: {0}")]
    Unanswered(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn forbidden(text: impl Into<String>) -> ProxyError {
    ProxyError::Refused(Refusal::Forbidden(text.into()))
}

/// Passes a call on with the token of a connection.
pub async fn forward(
    app: &App,
    connection: &Connection,
    access: Access<'_>,
    call: ProxyCall,
    upload: Upload,
) -> Result<Answer, ProxyError> {
    if connection.kind == ConnectionKind::InstagramUser {
        return Err(forbidden(
            "A connection of Instagram Login has no Graph API of ads; its token cannot be used here.",
        ));
    }
    // (1) and (2)
    let required = Requirements::of(&call, app.graph().app().app_id.as_str())?;
    if required.is_write && !access.can_write {
        return Err(forbidden("This API key may only read: it lacks the scope graph:write."));
    }
    let token = fresh_token(app, connection).await?.token;
    if let Some(allowed) = access.ad_accounts {
        check_accounts(app, connection, &token, &required, allowed).await?;
    }
    // (3)
    let account = match (required.accounts.first(), required.accounts.len()) {
        (Some(account), 1) => AdAccountId::parse(account).ok(),
        _ => None,
    };
    let outgoing =
        Outgoing { app, token: &token, call: &call, account: account.as_ref(), is_read: !required.is_write };
    let answer = outgoing.send(upload).await?;
    // (4)
    clean(app, connection, access.key, &token, answer).await
}

/// Everything that the call touches has to belong to an ad account that the key is limited to.
async fn check_accounts(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    required: &Requirements,
    allowed: &[String],
) -> Result<(), ProxyError> {
    if let Some(why) = &required.untraceable {
        return Err(forbidden(format!("This API key is limited to ad accounts, and {why}.")));
    }
    if let Some(other) = required.accounts.iter().find(|account| !allowed.contains(account)) {
        return Err(forbidden(format!("This API key is not for the ad account {other}.")));
    }
    for object in &required.objects {
        let account = match account_of(app, &connection.id, token, object).await {
            Ok(account) => account,
            Err(error) => return Err(learn(app, connection, error).await),
        };
        if !account.is_some_and(|account| allowed.contains(&account)) {
            return Err(forbidden(format!("{object} does not belong to an ad account of this API key.")));
        }
    }
    Ok(())
}

/// A call on its way out.
struct Outgoing<'a> {
    app: &'a App,
    token: &'a AccessToken,
    call: &'a ProxyCall,
    account: Option<&'a AdAccountId>,
    is_read: bool,
}

impl Outgoing<'_> {
    /// Sends the call; a read that Meta could not answer is sent once more.
    async fn send(&self, upload: Upload) -> Result<ForwardedAnswer, ProxyError> {
        let may_repeat = self.is_read && matches!(upload, Upload::None);
        let first = self.send_once(upload).await;
        let is_transient = match &first {
            Ok(answer) => answer.status >= 500,
            Err(GraphError::Unreachable { .. }) => true,
            Err(_) => false,
        };
        let answer = if may_repeat && is_transient { self.send_once(Upload::None).await } else { first };
        answer.map_err(unanswered)
    }

    async fn send_once(&self, upload: Upload) -> Result<ForwardedAnswer, GraphError> {
        let pinned = self.app.graph().app().version;
        let query = pairs(&self.call.query);
        let body = match upload {
            Upload::Files { boundary, files } => multipart(&self.body(pinned), &boundary, files),
            Upload::None => self.form(&self.body(pinned)),
        };
        let forwarded = ForwardedCall {
            method: self.call.method.clone(),
            version: self.call.version.unwrap_or(pinned),
            path: &self.call.path(),
            query: &query,
            body,
            account: self.account,
        };
        self.app.graph().forward(self.token, forwarded).await
    }

    /// The parameters of the body.
    fn body(&self, pinned: GraphVersion) -> Vec<(String, String)> {
        let mut params = pairs(&self.call.body);
        params.extend(self.call.batch_text(pinned).map(|batch| ("batch".to_owned(), batch)));
        params
    }

    fn form(&self, params: &[(String, String)]) -> ForwardedBody {
        if params.is_empty() && [Method::GET, Method::HEAD, Method::DELETE].contains(&self.call.method) {
            return ForwardedBody::None;
        }
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        ForwardedBody::Bytes {
            content_type: "application/x-www-form-urlencoded".to_owned(),
            bytes: Bytes::from(form),
        }
    }
}

fn multipart(params: &[(String, String)], boundary: &str, files: UploadPieces) -> ForwardedBody {
    let field = |(name, value): &(String, String)| {
        let name = quoted(name);
        format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let fields: String = params.iter().map(field).collect();
    let fields = futures_util::stream::iter([Ok(Bytes::from(fields))]);
    ForwardedBody::Pieces {
        content_type: format!("multipart/form-data; boundary={boundary}"),
        pieces: Box::pin(fields.chain(files.0)),
    }
}

fn pairs(params: &[Param]) -> Vec<(String, String)> {
    params.iter().map(|param| (param.name.clone(), param.value.clone())).collect()
}

/// A name inside of a head of a multipart body.
pub fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

async fn clean(
    app: &App,
    connection: &Connection,
    key: &str,
    token: &AccessToken,
    mut answer: ForwardedAnswer,
) -> Result<Answer, ProxyError> {
    let proof = app.graph().appsecret_proof(token);
    let replacements = Replacements::new(&Secrets {
        token: token.expose(),
        proof: &proof,
        key,
        graph_url: app.graph().app().graph_url.as_str().trim_end_matches('/'),
        proxy_url: &format!("{}/graph", app.config.base()),
    });
    let headers =
        answer.headers.iter().map(|(name, value)| (name.clone(), replacements.clean_text(value))).collect();
    let mut classification = None;
    if answer.status >= 400 {
        let body = read_error(&mut answer).await?;
        if let Some(error) = app.graph().read_error(&answer, &body) {
            classification = Some(error.recovery().as_str());
            if matches!(error.recovery(), Recovery::Grant(_)) {
                check_soon(app, connection).await;
            }
        }
        answer.body = Box::pin(futures_util::stream::iter([Ok(body)]));
    }
    let (status, body) = (answer.status, answer.body);
    let has_dead_token = Arc::new(AtomicBool::default());
    let pieces = cleaned(body, replacements, Arc::clone(&has_dead_token));
    // After the last piece: an item of a batch may have said that the token is dead.
    let (app, connection) = (app.clone(), connection.clone());
    let end = futures_util::stream::once(async move {
        if has_dead_token.load(Ordering::Relaxed) {
            check_soon(&app, &connection).await;
        }
        Ok(Bytes::new())
    });
    Ok(Answer { status, headers, classification, body: Box::pin(pieces.chain(end)) })
}

async fn read_error(answer: &mut ForwardedAnswer) -> Result<Bytes, ProxyError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece = piece.map_err(|error| ProxyError::Unanswered(error.to_string()))?;
        if body.len() + piece.len() > LONGEST_ERROR {
            return Err(ProxyError::Unanswered("an error longer than 64 KiB".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Bytes::from(body))
}

/// What an error of a read on the way says: the token may be dead, or a quota used up.
async fn learn(app: &App, connection: &Connection, error: GraphError) -> ProxyError {
    if matches!(error.recovery(), Recovery::Grant(_)) {
        check_soon(app, connection).await;
    }
    unanswered(error)
}

fn unanswered(error: GraphError) -> ProxyError {
    match error {
        GraphError::RateLimited { retry_at, .. } => ProxyError::RateLimited { retry_at },
        error => ProxyError::Unanswered(error.to_string()),
    }
}

/// Meta's word about the token itself decides; the caller of the proxy does not wait for it.
async fn check_soon(app: &App, connection: &Connection) {
    let job = app.new_job(JobKind::Check, connection.id.as_str(), JobPayload::Empty);
    if let Err(error) = app.enqueue(&job).await {
        tracing::error!(connection = %connection.id, %error, "a token check could not be requested");
    }
}
