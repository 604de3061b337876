//! The envelope: version ‖ key id ‖ nonce ‖ ciphertext and tag, bound to the context it is stored in.
//!
//! Version 2 encrypts the SHA-256 of the context in front of the secret, so that a damaged value (wrong tag) is told
//! apart from a moved one (wrong digest). Version 1 had the context in the associated data; it is still opened.

use std::fmt;
use std::ops::Deref;

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use crate::keyring::KeyId;

/// Length of an AES-GCM nonce in bytes.
pub const NONCE_BYTES: usize = 12;

/// Version 1: the context is in the associated data.
pub(crate) const CONTEXT_OUTSIDE: u8 = 1;
/// Version 2: the digest of the context is encrypted in front of the secret.
pub(crate) const CONTEXT_INSIDE: u8 = 2;
/// Length of the digest of a context in bytes.
pub(crate) const DIGEST_BYTES: usize = 32;

const HEAD: usize = 1 + 4 + NONCE_BYTES;
const TAG: usize = 16;

/// Where a sealed value is stored. The value does not open in another table, column or row.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a str,
}

impl SealContext<'_> {
    /// Each part after its length, so that no two contexts encode alike.
    fn encode(&self) -> Vec<u8> {
        let mut encoded = Vec::new();
        for part in [self.table, self.column, self.row] {
            encoded.extend_from_slice(&(part.len() as u64).to_be_bytes());
            encoded.extend_from_slice(part.as_bytes());
        }
        encoded
    }

    /// The digest in front of the secret in version 2.
    pub(crate) fn digest(&self) -> digest::Digest {
        digest::digest(&digest::SHA256, &self.encode())
    }

    /// The associated data of an envelope.
    pub(crate) fn associated_data(&self, version: u8, key: KeyId) -> Vec<u8> {
        let mut data = vec![version];
        data.extend_from_slice(&key.0);
        if version == CONTEXT_OUTSIDE {
            data.extend_from_slice(&self.encode());
        }
        data
    }
}

/// A sealed value as it is stored in a column.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// The bytes of a column are not an envelope.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SealedError {
    #[error("a sealed value of {found} bytes is too short")]
    TooShort { found: usize },
    #[error("a sealed value has the unknown version {found}")]
    UnknownVersion { found: u8 },
}

/// Why a sealed value does not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OpenError {
    #[error("the value was sealed with key {id}, which is not among the configured keys")]
    UnknownKey { id: KeyId },
    #[error("the value is damaged")]
    Damaged,
    #[error("the value was moved here from another row or column")]
    Moved,
    /// Version 1 cannot tell the two apart.
    #[error("the value is damaged, or was moved here from another row or column")]
    DamagedOrMoved,
}

impl Sealed {
    pub(crate) fn assemble(id: KeyId, nonce: [u8; NONCE_BYTES], ciphertext: &[u8]) -> Sealed {
        let mut bytes = Vec::with_capacity(HEAD + ciphertext.len());
        bytes.push(CONTEXT_INSIDE);
        bytes.extend_from_slice(&id.0);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(ciphertext);
        Sealed(bytes)
    }

    /// Parses the bytes that [`Sealed::as_bytes`] returned.
    pub fn from_stored(bytes: Vec<u8>) -> Result<Sealed, SealedError> {
        if bytes.len() < HEAD + TAG {
            return Err(SealedError::TooShort { found: bytes.len() });
        }
        if ![CONTEXT_OUTSIDE, CONTEXT_INSIDE].contains(&bytes[0]) {
            return Err(SealedError::UnknownVersion { found: bytes[0] });
        }
        Ok(Sealed(bytes))
    }

    /// The envelope, for the column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn version(&self) -> u8 {
        self.0[0]
    }

    /// The id of the key that sealed the value.
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 4];
        id.copy_from_slice(&self.0[1..5]);
        KeyId(id)
    }

    pub(crate) fn nonce(&self) -> [u8; NONCE_BYTES] {
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&self.0[5..HEAD]);
        nonce
    }

    pub(crate) fn ciphertext(&self) -> &[u8] {
        &self.0[HEAD..]
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes, key {})", self.0.len(), self.key_id())
    }
}

/// An opened secret: zeroed when dropped, never printed.
pub struct Opened(Zeroizing<Vec<u8>>);

impl Opened {
    pub(crate) fn new(bytes: Zeroizing<Vec<u8>>) -> Opened {
        Opened(bytes)
    }
}

impl Deref for Opened {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(redacted)")
    }
}
