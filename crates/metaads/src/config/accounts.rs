//! Who may have an account here.

use crate::config::loopback::is_loopback;
use crate::config::server::ServerConfig;
use crate::config::source::{Mistakes, Source};

#[derive(Debug)]
pub struct AccountsConfig {
    /// `METAADS_ADMIN_EMAILS`, lower case; empty: the first registered user is admin.
    pub admin_emails: Vec<String>,
    /// `METAADS_REGISTRATION`.
    pub registration: Registration,
    /// `METAADS_SIGNIN_LIMITS`.
    pub has_rate_limits: bool,
}

/// `METAADS_REGISTRATION`: who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    Invite,
    Closed,
}

impl AccountsConfig {
    pub(super) fn read(source: &Source, server: &ServerConfig, mistakes: &mut Mistakes) -> AccountsConfig {
        let has_rate_limits = source.switch("METAADS_SIGNIN_LIMITS", true, mistakes);
        if !has_rate_limits && !is_loopback(&server.public_url) {
            mistakes.add("METAADS_SIGNIN_LIMITS", "may be off only where PUBLIC_URL's host is loopback");
        }
        AccountsConfig {
            admin_emails: source
                .list("METAADS_ADMIN_EMAILS")
                .iter()
                .map(|email| email.to_lowercase())
                .collect(),
            registration: registration(source, mistakes),
            has_rate_limits,
        }
    }
}

fn registration(source: &Source, mistakes: &mut Mistakes) -> Registration {
    source.with("METAADS_REGISTRATION", Registration::Open, mistakes, |text| match text {
        "open" => Ok(Registration::Open),
        "invite" => Ok(Registration::Invite),
        "closed" => Ok(Registration::Closed),
        _ => Err("must be open, invite or closed".to_owned()),
    })
}
