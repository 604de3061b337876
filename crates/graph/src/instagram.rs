//! Instagram Login: tokens of Instagram accounts without Facebook. Hosts, permissions and shapes of its own.
//! Source: "Instagram API with Instagram Login", "Business Login for Instagram".

use reqwest::Method;
use serde_json::Value;

use crate::client::{Call, Graph, Host, InstagramApp};
use crate::error::{GraphError, INSTAGRAM_CODE, INSTAGRAM_ME};
use crate::ids::{AccessToken, AuthorizationCode, InstagramId};
use crate::json;
use crate::oauth::{IssuedToken, issued};

/// What the code brought: a token for an hour, and what the person allowed.
#[derive(Debug)]
pub struct InstagramGrant {
    pub access_token: AccessToken,
    pub permissions: Vec<String>,
}

/// The account behind a token of Instagram Login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstagramProfile {
    pub id: InstagramId,
    /// This app's own id for the account, which calls to the app may carry.
    pub scoped_id: Option<String>,
    pub username: String,
    pub name: String,
    pub picture_url: Option<String>,
    /// `BUSINESS` or `MEDIA_CREATOR`; absent where Meta does not say.
    pub account_type: Option<String>,
}

impl Graph {
    /// Exchanges the code of Instagram's dialog. The code is spent by the attempt.
    pub async fn exchange_instagram_code(
        &self,
        app: &InstagramApp,
        code: &AuthorizationCode,
        redirect_uri: &str,
    ) -> Result<InstagramGrant, GraphError> {
        let form = vec![
            ("client_id", app.app_id.to_string()),
            ("client_secret", app.app_secret.expose().to_owned()),
            ("grant_type", "authorization_code".to_owned()),
            ("redirect_uri", redirect_uri.to_owned()),
            ("code", code.expose().to_owned()),
        ];
        let (endpoint, host) = (INSTAGRAM_CODE, Host::InstagramApi);
        let path = "oauth/access_token";
        let call = Call { endpoint, host, method: Method::POST, path, query: Vec::new(), form };
        read_grant(&self.send(call).await?)
    }

    /// Exchanges the token for an hour for one of sixty days.
    pub async fn exchange_instagram_long_lived(
        &self,
        app: &InstagramApp,
        token: &AccessToken,
    ) -> Result<IssuedToken, GraphError> {
        let endpoint = "ig_exchange_token";
        let query =
            vec![("grant_type", endpoint.to_owned()), ("client_secret", app.app_secret.expose().to_owned())];
        issued(endpoint, &self.ask_instagram(endpoint, "access_token", token, query).await?)
    }

    /// Renews a token of Instagram Login, which must be at least 24 hours old and still valid.
    /// Source: Instagram Platform reference, "Refresh access token".
    pub async fn refresh_instagram_token(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        let endpoint = "ig_refresh_token";
        let query = vec![("grant_type", endpoint.to_owned())];
        issued(endpoint, &self.ask_instagram(endpoint, "refresh_access_token", token, query).await?)
    }

    /// Whether a token of Instagram Login works: gives the id of the account behind it.
    pub async fn read_instagram_id(&self, token: &AccessToken) -> Result<String, GraphError> {
        let endpoint = INSTAGRAM_ME;
        let query = vec![("fields", "user_id,username".to_owned())];
        let answer = self.ask_instagram(endpoint, "me", token, query).await?;
        let id = json::text(&answer, "user_id").or_else(|| json::text(&answer, "id"));
        id.ok_or(GraphError::Malformed { endpoint, status: 200, reason: "no user_id" })
    }

    /// Whose token it is. `user_id` is the account's id, `id` only this app's name for it.
    pub async fn read_instagram_profile(&self, token: &AccessToken) -> Result<InstagramProfile, GraphError> {
        let endpoint = INSTAGRAM_ME;
        let fields = "id,user_id,username,name,account_type,profile_picture_url";
        let answer = self.ask_instagram(endpoint, "me", token, vec![("fields", fields.to_owned())]).await?;
        let malformed = GraphError::Malformed { endpoint, status: 200, reason: "no user_id" };
        let id =
            json::text(&answer, "user_id").and_then(|id| InstagramId::parse(&id).ok()).ok_or(malformed)?;
        let username: String =
            json::text(&answer, "username").unwrap_or_default().chars().take(100).collect();
        let name = json::text(&answer, "name").map(|name| name.chars().take(300).collect());
        Ok(InstagramProfile {
            name: name
                .filter(|name: &String| !name.trim().is_empty())
                .unwrap_or_else(|| format!("@{username}")),
            scoped_id: json::text(&answer, "id").filter(|id| id.len() <= 64),
            picture_url: json::text(&answer, "profile_picture_url"),
            account_type: json::text(&answer, "account_type"),
            username,
            id,
        })
    }

    async fn ask_instagram(
        &self,
        endpoint: &'static str,
        path: &str,
        token: &AccessToken,
        mut query: Vec<(&'static str, String)>,
    ) -> Result<Value, GraphError> {
        query.push(("access_token", token.expose().to_owned()));
        let host = Host::Instagram;
        self.send(Call { endpoint, host, method: Method::GET, path, query, form: Vec::new() }).await
    }
}

/// The documentation wraps the answer into `data`, production sends it flat; permissions come as a list or
/// as one text.
pub(crate) fn read_grant(answer: &Value) -> Result<InstagramGrant, GraphError> {
    let inner = answer.get("data").and_then(|data| data.get(0)).unwrap_or(answer);
    let token = issued(INSTAGRAM_CODE, inner)?.access_token;
    Ok(InstagramGrant { access_token: token, permissions: json::words(inner, "permissions") })
}
