//! The one-line notice on the page after an action.

use crate::codes::notice::Notice;
use crate::messages::notices::notice;
use crate::web::tone::Tone;

pub struct NoticeView {
    pub text: String,
    pub tone: Tone,
    pub icon: &'static str,
}

impl NoticeView {
    /// From the key in the URL; None for a key that we did not put there.
    pub fn from_key(key: Option<&str>) -> Option<NoticeView> {
        NoticeView::with_number(key, 0)
    }

    /// `number` counts what the action applied to.
    pub fn with_number(key: Option<&str>, number: i64) -> Option<NoticeView> {
        let key = Notice::from_text(key?)?;
        let (tone, icon) = tone_and_icon(key);
        Some(NoticeView { text: notice(key, number), tone, icon })
    }
}

fn tone_and_icon(notice: Notice) -> (Tone, &'static str) {
    match notice {
        Notice::Renewed
        | Notice::AccessWorks
        | Notice::SyncStarted
        | Notice::Selected
        | Notice::ConnectionRemoved
        | Notice::PasswordChanged
        | Notice::SessionEnded
        | Notice::OtherSessionsEnded
        | Notice::ThemeSaved
        | Notice::EventsReplayed
        | Notice::DeletionsStarted => (Tone::Good, "circle-check"),
        Notice::NotRenewed | Notice::NotConnected => (Tone::Neutral, "info"),
        Notice::MetaUnavailable
        | Notice::RateLimited
        | Notice::StillBroken
        | Notice::SomeRefused
        | Notice::SomeUnanswered => (Tone::Warning, "triangle-alert"),
    }
}
