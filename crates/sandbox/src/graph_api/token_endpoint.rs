//! The token endpoint: redeems codes, exchanges and revokes tokens.

use serde_json::json;

use super::error::GraphError;
use super::instagram;
use super::tokens::appsecret_proof::{self, Requirement};
use super::tokens::authorization_code::consume_code;
use super::tokens::issue::{self, LONG_TTL, app_token};
use super::tokens::lookup::{FoundToken, find_token, require_valid, unknown_token};
use crate::clock::seconds;
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;
use crate::state::tokens::{Token, TokenKind};

const SHORT_TTL: i64 = 5_400;

pub(crate) fn serve(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let params = &request.params;
    if params.get("client_id") == Some(&shared.instagram_app_id) {
        return Ok(instagram::exchange_code(shared, params));
    }
    check_app(shared, params)?;
    if let Some(token) = params.get("access_token") {
        appsecret_proof::check(shared, params, token, Requirement::Optional)?;
    }
    match params.get("grant_type").unwrap_or("authorization_code") {
        "fb_exchange_token" => exchange(shared, request),
        "client_credentials" => {
            Ok(Reply::json(&json!({"access_token": app_token(shared), "token_type": "bearer"})))
        }
        "authorization_code" => redeem(shared, params),
        other => Err(GraphError::oauth(1, format!("Unsupported grant_type: {other}"))),
    }
}

fn check_app(shared: &SharedState, params: &Params) -> Result<(), GraphError> {
    match params.get("client_id") {
        None => return Err(GraphError::oauth(101, "Missing client_id parameter.")),
        Some(id) if id == shared.app_id => {}
        Some(_) => {
            let message = "Error validating application. Cannot get application info due to a system error.";
            return Err(GraphError::oauth(101, message));
        }
    }
    match params.get("client_secret") {
        None => Err(GraphError::oauth(1, "Missing client_secret parameter.")),
        Some(secret) if secret == shared.app_secret => Ok(()),
        Some(_) => Err(GraphError::oauth(1, "Error validating client secret.")),
    }
}

fn redeem(shared: &SharedState, params: &Params) -> Result<Reply, GraphError> {
    let code = params.get("code").ok_or_else(|| GraphError::oauth(1, "Missing authorization code"))?;
    let redirect_uri = params
        .get("redirect_uri")
        .ok_or_else(|| GraphError::oauth(191, "Missing redirect_uri parameter."))?;
    let now = shared.clock.now_seconds();
    let text = issue::new_token_text(shared, TokenKind::User);
    let lifetime = shared.change(|grants| {
        let code = consume_code(grants, code, redirect_uri, params.get("code_verifier"), now)?;
        let lifetime = match code.kind {
            TokenKind::SystemUser => code.lifetime,
            TokenKind::User | TokenKind::Instagram => Some(SHORT_TTL),
        };
        let token = Token::new(&code.user_id, code.kind, now, lifetime.map(|lifetime| now + lifetime));
        grants.add_token(&text, token);
        Ok(lifetime)
    })?;
    Ok(Reply::json(&issue::token_response(shared, &text, lifetime)))
}

fn exchange(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let params = &request.params;
    let Some(old) = params.get("fb_exchange_token").filter(|token| !token.is_empty()) else {
        return Err(GraphError::oauth(1, "fb_exchange_token parameter not specified"));
    };
    let FoundToken { token, page } = find_token(shared, old).ok_or_else(unknown_token)?;
    if page.is_some() {
        let message = "Any of the pages_read_engagement, pages_manage_metadata, pages_read_user_content, \
                       pages_manage_ads, pages_show_list or pages_messaging permission(s) must be granted before \
                       impersonating a user's page.";
        return Err(GraphError::oauth(190, message));
    }
    require_valid(shared, &token)?;
    if request.returns_same_token {
        return Ok(Reply::json(&issue::same_token(shared, old, &token)));
    }
    let now = shared.clock.now_seconds();
    let expires_at = match token.kind {
        TokenKind::SystemUser if params.get("set_token_expires_in_60_days") == Some("true") => {
            Some(now + LONG_TTL)
        }
        // The new token has the same expiry as the old one, or none.
        TokenKind::SystemUser => token.expires_at,
        TokenKind::User | TokenKind::Instagram => {
            shared.settings().token_lifetime.map(|lifetime| now + seconds(lifetime))
        }
    };
    Ok(Reply::json(&issue::issue_successor(shared, &token, expires_at)))
}

/// `/oauth/revoke`: invalidates a single token. Used for system users, which have no personal grant to revoke.
pub(crate) fn revoke(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    check_app(shared, &request.params)?;
    let text = request.params.get("revoke_token").unwrap_or_default();
    shared.change(|grants| grants.revoke_token(text));
    Ok(Reply::json(&json!({"success": true})))
}
