//! The mutable state of the sandbox. It knows no handler, no JSON of Meta's and no HTTP.

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
