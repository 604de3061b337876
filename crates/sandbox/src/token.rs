//! The token endpoint: a code for a token, a token for a longer one, and Meta's refusals.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::clock::seconds;
use crate::envelope::{GraphError, Reply};
use crate::grants::{Code, Grants, Token, TokenKind};
use crate::instagram;
use crate::params::{Params, Request};
use crate::proof;
use crate::shared::Shared;
use crate::viewer::{self, Found, app_token};

const SHORT_TTL: i64 = 5_400;
/// Sixty days: the renewed tokens of system users and of Instagram's own login.
pub(crate) const LONG_TTL: i64 = 5_184_000;

pub(crate) fn serve(shared: &Shared, request: &Request) -> Result<Reply, GraphError> {
    let params = &request.params;
    if params.get("client_id") == Some(&shared.instagram_app_id) {
        return Ok(instagram::exchange_code(shared, params));
    }
    check_app(shared, params)?;
    if let Some(token) = params.get("access_token") {
        proof::check(shared, params, token, false)?;
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

fn check_app(shared: &Shared, params: &Params) -> Result<(), GraphError> {
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

fn redeem(shared: &Shared, params: &Params) -> Result<Reply, GraphError> {
    let code = params.get("code").ok_or_else(|| GraphError::oauth(1, "Missing authorization code"))?;
    let redirect_uri = params
        .get("redirect_uri")
        .ok_or_else(|| GraphError::oauth(191, "Missing redirect_uri parameter."))?;
    let now = shared.clock.now_seconds();
    let text = new_text(shared, TokenKind::User);
    let lifetime = shared.change(|grants| {
        let code = use_code(grants, code, redirect_uri, params.get("code_verifier"), now)?;
        let lifetime = match code.kind {
            TokenKind::SystemUser => code.lifetime,
            TokenKind::User | TokenKind::Instagram => Some(SHORT_TTL),
        };
        let token = Token::new(&code.user_id, code.kind, now, lifetime.map(|lifetime| now + lifetime));
        grants.add_token(&text, token);
        Ok(lifetime)
    })?;
    Ok(Reply::json(&body(shared, &text, lifetime)))
}

/// Uses a code up and gives what it stands for. A refusal other than "used" leaves it as it was.
pub(crate) fn use_code(
    grants: &mut Grants,
    code: &str,
    redirect_uri: &str,
    verifier: Option<&str>,
    now: i64,
) -> Result<Code, GraphError> {
    let Some(code) = grants.code_mut(code) else {
        return Err(GraphError::code_refused(Some(36009), "Invalid verification code format."));
    };
    if code.is_used {
        return Err(GraphError::code_refused(Some(36009), "This authorization code has been used."));
    }
    if code.expires_at <= now {
        return Err(GraphError::code_refused(Some(36007), "This authorization code has expired."));
    }
    if code.redirect_uri != redirect_uri {
        let message = "Error validating verification code. Please make sure your redirect_uri is identical to \
                       the one you used in the OAuth dialog request";
        return Err(GraphError::code_refused(Some(36008), message));
    }
    check_verifier(code, verifier)?;
    code.is_used = true;
    Ok(code.clone())
}

fn check_verifier(code: &Code, verifier: Option<&str>) -> Result<(), GraphError> {
    match (&code.challenge, verifier) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(GraphError::oauth(
            1,
            "code_verifier param is provided without a code_challenge in authorization request.",
        )),
        (Some(_), None) => Err(GraphError::code_refused(None, "Missing code_verifier parameter.")),
        (Some((challenge, method)), Some(verifier)) => {
            let shown = match method.as_str() {
                "S256" => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
                // Another name for the method was seen to be taken as plain.
                _ => verifier.to_owned(),
            };
            match shown == *challenge {
                true => Ok(()),
                false => Err(GraphError::code_refused(None, "Invalid code_verifier parameter.")),
            }
        }
    }
}

fn exchange(shared: &Shared, request: &Request) -> Result<Reply, GraphError> {
    let params = &request.params;
    let Some(old) = params.get("fb_exchange_token").filter(|token| !token.is_empty()) else {
        return Err(GraphError::oauth(1, "fb_exchange_token parameter not specified"));
    };
    let Found { token, page } = viewer::look_up(shared, old).ok_or_else(viewer::unknown_token)?;
    if page.is_some() {
        let message = "Any of the pages_read_engagement, pages_manage_metadata, pages_read_user_content, \
                       pages_manage_ads, pages_show_list or pages_messaging permission(s) must be granted before \
                       impersonating a user's page.";
        return Err(GraphError::oauth(190, message));
    }
    viewer::require_alive(shared, &token)?;
    if request.is_unchanged {
        return Ok(Reply::json(&unchanged(shared, old, &token)));
    }
    let now = shared.clock.now_seconds();
    let expires_at = match token.kind {
        TokenKind::SystemUser if params.get("set_token_expires_in_60_days") == Some("true") => {
            Some(now + LONG_TTL)
        }
        // Another token with the same end, or with none.
        TokenKind::SystemUser => token.expires_at,
        TokenKind::User | TokenKind::Instagram => {
            shared.settings().token_lifetime.map(|lifetime| now + seconds(lifetime))
        }
    };
    Ok(Reply::json(&renewed(shared, &token, expires_at)))
}

/// `/oauth/revoke`: ends one token; that of a system user has no person whose grant could end.
pub(crate) fn revoke(shared: &Shared, request: &Request) -> Result<Reply, GraphError> {
    check_app(shared, &request.params)?;
    let text = request.params.get("revoke_token").unwrap_or_default();
    shared.change(|grants| grants.end_token(text));
    Ok(Reply::json(&json!({"success": true})))
}

/// Gives a new token for a live one and says so; the old one stays as it is.
pub(crate) fn renewed(shared: &Shared, old: &Token, expires_at: Option<i64>) -> Value {
    let now = shared.clock.now_seconds();
    let text = new_text(shared, old.kind);
    shared.change(|grants| grants.renew(&text, Token::new(&old.user_id, old.kind, now, expires_at)));
    body(shared, &text, expires_at.map(|end| end - now))
}

/// The answer that gives the very token back which was sent.
pub(crate) fn unchanged(shared: &Shared, text: &str, token: &Token) -> Value {
    body(shared, text, token.expires_at.map(|end| end - shared.clock.now_seconds()))
}

pub(crate) fn new_text(shared: &Shared, kind: TokenKind) -> String {
    format!("{}{}", head(kind), shared.entropy.text("token", 180))
}

/// A live token without a dialog, and the grant it stands on. `lifetime`: `None` never ends.
pub(crate) fn issue(
    shared: &Shared,
    user_id: &str,
    kind: TokenKind,
    permissions: &[&str],
    lifetime: Option<Duration>,
) -> String {
    let now = shared.clock.now_seconds();
    let text = quick_text(shared, kind);
    let token = Token::new(user_id, kind, now, lifetime.map(|lifetime| now + seconds(lifetime)));
    let given = permissions.iter().map(|permission| ((*permission).to_owned(), true)).collect();
    shared.change(|grants| {
        grants.agree(user_id, &given, now);
        grants.add_token(&text, token);
    });
    text
}

/// As long as the others, but of few random letters: tests want ten thousand at once, and drawing takes time.
fn quick_text(shared: &Shared, kind: TokenKind) -> String {
    format!("{}{}", head(kind), shared.entropy.text("token", 30).repeat(6))
}

fn head(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::User | TokenKind::SystemUser => "EAA",
        TokenKind::Instagram => instagram::HEAD,
    }
}

fn body(shared: &Shared, text: &str, expires_in: Option<i64>) -> Value {
    let mut body = json!({"access_token": text, "token_type": "bearer"});
    if let Some(expires_in) = expires_in.filter(|_| !shared.settings().omits_expires_in) {
        body["expires_in"] = expires_in.into();
    }
    body
}
