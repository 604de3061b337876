//! Connect sessions: another product's back end asks for a one-time URL for its own user, who connects an account there
//! and is sent back. `create` makes the URL, `start` binds it to a browser and leads to the dialog, `ending` leads back,
//! `assets` has the result.

pub mod assets;
pub mod create;
pub mod ending;
pub mod start;

use crate::clock::HOUR;

/// A session has to be completed within this time.
pub const TTL_MS: i64 = HOUR;
