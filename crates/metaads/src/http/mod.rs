//! What every HTTP surface shares.

pub mod middleware;
