//! Instagram Login: tokens of Instagram accounts without Facebook, with hosts, permissions and shapes of its
//! own. Source: "Instagram API with Instagram Login", "Business Login for Instagram".

use reqwest::Method;
use serde_json::Value;

use super::issued_token::{IssuedToken, parse_issued_token};
use crate::client::{Call, Graph};
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::{AccessToken, AuthorizationCode, InstagramId};
use crate::json;
use crate::meta_app::InstagramApp;

/// What the code was exchanged for.
#[derive(Debug)]
pub struct InstagramGrant {
    /// Lasts an hour.
    pub access_token: AccessToken,
    pub permissions: Vec<String>,
}

/// The account behind a token of Instagram Login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstagramProfile {
    pub id: InstagramId,
    /// The account's id for this app only, which Meta's calls to us may carry.
    pub scoped_id: Option<String>,
    pub username: String,
    pub name: String,
    pub picture_url: Option<String>,
    /// `BUSINESS` or `MEDIA_CREATOR`, where Meta reports it.
    pub account_type: Option<String>,
}

impl Graph {
    /// Exchanges the code of Instagram's dialog. The attempt consumes the code.
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
        let endpoint = Endpoint::InstagramCodeExchange;
        let path = "oauth/access_token";
        let call = Call { endpoint, method: Method::POST, path, query: Vec::new(), form };
        parse_grant(&self.send(call).await?)
    }

    /// Exchanges the one-hour token for one that lasts sixty days.
    pub async fn exchange_instagram_long_lived(
        &self,
        app: &InstagramApp,
        token: &AccessToken,
    ) -> Result<IssuedToken, GraphError> {
        let endpoint = Endpoint::InstagramTokenExchange;
        let query = vec![
            ("grant_type", "ig_exchange_token".to_owned()),
            ("client_secret", app.app_secret.expose().to_owned()),
        ];
        parse_issued_token(endpoint, &self.get_instagram(endpoint, "access_token", token, query).await?)
    }

    /// Renews a token of Instagram Login, which must be at least 24 hours old and still valid.
    /// Source: Instagram Platform reference, "Refresh access token".
    pub async fn refresh_instagram_token(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        let endpoint = Endpoint::InstagramTokenRefresh;
        let query = vec![("grant_type", "ig_refresh_token".to_owned())];
        let response = self.get_instagram(endpoint, "refresh_access_token", token, query).await?;
        parse_issued_token(endpoint, &response)
    }

    /// Returns the id of the account behind a token of Instagram Login; fails if the token does not work.
    pub async fn read_instagram_id(&self, token: &AccessToken) -> Result<String, GraphError> {
        let endpoint = Endpoint::InstagramMe;
        let query = vec![("fields", "user_id,username".to_owned())];
        let response = self.get_instagram(endpoint, "me", token, query).await?;
        let id = json::text(&response, "user_id").or_else(|| json::text(&response, "id"));
        id.ok_or(GraphError::Malformed { endpoint, status: 200, reason: "no user_id" })
    }

    /// Reads the account behind a token. `user_id` is the account's id, `id` its app-scoped one.
    pub async fn read_instagram_profile(&self, token: &AccessToken) -> Result<InstagramProfile, GraphError> {
        let endpoint = Endpoint::InstagramMe;
        let fields = "id,user_id,username,name,account_type,profile_picture_url";
        let response = self.get_instagram(endpoint, "me", token, vec![("fields", fields.to_owned())]).await?;
        let malformed = GraphError::Malformed { endpoint, status: 200, reason: "no user_id" };
        let id = json::text(&response, "user_id").and_then(|id| InstagramId::parse(&id).ok());
        let id = id.ok_or(malformed)?;
        let username: String =
            json::text(&response, "username").unwrap_or_default().chars().take(100).collect();
        let name = json::text(&response, "name").map(|name| name.chars().take(300).collect());
        Ok(InstagramProfile {
            name: name
                .filter(|name: &String| !name.trim().is_empty())
                .unwrap_or_else(|| format!("@{username}")),
            scoped_id: json::text(&response, "id").filter(|id| id.len() <= 64),
            picture_url: json::text(&response, "profile_picture_url"),
            account_type: json::text(&response, "account_type"),
            username,
            id,
        })
    }

    /// A GET at Instagram's host, which takes no `appsecret_proof`.
    async fn get_instagram(
        &self,
        endpoint: Endpoint,
        path: &str,
        token: &AccessToken,
        mut query: Vec<(&'static str, String)>,
    ) -> Result<Value, GraphError> {
        query.push(("access_token", token.expose().to_owned()));
        self.send(Call { endpoint, method: Method::GET, path, query, form: Vec::new() }).await
    }
}

/// The documentation wraps the response into `data`, production sends it flat; permissions are a list or
/// comma-separated text.
pub(crate) fn parse_grant(response: &Value) -> Result<InstagramGrant, GraphError> {
    let inner = response.get("data").and_then(|data| data.get(0)).unwrap_or(response);
    let access_token = parse_issued_token(Endpoint::InstagramCodeExchange, inner)?.access_token;
    Ok(InstagramGrant { access_token, permissions: json::words(inner, "permissions") })
}
