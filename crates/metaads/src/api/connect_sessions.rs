//! Connect sessions: one-time URLs for the users of another product.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use metaads_store::{ApiScope, ConnectSession, ConnectSessionId, ConnectSessionState, ConnectionSummary};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::api_connection;
use crate::api::idempotency_key::IdempotencyKey;
use crate::api::json_body::JsonBody;
use crate::api::list::invalid;
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::connections::connect::sessions::assets::{
    self, AssetResult, MissingPermission, Obstacle, SessionResult,
};
use crate::connections::connect::sessions::create::{self, SessionError, SessionRequest};
use crate::http::api_caller::{ApiCaller, KeyUse};
use crate::http::problem::Problem;
use crate::messages::format::iso;

/// Asks for a one-time URL.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConnectSessionBody {
    /// Your id of the person. It is shown to them, if they confirm on our page.
    #[schema(max_length = 200, example = "user-42")]
    external_user_id: String,
    /// Where the person comes back to. Its origin is one of the return origins of the API key.
    #[schema(format = Uri, max_length = 2000, example = "https://app.example.com/connected")]
    return_url: String,
    /// The login; without it `facebook`, or that of the connection to repair.
    #[schema(value_type = Option<LoginName>)]
    kind: Option<String>,
    /// SHA-256 of a verifier as base64url (S256). Then only a page of the return origin that posts the verifier can start.
    #[schema(min_length = 43, max_length = 43)]
    code_challenge: Option<String>,
    /// Limits the session to repairing this connection: nothing is added.
    #[schema(format = Uuid)]
    connection_id: Option<String>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum LoginName {
    Facebook,
    Business,
    Instagram,
}

/// A session that can be opened.
#[derive(Serialize, ToSchema)]
pub struct ConnectSessionUrl {
    #[schema(format = Uuid)]
    id: String,
    /// Works once, in one browser. Give it only to the person who connects.
    #[schema(format = Uri)]
    url: String,
    #[schema(format = DateTime)]
    expires_at: String,
}

/// What became of a connect session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectSession)]
pub struct ConnectSessionBody {
    #[schema(format = Uuid)]
    id: String,
    #[schema(value_type = ConnectSessionStateName)]
    state: &'static str,
    external_user_id: String,
    #[schema(value_type = LoginName)]
    kind: &'static str,
    return_url: String,
    /// Once it is completed.
    #[schema(format = Uuid)]
    connection_id: Option<String>,
    /// Why it failed: a code that /help/errors/{code} explains.
    #[schema(example = "cancelled")]
    error: Option<String>,
    /// Whether the lists of assets are still being read; null before it is completed.
    #[schema(value_type = Option<crate::api::connections::SyncStateName>)]
    sync: Option<&'static str>,
    assets: Vec<AssetBody>,
    /// There are more assets than this answer lists.
    has_more_assets: bool,
    missing_permissions: Vec<MissingPermissionBody>,
    /// What else keeps assets away.
    issues: Vec<IssueBody>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum ConnectSessionStateName {
    Pending,
    Opened,
    Connecting,
    Completed,
    Failed,
    Expired,
}

/// An asset that came with the login, or did not.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetBody {
    #[schema(value_type = AssetTypeName)]
    r#type: &'static str,
    /// Null where Meta does not say.
    id: Option<String>,
    name: String,
    connected: bool,
    /// Why it is not connected: a code that /help/errors/{code} explains.
    #[schema(example = "account_disabled")]
    reason: Option<&'static str>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum AssetTypeName {
    AdAccount,
    Page,
    InstagramAccount,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MissingPermissionBody {
    #[schema(example = "ads_management")]
    permission: String,
    #[schema(example = "permissions_missing")]
    reason: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectSessionIssue)]
pub struct IssueBody {
    #[schema(example = "role_lost")]
    code: &'static str,
    /// Of businesses or Pages.
    names: Vec<String>,
}

/// Makes a one-time URL on which a user of the calling product connects an account. Needs an API key; with the same
/// `Idempotency-Key` and the same body, the first answer is repeated.
#[utoipa::path(post, path = "/api/v1/connect-sessions", tag = "Connect sessions",
    params(("Idempotency-Key" = Option<String>, Header)), request_body = NewConnectSessionBody,
    responses((status = 201, body = ConnectSessionUrl), Refusals))]
