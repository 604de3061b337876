//! The keys: the first of the list seals, all of them open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize, Zeroizing};

use crate::sealed::{NONCE_BYTES, OpenError, Opened, Place, Sealed};

/// Length of a key in bytes (AES-256).
pub const KEY_BYTES: usize = 32;

/// Names a key without telling anything about it: the first four bytes of a SHA-256 over a fixed
/// prefix and the key. Two keys of one list never share a name; [`Keyring::parse`] sees to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

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

/// One key. Its bytes are wiped when it is dropped and never printed.
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
    /// Takes 32 bytes of key material and wipes the copy it was given.
    pub fn new(mut bytes: [u8; KEY_BYTES]) -> Key {
        let mut named = Zeroizing::new(b"metaads key id\0".to_vec());
        named.extend_from_slice(&bytes);
        let hash = digest::digest(&digest::SHA256, &named);
        let mut id = [0; 4];
        id.copy_from_slice(&hash.as_ref()[..4]);
        let unbound = UnboundKey::new(&AES_256_GCM, &bytes).expect("32 bytes are a key of AES-256");
        bytes.zeroize();
        Key { id: KeyId(id), aead: LessSafeKey::new(unbound) }
    }

    /// The name that stands in the envelope of everything this key sealed.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// What is wrong with a list of keys. Never repeats the text it was given.
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

/// All keys in use. The first seals; each opens what it sealed.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<Key>,
}

impl Keyring {
    /// A keyring of one key.
    pub fn single(key: Key) -> Keyring {
        Keyring { keys: vec![key] }
    }

    /// Reads a comma-separated list of base64 keys of 32 bytes each, the sealing key first.
    pub fn parse(text: &str) -> Result<Keyring, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
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
            keys.push(key);
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Keyring { keys }) }
    }

    /// The id of the key that seals.
    pub fn sealing_key(&self) -> KeyId {
        self.first().id
    }

    /// Seals `secret` for one place. The nonce must be fresh random bytes for every call.
    pub fn seal(&self, place: &Place<'_>, nonce: [u8; NONCE_BYTES], secret: &[u8]) -> Sealed {
        let key = self.first();
        let mut text = Zeroizing::new(secret.to_vec());
        let context = place.context(key.id);
        key.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&context), &mut *text)
            .expect("a secret is far shorter than AES-GCM's limit of 64 GiB");
        Sealed::assemble(key.id, nonce, &text)
    }

    /// Opens what was sealed for this very place.
    pub fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Opened, OpenError> {
        let id = sealed.key_id();
        let key = self.keys.iter().find(|key| key.id == id).ok_or(OpenError::UnknownKey { id })?;
        let mut text = Zeroizing::new(sealed.ciphertext().to_vec());
        let context = place.context(id);
        let nonce = Nonce::assume_unique_for_key(sealed.nonce());
        let length = key
            .aead
            .open_in_place(nonce, Aad::from(&context), &mut text)
            .map_err(|_| OpenError::DamagedOrMoved)?
            .len();
        text.truncate(length);
        Ok(Opened::new(text))
    }

    fn first(&self) -> &Key {
        self.keys.first().expect("a keyring is never empty: both constructors see to it")
    }
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
