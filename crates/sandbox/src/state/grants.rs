//! Who granted what, and which codes and tokens stand on it.
//!
//! One app and one person make one grant: every token of the person lives on it, so a later login changes what
//! all of them may do, and taking the grant away ends them all. Codes and tokens are known by SHA-256 only.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::tokens::{CODE_TTL, Code, Token, digest};

const DATA_ACCESS_TTL: i64 = 90 * 86_400;

const RETENTION_AFTER_EXPIRY: i64 = 90 * 86_400;

/// Checkpoint and unconfirmed person: subcodes of which a token recovers.
const RECOVERABLE: [u32; 2] = [459, 464];

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// By user id.
    #[serde(rename = "people")]
    by_user: BTreeMap<String, Grant>,
    /// By SHA-256 of the token, in hex.
    tokens: BTreeMap<String, Token>,
    /// By SHA-256 of the code, in hex.
    codes: BTreeMap<String, Code>,
    /// User id to the hashes of this person's tokens and codes, so that nobody has to search all of them.
    #[serde(skip)]
    secrets_of: HashMap<String, Vec<String>>,
    /// User id to how many tokens were renewed since the start.
    #[serde(skip)]
    exchanges: HashMap<String, usize>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) permissions: BTreeMap<String, PermissionStatus>,
    pub(crate) data_access_expires_at: i64,
    /// The assets that were ticked, by their ids without `act_`; `None`: all of them.
    #[serde(default)]
    pub(crate) targets: Option<Vec<String>>,
    /// The businesses that were ticked; `None`: all of them.
    #[serde(default)]
    pub(crate) businesses: Option<Vec<String>>,
}

/// How a permission stands on `/me/permissions`.
// In the state file: true, false and null; files written before know the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<bool>", into = "Option<bool>")]
pub enum PermissionStatus {
    Granted,
    Declined,
    /// Granted once, and lapsed because the app left it unused.
    Expired,
}

/// What one person has given this app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    pub user_id: String,
    pub granted: Vec<String>,
    pub declined: Vec<String>,
    /// Tokens that would be accepted now.
    pub live_tokens: usize,
}

impl PermissionStatus {
    pub(crate) fn from_granted(is_granted: bool) -> PermissionStatus {
        if is_granted { PermissionStatus::Granted } else { PermissionStatus::Declined }
    }

    /// Meta's word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            PermissionStatus::Granted => "granted",
            PermissionStatus::Declined => "declined",
            PermissionStatus::Expired => "expired",
        }
    }
}

impl From<Option<bool>> for PermissionStatus {
    fn from(is_granted: Option<bool>) -> PermissionStatus {
        is_granted.map_or(PermissionStatus::Expired, PermissionStatus::from_granted)
    }
}

impl From<PermissionStatus> for Option<bool> {
    fn from(status: PermissionStatus) -> Option<bool> {
        match status {
            PermissionStatus::Granted => Some(true),
            PermissionStatus::Declined => Some(false),
            PermissionStatus::Expired => None,
        }
    }
}

impl Grant {
    /// Whether an asset was ticked.
    pub(crate) fn includes_asset(&self, id: &str) -> bool {
        let id = id.strip_prefix("act_").unwrap_or(id);
        self.targets.as_ref().is_none_or(|targets| targets.iter().any(|target| target == id))
    }

    pub(crate) fn includes_business(&self, id: &str) -> bool {
        self.businesses.as_ref().is_none_or(|selected| selected.iter().any(|business| business == id))
    }

    pub(crate) fn has(&self, permission: &str) -> bool {
        self.permissions.get(permission) == Some(&PermissionStatus::Granted)
    }

    pub(crate) fn granted(&self) -> Vec<String> {
        self.listed(PermissionStatus::Granted)
    }

    fn listed(&self, wanted: PermissionStatus) -> Vec<String> {
        let listed = self.permissions.iter().filter(|(_, status)| **status == wanted);
        listed.map(|(name, _)| name.clone()).collect()
    }
}

impl Grants {
    pub(crate) fn grant(&self, user_id: &str) -> Option<&Grant> {
        self.by_user.get(user_id)
    }

    pub(crate) fn user_ids(&self) -> impl Iterator<Item = &String> {
        self.by_user.keys()
    }

    /// A login: what was asked is granted or declined anew, what was granted before and not asked now stays.
    pub(crate) fn record_login(&mut self, user_id: &str, requested: &BTreeMap<String, bool>, now: i64) {
        let grant = self.by_user.entry(user_id.to_owned()).or_default();
        grant.permissions.extend(
            requested.iter().map(|(name, granted)| (name.clone(), PermissionStatus::from_granted(*granted))),
        );
        grant.permissions.insert("public_profile".to_owned(), PermissionStatus::Granted);
        grant.data_access_expires_at = now + DATA_ACCESS_TTL;
    }

