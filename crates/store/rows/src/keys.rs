//! Data keys, and sealed values that are resealed under another one.

use metaads_vault::Sealed;

use crate::text::WorkspaceId;

/// A stored data key, wrapped by a key-encryption key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    /// The key id in the envelope of every value that it sealed.
    pub id: String,
    /// `local:<key id>`, `aws-kms:<arn>` or `transit:<mount>/<name>`.
    pub kek: String,
    /// None: the key-encryption key itself sealed values, before there were data keys.
    pub wrapped_key: Option<Vec<u8>>,
    /// Its place in the order of creation: the key with the highest number seals.
    pub number: i64,
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
    /// `secrets.sealed`
    Secrets,
}

impl SealedTable {
    pub const ALL: [SealedTable; 3] =
        [SealedTable::Connections, SealedTable::Authorizations, SealedTable::Secrets];
}

/// One sealed value.
#[derive(Debug, Clone)]
pub struct SealedRow {
    pub id: String,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    pub sealed: Vec<u8>,
}

/// The same value under another key.
#[derive(Debug)]
pub struct SealedAt {
    pub id: String,
    pub before: Vec<u8>,
    pub after: Sealed,
}
