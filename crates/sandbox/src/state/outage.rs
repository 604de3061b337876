//! An outage of all of Meta, which ends by the clock.

use serde::Serialize;

/// How Meta is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Every call is answered with 503, code 2; the dialog with a page that says so.
    Unavailable,
    /// Connections are taken and never answered.
    Silent,
}
