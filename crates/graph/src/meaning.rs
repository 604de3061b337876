//! What a refusal of Meta's means: one table from (code, subcode, where it happened) to what to do.
//!
//! The HTTP status and `type` mislead (a limit arrives as 403, an outage as OAuthException) and the text
//! is localized, so both are looked at only where the code leaves a choice. Sources: Graph API "Error
//! handling", "Rate limiting", Marketing API "Error codes", and the recorded shapes in `tests/samples`.

use crate::error::{INSTAGRAM_CODE, INSTAGRAM_ME, REVOKE_GRANT, REVOKE_TOKEN, Refusal};

/// A user token where the new Pages experience wants the Page's; comes with several codes.
const PAGE_TOKEN_NEEDED: i64 = 2_069_032;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Meta's side, or the network: the same call may work later.
    RetryLater,
    /// Too many calls: later, and no sooner; calls made meanwhile prolong the block.
    Wait(Budget),
    /// Meta asks for less at once: the same call with a smaller `limit`.
    AskForLess,
    /// Our app, its secret or its settings: only the operator can help.
    Operator(Fault),
    /// The token may be dead: ask `debug_token`, then the person.
    Grant(DeadGrant),
    /// A permission is missing.
    Permission,
    /// One asset, not the grant.
    Asset,
    /// The dialog's code is spent or too old: the person goes through the dialog once more.
    LoginAgain,
    /// A healthy token of the wrong kind for this call.
    WrongToken,
    /// We asked wrongly. Never the grant's fault.
    Bug,
    /// Nobody has described it. Kept, counted, and never taken for the grant's end.
    Unknown,
}

/// Whose allowance is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    App,
    /// The person behind the token.
    Person,
    Page,
    AdAccount,
    /// A business-use-case allowance beside those of ad accounts and Pages.
    UseCase,
    Instagram,
    /// Blocked for what was done, not for how often.
    Policy,
}

/// What the operator has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Secret,
    AppId,
    RedirectUri,
    Proof,
    Pkce,
    /// App Review, an access level or the app's mode.
    Review,
    /// Meta has closed the API to the app.
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

impl Fault {
    /// What to do, in a line for the operator.
    pub fn remedy(self) -> &'static str {
        match self {
            Fault::Secret => {
                "Meta does not accept the app secret: compare META_APP_SECRET (INSTAGRAM_APP_SECRET for Instagram Login) with the App Dashboard"
            }
            Fault::AppId => {
                "Meta does not know the app id: compare META_APP_ID (INSTAGRAM_APP_ID for Instagram Login) with the App Dashboard"
            }
            Fault::RedirectUri => {
                "the redirect URI is not listed exactly: Valid OAuth Redirect URIs in the settings of Facebook Login or Instagram Login"
            }
            Fault::Proof => {
                "Meta refuses the appsecret_proof: compare META_APP_SECRET with App settings, Basic"
            }
            Fault::Pkce => "Meta's dialog dropped the PKCE challenge: set META_PKCE to off",
            Fault::Review => {
                "the app lacks a permission's approval or is in development mode: App Review, and the app's mode"
            }
            Fault::Blocked => {
                "Meta has blocked the app's access to the API: see the alerts in the App Dashboard"
            }
            Fault::Version => "the API version has ended: set META_API_VERSION to a newer one",
            Fault::Settings => "Meta refuses our app: look at its settings and alerts in the App Dashboard",
        }
    }
}

impl Refusal {
    /// What it means; each row has a test.
    pub fn recovery(&self) -> Recovery {
        if self.subcode == Some(PAGE_TOKEN_NEEDED) {
            return Recovery::WrongToken;
        }
        let Some(code) = self.code else { return self.without_code() };
        match (code, self.subcode) {
            (190 | 102 | 452, _) if self.is_with_app_token() => Recovery::Operator(Fault::Secret),
            (190, Some(492)) => Recovery::Asset,
            (190, None) if self.asks_for_another_kind() => Recovery::WrongToken,
            (210, _) => Recovery::WrongToken,
            (190 | 102 | 452, subcode) => Recovery::Grant(DeadGrant::of(subcode)),
            (4, Some(2_207_051)) | (25 | 80_002, _) => Recovery::Wait(Budget::Instagram),
            (4 | 341, _) => Recovery::Wait(Budget::App),
            (17, Some(2_446_079)) | (613 | 80_000 | 80_003 | 80_004, _) => Recovery::Wait(Budget::AdAccount),
            (17, _) => Recovery::Wait(Budget::Person),
            (32 | 80_001, _) => Recovery::Wait(Budget::Page),
            (80_005..=80_014, _) => Recovery::Wait(Budget::UseCase),
            (368, _) => Recovery::Wait(Budget::Policy),
            (1, _) => self.code_one(),
            (2, _) => Recovery::RetryLater,
            (960, _) => Recovery::AskForLess,
            (101, _) => Recovery::Operator(Fault::AppId),
            (191, _) => Recovery::Operator(Fault::RedirectUri),
            (2635, _) => Recovery::Operator(Fault::Version),
            (3 | 270 | 294, _) => Recovery::Operator(Fault::Review),
            (10, Some(1_341_012)) | (803, _) => Recovery::Asset,
            (100, _) => self.code_hundred(),
            (10, _) if self.says("not an instagram business") => Recovery::Asset,
            (10 | 200..=299, _) if self.says("access blocked") || self.says("valid app id") => {
                Recovery::Operator(Fault::Blocked)
            }
            (10 | 200..=299, _) if self.is_app_call() => Recovery::Operator(Fault::Review),
            (10 | 200..=299, _) => Recovery::Permission,
            (104 | 506 | 1150 | 2500 | 3018 | 3962, _) => Recovery::Bug,
            _ if self.is_transient == Some(true) || self.status >= 500 => Recovery::RetryLater,
            _ => Recovery::Unknown,
        }
    }

