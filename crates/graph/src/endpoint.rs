//! Which of Meta's endpoints a call goes to. Errors and logs name it, and error classification depends on it.

use std::fmt;

/// An endpoint of Meta's, as this client calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Batch,
    Me,
    Permissions,
    AdAccounts,
    AssignedAdAccounts,
    OwnedAdAccounts,
    ClientAdAccounts,
    Businesses,
    /// `/me/accounts`.
    Pages,
    AssignedPages,
    OwnedPages,
    ClientPages,
    OwnedInstagramAccounts,
    InstagramBusinessAccounts,
    /// One ad account by id.
    AdAccount,
    /// One Page by id.
    Page,
    /// One business by id.
    Business,
    CodeExchange,
    /// Long-lived user tokens and 60-day system user tokens.
    TokenExchange,
    DebugToken,
    RevokeGrant,
    RevokeToken,
    /// The app's own node and its `subscriptions` edge.
    App,
    InstagramCodeExchange,
    InstagramTokenExchange,
    InstagramTokenRefresh,
    InstagramMe,
}

/// What a call does, as far as error classification depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    /// Exchanges the login dialog's code, with the app's id and secret.
    CodeExchange,
    /// The same at Instagram's own token endpoint.
    InstagramCodeExchange,
    /// Exchanges a user's token for another one, with the app's id and secret.
    TokenExchange,
    /// Inspects or revokes a user's token or grant, with the app's own token.
    TokenAdmin,
    /// Reads or changes the app's own settings, with the app's own token.
    AppSettings,
    /// Reads the account behind a token of Instagram Login.
    InstagramMe,
    /// Every other call, made with a user's token.
    UserCall,
}

/// Which of Meta's hosts serves an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Facebook,
    /// Instagram Login's host, called without a version in the path.
    Instagram,
    /// The host of Instagram Login's code exchange.
    InstagramApi,
}

