//! Error classification: the one table from (code, subcode, endpoint) to what the caller can do.
//!
//! The HTTP status and `type` mislead (a rate limit arrives as 403, an outage as OAuthException) and the text
//! is localized, so they only decide where the code leaves a choice. Sources: Graph API "Error handling",
//! "Rate limiting", Marketing API "Error codes", and the recorded responses in `tests/samples`.

use super::api_error::ApiError;
use super::recovery::{DeadGrant, Misconfiguration, Recovery};
use crate::endpoint::CallKind;
use crate::usage::Quota;

/// A user token was sent where the new Pages experience requires the Page's; comes with several codes.
const PAGE_TOKEN_NEEDED: i64 = 2_069_032;

impl ApiError {
    /// What the caller can do. Each row has a test.
    pub fn recovery(&self) -> Recovery {
        if self.subcode == Some(PAGE_TOKEN_NEEDED) {
            return Recovery::WrongToken;
        }
        let Some(code) = self.code else { return self.without_code() };
        let kind = self.endpoint.call_kind();
        match (code, self.subcode) {
            (190 | 102 | 452, _) if self.status >= 500 => Recovery::RetryLater,
            _ if self.mentions("validating application") => Recovery::Operator(Misconfiguration::AppId),
            _ if self.mentions("developer role") => Recovery::Operator(Misconfiguration::Role),
            _ if kind.authenticates_app() && self.mentions("source ip") => {
                Recovery::Operator(Misconfiguration::IpAllowList)
            }
            (5, _) => Recovery::Operator(Misconfiguration::IpAllowList),
            // No token of a user is involved: what Meta calls invalid is the app's.
            (190 | 102 | 452, _) if kind.sends_only_app_credentials() => {
                Recovery::Operator(Misconfiguration::Secret)
            }
            (190, Some(492)) => Recovery::Asset,
            (190, None) if self.needs_other_token() => Recovery::WrongToken,
            (190 | 102 | 452, None) if self.mentions("password") => {
                Recovery::Grant(DeadGrant::PasswordChanged)
            }
            (210, _) => Recovery::WrongToken,
            (190 | 102 | 452, subcode) => Recovery::Grant(DeadGrant::from_subcode(subcode)),
            (4, Some(2_207_051)) | (25 | 80_002, _) => Recovery::Wait(Quota::Instagram),
            (4 | 341, _) => Recovery::Wait(Quota::App),
            (17, Some(2_446_079)) | (613 | 80_000 | 80_003 | 80_004, _) => Recovery::Wait(Quota::AdAccount),
            // Meta's own SDKs count 9 as a rate limit.
            (9 | 17, _) => Recovery::Wait(Quota::Person),
            (32 | 80_001, _) => Recovery::Wait(Quota::Page),
            (80_005..=80_014, _) => Recovery::Wait(Quota::UseCase),
            (368, _) => Recovery::Wait(Quota::Policy),
            (1, _) => self.code_1(),
            (2 | 1_200, _) | (_, Some(2_018_024)) => Recovery::RetryLater,
            (415, _) | (_, Some(2_859_009 | 1_404_120)) => Recovery::TwoFactor,
            (960, _) => Recovery::ReduceLimit,
            (101, _) => Recovery::Operator(Misconfiguration::AppId),
            (191, _) => Recovery::Operator(Misconfiguration::RedirectUri),
            (2635, _) => Recovery::Operator(Misconfiguration::Version),
            (3 | 270 | 294, _) => Recovery::Operator(Misconfiguration::Review),
            (10, Some(1_341_012)) | (100, Some(2_534_014)) | (803, _) => Recovery::Asset,
            (100, _) => self.code_100(),
            (10, _) if self.mentions("not an instagram business") => Recovery::Asset,
            (10 | 200..=299, _) if self.names_the_app() => Recovery::Operator(Misconfiguration::Blocked),
            (10 | 200..=299, _) if kind.authenticates_app() => Recovery::Operator(Misconfiguration::Review),
            (10 | 200..=299, _) => Recovery::Permission,
            (104 | 506 | 1150 | 2500 | 3018 | 3962, _) => Recovery::Bug,
            _ if self.is_transient == Some(true) || self.status >= 500 => Recovery::RetryLater,
            _ => self.unrecognized(),
        }
    }

    /// A permanent refusal outside the table. Where only the app's credentials were sent, nothing of a user's can be
    /// the cause.
    fn unrecognized(&self) -> Recovery {
        match self.endpoint.call_kind().sends_only_app_credentials() {
            true => Recovery::Operator(Misconfiguration::Settings),
            false => Recovery::Unknown,
        }
    }

