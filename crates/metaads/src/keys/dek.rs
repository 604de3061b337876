//! Data-encryption keys (DEKs): they seal the values, and the key-encryption key wraps them.
//!
//! The one thing to know: a replica learns about data keys that another process created by itself, when a value
//! names one that it does not know, and every `METAADS_JOBS_INTERVAL`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use metaads_store::{DataKey, Store, StoreError};
use metaads_vault::{
    KEY_BYTES, Key, KeyId, Keyring, NONCE_BYTES, OpenError as VaultError, Opened, SealContext, Sealed,
};
use zeroize::Zeroizing;

use crate::keys::error::{KekError, KeysError, OpenError};
use crate::keys::kek::{KeyEncryptionKey, Unwrapped};
use crate::random::Random;

/// Every replica seals with a newer data key within this time (milliseconds) after it was created.
const SUPERSEDED_MS: i64 = 3_600_000;

/// What to do if values are stored and no configured key opens any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfNothingOpens {
    /// A new data key would hide that the configuration is wrong.
    Refuse,
    /// For commands that show which key is missing. They seal nothing.
    Show,
}

/// The data keys, unwrapped.
#[derive(Debug)]
pub struct Keys {
    pub(super) kek: KeyEncryptionKey,
    known: RwLock<Arc<Known>>,
    /// The configured keys no longer open what other replicas seal with.
    is_outdated: AtomicBool,
}

#[derive(Debug)]
pub(super) struct Known {
    pub(super) keyring: Keyring,
    /// The table as it was when the keyring was put together.
    rows: Vec<DataKey>,
    /// Ids of the keys whose number and age are authenticated: only these seal.
    bound: HashSet<String>,
}

impl Keys {
    /// Unwraps the stored data keys. Where the first key-encryption key wraps none, a new data key is created; but not if
    /// values are stored and no configured key opens any of them.
    pub async fn load(
        store: &Store,
        kek: KeyEncryptionKey,
        random: &Random,
        now: i64,
        if_nothing_opens: IfNothingOpens,
    ) -> Result<Keys, KeysError> {
        let known = match assemble(store.list_data_keys().await?, &kek, None).await? {
            Assembled::Known(known) => known,
            Assembled::OpensNothing if !store.count_sealed().await?.is_empty() => match if_nothing_opens {
                IfNothingOpens::Refuse => return Err(KeysError::OpensNothing),
                IfNothingOpens::Show => {
                    let unused = Arc::new(Key::new(random.bytes()));
                    let keyring = Keyring::of(unused, std::iter::empty());
                    Known { keyring, rows: store.list_data_keys().await?, bound: HashSet::new() }
                }
            },
            Assembled::OpensNothing | Assembled::SealsNothing => {
                create_data_key(store, &kek, random, now).await?;
                let rows = store.list_data_keys().await?;
                match assemble(rows, &kek, None).await? {
                    Assembled::Known(known) => known,
                    Assembled::OpensNothing | Assembled::SealsNothing => return Err(KeysError::NotEffective),
                }
            }
        };
        tracing::info!(data_key = %known.keyring.sealing_key(), kek = kek.name(), "keys are loaded");
        Ok(Keys { kek, known: RwLock::new(Arc::new(known)), is_outdated: AtomicBool::new(false) })
    }

    /// Loads the data keys again if the table has changed. True if the keyring was replaced.
    pub async fn reload(&self, store: &Store) -> Result<bool, KeysError> {
        let rows = store.list_data_keys().await?;
        let before = self.known();
        if rows == before.rows {
            return Ok(false);
        }
        // If the key-encryption key no longer wraps any, this replica keeps the keys that it has.
        let assembled = assemble(rows, &self.kek, Some(&before)).await?;
        self.is_outdated.store(!matches!(assembled, Assembled::Known(_)), Ordering::Relaxed);
        let Assembled::Known(known) = assembled else { return Ok(false) };
        *self.known.write().expect("nothing panics while it writes") = Arc::new(known);
        Ok(true)
    }

    /// Seals a secret for its context. The nonce must be fresh.
    pub fn seal(&self, context: &SealContext<'_>, nonce: [u8; NONCE_BYTES], secret: &[u8]) -> Sealed {
        self.known().keyring.seal(context, nonce, secret)
    }

