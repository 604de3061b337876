//! Lines of the audit trail of accounts.

use metaads_store::AccountEventEntry;

use crate::accounts::sessions::device_name;
use crate::messages::account_events;
use crate::messages::format;

pub struct AccountEventRow {
    pub title: String,
    /// Device and address.
    pub place: String,
    /// Whose account it concerns; empty: nobody's.
    pub account: String,
    /// Who acted.
    pub actor: String,
    pub iso: String,
    pub shown: String,
}

impl AccountEventRow {
    pub fn new(entry: &AccountEventEntry) -> AccountEventRow {
        let device = match entry.user_agent.as_str() {
            "" => String::new(),
            user_agent => device_name(user_agent),
        };
        AccountEventRow {
            title: account_events::title(entry),
            place: account_events::place(entry, &device),
            account: entry.email.clone().unwrap_or_default(),
            actor: account_events::actor(entry),
            iso: format::iso(entry.last_at),
            shown: format::day_and_time(entry.last_at),
        }
    }
}
