//! Why a token is checked, and what came out.

/// Why a token is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckTrigger {
    /// It is due: refresh the token if the time has come, else check it.
    Scheduled,
    /// The token has to be valid until this moment (Unix milliseconds): refresh it if it is not.
    ValidUntil(i64),
    /// A person asked to refresh it now, or to check it again.
    Requested,
}

/// What a token check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    Refreshed,
    /// The token works; a refresh was not needed, or is not possible yet.
    Valid,
    /// The token works, and Meta reported no later end although it was asked to refresh it.
    NotRefreshed,
    /// Meta or the network did not answer.
    Unavailable,
    /// A quota of Meta's is used up.
    RateLimited,
    /// Meta refuses our app: the operator has to act.
    AppRefused,
    /// The person has to confirm something on facebook.com; then the same token works again.
    NeedsConfirmation,
    /// The person has to connect again.
    NeedsReauthorization,
    /// The stored value does not open.
    Unreadable,
    /// The connection belongs to another Meta app: nothing was asked.
    OtherApp,
    /// The connection ended, or another login replaced its token meanwhile.
    Gone,
}

impl CheckOutcome {
    /// Whether Meta has just confirmed that the token works.
    pub fn is_valid(self) -> bool {
        matches!(self, CheckOutcome::Valid | CheckOutcome::Refreshed | CheckOutcome::NotRefreshed)
    }

    /// Whether the token is the one of before, and may still work.
    pub fn keeps_token(self) -> bool {
        matches!(self, CheckOutcome::Valid | CheckOutcome::NotRefreshed) || self.is_failed_attempt()
    }

    /// Whether nothing was learned about the token: the attempt counts as failed.
    pub fn is_failed_attempt(self) -> bool {
        matches!(self, CheckOutcome::Unavailable | CheckOutcome::RateLimited | CheckOutcome::AppRefused)
    }
}