    /// Opens what a column holds.
    pub async fn open(
        &self,
        store: &Store,
        context: &SealContext<'_>,
        stored: Vec<u8>,
    ) -> Result<Opened, OpenError> {
        let sealed = Sealed::from_stored(stored)?;
        match self.known().keyring.open(context, &sealed) {
            Err(VaultError::UnknownKey { .. }) => {}
            opened => return opened.map_err(OpenError::Value),
        }
        self.reload(store).await.map_err(OpenError::Unavailable)?;
        let known = self.known();
        known.keyring.open(context, &sealed).map_err(|error| {
            let id = sealed.key_id();
            match (known.rows.iter().find(|row| row.id == id.to_string()), error) {
                (Some(row), VaultError::UnknownKey { .. }) if row.wrapped_key.is_some() => {
                    OpenError::UnknownKek { id, kek: row.kek.clone() }
                }
                (_, error) => OpenError::Value(error),
            }
        })
    }

    /// Whether this replica's keys no longer seal or open what the database holds: it needs the new configuration.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Relaxed)
    }

    /// The id of the data key that seals.
    pub fn sealing_key(&self) -> KeyId {
        self.known().keyring.sealing_key()
    }

    pub(super) fn known(&self) -> Arc<Known> {
        self.known.read().expect("nothing panics while it writes").clone()
    }
}

/// Deletes data keys that seal nothing and were replaced long enough ago that no replica seals with them.
pub async fn prune(store: &Store, keys: &Keys, now: i64) -> Result<u64, StoreError> {
    store.delete_unused_data_keys(keys.sealing_key(), now - SUPERSEDED_MS).await
}

/// What can be unwrapped.
enum Assembled {
    Known(Known),
    /// Some data keys open, but the first key-encryption key wraps none that may seal.
    SealsNothing,
    /// There are data keys, or none at all, and none of them opens.
    OpensNothing,
}

/// A keyring of what can be unwrapped. Keys that are unwrapped already are not unwrapped again: it may be a call over the
/// network.
async fn assemble(
    rows: Vec<DataKey>,
    kek: &KeyEncryptionKey,
    before: Option<&Known>,
) -> Result<Assembled, KeysError> {
    let (mut keys, mut bound) = (Vec::new(), HashSet::new());
    for row in &rows {
        let known = before.filter(|before| before.rows.contains(row)).and_then(|before| {
            let key = before.keyring.keys().find(|key| key.id().to_string() == row.id)?;
            Some((key, before.bound.contains(&row.id)))
        });
        let key = match known {
            Some(key) => Some(key),
            None => unwrap(row, kek).await?,
        };
        if let Some((key, is_bound)) = key {
            if is_bound {
                bound.insert(row.id.clone());
            }
            keys.push((row, key));
        }
    }
    let name = kek.name();
    let sealing = keys.iter().find(|(row, _)| bound.contains(&row.id) && row.kek == name);
    let Some((_, sealing)) = sealing.cloned() else {
        return Ok(if keys.is_empty() { Assembled::OpensNothing } else { Assembled::SealsNothing });
    };
    let opening = keys.into_iter().map(|(_, key)| key);
    Ok(Assembled::Known(Known { keyring: Keyring::of(sealing, opening), rows, bound }))
}

/// The key of a row, and whether its number and age are authenticated; None if its key-encryption key is not configured,
/// or did not wrap it.
async fn unwrap(row: &DataKey, kek: &KeyEncryptionKey) -> Result<Option<(Arc<Key>, bool)>, KeysError> {
    let (bytes, is_bound) = match kek.unwrap(row).await {
        Ok(Some(Unwrapped::Bytes(bytes))) => (bytes, true),
        Ok(Some(Unwrapped::Legacy(bytes))) => (bytes, false),
        Ok(Some(Unwrapped::Itself(key))) => return Ok(Some((key, false))),
        Ok(None) => return Ok(None),
        Err(error @ KekError::Unavailable { .. }) => return Err(error.into()),
        Err(error) => {
            tracing::error!(data_key = row.id, kek = row.kek, %error, "a data key does not unwrap");
            return Ok(None);
        }
    };
    let Ok(array) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()) else { return Ok(None) };
    let key = Key::new(array);
    Ok((key.id().to_string() == row.id).then(|| (Arc::new(key), is_bound)))
}

/// Generates a data key, wraps it and stores it.
pub(super) async fn create_data_key(
    store: &Store,
    kek: &KeyEncryptionKey,
    random: &Random,
    now: i64,
) -> Result<KeyId, KeysError> {
    loop {
        let bytes = Zeroizing::new(random.bytes::<KEY_BYTES>());
        let id = Key::new(*bytes).id();
        let newest = store.list_data_keys().await?.first().map_or(0, |row| row.number);
        let row = kek.wrap(id, &bytes, random.bytes(), (newest + 1, now)).await?;
        // A key id has four bytes; on a collision, or if another process created a key, another one is generated.
        if store.insert_data_key(&row).await? {
            return Ok(id);
        }
    }
}
