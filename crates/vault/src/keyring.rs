//! Keys, and a keyring in which the first key seals and all keys open.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::sealed::{
    CONTEXT_INSIDE, CONTEXT_OUTSIDE, DIGEST_BYTES, NONCE_BYTES, OpenError, Opened, SealContext, Sealed,
};

/// Length of a key in bytes (AES-256).
pub const KEY_BYTES: usize = 32;

/// Identifies a key without revealing it: the first four bytes of the SHA-256 of a fixed prefix and the key.
/// [`Keyring::parse`] refuses two keys with the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl KeyId {
    /// Parses what `Display` writes: eight lowercase hex digits.
    pub fn from_text(text: &str) -> Option<KeyId> {
        let number = u32::from_str_radix(text, 16).ok()?;
        let id = KeyId(number.to_be_bytes());
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// An AES-256-GCM key. It is never printed.
pub struct Key {
    id: KeyId,
    aead: LessSafeKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Key {
    /// A key from 32 random bytes. The given copy is zeroed.
    pub fn new(mut bytes: [u8; KEY_BYTES]) -> Key {
        let mut id_input = Zeroizing::new(Vec::with_capacity(64));
        id_input.extend_from_slice(b"metaads key id\0");
        id_input.extend_from_slice(&bytes);
        let hash = digest::digest(&digest::SHA256, &id_input);
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_ref()[..4]);
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).expect("AES-256 keys have 32 bytes");
        bytes.zeroize();
        Key { id: KeyId(id), aead: LessSafeKey::new(unbound) }
    }

    /// The id in the envelope of every value that this key sealed.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// Why a list of keys was refused. Positions count from 1. The text of the list is never repeated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyringError {
    #[error("it is empty")]
    Empty,
    #[error("key {position} is not base64")]
    NotBase64 { position: usize },
    #[error("key {position} has {found} bytes, {KEY_BYTES} are needed")]
    WrongLength { position: usize, found: usize },
    #[error("keys {first} and {second} are the same")]
    Repeated { first: usize, second: usize },
}

/// The keys in use: the first seals, and each opens what it sealed. Never empty.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<Arc<Key>>,
}

impl Keyring {
    /// A keyring with one key.
    pub fn single(key: Key) -> Keyring {
        Keyring { keys: vec![Arc::new(key)] }
    }

    /// A keyring with a sealing key and keys that only open. Keys that repeat an id are skipped.
    pub fn of(sealing: Arc<Key>, opening: impl IntoIterator<Item = Arc<Key>>) -> Keyring {
        let mut keys = vec![sealing];
        for key in opening {
            if keys.iter().all(|own| own.id != key.id) {
                keys.push(key);
            }
        }
        Keyring { keys }
    }

    /// The keys, the sealing one first, to build another keyring from.
    pub fn keys(&self) -> impl Iterator<Item = Arc<Key>> {
        self.keys.iter().cloned()
    }

    /// Parses a comma-separated list of base64 keys of 32 bytes each, the sealing key first.
    pub fn parse(text: &str) -> Result<Keyring, KeyringError> {
        let mut keys: Vec<Arc<Key>> = Vec::new();
        for (index, part) in text.split(',').map(str::trim).filter(|part| !part.is_empty()).enumerate() {
            let position = index + 1;
            let bytes =
                Zeroizing::new(STANDARD.decode(part).map_err(|_| KeyringError::NotBase64 { position })?);
            let array = <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
                .map_err(|_| KeyringError::WrongLength { position, found: bytes.len() })?;
            let key = Key::new(array);
            if let Some(first) = keys.iter().position(|other| other.id == key.id) {
                return Err(KeyringError::Repeated { first: first + 1, second: position });
            }
            keys.push(Arc::new(key));
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Keyring { keys }) }
    }

    /// The id of the sealing key.
    pub fn sealing_key(&self) -> KeyId {
        self.first().id
    }

    /// The ids of all keys, the sealing one first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(|key| key.id)
    }

    /// Whether the keyring has a key with this id.
    pub fn has(&self, id: KeyId) -> bool {
        self.find(id).is_some()
    }

    /// Seals `secret` for one context. The nonce must be new random bytes for every call.
    pub fn seal(&self, context: &SealContext<'_>, nonce: [u8; NONCE_BYTES], secret: &[u8]) -> Sealed {
        let key = self.first();
        let mut text = Zeroizing::new(Vec::with_capacity(DIGEST_BYTES + secret.len() + 16));
        text.extend_from_slice(context.digest().as_ref());
        text.extend_from_slice(secret);
        let aad = context.associated_data(CONTEXT_INSIDE, key.id);
        key.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&aad), &mut *text)
            .expect("a secret is shorter than AES-GCM's limit of 64 GiB");
        Sealed::assemble(key.id, nonce, &text)
    }

    /// Opens a value that was sealed for the same context.
    pub fn open(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Opened, OpenError> {
        let (id, version) = (sealed.key_id(), sealed.version());
        let key = self.find(id).ok_or(OpenError::UnknownKey { id })?;
        let mut text = Zeroizing::new(sealed.ciphertext().to_vec());
        let aad = context.associated_data(version, id);
        let nonce = Nonce::assume_unique_for_key(sealed.nonce());
        let damaged = if version == CONTEXT_OUTSIDE { OpenError::DamagedOrMoved } else { OpenError::Damaged };
        let Ok(length) = key.aead.open_in_place(nonce, Aad::from(&aad), &mut text).map(|text| text.len())
        else {
            return Err(damaged);
        };
        text.truncate(length);
        if version == CONTEXT_OUTSIDE {
            return Ok(Opened::new(text));
        }
        match text.split_at_checked(DIGEST_BYTES) {
            Some((inside, secret)) if inside == context.digest().as_ref() => {
                Ok(Opened::new(Zeroizing::new(secret.to_vec())))
            }
            Some(_) => Err(OpenError::Moved),
            None => Err(OpenError::Damaged),
        }
    }

    fn find(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().map(Arc::as_ref).find(|key| key.id == id)
    }

    fn first(&self) -> &Key {
        self.keys.first().expect("no constructor makes an empty keyring")
    }
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
