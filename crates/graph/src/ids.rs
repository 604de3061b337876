//! Meta's ids and secrets, each with its own type. Ids are kept as text, since Meta sends them as strings or
//! as numbers beyond 2^53. Secrets have a redacted Debug and are zeroed on drop.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The text is not an id of Meta's: empty, longer than 64 characters, or not all digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of Meta's")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to 64 decimal digits.
            pub fn parse(text: &str) -> Result<$name, IdError> {
                let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                if fits { Ok($name(text.to_owned())) } else { Err(IdError) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The Meta app.
    AppId
);
id!(
    /// A person or system user. The id is valid for this app only; other apps see other ids.
    AppScopedUserId
);
id!(
    /// A business portfolio.
    BusinessId
);
id!(
    /// A Facebook Page.
    PageId
);
id!(
    /// An Instagram professional account (`1784…`).
    InstagramId
);
id!(
    /// An ad account, without the `act_` that Graph paths need.
    AdAccountId
);

impl AdAccountId {
    /// Accepts the digits with or without `act_`.
    pub fn parse_any(text: &str) -> Result<AdAccountId, IdError> {
        AdAccountId::parse(text.strip_prefix("act_").unwrap_or(text))
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            pub fn new(text: String) -> $name {
                $name(SecretString::from(text))
            }

            /// The secret itself, for the code that sends, seals or signs with it.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}

secret!(
    /// A token of a person, a system user or the app.
    AccessToken
);
secret!(
    /// The Meta app's secret.
    AppSecret
);
secret!(
    /// The one-time code that the login dialog passes to the callback.
    AuthorizationCode
);