impl Endpoint {
    /// The name in logs, metrics and error reports. For an edge it is the last segment of the path.
    pub fn as_str(self) -> &'static str {
        match self {
            Endpoint::Batch => "batch",
            Endpoint::Me => "me",
            Endpoint::Permissions => "permissions",
            Endpoint::AdAccounts => "adaccounts",
            Endpoint::AssignedAdAccounts => "assigned_ad_accounts",
            Endpoint::OwnedAdAccounts => "owned_ad_accounts",
            Endpoint::ClientAdAccounts => "client_ad_accounts",
            Endpoint::Businesses => "businesses",
            Endpoint::Pages => "accounts",
            Endpoint::AssignedPages => "assigned_pages",
            Endpoint::OwnedPages => "owned_pages",
            Endpoint::ClientPages => "client_pages",
            Endpoint::OwnedInstagramAccounts => "owned_instagram_accounts",
            Endpoint::InstagramBusinessAccounts => "instagram_business_accounts",
            Endpoint::AdAccount => "act",
            Endpoint::Page => "page",
            Endpoint::Business => "business",
            Endpoint::CodeExchange => "oauth/access_token",
            Endpoint::TokenExchange => "fb_exchange_token",
            Endpoint::DebugToken => "debug_token",
            Endpoint::RevokeGrant => "permissions (revoke)",
            Endpoint::RevokeToken => "oauth/revoke",
            Endpoint::App => "subscriptions",
            Endpoint::InstagramCodeExchange => "instagram oauth/access_token",
            Endpoint::InstagramTokenExchange => "ig_exchange_token",
            Endpoint::InstagramTokenRefresh => "ig_refresh_token",
            Endpoint::InstagramMe => "instagram me",
        }
    }

    pub(crate) fn host(self) -> Host {
        match self {
            Endpoint::InstagramCodeExchange => Host::InstagramApi,
            Endpoint::InstagramTokenExchange | Endpoint::InstagramTokenRefresh | Endpoint::InstagramMe => {
                Host::Instagram
            }
            Endpoint::Batch
            | Endpoint::Me
            | Endpoint::Permissions
            | Endpoint::AdAccounts
            | Endpoint::AssignedAdAccounts
            | Endpoint::OwnedAdAccounts
            | Endpoint::ClientAdAccounts
            | Endpoint::Businesses
            | Endpoint::Pages
            | Endpoint::AssignedPages
            | Endpoint::OwnedPages
            | Endpoint::ClientPages
            | Endpoint::OwnedInstagramAccounts
            | Endpoint::InstagramBusinessAccounts
            | Endpoint::AdAccount
            | Endpoint::Page
            | Endpoint::Business
            | Endpoint::CodeExchange
            | Endpoint::TokenExchange
            | Endpoint::DebugToken
            | Endpoint::RevokeGrant
            | Endpoint::RevokeToken
            | Endpoint::App => Host::Facebook,
        }
    }

    /// The business use case that calls of the endpoint count against, by Meta's name. Source: "Rate limits", "Business
    /// use case rate limits".
    pub(crate) fn use_case(self) -> &'static str {
        match self {
            Endpoint::Pages
            | Endpoint::AssignedPages
            | Endpoint::OwnedPages
            | Endpoint::ClientPages
            | Endpoint::Page => "pages",
            Endpoint::OwnedInstagramAccounts
            | Endpoint::InstagramBusinessAccounts
            | Endpoint::InstagramCodeExchange
            | Endpoint::InstagramTokenExchange
            | Endpoint::InstagramTokenRefresh
            | Endpoint::InstagramMe => "instagram",
            Endpoint::Batch
            | Endpoint::Me
            | Endpoint::Permissions
            | Endpoint::AdAccounts
            | Endpoint::AssignedAdAccounts
            | Endpoint::OwnedAdAccounts
            | Endpoint::ClientAdAccounts
            | Endpoint::Businesses
            | Endpoint::AdAccount
            | Endpoint::Business
            | Endpoint::CodeExchange
            | Endpoint::TokenExchange
            | Endpoint::DebugToken
            | Endpoint::RevokeGrant
            | Endpoint::RevokeToken
            | Endpoint::App => "ads_management",
        }
    }

    pub(crate) fn call_kind(self) -> CallKind {
        match self {
            Endpoint::CodeExchange => CallKind::CodeExchange,
            Endpoint::InstagramCodeExchange => CallKind::InstagramCodeExchange,
            Endpoint::TokenExchange | Endpoint::InstagramTokenExchange => CallKind::TokenExchange,
            Endpoint::DebugToken | Endpoint::RevokeGrant | Endpoint::RevokeToken => CallKind::TokenAdmin,
            Endpoint::App => CallKind::AppSettings,
            Endpoint::InstagramMe => CallKind::InstagramMe,
            Endpoint::Batch
            | Endpoint::Me
            | Endpoint::Permissions
            | Endpoint::AdAccounts
            | Endpoint::AssignedAdAccounts
            | Endpoint::OwnedAdAccounts
            | Endpoint::ClientAdAccounts
            | Endpoint::Businesses
            | Endpoint::Pages
            | Endpoint::AssignedPages
            | Endpoint::OwnedPages
            | Endpoint::ClientPages
            | Endpoint::OwnedInstagramAccounts
            | Endpoint::InstagramBusinessAccounts
            | Endpoint::AdAccount
            | Endpoint::Page
            | Endpoint::Business
            | Endpoint::InstagramTokenRefresh => CallKind::UserCall,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl CallKind {
    /// Whether the call carries the app's own token, so that a refused token is the app's and not a user's.
    pub fn uses_app_token(self) -> bool {
        match self {
            CallKind::TokenAdmin | CallKind::AppSettings => true,
            CallKind::CodeExchange
            | CallKind::InstagramCodeExchange
            | CallKind::TokenExchange
            | CallKind::InstagramMe
            | CallKind::UserCall => false,
        }
    }

    /// Whether the call turns the login dialog's code into a token: besides the code, only the app's id and secret are
    /// sent.
    pub fn exchanges_code(self) -> bool {
        match self {
            CallKind::CodeExchange | CallKind::InstagramCodeExchange => true,
            CallKind::TokenExchange
            | CallKind::TokenAdmin
            | CallKind::AppSettings
            | CallKind::InstagramMe
            | CallKind::UserCall => false,
        }
    }

    /// Whether the call carries the app's id and secret, or a token made of them, so that a refusal for lack
    /// of permission is about the app. Instagram's code exchange has a table of its own.
    pub fn authenticates_app(self) -> bool {
        match self {
            CallKind::CodeExchange
            | CallKind::TokenExchange
            | CallKind::TokenAdmin
            | CallKind::AppSettings => true,
            CallKind::InstagramCodeExchange | CallKind::InstagramMe | CallKind::UserCall => false,
        }
    }
}
