//! Who may have an account here.

use crate::accounts::email::email_key;
use crate::clock::DAY;
use crate::config::loopback::is_loopback;
use crate::config::server::ServerConfig;
use crate::config::source::{Mistakes, Source};

#[derive(Debug)]
pub struct AccountsConfig {
    /// `METAADS_ADMIN_EMAILS`, as address keys: admins once their address is proven.
    admin_email_keys: Vec<String>,
    /// `METAADS_REGISTRATION`.
    pub registration: Registration,
    /// `METAADS_SIGNIN_LIMITS`.
    pub has_rate_limits: bool,
    /// `METAADS_AUDIT_RETENTION`: audit events are kept this long, in milliseconds.
    pub audit_retention: i64,
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
            admin_email_keys: source
                .list("METAADS_ADMIN_EMAILS")
                .iter()
                .map(|email| email_key(email))
                .collect(),
            audit_retention: source.with("METAADS_AUDIT_RETENTION", 400 * DAY, mistakes, days),
            registration: registration(source, mistakes),
            has_rate_limits,
        }
    }

    /// Whether METAADS_ADMIN_EMAILS names an address.
    pub fn is_named_admin(&self, email: &str) -> bool {
        self.admin_email_keys.contains(&email_key(email))
    }
}

/// `400d`, at least a day and at most a hundred years.
fn days(text: &str) -> Result<i64, String> {
    let wrong = || "must be a number of days such as 400d".to_owned();
    let number: i64 = text.strip_suffix('d').and_then(|days| days.parse().ok()).ok_or_else(wrong)?;
    if (1..=36_500).contains(&number) { Ok(number * DAY) } else { Err(wrong()) }
}

fn registration(source: &Source, mistakes: &mut Mistakes) -> Registration {
    source.with("METAADS_REGISTRATION", Registration::Open, mistakes, |text| match text {
        "open" => Ok(Registration::Open),
        "invite" => Ok(Registration::Invite),
        "closed" => Ok(Registration::Closed),
        _ => Err("must be open, invite or closed".to_owned()),
    })
}
