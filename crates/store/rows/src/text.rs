//! Ids, scope sets and enums that are stored as text.

use std::fmt;

use uuid::Uuid;

/// Stores a type as TEXT through `as_str` and reads it back through `from_text`.
macro_rules! stored_as_text {
    ($name:ident) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $name
        where
            String: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <String as sqlx::Type<DB>>::type_info()
            }
            fn compatible(info: &DB::TypeInfo) -> bool {
                <String as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $name
        where
            &'r str: sqlx::Decode<'r, DB>,
        {
            fn decode(
                value: <DB as sqlx::Database>::ValueRef<'r>,
            ) -> Result<$name, sqlx::error::BoxDynError> {
                let text = <&str as sqlx::Decode<DB>>::decode(value)?;
                $name::from_text(text)
                    .ok_or_else(|| concat!("a stored value is not a valid ", stringify!($name)).into())
            }
        }
    };
}
pub(crate) use stored_as_text;

/// An enum that is stored as text.
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
            pub fn from_text(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }

        $crate::text::stored_as_text!($name);
    };
}
pub(crate) use text_enum;

macro_rules! row_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            pub fn new(id: Uuid) -> $name {
                $name(id.hyphenated().to_string())
            }
            /// Takes a UUID in its canonical, lower-case form.
            pub fn from_text(text: &str) -> Option<$name> {
                let id = Uuid::try_parse(text).ok()?;
                let canonical = id.hyphenated().to_string();
                (canonical == text).then_some($name(canonical))
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

        stored_as_text!($name);
    };
}

row_id!(
    /// A user who signs in here with an e-mail address and a password.
    UserId
);
row_id!(
    /// The owner of connections. So far each user has one personal workspace.
    WorkspaceId
);
row_id!(
    /// A session of a signed-in browser.
    SessionId
);
row_id!(
    /// An attempt to connect.
    AuthorizationId
);
row_id!(
    /// A Meta identity linked to a workspace.
    ConnectionId
);
row_id!(
    /// A one-time URL on which another product's user connects an account.
    ConnectSessionId
);
row_id!(
    /// A background job.
    JobId
);

impl WorkspaceId {
    /// The personal workspace of a user. It has the user's id, so that values that were sealed for a user before there
    /// were workspaces still open.
    pub fn personal(user: &UserId) -> WorkspaceId {
        WorkspaceId(user.0.clone())
    }
}

/// Permissions (or tasks), stored as one text separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeSet(pub Vec<String>);

impl ScopeSet {
    pub fn from_text(text: &str) -> Option<ScopeSet> {
        Some(ScopeSet(text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()))
    }

    /// The text that is stored.
    pub fn to_text(&self) -> String {
        self.0.join(",")
    }

    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }
}

stored_as_text!(ScopeSet);