pub async fn create(
    State(app): State<App>,
    caller: ApiCaller,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    JsonBody(body): JsonBody<NewConnectSessionBody>,
) -> Result<(StatusCode, Json<ConnectSessionUrl>), Problem> {
    let using = key_of(&caller)?;
    let repairs = match &body.connection_id {
        Some(id) => Some(api_connection::find(&app, &caller, id).await?.connection),
        None if using.key.limits.connections.is_empty() && using.key.limits.ad_accounts.is_empty() => None,
        None => {
            let detail = "This API key is limited to some connections or ad accounts, so it can only repair: send connection_id.";
            return Err(Problem::Forbidden.because(detail));
        }
    };
    let request = SessionRequest {
        external_user_id: body.external_user_id,
        return_url: body.return_url,
        kind: body.kind,
        code_challenge: body.code_challenge,
        repairs,
        idempotency_key,
    };
    let made = match create::create(&app, &using.key, request).await {
        Ok(made) => made,
        Err(SessionError::Invalid(detail)) => return Err(invalid(detail)),
        Err(SessionError::Imported) => {
            let detail = "The connection has an imported token: another one has to be imported.";
            return Err(Problem::Conflict.because(detail));
        }
        Err(SessionError::KeyReused) => {
            let detail = "This Idempotency-Key was used for another connect session.";
            return Err(Problem::Conflict.because(detail));
        }
        Err(SessionError::Unreadable) => {
            let detail = "The first answer to this Idempotency-Key cannot be repeated any more.";
            return Err(Problem::Conflict.because(detail));
        }
        Err(SessionError::Store(error)) => return Err(error.into()),
    };
    let shown =
        ConnectSessionUrl { id: made.id.to_string(), url: made.url, expires_at: iso(made.expires_at) };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Shows what became of a connect session that this API key has made.
#[utoipa::path(get, path = "/api/v1/connect-sessions/{id}", tag = "Connect sessions",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = ConnectSessionBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<ConnectSessionBody>, Problem> {
    let using = key_of(&caller)?;
    let id = ConnectSessionId::from_text(&id).ok_or(Problem::NotFound)?;
    let found = app.store.find_connect_session(&id, app.now()).await?;
    let session = found.filter(|session| session.api_key_id == using.key.id).ok_or(Problem::NotFound)?;
    let connection = match &session.state {
        ConnectSessionState::Completed { connection, .. } => {
            app.store.find_connection_summary(&session.workspace_id, connection).await?
        }
        ConnectSessionState::Pending
        | ConnectSessionState::Opened
        | ConnectSessionState::Connecting { .. }
        | ConnectSessionState::Failed { .. } => None,
    };
    let result = match &connection {
        Some(connection) => assets::result(&app, connection, caller.ad_accounts()).await?,
        None => SessionResult::default(),
    };
    Ok(Json(ConnectSessionBody::new(&app, session, connection.as_ref(), result)))
}

/// Connect sessions are for programs: a signed-in person connects on our own pages.
fn key_of(caller: &ApiCaller) -> Result<&KeyUse, Problem> {
    caller.require(ApiScope::ConnectSessions)?;
    caller.key().ok_or_else(|| Problem::Forbidden.because("Connect sessions need an API key."))
}

fn state_name(session: &ConnectSession, now: i64) -> &'static str {
    match session.state {
        ConnectSessionState::Completed { .. } => "completed",
        ConnectSessionState::Failed { .. } => "failed",
        ConnectSessionState::Pending
        | ConnectSessionState::Opened
        | ConnectSessionState::Connecting { .. }
            if session.expires_at <= now =>
        {
            "expired"
        }
        ConnectSessionState::Pending => "pending",
        ConnectSessionState::Opened => "opened",
        ConnectSessionState::Connecting { .. } => "connecting",
    }
}

impl ConnectSessionBody {
    fn new(
        app: &App,
        session: ConnectSession,
        connection: Option<&ConnectionSummary>,
        result: SessionResult,
    ) -> ConnectSessionBody {
        let state = state_name(&session, app.now());
        let (connection_id, error, finished_at) = match session.state {
            ConnectSessionState::Completed { connection, at } => {
                (Some(connection.to_string()), None, Some(at))
            }
            ConnectSessionState::Failed { code, at } => (None, Some(code), Some(at)),
            ConnectSessionState::Pending
            | ConnectSessionState::Opened
            | ConnectSessionState::Connecting { .. } => (None, None, None),
        };
        ConnectSessionBody {
            id: session.id.to_string(),
            state,
            external_user_id: session.external_user_id,
            kind: session.login.as_str(),
            return_url: session.return_url,
            connection_id,
            error,
            sync: connection.map(|connection| connection.sync_state.as_str()),
            assets: result.assets.into_iter().map(AssetBody::from).collect(),
            has_more_assets: result.has_more,
            missing_permissions: result.missing_permissions.into_iter().map(Into::into).collect(),
            issues: result.obstacles.into_iter().map(Into::into).collect(),
            created_at: iso(session.created_at),
            expires_at: iso(session.expires_at),
            finished_at: finished_at.map(iso),
        }
    }
}

impl From<AssetResult> for AssetBody {
    fn from(asset: AssetResult) -> AssetBody {
        AssetBody {
            r#type: asset.kind.as_str(),
            id: asset.id,
            name: asset.name,
            connected: asset.reason.is_none(),
            reason: asset.reason.map(|code| code.as_str()),
        }
    }
}

impl From<MissingPermission> for MissingPermissionBody {
    fn from(missing: MissingPermission) -> MissingPermissionBody {
        MissingPermissionBody { permission: missing.permission, reason: missing.reason.as_str() }
    }
}

impl From<Obstacle> for IssueBody {
    fn from(obstacle: Obstacle) -> IssueBody {
        IssueBody { code: obstacle.code.as_str(), names: obstacle.names }
    }
}
