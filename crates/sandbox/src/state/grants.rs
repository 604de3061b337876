//! Grants: what each person has granted to the app, and the codes and tokens that depend on it.
//!
//! There is one grant per person: all tokens of that person share it, so a later login changes what every token
//! may do, and removing the grant invalidates all of them. Codes and tokens are stored as SHA-256 only.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::tokens::{CODE_TTL, Code, Token, digest};

const DATA_ACCESS_TTL: i64 = 90 * 86_400;

const RETENTION_AFTER_EXPIRY: i64 = 90 * 86_400;

/// Subcodes after which a token can become valid again: checkpoint and unconfirmed user.
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
    /// User id to the hashes of that person's tokens and codes: avoids a search through all of them.
    #[serde(skip)]
    secrets_of: HashMap<String, Vec<String>>,
    /// User id to the number of tokens exchanged since startup.
    #[serde(skip)]
    exchanges: HashMap<String, usize>,
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) permissions: BTreeMap<String, PermissionStatus>,
    pub(crate) data_access_expires_at: i64,
    /// The ids of the selected ad accounts and Pages, without `act_`; `None` means all.
    #[serde(default)]
    pub(crate) targets: Option<Vec<String>>,
    /// The ids of the selected businesses; `None` means all.
    #[serde(default)]
    pub(crate) businesses: Option<Vec<String>>,
}

/// The status of a permission, as in `/me/permissions`.
// In the state file: true, false and null. Older files contain only the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<bool>", into = "Option<bool>")]
pub enum PermissionStatus {
    Granted,
    Declined,
    /// Was granted, and expired because the app did not use it.
    Expired,
}

/// What one person has granted to the app.
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

    /// The name Meta uses.
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
    /// Whether an ad account or Page was selected.
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

    /// Replaces the status of the requested permissions and keeps the others, as a login does.
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

    /// Has no effect if this person has granted nothing.
    pub(crate) fn set_permission(&mut self, user_id: &str, permission: &str, status: PermissionStatus) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.permissions.insert(permission.to_owned(), status);
        }
    }

    /// Has no effect if this person has granted nothing.
    pub(crate) fn set_targets(&mut self, user_id: &str, targets: Option<Vec<String>>) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.targets = targets;
        }
    }

    /// Has no effect if this person has granted nothing.
    pub(crate) fn set_businesses(&mut self, user_id: &str, businesses: Option<Vec<String>>) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.businesses = businesses;
        }
    }

    /// Has no effect if this person has granted nothing.
    pub(crate) fn set_data_access(&mut self, user_id: &str, expires_at: i64) {
        if let Some(grant) = self.by_user.get_mut(user_id) {
            grant.data_access_expires_at = expires_at;
        }
    }

    /// Invalidates all tokens of a person. 458 (app removed) removes the grant too.
    pub(crate) fn invalidate_tokens(&mut self, user_id: &str, subcode: u32) {
        if subcode == 458 {
            self.by_user.remove(user_id);
        }
        for hash in self.secrets_of.get(user_id).into_iter().flatten() {
            if subcode == 458 {
                self.codes.remove(hash);
            }
            if let Some(token) = self.tokens.get_mut(hash) {
                // A recoverable subcode is replaced by any later one.
                token.invalidated_by =
                    token.invalidated_by.filter(|subcode| !RECOVERABLE.contains(subcode)).or(Some(subcode));
            }
        }
    }

    /// Makes the tokens valid again that a checkpoint or an unconfirmed user had invalidated.
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

    /// Invalidates one token, if it exists.
    pub(crate) fn revoke_token(&mut self, text: &str) {
        if let Some(token) = self.tokens.get_mut(&digest(text)) {
            token.invalidated_by = Some(466);
        }
    }

    /// Adds a token that was issued in exchange for an older one.
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

    /// The token whose hash starts with this prefix; Page tokens identify their user token this way.
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

    /// Drops old codes and tokens, so that the state file does not grow without bound.
    pub(crate) fn prune(&mut self, now: i64) {
        self.codes.retain(|_, code| code.expires_at + CODE_TTL > now);
        self.tokens.retain(|_, token| token.expires_at.is_none_or(|end| end + RETENTION_AFTER_EXPIRY > now));
        self.rebuild_index();
    }

    /// Rebuilds the index by user, after loading and after pruning.
    pub(crate) fn rebuild_index(&mut self) {
        self.secrets_of.clear();
        let tokens = self.tokens.iter().map(|(hash, token)| (hash, &token.user_id));
        let codes = self.codes.iter().map(|(hash, code)| (hash, &code.user_id));
        for (hash, user_id) in tokens.chain(codes) {
            self.secrets_of.entry(user_id.clone()).or_default().push(hash.clone());
        }
    }
}