    pub(crate) fn revoke(&mut self, user_id: &str, permission: &str) -> bool {
        let status = self.by_user.get_mut(user_id).and_then(|grant| grant.permissions.get_mut(permission));
        match status {
            Some(status) => {
                *status = PermissionStatus::Declined;
                true
            }
            None => false,
        }
    }

    /// Without effect on somebody who granted nothing.
    pub(crate) fn set_permission(&mut self, user_id: &str, permission: &str, status: PermissionStatus) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.permissions.insert(permission.to_owned(), status);
        }
    }

    /// Without effect on somebody who granted nothing.
    pub(crate) fn set_targets(&mut self, user_id: &str, targets: Option<Vec<String>>) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.targets = targets;
        }
    }

    /// Without effect on somebody who granted nothing.
    pub(crate) fn set_businesses(&mut self, user_id: &str, businesses: Option<Vec<String>>) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.businesses = businesses;
        }
    }

    /// Without effect on somebody who granted nothing.
    pub(crate) fn set_data_access(&mut self, user_id: &str, expires_at: i64) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.data_access_expires_at = expires_at;
        }
    }

    /// Ends all tokens of a person; with 458, app removed, the grant goes too.
    pub(crate) fn invalidate_tokens(&mut self, user_id: &str, subcode: u32) {
        if subcode == 458 {
            self.by_user.remove(user_id);
        }
        for hash in self.secrets_of.get(user_id).into_iter().flatten() {
            if subcode == 458 {
                self.codes.remove(hash);
            }
            if let Some(token) = self.tokens.get_mut(hash) {
                // A death that the person could cure gives way to one that stays.
                token.invalidated_by =
                    token.invalidated_by.filter(|subcode| !RECOVERABLE.contains(subcode)).or(Some(subcode));
            }
        }
    }

    /// The person has done what Facebook asked.
    pub(crate) fn restore_tokens(&mut self, user_id: &str) {
        for hash in self.secrets_of.get(user_id).into_iter().flatten() {
            if let Some(token) = self.tokens.get_mut(hash) {
                token.invalidated_by = token.invalidated_by.filter(|subcode| !RECOVERABLE.contains(subcode));
            }
        }
    }

    pub(crate) fn add_token(&mut self, text: &str, token: Token) {
        let hash = digest(text);
        self.secrets_of.entry(token.user_id.clone()).or_default().push(hash.clone());
        self.tokens.insert(hash, token);
    }

    /// Ends one token, if it is there.
    pub(crate) fn revoke_token(&mut self, text: &str) {
        if let Some(token) = self.tokens.get_mut(&digest(text)) {
            token.invalidated_by = Some(466);
        }
    }

    /// A token that was given for an older one.
    pub(crate) fn add_exchanged_token(&mut self, text: &str, token: Token) {
        *self.exchanges.entry(token.user_id.clone()).or_default() += 1;
        self.add_token(text, token);
    }

    pub(crate) fn exchange_count(&self, user_id: &str) -> usize {
        self.exchanges.get(user_id).copied().unwrap_or(0)
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
        let hash = digest(text);
        self.secrets_of.entry(code.user_id.clone()).or_default().push(hash.clone());
        self.codes.insert(hash, code);
    }

    pub(crate) fn code_mut(&mut self, text: &str) -> Option<&mut Code> {
        self.codes.get_mut(&digest(text))
    }

    pub(crate) fn view(&self, user_id: &str, now: i64) -> Option<GrantView> {
        let grant = self.by_user.get(user_id)?;
        let held = self.secrets_of.get(user_id).into_iter().flatten();
        let mine = held.filter_map(|hash| self.tokens.get(hash));
        Some(GrantView {
            user_id: user_id.to_owned(),
            granted: grant.granted(),
            declined: grant.listed(PermissionStatus::Declined),
            live_tokens: mine.filter(|token| token.error_subcode(now).is_none()).count(),
        })
    }

    /// Keeps the state file from growing for ever.
    pub(crate) fn prune(&mut self, now: i64) {
        self.codes.retain(|_, code| code.expires_at + CODE_TTL > now);
        self.tokens.retain(|_, token| token.expires_at.is_none_or(|end| end + RETENTION_AFTER_EXPIRY > now));
        self.rebuild_index();
    }

    /// Notes anew who holds what, after reading and after forgetting.
    pub(crate) fn rebuild_index(&mut self) {
        self.secrets_of.clear();
        let tokens = self.tokens.iter().map(|(hash, token)| (hash, &token.user_id));
        let codes = self.codes.iter().map(|(hash, code)| (hash, &code.user_id));
        for (hash, user_id) in tokens.chain(codes) {
            self.secrets_of.entry(user_id.clone()).or_default().push(hash.clone());
        }
    }
}
