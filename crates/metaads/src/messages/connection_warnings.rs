//! The note on a connection that works, but will need somebody soon or has lost a part.

use crate::codes::error_code::Code;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::errors::error_text;
use crate::messages::format::day;

#[derive(Debug, Clone)]
pub struct WarningText {
    pub title: String,
    pub text: String,
    /// Empty: the person can do nothing about it.
    pub button: String,
}

/// The access ends soon, and renewing it has not worked so far.
pub fn expiring(who: ConnectionLabel<'_>, ends_at: i64, now: i64) -> WarningText {
    let ConnectionLabel { name, is_person, place } = who;
    let safe = match is_person {
        true => format!("have {name} sign in"),
        false => format!("reconnect {name}"),
    };
    WarningText {
        title: format!("{place} has not renewed this yet"),
        text: format!(
            "We try again every few hours. To be safe, {safe} before {}. Everything works until then.",
            day(ends_at, now)
        ),
        button: if is_person { format!("Renew with {name}") } else { format!("Reconnect {name}") },
    }
}

/// Meta's 90-day limit on data access, which affects Instagram only.
pub fn data_access(who: ConnectionLabel<'_>, ends_at: i64, now: i64) -> WarningText {
    let day = day(ends_at, now);
    WarningText {
        title: match ends_at <= now {
            true => format!("Facebook’s 90-day access for Instagram ended on {day}"),
            false => format!("Instagram needs {} by {day}", who.name),
        },
        text: "Facebook asks every 90 days. Ads and Pages are not affected.".to_owned(),
        button: "Confirm on Facebook".to_owned(),
    }
}

/// A permission that Meta took back, because it was not used.
pub fn permission_expired(who: ConnectionLabel<'_>) -> WarningText {
    let text = error_text(Code::PermissionExpired);
    WarningText {
        title: text.title.to_owned(),
        text: text.cause.to_owned(),
        button: format!("Ask {} again", who.name),
    }
}

/// A permission that Meta's dialog did not offer.
pub fn permissions_not_offered() -> WarningText {
    let text = error_text(Code::PermissionsNotOffered);
    WarningText {
        title: text.title.to_owned(),
        text: format!("{} Your admin has to act.", text.cause),
        button: String::new(),
    }
}
