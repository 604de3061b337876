//! Tokens: getting one for a code, making it long-lived, inspecting it, ending the grant.
//! Source: "Manually build a login flow", "Long-lived access tokens", "Securing Graph API requests".

use reqwest::Method;
use serde_json::Value;

use crate::client::{Call, Graph, Host};
use crate::dialog::PkceVerifier;
use crate::error::{GraphError, REVOKE_GRANT, REVOKE_TOKEN};
use crate::ids::{AccessToken, AppScopedUserId, AuthorizationCode};
use crate::json;

/// Ten years in seconds: a lifetime beyond it is taken for nonsense.
const LIFETIME_LIMIT: i64 = 10 * 366 * 86_400;

/// A token as the token endpoint issued it.
#[derive(Debug, Clone)]
pub struct IssuedToken {
    pub access_token: AccessToken,
    pub lifetime: TokenLifetime,
}

/// What the token endpoint said about how long the token lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLifetime {
    /// So many seconds from now.
    Seconds(i64),
    /// `expires_in` was absent or made no sense: `debug_token` knows.
    Unsaid,
}

/// What `debug_token` tells about a token. Times are seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInspection {
    pub app_id: String,
    /// `USER`, `PAGE`, `APP` or `SYSTEM_USER`; absent in old answers.
    pub kind: Option<String>,
    pub is_valid: bool,
    pub user_id: Option<String>,
    /// None: never (Meta sends 0).
    pub expires_at: Option<i64>,
    /// Whether Meta sent `expires_at` at all.
    pub says_expiry: bool,
    /// None: not said, or never.
    pub data_access_expires_at: Option<i64>,
    pub scopes: Vec<String>,
    pub granular_scopes: Vec<GranularScope>,
    /// Subcode of the nested error of a token that is no longer valid.
    pub error_subcode: Option<i64>,
}

/// A permission limited to some assets; no targets means all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GranularScope {
    pub scope: String,
    pub target_ids: Vec<String>,
}

impl Graph {
    /// Exchanges the dialog's code. The code is spent by the attempt: never call this twice with one.
    pub async fn exchange_code(
        &self,
        code: &AuthorizationCode,
        redirect_uri: &str,
        verifier: Option<&PkceVerifier>,
    ) -> Result<IssuedToken, GraphError> {
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
        let path = "oauth/access_token";
        issued(
            path,
            &self
                .send(Call { endpoint: path, host: Host::Facebook, method: Method::POST, path, query, form })
                .await?,
        )
    }

    /// Exchanges a user token that is still valid for a long-lived one (about 60 days). This is the renewal
    /// of user tokens too: there is no refresh token.
    pub async fn exchange_long_lived(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        self.exchange(token, Vec::new()).await
    }

    /// Renews the 60-day token of a system user; the old one lives on to its own end.
    /// Source: "Install apps, generate and refresh tokens" of system users.
    pub async fn refresh_system_user_token(&self, token: &AccessToken) -> Result<IssuedToken, GraphError> {
        self.exchange(token, vec![("set_token_expires_in_60_days", "true".to_owned())]).await
    }

