//! Status checks of ad accounts.

use crate::audit::NewAuditEvent;

/// The stored status of an ad account.
#[derive(Debug, Clone)]
pub struct AccountStatusRow {
    pub account_id: String,
    pub account_name: String,
    /// Meta's number.
    pub account_status: Option<i64>,
    pub is_selected: bool,
    pub is_selectable: bool,
    pub is_reachable: bool,
    /// Unix milliseconds; 0: no change was observed yet.
    pub status_changed_at: i64,
    pub next_check_at: i64,
    /// When Meta last showed the account, in a list or by its id.
    pub last_validated_at: i64,
}

/// One status check of an ad account.
#[derive(Debug, Clone)]
pub struct AccountCheck {
    pub account_id: String,
    /// None: Meta did not answer this time.
    pub observed: Option<ObservedStatus>,
    /// When the check was due, and when the next one is.
    pub was_due_at: i64,
    pub next_check_at: i64,
    /// The event that records a changed status.
    pub changed: Option<NewAuditEvent>,
}

/// What Meta reports in a status check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedStatus {
    /// Meta's number; None if the account cannot be reached.
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub is_selectable: bool,
    /// Why it cannot be reached, a stable error code; None: it can.
    pub lost_reason: Option<String>,
}
