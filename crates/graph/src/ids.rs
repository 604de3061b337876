//! Meta's ids and secrets as types of their own. Ids are kept as text: Meta sends them as strings
//! or as numbers beyond 2^53. Secrets have a redacted Debug and are wiped when dropped.

use std::fmt;

use aws_lc_rs::digest;
use secrecy::{ExposeSecret, SecretString};

/// Text that is not an id of Meta's: empty, longer than 64 characters, or not made of digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an id of Meta's")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes 1 to 64 decimal digits.
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
    /// A person (or system user) as this app knows them; another app sees another id.
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
    /// Takes the digits with or without `act_`.
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

            /// The secret itself, for the one place that sends, seals or signs with it.
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
    /// A token that acts for a person, a system user or the app.
    AccessToken
);

/// What tells a token from others in our books: nothing can be read out of it.
pub(crate) fn mark(token: &str) -> String {
    hex::encode(&digest::digest(&digest::SHA256, token.as_bytes()).as_ref()[..8])
}
secret!(
    /// The Meta app's secret.
    AppSecret
);
secret!(
    /// The one-time code that the dialog hands to the callback.
    AuthorizationCode
);
