//! Stable error codes, as they appear in `status_reason`, in problem+json, in metric labels and in the URLs of
//! `/help/errors/{code}`. `messages::errors` has the text for each.

macro_rules! codes {
    ($($variant:ident = $text:literal,)+) => {
        /// A stable error code. New ones may be added; none ever changes its meaning.
        #[expect(clippy::enum_variant_names, reason = "a variant is its stable code in CamelCase")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),+ }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text),+ }
            }

            /// None for text that is not a code.
            pub fn from_text(text: &str) -> Option<Code> {
                match text { $($text => Some(Code::$variant),)+ _ => None }
            }
        }
    };
}

codes! {
    // While connecting.
    Cancelled = "cancelled",
    AppNotActive = "app_not_active",
    StateExpired = "state_expired",
    StateUsed = "state_used",
    WrongSession = "wrong_session",
    CodeRefused = "code_refused",
    ForeignToken = "foreign_token",
    WrongPerson = "wrong_person",
    PermissionsMissing = "permissions_missing",
    PermissionExpired = "permission_expired",
    NoAdAccounts = "no_ad_accounts",
    MetaUnavailable = "meta_unavailable",
    MetaRateLimited = "meta_rate_limited",
    MetaAppMisconfigured = "meta_app_misconfigured",
    // A grant that needs its person.
    TokenExpired = "token_expired",
    PasswordChanged = "password_changed",
    SessionInvalid = "session_invalid",
    Checkpoint = "checkpoint",
    UserUnconfirmed = "user_unconfirmed",
    AppRemoved = "app_removed",
    DataAccessExpired = "data_access_expired",
    // An asset, not the grant.
    AccountDisabled = "account_disabled",
    AccountUnsettled = "account_unsettled",
    AccountPendingReview = "account_pending_review",
    AccountInGracePeriod = "account_in_grace_period",
    AccountClosed = "account_closed",
    RoleLost = "role_lost",
    AssetUnreachable = "asset_unreachable",
    InstagramNotProfessional = "instagram_not_professional",
    InstagramNotLinked = "instagram_not_linked",
    // Ours.
    SealedValueUnreadable = "sealed_value_unreadable",
    DatabaseUnavailable = "database_unavailable",
    RateLimited = "rate_limited",
    NotFound = "not_found",
    Unauthorized = "unauthorized",
    Forbidden = "forbidden",
    InvalidRequest = "invalid_request",
    Conflict = "conflict",
}
