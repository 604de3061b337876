//! Tokens of Facebook Login: exchanging the dialog's code and renewing tokens. There are no refresh tokens: a
//! valid token is exchanged for a new one. Source: "Manually build a login flow", "Long-lived access tokens".

use reqwest::Method;

use super::issued_token::{IssuedToken, parse_issued_token};
use super::pkce::PkceVerifier;
use crate::client::{Call, Graph};
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::{AccessToken, AuthorizationCode};

const TOKEN_PATH: &str = "oauth/access_token";

impl Graph {
    /// Exchanges the dialog's code. The attempt consumes the code: never call this twice with the same one.
    pub async fn exchange_code(
        &self,
        code: &AuthorizationCode,
        redirect_uri: &str,
        verifier: Option<&PkceVerifier>,
    ) -> Result<IssuedToken, GraphError> {
        let endpoint = Endpoint::CodeExchange;
        let app_token = self.app_token();
        let mut form = vec![
            ("client_id", self.app.app_id.to_string()),
            ("client_secret", self.app.app_secret.expose().to_owned()),
            ("redirect_uri", redirect_uri.to_owned()),
            ("code", code.expose().to_owned()),
            ("access_token", app_token.expose().to_owned()),
        ];
        if let Some(verifier) = verifier {
            form.push(("code_verifier", verifier.expose().to_owned()));
        }
        let query = vec![("appsecret_proof", self.appsecret_proof(&app_token))];
        let call = Call { endpoint, method: Method::POST, path: TOKEN_PATH, query, form };
        parse_issued_token(endpoint, &self.send(call).await?)
    }

    /// Exchanges a valid user token for a long-lived one (about 60 days). This also renews a long-lived
    /// token.
    pub async fn exchange_long_lived(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        self.exchange_token(token, Vec::new()).await
    }

    /// Renews the 60-day token of a system user; the old token stays valid until it expires.
    /// Source: "Install apps, generate and refresh tokens" of system users.
    pub async fn refresh_system_user_token(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        self.exchange_token(token, vec![("set_token_expires_in_60_days", "true".to_owned())]).await
    }

    async fn exchange_token(
        &self,
        token: &AccessToken,
        params: Vec<(&'static str, String)>,
    ) -> Result<IssuedToken, GraphError> {
        let endpoint = Endpoint::TokenExchange;
        let grant_type = "fb_exchange_token";
        let mut query = vec![
            ("grant_type", grant_type.to_owned()),
            ("client_id", self.app.app_id.to_string()),
            ("client_secret", self.app.app_secret.expose().to_owned()),
            // Meta names the parameter after the grant type.
            (grant_type, token.expose().to_owned()),
        ];
        query.extend(params);
        parse_issued_token(endpoint, &self.get(endpoint, TOKEN_PATH, &self.app_token(), query).await?)
    }
}
