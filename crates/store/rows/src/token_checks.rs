//! The result of a token check.

use metaads_vault::Sealed;

use crate::audit::{AuditEvent, NewAuditEvent};
use crate::connection_state::{ConnectionState, ConnectionStatus};
use crate::text::{ConnectionId, ScopeSet};

/// The result of one token check and the time of the next, written in one transaction.
#[derive(Debug)]
pub struct TokenCheck {
    pub connection_id: ConnectionId,
    /// The version of the token that was checked; if another one is stored by now, the result is ignored.
    pub token_version: i64,
    /// The new state; None: the check failed.
    pub state: Option<ConnectionState>,
    /// Granted and declined permissions; None: not read.
    pub scopes: Option<(ScopeSet, ScopeSet)>,
    /// Permissions that have expired at Meta; None: not read.
    pub expired_scopes: Option<ScopeSet>,
    /// JSON; None: not read.
    pub granular_scopes: Option<String>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    /// The token that replaces the stored one.
    pub refreshed: Option<Sealed>,
    /// Erase the token: the grant has ended for good.
    pub is_erasing: bool,
    /// Events in addition to the one of a changed state.
    pub events: Vec<NewAuditEvent>,
    /// Recorded once per token: it ends soon.
    pub expiring: Option<NewAuditEvent>,
    /// Unix milliseconds.
    pub at: i64,
    /// When to check again, and how many attempts in a row have failed.
    pub next_at: i64,
    pub attempts: i64,
    /// The id of the event of a changed state.
    pub audit_id: String,
}

/// What a check reports about an expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing: the stored value stays.
    Unchanged,
    Never,
    /// Unix milliseconds.
    At(i64),
}

impl Expiry {
    /// An expiry as Meta reports it; None: never.
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

/// The event that records a changed state; None: status and reason are the same.
pub fn state_event(before: ConnectionState, after: ConnectionState) -> Option<AuditEvent> {
    if (before.status(), before.reason()) == (after.status(), after.reason()) {
        return None;
    }
    let was_broken = before.status() == ConnectionStatus::NeedsReauthorization;
    Some(match after {
        ConnectionState::NeedsReauthorization { reason, .. } => AuditEvent::NeedsReauthorization { reason },
        ConnectionState::Active { limited_by: Some(reason), .. } if !was_broken => {
            AuditEvent::Limited { reason }
        }
        ConnectionState::Active { limited_by, .. } => {
            AuditEvent::Recovered { reason: limited_by.or(before.reason()) }
        }
        ConnectionState::Revoked { .. } => AuditEvent::AppRemoved,
    })
}
