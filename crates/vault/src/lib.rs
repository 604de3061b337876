//! Encrypts secrets for storage. A sealed value opens only with the key that sealed it and only in its context: the
//! table, column and row where it is stored.
//!
//! Not for key management: which keys exist and when they rotate is decided elsewhere. The crate has no clock, files,
//! environment or async, and the caller passes the nonce.
//!
//! The one thing to know: only [`Keyring::seal`] turns a secret into a [`Sealed`], so a column that binds `Sealed`
//! can never hold a plaintext token.

mod keyring;
mod sealed;

pub use keyring::{KEY_BYTES, Key, KeyId, Keyring, KeyringError};
pub use sealed::{NONCE_BYTES, OpenError, Opened, SealContext, Sealed, SealedError};
