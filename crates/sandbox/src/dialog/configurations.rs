//! Configurations of Facebook Login for Business, which an operator would create in the App Dashboard: each
//! defines the kind of token, its lifetime and the permissions.

use crate::state::tokens::TokenKind;

#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) id: &'static str,
    pub(crate) kind: TokenKind,
    /// Seconds; `None` means the token never expires.
    pub(crate) lifetime: Option<i64>,
    pub(crate) note: &'static str,
}

/// The permissions that every configuration requests.
pub(crate) const SCOPES: [&str; 6] = [
    "ads_management",
    "ads_read",
    "business_management",
    "pages_read_engagement",
    "pages_show_list",
    "instagram_basic",
];

const SIXTY_DAYS: i64 = 5_184_000;

pub(crate) const CONFIGURATIONS: [Configuration; 3] = [
    Configuration {
        id: "600700800900",
        kind: TokenKind::SystemUser,
        lifetime: None,
        note: "system user, never expires",
    },
    Configuration {
        id: "600700800901",
        kind: TokenKind::SystemUser,
        lifetime: Some(SIXTY_DAYS),
        note: "system user, 60 days",
    },
    Configuration { id: "600700800902", kind: TokenKind::User, lifetime: None, note: "user token" },
];

pub(crate) fn find(id: &str) -> Option<&'static Configuration> {
    CONFIGURATIONS.iter().find(|one| one.id == id)
}