    /// Error objects without a code: old forms and broken servers.
    fn without_code(&self) -> Recovery {
        let kind = self.endpoint.call_kind();
        match (self.challenge.as_deref(), self.error_type.as_deref()) {
            _ if kind == CallKind::InstagramCodeExchange && self.error_type.is_some() => {
                self.instagram_code_exchange()
            }
            (Some("invalid_token"), _) => Recovery::Grant(DeadGrant::SessionInvalid),
            (Some("invalid_code"), _) => Recovery::LoginAgain,
            (Some("invalid_request"), _) | (_, Some("GraphBatchException")) => Recovery::Bug,
            _ if self.status >= 500 => Recovery::RetryLater,
            _ if kind.uses_app_token() && self.error_type.is_some() => self.unrecognized(),
            _ if self.mentions("password") => Recovery::Grant(DeadGrant::PasswordChanged),
            // The old REST form, without its number.
            (_, None) if self.status < 300 && !self.message.is_empty() => self.unrecognized(),
            // Neither code nor type: a broken server.
            (_, None) => Recovery::RetryLater,
            _ if self.mentions("validating access token") => Recovery::Grant(DeadGrant::SessionInvalid),
            _ if self.mentions("validating application") => Recovery::Operator(Misconfiguration::AppId),
            _ if kind == CallKind::CodeExchange && self.mentions("code") => Recovery::LoginAgain,
            _ => self.unrecognized(),
        }
    }

    /// Instagram's token endpoint distinguishes a used code from wrong settings only by the message.
    fn instagram_code_exchange(&self) -> Recovery {
        if self.status >= 500 {
            Recovery::RetryLater
        } else if self.mentions("redirect_uri") {
            Recovery::Operator(Misconfiguration::RedirectUri)
        } else if self.mentions("platform app") {
            Recovery::Operator(Misconfiguration::AppId)
        } else if self.mentions("client secret") || self.mentions("client_secret") {
            Recovery::Operator(Misconfiguration::Secret)
        } else if self.mentions("developer role") || self.mentions("tester") {
            Recovery::Operator(Misconfiguration::Role)
        } else if self.mentions("code") {
            Recovery::LoginAgain
        } else {
            self.unrecognized()
        }
    }

    /// 1 is "unknown": transient as HTTP 500 or with subcode 99, otherwise permanent. At the token
    /// endpoint it is about the app.
    fn code_1(&self) -> Recovery {
        let kind = self.endpoint.call_kind();
        match self.subcode {
            Some(99) => Recovery::RetryLater,
            _ if self.mentions("reduce the amount of data") => Recovery::ReduceLimit,
            _ if kind.authenticates_app() && self.mentions("code_verifier") => {
                Recovery::Operator(Misconfiguration::Pkce)
            }
            _ if kind.authenticates_app() && self.mentions("client secret") => {
                Recovery::Operator(Misconfiguration::Secret)
            }
            Some(_) => Recovery::Bug,
            None if self.status >= 500 && self.is_transient != Some(false) => Recovery::RetryLater,
            // The old REST form.
            None if self.status < 300 && self.error_type.is_none() => Recovery::RetryLater,
            None if kind.authenticates_app() => Recovery::Operator(Misconfiguration::Settings),
            None => Recovery::Bug,
        }
    }

    /// 100 is "invalid parameter": at the token endpoint the code; on a read mostly an object that this token
    /// cannot see, whatever the message says.
    fn code_100(&self) -> Recovery {
        let kind = self.endpoint.call_kind();
        match self.subcode {
            Some(36_008) => Recovery::Operator(Misconfiguration::RedirectUri),
            Some(36_007 | 36_009) => Recovery::LoginAgain,
            // The app's own node is hidden while the app is in development mode.
            Some(33) if kind == CallKind::AppSettings => Recovery::Operator(Misconfiguration::Review),
            // A token can always read its own account, unless the app lacks approval or a tester role.
            Some(33) if kind == CallKind::InstagramMe => Recovery::Operator(Misconfiguration::Review),
            None if kind == CallKind::InstagramMe && self.mentions("unsupported") => {
                Recovery::Operator(Misconfiguration::Review)
            }
            Some(33) => Recovery::Asset,
            _ if self.mentions("appsecret_proof") => Recovery::Operator(Misconfiguration::Proof),
            _ if kind == CallKind::CodeExchange && self.mentions("redirect_uri") => {
                Recovery::Operator(Misconfiguration::RedirectUri)
            }
            _ if kind == CallKind::CodeExchange => Recovery::LoginAgain,
            _ if self.mentions("app secret proof") => Recovery::WrongToken,
            None if self.mentions("unsupported")
                || self.mentions("missing permission")
                || self.mentions("does not exist") =>
            {
                Recovery::Asset
            }
            _ => Recovery::Bug,
        }
    }

    /// Looks for Meta's English text, in lower case. Only to choose among remedies: messages may be
    /// localized.
    fn mentions(&self, text: &str) -> bool {
        self.message.to_ascii_lowercase().contains(text)
    }

    /// A refusal for lack of permission that the app has caused, not the user whose token was sent.
    fn names_the_app(&self) -> bool {
        [
            "access blocked",
            "access deactivated",
            "valid app id",
            "app has been disabled",
            "app is deactivated",
        ]
        .into_iter()
        .any(|text| self.mentions(text))
    }

    /// 190 without a subcode is often a valid token that this one call does not accept.
    fn needs_other_token(&self) -> bool {
        self.mentions("page access token") || self.mentions("application secret required")
    }
}

impl DeadGrant {
    /// Why Meta refuses a token, from the subcode of its error 190.
    pub fn from_subcode(subcode: Option<i64>) -> DeadGrant {
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
#[path = "classify_tests.rs"]
mod tests;
