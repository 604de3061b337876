//! What can go wrong with keys and sealed values.

use metaads_store::StoreError;
use metaads_vault::{KeyId, OpenError as VaultError, SealedError};

/// What went wrong at a key-encryption key or its service.
#[derive(Debug, thiserror::Error)]
pub enum KekError {
    /// It cannot be reached or is overloaded: a later call may succeed.
    #[error("the key service is unavailable: {what}")]
    Unavailable { what: String },
    /// It answered, and the answer is no.
    #[error("the key service refuses: {what}")]
    Refused { what: String },
}

/// Why keys could not be loaded or created.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("the stored data keys cannot be read")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kek(#[from] KekError),
    /// A new data key would hide that the configuration is wrong.
    #[error(
        "the configured ENCRYPTION_KEY (or KEY_ENCRYPTION_KEY) opens nothing of what the database holds: set the key that was used before, as the only one or after the new one"
    )]
    OpensNothing,
    #[error("the new data key does not seal: look at `metaads keys status` and the clocks of all replicas")]
    NotEffective,
}

/// Why a sealed value does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Permanent, until somebody fixes the configuration or the row.
    #[error(transparent)]
    Envelope(#[from] SealedError),
    #[error(transparent)]
    Value(VaultError),
    #[error(
        "the value was sealed with data key {id}, wrapped by {kek}, which is not among the configured keys"
    )]
    UnknownKek { id: KeyId, kek: String },
    /// Nothing is known about the value: the key could not be fetched.
    #[error("the key of the value cannot be fetched now: {0}")]
    Unavailable(#[source] KeysError),
}

impl OpenError {
    /// Whether a later attempt may succeed without a change of the configuration or the row.
    pub fn is_transient(&self) -> bool {
        matches!(self, OpenError::Unavailable(_))
    }
}
