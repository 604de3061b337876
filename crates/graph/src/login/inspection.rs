//! Inspecting a token with `debug_token`. Source: "Manually build a login flow".

use serde_json::Value;

use crate::client::Graph;
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::ids::AccessToken;
use crate::json;
use crate::time::UnixSeconds;

/// What `debug_token` reports about a token. A dead token is reported with HTTP 200 too: only `is_valid`
/// decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInspection {
    pub app_id: String,
    /// `USER`, `PAGE`, `APP` or `SYSTEM_USER`; absent in old responses.
    pub kind: Option<String>,
    pub is_valid: bool,
    pub user_id: Option<String>,
    pub expires_at: TokenExpiry,
    /// None: not reported, or never.
    pub data_access_expires_at: Option<UnixSeconds>,
    pub scopes: Vec<String>,
    pub granular_scopes: Vec<GranularScope>,
    /// Subcode of the nested error of a token that is no longer valid.
    pub error_subcode: Option<i64>,
}

/// When a token expires (`expires_at`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenExpiry {
    At(UnixSeconds),
    /// Meta sends 0.
    Never,
    NotReported,
}

/// A permission limited to some assets; no targets means all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GranularScope {
    pub scope: String,
    pub target_ids: Vec<String>,
}

impl Graph {
    /// Asks Meta what a token is and whether it is still valid.
    pub async fn inspect_token(&self, token: &AccessToken) -> Result<TokenInspection, GraphError> {
        let endpoint = Endpoint::DebugToken;
        let params = vec![("input_token", token.expose().to_owned())];
        let response = self.get(endpoint, "debug_token", &self.app_token(), params).await?;
        TokenInspection::from_json(&response).ok_or(GraphError::Malformed {
            endpoint,
            status: 200,
            reason: "no data about the token",
        })
    }
}

impl TokenExpiry {
    /// The moment, if there is one.
    pub fn at(self) -> Option<UnixSeconds> {
        match self {
            TokenExpiry::At(at) => Some(at),
            TokenExpiry::Never | TokenExpiry::NotReported => None,
        }
    }
}

impl TokenInspection {
    pub(crate) fn from_json(response: &Value) -> Option<TokenInspection> {
        let data = response.get("data")?;
        let expires_at = match json::whole(data, "expires_at") {
            Some(seconds @ 1..) => TokenExpiry::At(UnixSeconds::new(seconds)),
            Some(_) => TokenExpiry::Never,
            None => TokenExpiry::NotReported,
        };
        let data_access_expires_at =
            json::whole(data, "data_access_expires_at").filter(|seconds| *seconds > 0).map(UnixSeconds::new);
        Some(TokenInspection {
            app_id: json::text(data, "app_id").unwrap_or_default(),
            kind: json::text(data, "type"),
            is_valid: data.get("is_valid")?.as_bool()?,
            user_id: json::text(data, "user_id"),
            expires_at,
            data_access_expires_at,
            scopes: json::words(data, "scopes"),
            granular_scopes: json::list(data, "granular_scopes")
                .iter()
                .filter_map(GranularScope::from_json)
                .collect(),
            error_subcode: data.get("error").and_then(|error| {
                json::whole(error, "subcode").or_else(|| json::whole(error, "error_subcode"))
            }),
        })
    }
}

impl GranularScope {
    fn from_json(value: &Value) -> Option<GranularScope> {
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
#[path = "inspection_tests.rs"]
mod tests;
