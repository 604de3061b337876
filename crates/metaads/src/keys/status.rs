//! `metaads keys status`: which key seals how much, and which one may be removed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use metaads_store::{DataKey, Store, StoreError};

use crate::keys::dek::Keys;

/// What the keys hold.
#[derive(Debug)]
pub struct Status {
    pub keks: Vec<KekUse>,
    pub data_keys: Vec<DataKeyUse>,
}

/// A key that wraps data keys.
#[derive(Debug)]
pub struct KekUse {
    pub name: String,
    pub is_first: bool,
    pub is_configured: bool,
    /// Data keys it wraps.
    pub data_keys: usize,
    /// Values that need it to be opened.
    pub values: i64,
}

#[derive(Debug)]
pub struct DataKeyUse {
    pub id: String,
    pub kek: String,
    pub is_sealing: bool,
    pub is_usable: bool,
    pub values: i64,
}

impl KekUse {
    /// Whether nothing needs it any more. Never while a row does.
    pub fn is_unneeded(&self) -> bool {
        !self.is_first && self.data_keys == 0 && self.values == 0
    }
}

impl Status {
    /// Counts the data keys and values under each key.
    pub async fn read(store: &Store, keys: &Keys) -> Result<Status, StoreError> {
        let rows = store.list_data_keys().await?;
        let used: BTreeMap<String, i64> =
            store.count_sealed().await?.into_iter().map(|used| (used.key_id, used.number)).collect();
        let known = keys.known();
        let usable = |row: &DataKey| known.keyring.ids().any(|id| id.to_string() == row.id);
        let data_keys: Vec<DataKeyUse> = rows
            .iter()
            .map(|row| DataKeyUse {
                id: row.id.clone(),
                kek: row.kek.clone(),
                is_sealing: row.id == keys.sealing_key().to_string(),
                is_usable: usable(row),
                values: used.get(&row.id).copied().unwrap_or_default(),
            })
            .collect();
        let first = keys.kek.name();
        let configured = keys.kek.local_names();
        let mut names = vec![first.clone()];
        for name in configured.iter().chain(rows.iter().map(|row| &row.kek)) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let keks = names
            .into_iter()
            .map(|name| {
                let own = || data_keys.iter().filter(|key| key.kek == name);
                // A key that sealed by itself wraps no data key.
                let wraps = rows.iter().filter(|row| row.kek == name && row.wrapped_key.is_some());
                KekUse {
                    is_first: name == first,
                    is_configured: name == first
                        || configured.contains(&name)
                        || own().any(|key| key.is_usable),
                    data_keys: wraps.count(),
                    values: own().map(|key| key.values).sum(),
                    name,
                }
            })
            .collect();
        Ok(Status { keks, data_keys })
    }

    /// Values that no configured key opens.
    pub fn lost(&self) -> i64 {
        self.data_keys.iter().filter(|key| !key.is_usable).map(|key| key.values).sum()
    }

    /// For the terminal.
    pub fn to_text(&self) -> String {
        let mut text = "Key-encryption keys (they wrap data keys)\n".to_owned();
        for key in &self.keks {
            let role = match key {
                key if !key.is_configured && key.values + wide(key.data_keys) > 0 => "NEEDED, NOT CONFIGURED",
                key if key.is_first => "first: wraps new data keys",
                key if key.is_unneeded() => "needed by nothing: may be removed",
                _ => "still needed: run `metaads keys rotate`",
            };
            let _ = writeln!(
                text,
                "  {:<24} {:>3} data keys {:>9} values  {role}",
                key.name, key.data_keys, key.values
            );
        }
        text.push_str("Data keys (they seal values)\n");
        for key in &self.data_keys {
            let role = match key {
                key if key.is_sealing => "seals",
                key if !key.is_usable => "cannot be unwrapped",
                _ => "opens",
            };
            let _ = writeln!(
                text,
                "  {:<24} {:>13} {:>9} values  {role}, under {}",
                key.id, "", key.values, key.kek
            );
        }
        text
    }
}

fn wide(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
