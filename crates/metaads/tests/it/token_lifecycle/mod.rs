//! Connections over time: token checks and refreshes, key rotation, upgrades, replicas.

mod key_rotation;
#[cfg(all(feature = "aws-kms", feature = "transit"))]
mod key_services;
mod race;
mod reauthorization;
mod refresh;
mod upgrade;
mod year;
