//! Which of Meta's endpoints a call goes to. Errors and logs name it, and error classification depends on it.

use std::fmt;

/// Meta's names of the business use cases. Source: "Rate limits", "Business use case rate limits".
const ADS: &str = "ads_management";
const PAGES: &str = "pages";
const INSTAGRAM: &str = "instagram";
const INSIGHTS: &str = "ads_insights";

macro_rules! endpoints {
    ($($(#[$doc:meta])* $variant:ident = $name:literal: $host:ident, $kind:ident, $use_case:ident;)+) => {
        /// An endpoint of Meta's, as this client calls it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Endpoint { $($(#[$doc])* $variant),+ }

        impl Endpoint {
            /// The name in logs, metrics and error reports. For an edge it is the last segment of the path.
            pub fn as_str(self) -> &'static str {
                match self { $(Endpoint::$variant => $name),+ }
            }

            pub(crate) fn host(self) -> Host {
                match self { $(Endpoint::$variant => Host::$host),+ }
            }

            pub(crate) fn call_kind(self) -> CallKind {
                match self { $(Endpoint::$variant => CallKind::$kind),+ }
            }

            /// The business use case that calls of the endpoint count against, by Meta's name.
            pub(crate) fn use_case(self) -> &'static str {
                match self { $(Endpoint::$variant => $use_case),+ }
            }
        }
    };
}

// Each endpoint with its name, its host, what a call does, and the use case it counts against.
endpoints! {
    Batch = "batch": Facebook, UserCall, ADS;
    Me = "me": Facebook, UserCall, ADS;
    Permissions = "permissions": Facebook, UserCall, ADS;
    AdAccounts = "adaccounts": Facebook, UserCall, ADS;
    AssignedAdAccounts = "assigned_ad_accounts": Facebook, UserCall, ADS;
    OwnedAdAccounts = "owned_ad_accounts": Facebook, UserCall, ADS;
    ClientAdAccounts = "client_ad_accounts": Facebook, UserCall, ADS;
    Businesses = "businesses": Facebook, UserCall, ADS;
    /// `/me/accounts`.
    Pages = "accounts": Facebook, UserCall, PAGES;
    AssignedPages = "assigned_pages": Facebook, UserCall, PAGES;
    OwnedPages = "owned_pages": Facebook, UserCall, PAGES;
    ClientPages = "client_pages": Facebook, UserCall, PAGES;
    OwnedInstagramAccounts = "owned_instagram_accounts": Facebook, UserCall, INSTAGRAM;
    InstagramBusinessAccounts = "instagram_business_accounts": Facebook, UserCall, INSTAGRAM;
    /// One ad account by id.
    AdAccount = "act": Facebook, UserCall, ADS;
    /// One Page by id.
    Page = "page": Facebook, UserCall, PAGES;
    /// One business by id.
    Business = "business": Facebook, UserCall, ADS;
    CodeExchange = "oauth/access_token": Facebook, CodeExchange, ADS;
    /// Long-lived user tokens and 60-day system user tokens.
    TokenExchange = "fb_exchange_token": Facebook, TokenExchange, ADS;
    DebugToken = "debug_token": Facebook, TokenAdmin, ADS;
    RevokeGrant = "permissions (revoke)": Facebook, TokenAdmin, ADS;
    RevokeToken = "oauth/revoke": Facebook, TokenAdmin, ADS;
    /// The app's own node and its `subscriptions` edge.
    App = "subscriptions": Facebook, AppSettings, ADS;
    /// A call of another program, passed on.
    Forwarded = "forwarded": Facebook, UserCall, ADS;
    ForwardedInsights = "forwarded insights": Facebook, UserCall, INSIGHTS;
    InstagramCodeExchange = "instagram oauth/access_token": InstagramApi, InstagramCodeExchange, INSTAGRAM;
    InstagramTokenExchange = "ig_exchange_token": Instagram, TokenExchange, INSTAGRAM;
    InstagramTokenRefresh = "ig_refresh_token": Instagram, UserCall, INSTAGRAM;
    InstagramMe = "instagram me": Instagram, InstagramMe, INSTAGRAM;
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

    /// Whether the call carries the app's credentials and no token of a user, so that a permanent refusal is about the
    /// app. (A code exchange carries the login dialog's code too.)
    pub fn sends_only_app_credentials(self) -> bool {
        match self {
            CallKind::CodeExchange
            | CallKind::InstagramCodeExchange
            | CallKind::TokenAdmin
            | CallKind::AppSettings => true,
            CallKind::TokenExchange | CallKind::InstagramMe | CallKind::UserCall => false,
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
