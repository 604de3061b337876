//! Data keys, and sealed values on their way from one key to another.

use metaads_vault::Sealed;

use crate::text::UserId;

/// A data key as it is stored: never in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    /// The key's id in the envelope of everything it sealed.
    pub id: String,
    /// `local:<key id>`, `aws-kms:<arn>` or `transit:<mount>/<name>`.
    pub kek: String,
    /// None: the outer key itself sealed, before there were data keys.
    pub wrapped_key: Option<Vec<u8>>,
    pub created_at: i64,
}

/// How many values a data key seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    pub key_id: String,
    pub number: i64,
}

/// The tables with a sealed column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedTable {
    /// `meta_connections.access_token`
    Connections,
    /// `authorizations.pkce_verifier`
    Authorizations,
}

/// One sealed value where it stands.
#[derive(Debug, Clone)]
pub struct SealedRow {
    pub id: String,
    pub user_id: UserId,
    pub sealed: Vec<u8>,
}

/// The same value under another key.
#[derive(Debug)]
pub struct SealedAt {
    pub id: String,
    pub before: Vec<u8>,
    pub after: Sealed,
}
