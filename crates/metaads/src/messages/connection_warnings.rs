//! The note on a connection that works, but will want somebody, or of which a part has stopped.

use crate::codes::error_code::Code;
use crate::messages::connection_label::ConnectionLabel;
use crate::messages::errors::error_text;
use crate::messages::format::day;

/// What the note says, and the one thing to press.
#[derive(Debug, Clone)]
pub struct ConnectionWarning {
    /// `note-warn` or `note-bad`.
    pub class: &'static str,
    pub title: String,
    pub text: String,
    pub button: String,
    /// Whether Facebook shall ask anew for what is there or was declined.
    pub is_asking_again: bool,
}

/// The access ends soon, although it was tried to renew it.
pub fn ending(who: ConnectionLabel<'_>, ends_at: i64, now: i64) -> ConnectionWarning {
    let ConnectionLabel { name, is_person, place } = who;
    let safe = match is_person {
        true => format!("have {name} sign in"),
        false => format!("connect {name} again"),
    };
    ConnectionWarning {
        class: "note-warn",
        title: format!("{place} has not renewed this yet"),
        text: format!(
            "We keep trying every few hours. To be safe, {safe} before {}. Everything works until then.",
            day(ends_at, now)
        ),
        button: if is_person { format!("Renew with {name}") } else { format!("Reconnect {name}") },
        is_asking_again: false,
    }
}

/// Facebook's 90-day clock, which stops Instagram only.
pub fn instagram(who: ConnectionLabel<'_>, ends_at: i64, now: i64) -> ConnectionWarning {
    let title = if ends_at <= now {
        format!("Facebook’s 90-day access for Instagram ended on {}", day(ends_at, now))
    } else {
        format!("Instagram needs {} by {}", who.name, day(ends_at, now))
    };
    ConnectionWarning {
        class: if ends_at <= now { "note-bad" } else { "note-warn" },
        title,
        text: "Facebook asks every 90 days. Ads and Pages are not affected.".to_owned(),
        button: "Confirm on Facebook".to_owned(),
        is_asking_again: true,
    }
}

/// A permission that Facebook took back because it was not used.
pub fn lapsed(who: ConnectionLabel<'_>) -> ConnectionWarning {
    let words = error_text(Code::PermissionExpired);
    ConnectionWarning {
        class: "note-bad",
        title: words.title.to_owned(),
        text: words.cause.to_owned(),
        button: format!("Ask {} again", who.name),
        is_asking_again: true,
    }
}
