//! An outage of all of Meta, which ends by the clock.

use serde::Serialize;

/// How Meta is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Every call gets a 503 with code 2; the dialog shows an error page.
    Unavailable,
    /// Connections are accepted, but calls get no response.
    Silent,
}
