//! Keys: data keys seal values, a key-encryption key wraps the data keys.

#[cfg(feature = "aws-kms")]
mod aws_kms;
pub mod contexts;
pub mod dek;
pub mod error;
pub mod kek;
pub mod rotate;
pub mod status;
#[cfg(feature = "transit")]
mod transit;
