//! How chosen ad accounts stand.

use crate::visits::Happened;

/// An ad account as it was last seen.
#[derive(Debug, Clone)]
pub struct Watched {
    pub account_id: String,
    pub account_name: String,
    pub account_status: Option<i64>,
    pub is_selected: bool,
    pub is_selectable: bool,
    pub is_reachable: bool,
    /// Milliseconds since the epoch; 0: never, as far as we know.
    pub status_changed_at: i64,
    /// When it is to be looked at.
    pub look_at: i64,
}

/// What looking at an ad account found.
#[derive(Debug, Clone)]
pub struct Looked {
    pub account_id: String,
    /// None: it could not be found out this time.
    pub seen: Option<Seen>,
    /// When it was to be looked at, and when to look again.
    pub was_due_at: i64,
    pub look_at: i64,
    /// The line for the history, where it stands otherwise than before.
    pub changed: Option<Happened>,
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Meta's number; None where it cannot be reached.
    pub account_status: Option<i64>,
    pub disable_reason: Option<i64>,
    pub is_selectable: bool,
    /// Why it cannot be reached, a code that /help/errors knows; None: it can.
    pub lost_reason: Option<String>,
}
