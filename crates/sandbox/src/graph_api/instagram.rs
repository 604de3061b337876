//! The API of Instagram Login: exchanging and refreshing its tokens, and reading the profile.
//!
//! At Meta, this is another host; here the prefix of the token decides. Neither `appsecret_proof` nor the app
//! secret is required to read.

use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::nodes::selection;
use super::tokens::authorization_code::consume_code;
use super::tokens::issue::{self, INSTAGRAM_PREFIX, LONG_TTL};
use super::tokens::lookup::{require_valid, unknown_token, unparsable_token};
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;
use crate::state::tokens::{Token, TokenKind};
use crate::world::instagram_profile::InstagramProfile;

/// The first token lives for an hour.
const SHORT_TTL: i64 = 3_600;

/// Younger tokens cannot be refreshed.
const MIN_REFRESH_AGE: i64 = 86_400;

/// Whether a call to `/me` is meant for Instagram.
pub(crate) fn has_instagram_token(request: &Request) -> bool {
    request.params.get("access_token").is_some_and(|token| token.starts_with(INSTAGRAM_PREFIX))
}

/// Exchanges a code of the Instagram dialog for a token that lives for an hour. The response is flat, with a
/// numeric id; errors have their own format.
pub(crate) fn exchange_code(shared: &SharedState, params: &Params) -> Reply {
    let refused = |message: &str| {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": message});
        let mut reply = Reply::json(&body);
        reply.status = 400;
        reply
    };
    let value = |name: &str| params.get(name).unwrap_or_default();
    if value("client_secret") != shared.instagram_app_secret {
        return refused("Invalid platform app");
    }
    let now = shared.clock.now_seconds();
    let consumed =
        shared.change(|grants| consume_code(grants, value("code"), value("redirect_uri"), None, now));
    let code = match consumed {
        Ok(code) if code.kind == TokenKind::Instagram => code,
        Ok(_) => return refused("Invalid authorization code"),
        Err(error) if error.subcode == Some(36008) => {
            return refused(
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
            );
        }
        Err(_) => return refused("This authorization code has been used"),
    };
    let text = issue::new_token_text(shared, TokenKind::Instagram);
    shared.change(|grants| {
        grants.add_token(&text, Token::new(&code.user_id, TokenKind::Instagram, now, Some(now + SHORT_TTL)));
    });
    let person = shared.world.person(&code.user_id).unwrap_or_default();
    let id = shared.world.instagram_profile(person).id;
    Reply::json(
        &json!({"access_token": text, "user_id": id, "permissions": granted_scopes(shared, &code.user_id)}),
    )
}

fn granted_scopes(shared: &SharedState, user_id: &str) -> Vec<String> {
    let granted = shared.grants().grant(user_id).map(|grant| grant.granted()).unwrap_or_default();
    granted.into_iter().filter(|permission| permission.starts_with("instagram_business_")).collect()
}

/// `/access_token`: exchanges the first token for one that lives for sixty days.
pub(crate) fn long_lived(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    require_get(request)?;
    if request.params.get("grant_type") != Some("ig_exchange_token") {
        return Err(error("Invalid parameter: grant_type has to be ig_exchange_token."));
    }
    if request.params.get("client_secret") != Some(&shared.instagram_app_secret) {
        return Err(error("Error validating client secret."));
    }
    let (_, old) = live_token(shared, request)?;
    let end = shared.clock.now_seconds() + LONG_TTL;
    Ok(Reply::json(&issue::issue_successor(shared, &old, Some(end))))
}

/// `/refresh_access_token`: returns another token that lives for sixty days.
pub(crate) fn refresh(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    require_get(request)?;
    if request.params.get("grant_type") != Some("ig_refresh_token") {
        return Err(error("Invalid parameter: grant_type has to be ig_refresh_token."));
    }
    let (text, old) = live_token(shared, request)?;
    let now = shared.clock.now_seconds();
    if now - old.issued_at < MIN_REFRESH_AGE {
        return Err(error("An access token can be refreshed once it is at least 24 hours old."));
    }
    let mut body = match request.returns_same_token {
        true => issue::same_token(shared, text, &old),
        false => issue::issue_successor(shared, &old, Some(now + LONG_TTL)),
    };
    body["permissions"] = granted_scopes(shared, &old.user_id).join(",").into();
    Ok(Reply::json(&body))
}

/// `/me` with an Instagram token.
pub(crate) fn me(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    require_get(request)?;
    let (_, token) = live_token(shared, request)?;
    let person = shared.world.person(&token.user_id).ok_or_else(unknown_token)?;
    let profile = shared.world.instagram_profile(person);
    let mut object = Map::new();
    for field in request.params.get("fields").map(selection::parse).transpose()?.unwrap_or_default() {
        let Some(value) = value(&profile, &request.base, &field.name) else {
            return Err(GraphError {
                kind: "IGApiException",
                ..GraphError::nonexisting_field(&field.name, "IGUser")
            });
        };
        object.insert(field.name, value);
    }
    object.insert("id".to_owned(), profile.id.to_string().into());
    Ok(Reply::json(&Value::Object(object)))
}

fn value(profile: &InstagramProfile, base: &str, field: &str) -> Option<Value> {
    match field {
        "id" => Some(profile.id.to_string().into()),
        "user_id" => Some(profile.user_id.to_string().into()),
        "username" => Some(profile.username.as_str().into()),
        "name" => Some(profile.name.as_str().into()),
        "account_type" => Some("BUSINESS".into()),
        "profile_picture_url" => Some(format!("{base}/picture/instagram.svg").into()),
        _ => None,
    }
}

/// The Instagram token of a call, if it is valid.
fn live_token<'a>(shared: &SharedState, request: &'a Request) -> Result<(&'a str, Token), GraphError> {
    let Some(text) = request.params.get("access_token").filter(|text| !text.is_empty()) else {
        return Err(GraphError::oauth(104, "An access token is required to request this resource."));
    };
    if !text.starts_with(INSTAGRAM_PREFIX) {
        return Err(unparsable_token());
    }
    let found = shared.grants().token(text).cloned();
    let token = found.filter(|token| token.kind == TokenKind::Instagram).ok_or_else(unknown_token)?;
    require_valid(shared, &token)?;
    Ok((text, token))
}

fn require_get(request: &Request) -> Result<(), GraphError> {
    match request.method.as_str() {
        "GET" => Ok(()),
        method => Err(error(&format!("Unsupported request - method type: {}", method.to_lowercase()))),
    }
}

fn error(message: &str) -> GraphError {
    GraphError { kind: "IGApiException", ..GraphError::oauth(100, message) }
}
