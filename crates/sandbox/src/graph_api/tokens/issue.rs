//! Issues tokens.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::seconds;
use crate::state::shared::SharedState;
use crate::state::tokens::{Token, TokenKind};

/// Sixty days: refreshed tokens of system users and of Instagram Login.
pub(crate) const LONG_TTL: i64 = 5_184_000;

/// The prefix of Instagram tokens.
pub(crate) const INSTAGRAM_PREFIX: &str = "IGAA";

pub(crate) fn app_token(shared: &SharedState) -> String {
    format!("{}|{}", shared.app_id, shared.app_secret)
}

/// Issues a valid token without the dialog, and records the grant. `lifetime`: `None` means it never expires.
pub(crate) fn issue(
    shared: &SharedState,
    user_id: &str,
    kind: TokenKind,
    permissions: &[&str],
    lifetime: Option<Duration>,
) -> String {
    let now = shared.clock.now_seconds();
    let text = cheap_token_text(shared, kind);
    let token = Token::new(user_id, kind, now, lifetime.map(|lifetime| now + seconds(lifetime)));
    let granted = permissions.iter().map(|permission| ((*permission).to_owned(), true)).collect();
    shared.change(|grants| {
        grants.record_login(user_id, &granted, now);
        grants.add_token(&text, token);
    });
    text
}

/// Issues a new token in exchange for a valid one, which stays valid. Returns the response.
pub(crate) fn issue_successor(shared: &SharedState, old: &Token, expires_at: Option<i64>) -> Value {
    let now = shared.clock.now_seconds();
    let text = new_token_text(shared, old.kind);
    shared.change(|grants| {
        grants.add_exchanged_token(&text, Token::new(&old.user_id, old.kind, now, expires_at));
    });
    token_response(shared, &text, expires_at.map(|end| end - now))
}

/// The response that returns the token that was sent.
pub(crate) fn same_token(shared: &SharedState, text: &str, token: &Token) -> Value {
    token_response(shared, text, token.expires_at.map(|end| end - shared.clock.now_seconds()))
}

pub(crate) fn new_token_text(shared: &SharedState, kind: TokenKind) -> String {
    format!("{}{}", prefix(kind), shared.random.alphanumeric("token", 180))
}

/// As long as other tokens, but with fewer random letters: tests issue ten thousand at once.
fn cheap_token_text(shared: &SharedState, kind: TokenKind) -> String {
    format!("{}{}", prefix(kind), shared.random.alphanumeric("token", 30).repeat(6))
}

fn prefix(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::User | TokenKind::SystemUser => "EAA",
        TokenKind::Instagram => INSTAGRAM_PREFIX,
    }
}

pub(crate) fn token_response(shared: &SharedState, text: &str, expires_in: Option<i64>) -> Value {
    let mut body = json!({"access_token": text, "token_type": "bearer"});
    if let Some(expires_in) = expires_in.filter(|_| !shared.settings().omits_expires_in) {
        body["expires_in"] = expires_in.into();
    }
    body
}
