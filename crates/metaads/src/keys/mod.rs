//! The keys in use: data keys seal the values, an outer key wraps the data keys.
//!
//! The one thing to know: a replica learns of data keys that another process made by itself, when a value
//! names one it has not met, and every `METAADS_JOBS_INTERVAL`.

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod outer;
pub mod rotate;
pub mod status;
#[cfg(feature = "transit")]
mod transit;

use std::sync::{Arc, RwLock};

use metaads_store::{DataKey, Store, StoreError};
use metaads_vault::{
    KEY_BYTES, Key, KeyId, Keyring, NONCE_BYTES, OpenError, Opened, Place, Sealed, SealedError,
};
use zeroize::Zeroizing;

use outer::Unwrapped;
pub use outer::{OuterError, OuterKey, OuterKeyChoice};

use crate::entropy::Entropy;

/// A replica seals with a newer data key at the latest so long after it was made.
const SUPERSEDED_MS: i64 = 3_600_000;

/// Why keys could not be loaded or made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("the stored data keys cannot be read")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Outer(#[from] OuterError),
}

/// Why a sealed value does not open.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// For good, until somebody mends the configuration or the row.
    #[error(transparent)]
    Envelope(#[from] SealedError),
    #[error(transparent)]
    Value(OpenError),
    #[error(
        "the value was sealed with data key {id}, wrapped by {outer}, which is not among the configured keys"
    )]
    OuterUnknown { id: KeyId, outer: String },
    /// Nothing is known about the value: the key could not be fetched.
    #[error("the key of the value cannot be fetched now: {0}")]
    Unavailable(#[source] KeysError),
}

impl NotOpened {
    /// Whether trying again later may help without anybody doing something.
    pub fn is_passing(&self) -> bool {
        matches!(self, NotOpened::Unavailable(_))
    }
}

/// The data keys, unwrapped.
#[derive(Debug)]
pub struct Keys {
    outer: OuterKey,
    known: RwLock<Arc<Known>>,
}

#[derive(Debug)]
struct Known {
    ring: Keyring,
    /// The table as it was when the ring was put together.
    rows: Vec<DataKey>,
}

impl Keys {
    /// Unwraps the stored data keys. Where the first outer key wraps none, a new data key is made.
    pub async fn load(
        store: &Store,
        outer: OuterKey,
        entropy: &Entropy,
        now: i64,
    ) -> Result<Keys, KeysError> {
        let known = match assemble(store.list_data_keys().await?, &outer, None).await? {
            Some(known) => known,
            None => {
                make_data_key(store, &outer, entropy, now).await?;
                let rows = store.list_data_keys().await?;
                assemble(rows, &outer, None).await?.ok_or(OuterError::Refused {
                    what: "the data key just made does not unwrap".to_owned(),
                })?
            }
        };
        tracing::info!(data_key = %known.ring.sealing_key(), outer_key = outer.name(), "keys are loaded");
        Ok(Keys { outer, known: RwLock::new(Arc::new(known)) })
    }

    /// Looks whether there are other data keys by now. True where something changed.
    pub async fn reload(&self, store: &Store) -> Result<bool, KeysError> {
        let rows = store.list_data_keys().await?;
        let before = self.known();
        if rows == before.rows {
            return Ok(false);
        }
        // Where the outer key wraps none any more, this replica goes on with what it has.
        let Some(known) = assemble(rows, &self.outer, Some(&before.ring)).await? else { return Ok(false) };
        *self.known.write().expect("nothing panics while it writes") = Arc::new(known);
        Ok(true)
    }

    /// Seals a secret for its place. The nonce must be fresh.
    pub fn seal(&self, place: &Place<'_>, nonce: [u8; NONCE_BYTES], secret: &[u8]) -> Sealed {
        self.known().ring.seal(place, nonce, secret)
    }

    /// Opens what a column holds.
    pub async fn open(&self, store: &Store, place: &Place<'_>, stored: Vec<u8>) -> Result<Opened, NotOpened> {
        let sealed = Sealed::from_stored(stored)?;
        match self.known().ring.open(place, &sealed) {
            Err(OpenError::UnknownKey { .. }) => {}
            opened => return opened.map_err(NotOpened::Value),
        }
        self.reload(store).await.map_err(NotOpened::Unavailable)?;
        let known = self.known();
        known.ring.open(place, &sealed).map_err(|error| {
            let id = sealed.key_id();
            match (known.rows.iter().find(|row| row.id == id.to_string()), error) {
                (Some(row), OpenError::UnknownKey { .. }) if row.wrapped_key.is_some() => {
                    NotOpened::OuterUnknown { id, outer: row.outer_key.clone() }
                }
                (_, error) => NotOpened::Value(error),
            }
        })
    }

    /// The id of the data key that seals.
    pub fn sealing_key(&self) -> KeyId {
        self.known().ring.sealing_key()
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().expect("nothing panics while it writes").clone()
    }
}

/// Deletes data keys that seal nothing and were replaced so long ago that no replica uses them.
pub async fn forget_unused(store: &Store, keys: &Keys, now: i64) -> Result<u64, StoreError> {
    store.delete_unused_data_keys(keys.sealing_key(), now - SUPERSEDED_MS).await
}

/// A keyring of what can be unwrapped; None where the first outer key wraps nothing. Keys that are
/// unwrapped already are not unwrapped again: it may be a call over the network.
async fn assemble(
    rows: Vec<DataKey>,
    outer: &OuterKey,
    before: Option<&Keyring>,
) -> Result<Option<Known>, KeysError> {
    let mut keys = Vec::new();
    for row in &rows {
        let known = before.and_then(|ring| ring.keys().find(|key| key.id().to_string() == row.id));
        let key = match known {
            Some(key) => Some(key),
            None => unwrap(row, outer).await?,
        };
        if let Some(key) = key {
            keys.push((row, key));
        }
    }
    let name = outer.name();
    let sealing = keys.iter().find(|(row, _)| row.wrapped_key.is_some() && row.outer_key == name);
    let Some((_, sealing)) = sealing.cloned() else { return Ok(None) };
    let opening = keys.into_iter().map(|(_, key)| key);
    Ok(Some(Known { ring: Keyring::of(sealing, opening), rows }))
}

/// The key of a row; None where its outer key is not configured, or says that it did not wrap this.
async fn unwrap(row: &DataKey, outer: &OuterKey) -> Result<Option<Arc<Key>>, KeysError> {
    let bytes = match outer.unwrap(row).await {
        Ok(Some(Unwrapped::Bytes(bytes))) => bytes,
        Ok(Some(Unwrapped::Itself(key))) => return Ok(Some(key)),
        Ok(None) => return Ok(None),
        Err(error @ OuterError::Unavailable { .. }) => return Err(error.into()),
        Err(error) => {
            tracing::error!(data_key = row.id, outer_key = row.outer_key, %error, "a data key does not unwrap");
            return Ok(None);
        }
    };
    let Ok(array) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()) else { return Ok(None) };
    let key = Key::new(array);
    Ok((key.id().to_string() == row.id).then(|| Arc::new(key)))
}

/// Draws a data key, wraps it and stores it.
async fn make_data_key(
    store: &Store,
    outer: &OuterKey,
    entropy: &Entropy,
    now: i64,
) -> Result<KeyId, KeysError> {
    loop {
        let bytes = Zeroizing::new(entropy.bytes::<KEY_BYTES>());
        let id = Key::new(*bytes).id();
        let row = outer.wrap(id, &bytes, entropy.bytes(), now).await?;
        // Four bytes name a key; the rare clash draws again.
        if store.insert_data_key(&row).await? {
            return Ok(id);
        }
    }
}
