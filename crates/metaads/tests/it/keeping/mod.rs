//! Connections that live on by themselves: renewal, checks, keys, crashes.

mod crash;
mod disk;
#[cfg(all(feature = "aws-kms", feature = "transit"))]
mod key_services;
mod keys;
mod people;
mod race;
pub mod renewal;
mod replica;
pub mod seed;
mod upgrade;
mod year;
