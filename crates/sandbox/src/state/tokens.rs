//! Codes and tokens. They are stored by the SHA-256 of their text.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(crate) const CODE_TTL: i64 = 600;

/// Who a token belongs to, and which login issued it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// A user token of Facebook Login.
    #[default]
    User,
    /// A business's system user.
    SystemUser,
    /// A user token of Instagram Login, which the Facebook Graph API does not accept.
    Instagram,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) user_id: String,
    pub(crate) issued_at: i64,
    /// `None`: never.
    pub(crate) expires_at: Option<i64>,
    /// The subcode of error 190, if the token was invalidated before it expired.
    #[serde(rename = "dead")]
    pub(crate) invalidated_by: Option<u32>,
    #[serde(default)]
    pub(crate) kind: TokenKind,
}

impl Token {
    pub(crate) fn new(user_id: &str, kind: TokenKind, issued_at: i64, expires_at: Option<i64>) -> Token {
        Token { user_id: user_id.to_owned(), issued_at, expires_at, invalidated_by: None, kind }
    }

    /// The subcode of error 190 with which this token is refused now.
    pub(crate) fn error_subcode(&self, now: i64) -> Option<u32> {
        self.invalidated_by.or_else(|| self.expires_at.filter(|end| *end <= now).map(|_| 463))
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) user_id: String,
    pub(crate) redirect_uri: String,
    /// Challenge and method.
    pub(crate) challenge: Option<(String, String)>,
    pub(crate) expires_at: i64,
    pub(crate) is_used: bool,
    #[serde(default)]
    pub(crate) kind: TokenKind,
    /// Lifetime of a system user's token in seconds; `None` means it never expires.
    #[serde(default)]
    pub(crate) lifetime: Option<i64>,
}

pub(crate) fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}
