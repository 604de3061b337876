//! How chosen ad accounts stand.

use crate::token_checks::Happened;

/// An ad account as it was last seen.
#[derive(Debug, Clone)]
pub struct AccountStatusRow {
    pub account_id: String,
    pub account_name: String,
    pub account_status: Option<i64>,
    pub is_selected: bool,
    pub is_selectable: bool,
    pub is_reachable: bool,
    /// Milliseconds since the epoch; 0: never, as far as we know.
    pub status_changed_at: i64,
    /// When it is to be looked at.
    pub next_check_at: i64,
}

/// What looking at an ad account found.
#[derive(Debug, Clone)]
pub struct AccountCheck {
    pub account_id: String,
    /// None: it could not be found out this time.
    pub seen: Option<ObservedStatus>,
    /// When it was to be looked at, and when to look again.
    pub was_due_at: i64,
    pub next_check_at: i64,
    /// The line for the history, where it stands otherwise than before.
    pub changed: Option<Happened>,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedStatus {
    /// Meta's number; None where it cannot be reached.
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub is_selectable: bool,
    /// Why it cannot be reached, a code that /help/errors knows; None: it can.
    pub lost_reason: Option<String>,
}