    /// Old and broken envelopes: no number at all.
    fn without_code(&self) -> Recovery {
        match (self.challenge.as_deref(), self.kind.as_deref()) {
            _ if self.endpoint == INSTAGRAM_CODE && self.kind.is_some() => self.instagram_code(),
            (Some("invalid_token"), _) => Recovery::Grant(DeadGrant::SessionInvalid),
            (Some("invalid_code"), _) => Recovery::LoginAgain,
            (Some("invalid_request"), _) | (_, Some("GraphBatchException")) => Recovery::Bug,
            _ if self.status >= 500 => Recovery::RetryLater,
            // An envelope without number and type is a broken server's.
            (_, None) => Recovery::RetryLater,
            _ if self.says("validating access token") => Recovery::Grant(DeadGrant::SessionInvalid),
            _ if self.endpoint == "oauth/access_token" => Recovery::LoginAgain,
            _ => Recovery::Unknown,
        }
    }

    /// Instagram's token endpoint tells a spent code from wrong settings by its words alone.
    fn instagram_code(&self) -> Recovery {
        if self.status >= 500 {
            Recovery::RetryLater
        } else if self.says("redirect_uri") {
            Recovery::Operator(Fault::RedirectUri)
        } else if self.says("platform app") {
            Recovery::Operator(Fault::AppId)
        } else if self.says("client secret") || self.says("client_secret") {
            Recovery::Operator(Fault::Secret)
        } else {
            Recovery::LoginAgain
        }
    }

    /// 1 is "unknown": transient as HTTP 500 or with subcode 99, else a refusal for good. At the token
    /// endpoint it is the app that is refused.
    fn code_one(&self) -> Recovery {
        match self.subcode {
            Some(99) => Recovery::RetryLater,
            _ if self.says("reduce the amount of data") => Recovery::AskForLess,
            _ if self.is_app_call() && self.says("code_verifier") => Recovery::Operator(Fault::Pkce),
            _ if self.is_app_call() && self.says("client secret") => Recovery::Operator(Fault::Secret),
            Some(_) => Recovery::Bug,
            None if self.status >= 500 && self.is_transient != Some(false) => Recovery::RetryLater,
            None if self.is_app_call() => Recovery::Operator(Fault::Settings),
            None => Recovery::Bug,
        }
    }

    /// 100 is "invalid parameter": at the token endpoint the code; on a read mostly an object that is
    /// not there for this token, whatever the words.
    fn code_hundred(&self) -> Recovery {
        match self.subcode {
            Some(36_008) => Recovery::Operator(Fault::RedirectUri),
            Some(36_007 | 36_009) => Recovery::LoginAgain,
            // The app's own node hides itself while the app is in development mode.
            Some(33) if self.endpoint == "subscriptions" => Recovery::Operator(Fault::Review),
            // The account behind a token is always there for it, unless the app lacks its approval or a tester's role.
            Some(33) if self.endpoint == INSTAGRAM_ME => Recovery::Operator(Fault::Review),
            None if self.endpoint == INSTAGRAM_ME && self.says("unsupported") => {
                Recovery::Operator(Fault::Review)
            }
            Some(33) => Recovery::Asset,
            _ if self.says("appsecret_proof") => Recovery::Operator(Fault::Proof),
            _ if self.endpoint == "oauth/access_token" && self.says("redirect_uri") => {
                Recovery::Operator(Fault::RedirectUri)
            }
            _ if self.endpoint == "oauth/access_token" => Recovery::LoginAgain,
            _ if self.says("app secret proof") => Recovery::WrongToken,
            None if self.says("unsupported")
                || self.says("missing permission")
                || self.says("does not exist") =>
            {
                Recovery::Asset
            }
            _ => Recovery::Bug,
        }
    }

    /// Whether Meta's own English words are in the text. Only to choose among remedies.
    fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// 190 without a subcode is often a healthy token that this one call does not take.
    fn asks_for_another_kind(&self) -> bool {
        self.says("page access token") || self.says("application secret required")
    }

    /// Whether the token that was refused is the app's own, not a person's.
    fn is_with_app_token(&self) -> bool {
        matches!(self.endpoint, "debug_token" | "subscriptions" | REVOKE_GRANT | REVOKE_TOKEN)
    }

    /// Whether the call was made with the app's own id and secret.
    fn is_app_call(&self) -> bool {
        matches!(
            self.endpoint,
            "oauth/access_token"
                | "fb_exchange_token"
                | "ig_exchange_token"
                | "debug_token"
                | "subscriptions"
                | REVOKE_GRANT
                | REVOKE_TOKEN
        )
    }
}

impl DeadGrant {
    /// Why Meta refuses a token, from the subcode of its error 190.
    pub fn of(subcode: Option<i64>) -> DeadGrant {
        match subcode {
            Some(458) => DeadGrant::AppRemoved,
            Some(459 | 490) => DeadGrant::Checkpoint,
            Some(460) => DeadGrant::PasswordChanged,
            Some(463) => DeadGrant::Expired,
            Some(464) => DeadGrant::UserUnconfirmed,
            Some(493) => DeadGrant::DataAccessExpired,
            _ => DeadGrant::SessionInvalid,
        }
    }
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