    async fn exchange(
        &self,
        token: &AccessToken,
        more: Vec<(&'static str, String)>,
    ) -> Result<IssuedToken, GraphError> {
        let endpoint = "fb_exchange_token";
        let mut query = vec![
            ("grant_type", endpoint.to_owned()),
            ("client_id", self.app.app_id.to_string()),
            ("client_secret", self.app.app_secret.expose().to_owned()),
            (endpoint, token.expose().to_owned()),
        ];
        query.extend(more);
        issued(endpoint, &self.get(endpoint, "oauth/access_token", &self.app_token(), query).await?)
    }

    /// Asks Meta what a token is and whether it is still valid.
    pub async fn inspect_token(&self, token: &AccessToken) -> Result<TokenInspection, GraphError> {
        let endpoint = "debug_token";
        let more = vec![("input_token", token.expose().to_owned())];
        let answer = self.get(endpoint, endpoint, &self.app_token(), more).await?;
        TokenInspection::read(&answer).ok_or(GraphError::Malformed {
            endpoint,
            status: 200,
            reason: "no data about the token",
        })
    }

    /// Ends the whole grant of a person for this app: every token of theirs, in every connection.
    /// A grant that is gone already counts as ended.
    pub async fn revoke_grant(&self, user: &AppScopedUserId) -> Result<(), GraphError> {
        let endpoint = REVOKE_GRANT;
        let path = format!("{user}/permissions");
        let query = self.signed_by(&self.app_token());
        let call = Call {
            endpoint,
            host: Host::Facebook,
            method: Method::DELETE,
            path: &path,
            query,
            form: Vec::new(),
        };
        done(endpoint, self.send(call).await)
    }

    /// Ends one token of a system user, which has no person whose grant could end.
    /// Source: "Install apps, generate and refresh tokens" of system users.
    pub async fn revoke_token(&self, token: &AccessToken) -> Result<(), GraphError> {
        let endpoint = REVOKE_TOKEN;
        let mut query = self.signed_by(&self.app_token());
        query.extend([
            ("client_id", self.app.app_id.to_string()),
            ("client_secret", self.app.app_secret.expose().to_owned()),
            ("revoke_token", token.expose().to_owned()),
        ]);
        let (host, method, form) = (Host::Facebook, Method::GET, Vec::new());
        done(endpoint, self.send(Call { endpoint, host, method, path: endpoint, query, form }).await)
    }
}

/// `true` and `{"success": true}` both mean done; so does what was gone before.
pub(crate) fn done(endpoint: &'static str, answer: Result<Value, GraphError>) -> Result<(), GraphError> {
    match answer {
        Ok(Value::Bool(true)) => Ok(()),
        Ok(answer) if answer.get("success").and_then(Value::as_bool) == Some(true) => Ok(()),
        Ok(_) => Err(GraphError::Malformed { endpoint, status: 200, reason: "neither true nor success" }),
        Err(GraphError::Refused(refusal)) if (refusal.code, refusal.subcode) == (Some(190), Some(458)) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn issued(endpoint: &'static str, answer: &Value) -> Result<IssuedToken, GraphError> {
    let malformed = |reason| GraphError::Malformed { endpoint, status: 200, reason };
    let token = answer.get("access_token").and_then(Value::as_str).unwrap_or_default();
    // A token is put into URLs and headers: anything but visible ASCII is not one of Meta's.
    if token.is_empty() || token.len() > 4096 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("no usable access_token"));
    }
    match answer.get("token_type") {
        None => {}
        Some(Value::String(kind)) if kind.eq_ignore_ascii_case("bearer") => {}
        Some(_) => return Err(malformed("a token_type other than bearer")),
    }
    let lifetime = match json::whole(answer, "expires_in") {
        Some(seconds) if (1..=LIFETIME_LIMIT).contains(&seconds) => TokenLifetime::Seconds(seconds),
        _ => TokenLifetime::Unsaid,
    };
    Ok(IssuedToken { access_token: AccessToken::new(token.to_owned()), lifetime })
}

impl TokenInspection {
    pub(crate) fn read(answer: &Value) -> Option<TokenInspection> {
        let data = answer.get("data")?;
        let moment = |key| json::whole(data, key).filter(|seconds| *seconds > 0);
        Some(TokenInspection {
            app_id: json::text(data, "app_id").unwrap_or_default(),
            kind: json::text(data, "type"),
            is_valid: data.get("is_valid")?.as_bool()?,
            user_id: json::text(data, "user_id"),
            expires_at: moment("expires_at"),
            says_expiry: json::whole(data, "expires_at").is_some(),
            data_access_expires_at: moment("data_access_expires_at"),
            scopes: json::words(data, "scopes"),
            granular_scopes: json::list(data, "granular_scopes")
                .iter()
                .filter_map(GranularScope::read)
                .collect(),
            error_subcode: data.get("error").and_then(|error| {
                json::whole(error, "subcode").or_else(|| json::whole(error, "error_subcode"))
            }),
        })
    }
}

impl GranularScope {
    fn read(value: &Value) -> Option<GranularScope> {
        let ids = json::list(value, "target_ids").iter();
        let target_ids = ids
            .filter_map(|id| match id {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
            .collect();
        Some(GranularScope { scope: json::text(value, "scope")?, target_ids })
    }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
