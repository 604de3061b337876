//! Making new tokens.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::seconds;
use crate::state::shared::SharedState;
use crate::state::tokens::{Token, TokenKind};

/// Sixty days: the renewed tokens of system users and of Instagram's own login.
pub(crate) const LONG_TTL: i64 = 5_184_000;

/// How the tokens of this login begin.
pub(crate) const HEAD: &str = "IGAA";

pub(crate) fn app_token(shared: &SharedState) -> String {
    format!("{}|{}", shared.app_id, shared.app_secret)
}

/// A live token without a dialog, and the grant it stands on. `lifetime`: `None` never ends.
pub(crate) fn issue(
    shared: &SharedState,
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

/// Gives a new token for a live one and says so; the old one stays as it is.
pub(crate) fn renewed(shared: &SharedState, old: &Token, expires_at: Option<i64>) -> Value {
    let now = shared.clock.now_seconds();
    let text = new_text(shared, old.kind);
    shared.change(|grants| grants.renew(&text, Token::new(&old.user_id, old.kind, now, expires_at)));
    body(shared, &text, expires_at.map(|end| end - now))
}

/// The answer that gives the very token back which was sent.
pub(crate) fn unchanged(shared: &SharedState, text: &str, token: &Token) -> Value {
    body(shared, text, token.expires_at.map(|end| end - shared.clock.now_seconds()))
}

pub(crate) fn new_text(shared: &SharedState, kind: TokenKind) -> String {
    format!("{}{}", head(kind), shared.random.text("token", 180))
}

/// As long as the others, but of few random letters: tests want ten thousand at once, and drawing takes time.
fn quick_text(shared: &SharedState, kind: TokenKind) -> String {
    format!("{}{}", head(kind), shared.random.text("token", 30).repeat(6))
}

fn head(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::User | TokenKind::SystemUser => "EAA",
        TokenKind::Instagram => HEAD,
    }
}

pub(crate) fn body(shared: &SharedState, text: &str, expires_in: Option<i64>) -> Value {
    let mut body = json!({"access_token": text, "token_type": "bearer"});
    if let Some(expires_in) = expires_in.filter(|_| !shared.settings().omits_expires_in) {
        body["expires_in"] = expires_in.into();
    }
    body
}
