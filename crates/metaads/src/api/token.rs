//! The token broker: a token that lasts, for programs that need one in their own hands.

use axum::Json;
use axum::extract::{Query, State};
use metaads_store::{ApiScope, Connection, StatusReason};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::api_connection::ApiConnection;
use crate::api::list::invalid;
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::status;
use crate::connections::token::broker::{self, TokenError};
use crate::http::problem::{Problem, Remedy};
use crate::messages::format::iso;

const DEFAULT_SECONDS: i64 = 3_600;
/// Meta's user tokens live for 60 days.
const MOST_SECONDS: i64 = 50 * 86_400;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Seconds for which the token has to stay valid. It is refreshed first if it would not.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 4_320_000, default = 3600, example = 3600)]
    min_valid_for: Option<String>,
}

/// A token of Meta's. Keep it as you would keep a password.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenBody {
    access_token: String,
    /// Null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    scopes: Vec<String>,
    /// To be sent along with the token. Null for Instagram logins.
    appsecret_proof: Option<String>,
}

// By hand: it holds a token.
impl std::fmt::Debug for TokenBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenBody").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Reads the token of a connection, refreshed first if it would not last. Each read is recorded.
///
/// 409: only a person can make the connection work again; `who` and `url` say who and where.
#[utoipa::path(get, path = "/api/v1/connections/{id}/token", tag = "Tokens",
    params(("id" = String, Path, format = Uuid), TokenQuery), responses((status = 200, body = TokenBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    Query(query): Query<TokenQuery>,
) -> Result<Json<TokenBody>, Problem> {
    caller.require(ApiScope::TokensRead)?;
    if caller.ad_accounts().is_some() {
        let detail =
            "A token reaches every ad account: this API key is limited to some. Use the Graph proxy.";
        return Err(Problem::Forbidden.because(detail));
    }
    let seconds = match query.min_valid_for.as_deref() {
        None | Some("") => DEFAULT_SECONDS,
        Some(text) => {
            let seconds = text.parse().ok().filter(|seconds| (0..=MOST_SECONDS).contains(seconds));
            seconds.ok_or_else(|| invalid("min_valid_for is a number of seconds from 0 to 4320000."))?
        }
    };
    let path = format!("GET /api/v1/connections/{}/token", connection.id);
    caller.record(&app, Some(&connection.id), &path).await?;
    let fresh = match broker::token_valid_for(&app, &connection, seconds * 1_000).await {
        Ok(fresh) => fresh,
        Err(error) => return Err(token_problem(&app, &connection, error)),
    };
    let is_instagram = connection.kind == metaads_store::ConnectionKind::InstagramUser;
    Ok(Json(TokenBody {
        appsecret_proof: (!is_instagram).then(|| app.graph().appsecret_proof(&fresh.token)),
        access_token: fresh.token.expose().to_owned(),
        expires_at: fresh.expires_at.map(iso),
        scopes: connection.scopes.0.clone(),
    }))
}

/// Why there is no token, for a program that asked for one.
pub fn token_problem(app: &App, connection: &Connection, error: TokenError) -> Problem {
    let url = format!("{}/connections/{}", app.config.base(), connection.id);
    let remedy = |code| Problem::NeedsPerson(Box::new(Remedy { code, url: url.clone() }));
    match error {
        TokenError::NeedsPerson(reason) => remedy(Code::from(reason)),
        TokenError::Disconnected => {
            remedy(status::reason(connection).unwrap_or(Code::from(StatusReason::AppRemoved)))
        }
        TokenError::Unreadable => remedy(Code::SealedValueUnreadable),
        TokenError::Unavailable => Problem::Busy
            .because("The token would not last so long, and Meta could not be asked for another one."),
        TokenError::Store(error) => error.into(),
    }
}
