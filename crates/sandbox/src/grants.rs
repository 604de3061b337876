//! Who granted what, and which codes and tokens stand on it.
//!
//! One app and one person make one grant: every token of the person lives on it, so a later login changes what
//! all of them may do, and taking the grant away ends them all. Codes and tokens are known by SHA-256 only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::control::GrantView;

pub(crate) const CODE_TTL: i64 = 600;
const DATA_ACCESS_TTL: i64 = 90 * 86_400;
const KEPT_AFTER_END: i64 = 90 * 86_400;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// By user id.
    people: BTreeMap<String, Grant>,
    /// By SHA-256 of the token, in hex.
    tokens: BTreeMap<String, Token>,
    /// By SHA-256 of the code, in hex.
    codes: BTreeMap<String, Code>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Permission to granted (true) or declined (false).
    pub(crate) permissions: BTreeMap<String, bool>,
    pub(crate) data_access_expires_at: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) user_id: String,
    pub(crate) issued_at: i64,
    /// `None`: never.
    pub(crate) expires_at: Option<i64>,
    /// The subcode of error 190, once dead before its time.
    pub(crate) dead: Option<u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) user_id: String,
    pub(crate) redirect_uri: String,
    /// Challenge and method.
    pub(crate) challenge: Option<(String, String)>,
    pub(crate) expires_at: i64,
    pub(crate) is_used: bool,
}

impl Token {
    /// The subcode of error 190 under which this token is refused now.
    pub(crate) fn refusal(&self, now: i64) -> Option<u32> {
        self.dead.or_else(|| self.expires_at.filter(|end| *end <= now).map(|_| 463))
    }
}

impl Grant {
    pub(crate) fn has(&self, permission: &str) -> bool {
        self.permissions.get(permission).copied().unwrap_or(false)
    }

    pub(crate) fn granted(&self) -> Vec<String> {
        self.listed(true)
    }

    fn listed(&self, granted: bool) -> Vec<String> {
        self.permissions
            .iter()
            .filter(|(_, given)| **given == granted)
            .map(|(name, _)| name.clone())
            .collect()
    }
}

pub(crate) fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

impl Grants {
    pub(crate) fn grant(&self, user_id: &str) -> Option<&Grant> {
        self.people.get(user_id)
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &String> {
        self.people.keys()
    }

    /// A login: what was asked is granted or declined anew, what was granted before and not asked now stays.
    pub(crate) fn agree(&mut self, user_id: &str, asked: &BTreeMap<String, bool>, now: i64) {
        let grant = self.people.entry(user_id.to_owned()).or_default();
        grant.permissions.extend(asked.iter().map(|(name, given)| (name.clone(), *given)));
        grant.permissions.insert("public_profile".to_owned(), true);
        grant.data_access_expires_at = now + DATA_ACCESS_TTL;
    }

    pub(crate) fn revoke(&mut self, user_id: &str, permission: &str) -> bool {
        let given = self.people.get_mut(user_id).and_then(|grant| grant.permissions.get_mut(permission));
        match given {
            Some(given) => {
                *given = false;
                true
            }
            None => false,
        }
    }

    /// Ends all tokens of a person; with 458, app removed, the grant goes too.
    pub(crate) fn kill(&mut self, user_id: &str, subcode: u32) {
        if subcode == 458 {
            self.people.remove(user_id);
            self.codes.retain(|_, code| code.user_id != user_id);
        }
        let mine = self.tokens.values_mut().filter(|token| token.user_id == user_id);
        for token in mine {
            token.dead.get_or_insert(subcode);
        }
    }

    pub(crate) fn add_token(&mut self, text: &str, token: Token) {
        self.tokens.insert(digest(text), token);
    }

    pub(crate) fn token(&self, text: &str) -> Option<&Token> {
        self.tokens.get(&digest(text))
    }

    /// The token whose hash begins so; used by Page tokens, which name their user token this way.
    pub(crate) fn token_by_prefix(&self, prefix: &str) -> Option<&Token> {
        let next = self.tokens.range(prefix.to_owned()..).next();
        next.filter(|(hash, _)| hash.starts_with(prefix)).map(|(_, token)| token)
    }

    pub(crate) fn add_code(&mut self, text: &str, code: Code) {
        self.codes.insert(digest(text), code);
    }

    pub(crate) fn code_mut(&mut self, text: &str) -> Option<&mut Code> {
        self.codes.get_mut(&digest(text))
    }

    pub(crate) fn view(&self, user_id: &str, now: i64) -> Option<GrantView> {
        let grant = self.people.get(user_id)?;
        let mine = self.tokens.values().filter(|token| token.user_id == user_id);
        Some(GrantView {
            user_id: user_id.to_owned(),
            granted: grant.granted(),
            declined: grant.listed(false),
            live_tokens: mine.filter(|token| token.refusal(now).is_none()).count(),
        })
    }

    /// Keeps the state file from growing for ever.
    pub(crate) fn forget_old(&mut self, now: i64) {
        self.codes.retain(|_, code| code.expires_at + CODE_TTL > now);
        self.tokens.retain(|_, token| token.expires_at.is_none_or(|end| end + KEPT_AFTER_END > now));
    }
}
