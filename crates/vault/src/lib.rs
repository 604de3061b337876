//! Sealing: a secret goes in with the context where it will be stored, bytes come out that open
//! only with the right key and only at that context.
//!
//! Pure on purpose: no clock, no files, no environment, no async, and the nonce is handed in.
//! The one thing to know: [`Sealed`] can be made from a secret by [`Keyring::seal`] alone, so a
//! column that binds `Sealed` can never hold a plaintext token.

mod keyring;
mod sealed;

pub use keyring::{KEY_BYTES, Key, KeyId, Keyring, KeyringError};
pub use sealed::{NONCE_BYTES, OpenError, Opened, SealContext, Sealed, SealedError};
