//! Stable error codes, as they appear in `status_reason`, in problem+json, in metric labels and in the URLs of
//! `/help/errors/{code}`; with each, who has to act and which button helps. `messages::errors` has the text.

use metaads_store::StatusReason;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponsibleParty {
    /// The reader.
    You,
    /// The person whose Meta login it is.
    Person,
    Meta,
    /// An admin of this installation.
    Admin,
    Nobody,
}

impl ResponsibleParty {
    /// As the JSON API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponsibleParty::You => "caller",
            ResponsibleParty::Person => "person",
            ResponsibleParty::Meta => "meta",
            ResponsibleParty::Admin => "operator",
            ResponsibleParty::Nobody => "nobody",
        }
    }
}

/// The one button that helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallToAction {
    Connect,
    SignIn,
    ViewConnections,
}

macro_rules! codes {
    ($($variant:ident = $text:literal: $party:ident, $action:ident;)+) => {
        /// A stable error code. New ones may be added; none ever changes its meaning.
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

            pub fn responsible_party(self) -> ResponsibleParty {
                match self { $(Code::$variant => ResponsibleParty::$party),+ }
            }

            pub fn call_to_action(self) -> CallToAction {
                match self { $(Code::$variant => CallToAction::$action),+ }
            }
        }
    };
}

codes! {
    // While connecting.
    Cancelled = "cancelled": You, Connect;
    AppNotActive = "app_not_active": Admin, ViewConnections;
    NoAnswer = "no_answer": You, Connect;
    StateExpired = "state_expired": You, Connect;
    StateUsed = "state_used": Nobody, ViewConnections;
    WrongSession = "wrong_session": You, SignIn;
    WrongVerifier = "wrong_verifier": You, ViewConnections;
    CodeRefused = "code_refused": You, Connect;
    ForeignToken = "foreign_token": Admin, ViewConnections;
    WrongPerson = "wrong_person": You, Connect;
    PermissionsMissing = "permissions_missing": Person, Connect;
    PermissionsNotOffered = "permissions_not_offered": Admin, ViewConnections;
    PermissionExpired = "permission_expired": Person, ViewConnections;
    NoAdAccounts = "no_ad_accounts": You, Connect;
    MetaUnavailable = "meta_unavailable": Meta, Connect;
    MetaRateLimited = "meta_rate_limited": Meta, ViewConnections;
    MetaAppMisconfigured = "meta_app_misconfigured": Admin, ViewConnections;
    // A grant that needs its person.
    TokenExpired = "token_expired": Person, ViewConnections;
    PasswordChanged = "password_changed": Person, ViewConnections;
    SessionInvalid = "session_invalid": Person, ViewConnections;
    Checkpoint = "checkpoint": Person, ViewConnections;
    UserUnconfirmed = "user_unconfirmed": Person, ViewConnections;
    AppRemoved = "app_removed": Person, ViewConnections;
    DataAccessExpired = "data_access_expired": Person, ViewConnections;
    OtherApp = "other_app": Person, ViewConnections;
    // An asset, not the grant.
    AccountDisabled = "account_disabled": Person, ViewConnections;
    AccountUnsettled = "account_unsettled": Person, ViewConnections;
    AccountPendingReview = "account_pending_review": Meta, ViewConnections;
    AccountInGracePeriod = "account_in_grace_period": Person, ViewConnections;
    AccountClosed = "account_closed": Nobody, ViewConnections;
    RoleLost = "role_lost": Person, ViewConnections;
    AssetUnreachable = "asset_unreachable": Person, ViewConnections;
    AssetNotGranted = "asset_not_granted": Person, ViewConnections;
    InstagramNotProfessional = "instagram_not_professional": Person, ViewConnections;
    InstagramNotLinked = "instagram_not_linked": Person, ViewConnections;
    // Ours.
    SealedValueUnreadable = "sealed_value_unreadable": Admin, ViewConnections;
    DatabaseUnavailable = "database_unavailable": Admin, ViewConnections;
    Busy = "busy": Nobody, ViewConnections;
    InternalError = "internal_error": Admin, ViewConnections;
    RateLimited = "rate_limited": You, ViewConnections;
    NotFound = "not_found": You, ViewConnections;
    Unauthorized = "unauthorized": You, SignIn;
    Forbidden = "forbidden": Admin, ViewConnections;
    CrossSiteRequest = "cross_site_request": You, ViewConnections;
    WrongHost = "wrong_host": Admin, ViewConnections;
    InvalidRequest = "invalid_request": You, ViewConnections;
    Conflict = "conflict": You, ViewConnections;
}

impl Code {
    /// The `code` of problem+json. API users match on `forbidden` for every refusal of a request that is not allowed,
    /// whatever its reason; the exact code is in the problem's `type`.
    pub fn in_api(self) -> Code {
        if matches!(self, Code::CrossSiteRequest | Code::WrongHost) { Code::Forbidden } else { self }
    }
}

impl From<StatusReason> for Code {
    fn from(reason: StatusReason) -> Code {
        match reason {
            StatusReason::TokenExpired => Code::TokenExpired,
            StatusReason::PasswordChanged => Code::PasswordChanged,
            StatusReason::SessionInvalid => Code::SessionInvalid,
            StatusReason::Checkpoint => Code::Checkpoint,
            StatusReason::UserUnconfirmed => Code::UserUnconfirmed,
            StatusReason::AppRemoved => Code::AppRemoved,
            StatusReason::DataAccessExpired => Code::DataAccessExpired,
            StatusReason::PermissionsMissing => Code::PermissionsMissing,
            StatusReason::PermissionsNotOffered => Code::PermissionsNotOffered,
            StatusReason::PermissionExpired => Code::PermissionExpired,
            StatusReason::ForeignToken => Code::ForeignToken,
            StatusReason::OtherApp => Code::OtherApp,
            StatusReason::SealedValueUnreadable => Code::SealedValueUnreadable,
        }
    }
}
