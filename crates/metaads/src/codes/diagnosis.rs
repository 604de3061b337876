//! Why an ad account, Page or Instagram account is missing, and what a lookup of a single ad account found.

/// One thing that keeps assets from being listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingReason {
    /// Disconnected or broken: the lists are from the last sync that worked.
    NotConnected,
    SyncRunning,
    /// Meta did not answer; the sync is retried.
    SyncFailed,
    /// Without this permission, something cannot be listed.
    Permission {
        scope: String,
        /// Meta took it back, because it was not used.
        has_expired: bool,
    },
    /// Meta's dialog does not offer this permission: the app or its login configuration lacks it.
    PermissionNotOffered {
        scope: String,
    },
    /// The person limited the grant to some ad accounts in Facebook's dialog.
    LimitedOnFacebook {
        ad_accounts: usize,
    },
    /// The person belongs to these businesses, but has no role on any of their ad accounts.
    RoleTooLow {
        businesses: Vec<String>,
    },
    /// The ad account lists of these businesses were not read; an empty name is the person's own list.
    NotRead {
        businesses: Vec<String>,
        why: UnreadWhy,
    },
    /// The Meta app lacks an approval.
    AppReview,
    /// No ad account exists, neither under the person's name nor in a business.
    NoneExist,
    /// Listed, but cannot be used.
    Unusable {
        number: i64,
    },
    /// Pages whose Instagram account is a personal one.
    InstagramNotProfessional {
        pages: Vec<String>,
    },
    /// Instagram accounts that were selected in the dialog without their Pages.
    InstagramPageNotSelected {
        number: usize,
    },
    /// Pages without an Instagram account.
    InstagramNotLinked {
        pages: Vec<String>,
    },
}

/// Why a list was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnreadWhy {
    /// A quota of Meta's is used up: the sync goes on when it is not.
    RateLimited,
    /// Meta does not answer: the sync keeps trying.
    Unavailable,
    /// Meta did not answer any of several attempts.
    Refused,
    /// The business requires two-factor authentication.
    TwoFactor,
    /// Meta's pages lead in a circle.
    Endless,
}

/// What Meta said about a single ad account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookupResult {
    /// It was in the list already.
    Listed,
    /// Meta shows it; it is in the list now.
    Found,
    /// Meta does not show it: not shared, not selected on Facebook, or no such account.
    Hidden,
    /// It exists, but the person may not read it.
    RoleTooLow,
    /// The permission to list ad accounts is missing.
    NoPermission,
    /// Its business requires two-factor authentication.
    TwoFactor,
    MetaUnavailable,
    NotConnected,
}

impl LookupResult {
    const ALL: [LookupResult; 8] = [
        LookupResult::Listed,
        LookupResult::Found,
        LookupResult::Hidden,
        LookupResult::RoleTooLow,
        LookupResult::NoPermission,
        LookupResult::TwoFactor,
        LookupResult::MetaUnavailable,
        LookupResult::NotConnected,
    ];

    /// The key in our URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            LookupResult::Listed => "listed",
            LookupResult::Found => "found",
            LookupResult::Hidden => "hidden",
            LookupResult::RoleTooLow => "role",
            LookupResult::NoPermission => "permission",
            LookupResult::TwoFactor => "two_factor",
            LookupResult::MetaUnavailable => "unavailable",
            LookupResult::NotConnected => "not_connected",
        }
    }

    pub fn from_text(text: &str) -> Option<LookupResult> {
        LookupResult::ALL.into_iter().find(|result| result.as_str() == text)
    }
}
