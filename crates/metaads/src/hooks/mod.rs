//! The surface that Meta calls.

pub mod meta;
