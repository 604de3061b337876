//! Connections that live on by themselves: renewal, checks, keys, crashes.

mod crash;
mod disk;
mod keys;
mod people;
mod race;
mod replica;
mod renewal;
pub mod seed;
mod upgrade;
mod year;
