//! `metaads keys rotate`: everything under the first key, while the service runs.
//!
//! Nothing is remembered between runs: the rows show what is left to do. A run that was interrupted is resumed by the
//! next one.

use metaads_store::{ConnectionId, DataKey, SealedAt, SealedRow, SealedTable, Store};
use metaads_vault::{KEY_BYTES, KeyId};
use zeroize::Zeroizing;

use crate::keys::contexts::{secret_context, token_context, token_row, verifier_context};
use crate::keys::dek::{Keys, create_data_key, prune};
use crate::keys::error::{KeysError, OpenError};
use crate::keys::kek::Unwrapped;
use crate::random::Random;

/// Values in one transaction.
const STEP: i64 = 100;

/// How much is rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The data keys are rewrapped; the values stay as they are.
    DataKeysOnly,
    /// Every value too, under a new data key.
    Everything,
}

/// What a run did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rotated {
    pub rewrapped: u64,
    pub resealed: u64,
    /// Values that did not open: they stay as they are.
    pub unreadable: Vec<String>,
}

/// Puts everything under the first key. `on_progress` is called after each step: how many of how many values are
/// done.
pub async fn rotate(
    store: &Store,
    keys: &Keys,
    random: &Random,
    now: i64,
    reach: Reach,
    mut on_progress: impl FnMut(u64, u64),
) -> Result<Rotated, KeysError> {
    let mut rotated = Rotated::default();
    // (1) Every data key goes under the first key-encryption key, one row at a time. A crash leaves some there and
    //     some not yet; all of them open as before.
    for row in store.list_data_keys().await? {
        rotated.rewrapped += u64::from(rewrap(store, keys, random, &row).await?);
    }
    if reach == Reach::DataKeysOnly {
        return Ok(rotated);
    }
    // (2) A fresh data key, unless a run that was cut off has made one already: then older ones still
    //     seal something. A crash leaves a data key that seals nothing yet.
    let created = match left(store, keys).await? {
        0 => Some(create_data_key(store, &keys.kek, random, now).await?),
        _ => None,
    };
    keys.reload(store).await?;
    if created.is_some_and(|id| id != keys.sealing_key()) {
        return Err(KeysError::NotEffective);
    }
    // (3) The values, in steps of one transaction each. A crash leaves the rest under the old keys.
    let total = left(store, keys).await?;
    for row in store.list_data_keys().await? {
        let Some(key) = KeyId::from_text(&row.id).filter(|id| *id != keys.sealing_key()) else { continue };
        for table in SealedTable::ALL {
            reseal(store, keys, random, key, table, &mut rotated, &mut |done| on_progress(done, total))
                .await?;
        }
    }
    // (4) Unused data keys are deleted once no replica seals with them.
    prune(store, keys, now).await?;
    Ok(rotated)
}

/// Values that another data key than the sealing one holds.
async fn left(store: &Store, keys: &Keys) -> Result<u64, KeysError> {
    let sealing = keys.sealing_key().to_string();
    let others = store.count_sealed().await?.into_iter().filter(|used| used.key_id != sealing);
    Ok(others.map(|used| u64::try_from(used.number).unwrap_or_default()).sum())
}

async fn rewrap(store: &Store, keys: &Keys, random: &Random, row: &DataKey) -> Result<bool, KeysError> {
    let (bytes, is_legacy) = match keys.kek.unwrap(row).await? {
        Some(Unwrapped::Bytes(bytes)) => (bytes, false),
        Some(Unwrapped::Legacy(bytes)) => (bytes, true),
        Some(Unwrapped::Itself(_)) | None => return Ok(false),
    };
    if row.kek == keys.kek.name() && !is_legacy {
        return Ok(false);
    }
    let Ok(bytes) = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map(Zeroizing::new) else {
        return Ok(false);
    };
    let Some(id) = KeyId::from_text(&row.id) else { return Ok(false) };
    let after = keys.kek.wrap(id, &bytes, random.bytes(), (row.number, row.created_at)).await?;
    Ok(store.rewrap_data_key(row, &after).await?)
}

async fn reseal(
    store: &Store,
    keys: &Keys,
    random: &Random,
    key: KeyId,
    table: SealedTable,
    rotated: &mut Rotated,
    on_progress: &mut impl FnMut(u64),
) -> Result<(), KeysError> {
    let mut after = String::new();
    loop {
        let rows = store.list_sealed(key, table, &after, STEP).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        let mut values = Vec::new();
        for row in rows {
            match reseal_one(store, keys, random, table, row).await {
                Ok(value) => values.push(value),
                Err((_, OpenError::Unavailable(error))) => return Err(error),
                Err((id, error)) => rotated.unreadable.push(format!("{id}: {error}")),
            }
        }
        rotated.resealed += store.reseal(table, &values).await?;
        on_progress(rotated.resealed);
    }
}

async fn reseal_one(
    store: &Store,
    keys: &Keys,
    random: &Random,
    table: SealedTable,
    row: SealedRow,
) -> Result<SealedAt, (String, OpenError)> {
    let name = match (table, ConnectionId::from_text(&row.id)) {
        (SealedTable::Connections, Some(id)) => Some(token_row(&row.workspace_id, &id)),
        (SealedTable::Connections, None) | (SealedTable::Authorizations | SealedTable::Secrets, _) => None,
    };
    let context = match (&name, table) {
        (Some(name), _) => token_context(name),
        (None, SealedTable::Secrets) => secret_context(&row.id),
        (None, SealedTable::Authorizations | SealedTable::Connections) => verifier_context(&row.id),
    };
    let opened = match keys.open(store, &context, row.sealed.clone()).await {
        Ok(opened) => opened,
        Err(error) => return Err((row.id, error)),
    };
    let after = keys.seal(&context, random.bytes(), &opened);
    Ok(SealedAt { id: row.id, before: row.sealed, after })
}
