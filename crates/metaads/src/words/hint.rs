//! The note on a connection that works, but will want somebody, or of which a part has stopped.

use super::catalogue::Code;
use super::time::{day, first_name};

/// What the note says, and the one thing to press.
#[derive(Debug, Clone)]
pub struct Hint {
    /// `note-warn` or `note-bad`.
    pub class: &'static str,
    pub title: String,
    pub text: String,
    pub button: String,
    /// Whether Facebook shall ask anew for what is there or was declined.
    pub is_asking_again: bool,
}

/// The access ends soon, although it was tried to renew it.
pub fn ending(name: &str, ends_at: i64, now: i64) -> Hint {
    let who = first_name(name);
    Hint {
        class: "note-warn",
        title: "Facebook has not renewed this yet".to_owned(),
        text: format!(
            "We keep trying every few hours. To be safe, have {who} sign in before {}. Everything works until then.",
            day(ends_at, now)
        ),
        button: format!("Renew with {who}"),
        is_asking_again: false,
    }
}

/// Facebook's 90-day clock, which stops Instagram only.
pub fn instagram(name: &str, ends_at: i64, now: i64) -> Hint {
    let title = if ends_at <= now {
        format!("Facebook’s 90-day access for Instagram ended on {}", day(ends_at, now))
    } else {
        format!("Instagram needs {} by {}", first_name(name), day(ends_at, now))
    };
    Hint {
        class: if ends_at <= now { "note-bad" } else { "note-warn" },
        title,
        text: "Facebook asks every 90 days. Ads and Pages are not affected.".to_owned(),
        button: "Confirm on Facebook".to_owned(),
        is_asking_again: true,
    }
}

/// A permission that Facebook took back because it was not used.
pub fn lapsed(name: &str) -> Hint {
    let words = Code::PermissionExpired.words();
    Hint {
        class: "note-bad",
        title: words.title.to_owned(),
        text: words.cause.to_owned(),
        button: format!("Ask {} again", first_name(name)),
        is_asking_again: true,
    }
}
