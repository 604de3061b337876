//! The status of a connection: its badge, the words below its lifeline, and its facts.

use metaads_store::{AssetCounts, ConnectionKind};

use crate::messages::format::plural;

pub const ACTION_NEEDED: &str = "Action needed";
pub const ACTIVE: &str = "Active";
pub const DISCONNECTED: &str = "Disconnected";
pub const NO_END_DATE: &str = "No end date";

/// "6 days left"
pub fn days_left(days: i64) -> String {
    if days < 1 { "Ends today".to_owned() } else { plural(days, "day left", "days left") }
}

/// "Syncing 812 of 1,307"
pub fn syncing(done: &str, total: Option<&str>) -> String {
    match total {
        Some(total) => format!("Syncing {done} of {total}"),
        None => format!("Syncing {done}"),
    }
}

pub fn connected(day: &str) -> String {
    format!("Connected {day}")
}

pub fn renewed(day: &str) -> String {
    format!("Renewed {day}")
}

pub fn stopped(day: &str) -> String {
    format!("Stopped {day}")
}

pub fn removed(day: &str) -> String {
    format!("Removed {day}")
}

pub fn disconnected(day: &str) -> String {
    format!("Disconnected {day}")
}

pub fn ends(day: &str) -> String {
    format!("Ends {day}")
}

pub fn being_renewed(valid_until: &str) -> String {
    format!("Renewing, valid until {valid_until}")
}

pub fn renews_from(day: &str) -> String {
    format!("Renews automatically from {day}")
}

/// "Facebook · Studio Nordlicht GmbH and 2 more"
pub fn subtitle(kind: ConnectionKind, first_business: Option<&str>, businesses: i64) -> String {
    let kind = match kind {
        ConnectionKind::FacebookUser => "Facebook",
        ConnectionKind::BusinessSystemUser => "Business system user",
        ConnectionKind::InstagramUser => "Instagram",
    };
    match (first_business, businesses) {
        (Some(first), 1) => format!("{kind} · {first}"),
        (Some(first), more) => format!("{kind} · {first} and {} more", more - 1),
        (None, _) => kind.to_owned(),
    }
}

/// "All 6", "5 of 6" or "1 of 1"
pub fn permissions(granted: usize, asked: usize) -> String {
    if granted == asked && asked > 1 { format!("All {asked}") } else { format!("{granted} of {asked}") }
}

/// "All 6 permissions granted"
pub fn permissions_granted(granted: usize, asked: usize) -> String {
    let noun = if asked == 1 { "permission" } else { "permissions" };
    format!("{} {noun} granted", permissions(granted, asked))
}

/// "3 businesses, 1,307 ad accounts, 41 Pages and 27 Instagram accounts."
pub fn assets(counts: &AssetCounts) -> String {
    let parts = [
        (counts.businesses, "business", "businesses"),
        (counts.ad_accounts, "ad account", "ad accounts"),
        (counts.pages, "Page", "Pages"),
        (counts.instagram_accounts, "Instagram account", "Instagram accounts"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _, _)| *number > 0)
        .map(|(number, one, many)| plural(number, one, many))
        .collect();
    match parts.split_last() {
        None => "No ad account came with it.".to_owned(),
        Some((last, [])) => format!("{last}."),
        Some((last, rest)) => format!("{} and {last}.", rest.join(", ")),
    }
}

/// "1,307 ad accounts in 3 businesses"
pub fn reach(ad_accounts: i64, businesses: i64) -> String {
    let accounts = plural(ad_accounts, "ad account", "ad accounts");
    match businesses {
        0 => accounts,
        number => format!("{accounts} in {}", plural(number, "business", "businesses")),
    }
}
