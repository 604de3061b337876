//! What looking after a connection writes.

use metaads_vault::Sealed;

use crate::connections::ConnectionStatus;
use crate::text::{ConnectionId, ScopeSet};

/// One visit to a connection: all of it is written, together with the next visit's date, or nothing.
#[derive(Debug)]
pub struct TokenCheck {
    pub connection_id: ConnectionId,
    /// The token this was learned about; where another one is stored by now, the visit does not count.
    pub token_version: i64,
    /// What the connection's standing is now; None: nothing was learned about it.
    pub standing: Option<(ConnectionStatus, Option<String>)>,
    /// What is granted and declined; None: not read.
    pub scopes: Option<(ScopeSet, ScopeSet)>,
    /// What lapsed; None: not read.
    pub expired_scopes: Option<ScopeSet>,
    /// JSON; None: not read.
    pub granular_scopes: Option<String>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    /// The token that takes the old one's place.
    pub renewed: Option<Sealed>,
    /// The grant is gone for good: the token is erased.
    pub is_erasing: bool,
    /// Lines for the history, beside the one that a change of standing makes.
    pub happened: Vec<Happened>,
    pub at: i64,
    /// When to look again, and how many tries in a row have failed by then.
    pub next_at: i64,
    pub attempts: i64,
    /// Makes the id of the line that a change of standing makes.
    pub audit_id: String,
}

/// What was learned about an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing: what is stored stays.
    Unchanged,
    Never,
    At(i64),
}

impl Expiry {
    /// What Meta said: None is never.
    pub fn reported(at: Option<i64>) -> Expiry {
        at.map_or(Expiry::Never, Expiry::At)
    }

    pub fn is_reported(self) -> bool {
        self != Expiry::Unchanged
    }

    pub fn at(self) -> Option<i64> {
        match self {
            Expiry::At(at) => Some(at),
            Expiry::Unchanged | Expiry::Never => None,
        }
    }
}

/// A line of a connection's history.
#[derive(Debug, Clone)]
pub struct Happened {
    pub id: String,
    pub action: &'static str,
    pub detail: String,
}

/// Trouble that only the operator can mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorNotice {
    pub code: String,
    pub detail: String,
    pub since: i64,
    pub last_at: i64,
    pub times: i64,
}
