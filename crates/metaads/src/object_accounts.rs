//! Which ad account an object of Meta's belongs to, as far as this process has asked. An object never moves to another
//! account.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

/// Objects of one generation. When it is full, it becomes the old one, and the old one is forgotten.
const MOST: usize = 50_000;

#[derive(Debug, Default)]
pub struct ObjectAccounts(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    new: HashMap<String, String>,
    old: HashMap<String, String>,
}

impl ObjectAccounts {
    /// The ad account (digits) of an object that was found through this connection.
    pub fn get(&self, connection: &str, object: &str) -> Option<String> {
        let key = key(connection, object);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = known.new.get(&key) {
            return Some(account.clone());
        }
        let account = known.old.remove(&key)?;
        known.insert(key, account.clone());
        Some(account)
    }

    pub fn insert(&self, connection: &str, object: &str, account: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key(connection, object), account.to_owned());
    }
}

impl Generations {
    fn insert(&mut self, key: String, account: String) {
        if self.new.len() >= MOST {
            self.old = mem::take(&mut self.new);
        }
        self.new.insert(key, account);
    }
}

/// What one connection has found says nothing about what another one reaches.
fn key(connection: &str, object: &str) -> String {
    format!("{connection}/{object}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_forgets_what_was_not_asked_for_lately() {
        let accounts = ObjectAccounts::default();
        accounts.insert("c", "kept", "1");
        accounts.insert("c", "dropped", "2");
        for number in 0..MOST {
            accounts.insert("c", &number.to_string(), "3");
        }
        assert_eq!(accounts.get("c", "kept").as_deref(), Some("1"));
        for number in 0..MOST {
            accounts.insert("d", &number.to_string(), "3");
        }
        assert_eq!((accounts.get("c", "kept").as_deref(), accounts.get("c", "dropped")), (Some("1"), None));
        assert_eq!(accounts.get("other", "kept"), None);
    }
}
