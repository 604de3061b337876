//! The mutable state of the sandbox. It knows no handler, no HTTP and none of Meta's JSON.

pub(crate) mod ad_objects;
pub(crate) mod ads;
pub(crate) mod barriers;
pub(crate) mod call_log;
pub(crate) mod faults;
pub(crate) mod grants;
pub(crate) mod outage;
pub(crate) mod outbox;
pub(crate) mod rate_limits;
pub(crate) mod settings;
pub(crate) mod shared;
mod state_file;
pub(crate) mod tokens;
