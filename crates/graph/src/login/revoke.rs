//! Revoking a person's grant or a system user's token.

use reqwest::Method;
use serde_json::Value;

use crate::client::{Call, Graph};
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::{AccessToken, AppScopedUserId};

impl Graph {
    /// Revokes a person's whole grant to this app: all their tokens, in every connection. Succeeds if the
    /// grant is already gone.
    pub async fn revoke_grant(&self, user: &AppScopedUserId) -> Result<(), GraphError> {
        let endpoint = Endpoint::RevokeGrant;
        let path = format!("{user}/permissions");
        let query = self.auth_params(&self.app_token());
        let call = Call { endpoint, method: Method::DELETE, path: &path, query, form: Vec::new() };
        parse_success(endpoint, self.send(call).await)
    }

    /// Revokes one token of a system user, which has no person whose grant could be revoked.
    /// Source: "Install apps, generate and refresh tokens" of system users.
    pub async fn revoke_token(&self, token: &AccessToken) -> Result<(), GraphError> {
        let endpoint = Endpoint::RevokeToken;
        let mut query = self.auth_params(&self.app_token());
        query.extend([
            ("client_id", self.app.app_id.to_string()),
            ("client_secret", self.app.app_secret.expose().to_owned()),
            ("revoke_token", token.expose().to_owned()),
        ]);
        let call = Call { endpoint, method: Method::GET, path: "oauth/revoke", query, form: Vec::new() };
        parse_success(endpoint, self.send(call).await)
    }
}

/// `true`, `{"success": true}` and "the app was already removed" all mean success.
pub(crate) fn parse_success(
    endpoint: Endpoint,
    outcome: Result<Value, GraphError>,
) -> Result<(), GraphError> {
    match outcome {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(response) if response.get("success").and_then(Value::as_bool) == Some(true) => Ok(()),
        Ok(_) => Err(GraphError::Malformed { endpoint, status: 200, reason: "neither true nor success" }),
        Err(GraphError::Api(error)) if (error.code, error.subcode) == (Some(190), Some(458)) => Ok(()),
        Err(error) => Err(error),
    }
}
