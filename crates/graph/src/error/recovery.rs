//! What a caller can do about an error. `classify` decides which of these an error is.

use crate::usage::Quota;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Meta or the network is down: the same call may work later.
    RetryLater,
    /// Too many calls: wait until [`GraphError::retry_at`](crate::GraphError::retry_at), since earlier calls
    /// prolong the block.
    Wait(Quota),
    /// Too much data at once: the same call with a smaller `limit`.
    ReduceLimit,
    /// Our app, its secret or its settings: only the operator can fix it.
    Operator(Misconfiguration),
    /// The token may be dead: confirm with `debug_token`, then ask the person to reconnect.
    Grant(DeadGrant),
    /// A permission is missing.
    Permission,
    /// One asset is not accessible; the grant is fine.
    Asset,
    /// The dialog's code is used or expired: the person has to go through the dialog again.
    LoginAgain,
    /// The token is valid but of the wrong kind for this call.
    WrongToken,
    /// The business of the asset requires two-factor authentication: the person has to turn it on.
    TwoFactor,
    /// Our request is wrong. It says nothing about the grant.
    Bug,
    /// Not in the classification table. Counted for the operator, and never treated as a dead grant.
    Unknown,
}

/// What the operator has to fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misconfiguration {
    Secret,
    AppId,
    RedirectUri,
    Proof,
    Pkce,
    /// App Review, an access level or the app's mode.
    Review,
    /// The account has no role on an app in development mode.
    Role,
    /// The app's IP allow list does not contain this server.
    IpAllowList,
    /// Meta has blocked or deactivated the app's access to the API.
    Blocked,
    Version,
    Settings,
}

/// Why a grant is dead (`status_reason` of a connection).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadGrant {
    Expired,
    PasswordChanged,
    SessionInvalid,
    Checkpoint,
    UserUnconfirmed,
    AppRemoved,
    DataAccessExpired,
}

impl Recovery {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Recovery::RetryLater => "retry_later",
            Recovery::Wait(_) => "rate_limited",
            Recovery::ReduceLimit => "reduce_limit",
            Recovery::Operator(_) => "operator",
            Recovery::Grant(_) => "reauthorize",
            Recovery::Permission => "permission_missing",
            Recovery::Asset => "asset_unreachable",
            Recovery::LoginAgain => "login_again",
            Recovery::WrongToken => "wrong_token",
            Recovery::TwoFactor => "two_factor",
            Recovery::Bug => "invalid_request",
            Recovery::Unknown => "unknown",
        }
    }
}

impl Misconfiguration {
    const ALL: [Misconfiguration; 11] = [
        Misconfiguration::Secret,
        Misconfiguration::AppId,
        Misconfiguration::RedirectUri,
        Misconfiguration::Proof,
        Misconfiguration::Pkce,
        Misconfiguration::Review,
        Misconfiguration::Role,
        Misconfiguration::IpAllowList,
        Misconfiguration::Blocked,
        Misconfiguration::Version,
        Misconfiguration::Settings,
    ];

    /// A stable name, for storing.
    pub fn as_str(self) -> &'static str {
        match self {
            Misconfiguration::Secret => "secret",
            Misconfiguration::AppId => "app_id",
            Misconfiguration::RedirectUri => "redirect_uri",
            Misconfiguration::Proof => "proof",
            Misconfiguration::Pkce => "pkce",
            Misconfiguration::Review => "review",
            Misconfiguration::Role => "role",
            Misconfiguration::IpAllowList => "ip_allow_list",
            Misconfiguration::Blocked => "blocked",
            Misconfiguration::Version => "version",
            Misconfiguration::Settings => "settings",
        }
    }

    /// None for a name of another version.
    pub fn from_text(text: &str) -> Option<Misconfiguration> {
        Misconfiguration::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// One line for the operator: the cause and what to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Misconfiguration::Secret => {
                "Meta does not accept the app secret: compare META_APP_SECRET (INSTAGRAM_APP_SECRET for Instagram Login) with the App Dashboard"
            }
            Misconfiguration::AppId => {
                "Meta does not know the app id: compare META_APP_ID (INSTAGRAM_APP_ID for Instagram Login) with the App Dashboard"
            }
            Misconfiguration::RedirectUri => {
                "the redirect URI is not listed exactly: Valid OAuth Redirect URIs in the settings of Facebook Login or Instagram Login"
            }
            Misconfiguration::Proof => {
                "Meta refuses the appsecret_proof: compare META_APP_SECRET with App settings, Basic"
            }
            Misconfiguration::Pkce => "Meta's dialog dropped the PKCE challenge: set META_PKCE to off",
            Misconfiguration::Review => {
                "the app lacks a permission's approval or is in development mode: App Review, and the app's mode"
            }
            Misconfiguration::Role => {
                "the app is in development mode and this account has no role on it: add the account as a tester under App roles, Roles (for Instagram, it also accepts the invitation in its settings, Apps and websites), or switch the app to Live"
            }
            Misconfiguration::IpAllowList => {
                "the app's IP allow list does not contain this server's address: App settings, Advanced, Security, Server IP allowlist"
            }
            Misconfiguration::Blocked => {
                "Meta has blocked or deactivated the app's access to the API: see the alerts in the App Dashboard"
            }
            Misconfiguration::Version => "the API version has ended: set META_API_VERSION to a newer one",
            Misconfiguration::Settings => {
                "Meta refuses our app: look at its settings and alerts in the App Dashboard"
            }
        }
    }
}
