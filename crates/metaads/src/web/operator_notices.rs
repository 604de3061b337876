//! OperatorNoticeView that only the operator can mend, as admins see it.

use metaads_store::{NoticeEntry, NoticeKind};

use crate::app::App;
use crate::messages::format;

/// What only the operator can mend.
#[derive(Debug)]
pub struct OperatorNoticeView {
    pub title: String,
    pub text: &'static str,
    pub detail: String,
}

impl OperatorNoticeView {
    /// Everything that is wrong at this moment.
    pub fn all(app: &App, notices: Vec<NoticeEntry>, now: i64) -> Vec<OperatorNoticeView> {
        let version =
            crate::api_version::warning(&app.graph().app().version, now).map(|detail| OperatorNoticeView {
                title: "The version of Meta’s API has to be changed.".to_owned(),
                text: "Nothing breaks today by itself; after the end Meta answers in other ways.",
                detail,
            });
        notices.into_iter().map(|notice| OperatorNoticeView::of(notice, now)).chain(version).collect()
    }

    fn of(entry: NoticeEntry, now: i64) -> OperatorNoticeView {
        let since = format::day(entry.since, now);
        let (title, text) = match entry.notice.kind() {
            NoticeKind::MetaVersionServed => (
                format!("Meta serves another version of its API since {since}."),
                "Connections go on; what changed between the versions may be missing or wrong.",
            ),
            NoticeKind::MetaVersionWarning => {
                (format!("Meta warns of the API version since {since}."), "Connections go on for now.")
            }
            NoticeKind::MetaLoginRefused => (
                format!("Meta refused our app when somebody connected, since {since}."),
                "Nobody can connect until it is mended; connections that are there go on.",
            ),
            NoticeKind::MetaPolicyBlock => (
                format!("Meta has blocked something since {since}."),
                "Connections go on; what was blocked waits for somebody to look.",
            ),
            NoticeKind::MetaNotice => {
                (format!("Meta sent the app a notice, since {since}."), "Read it in the App Dashboard.")
            }
            NoticeKind::MetaAppMisconfigured => (
                format!("Meta refuses our app since {since}."),
                "Check its id, secret and settings in the Meta app’s dashboard; until then nothing is renewed, and nobody is asked to reconnect.",
            ),
        };
        OperatorNoticeView { title, text, detail: entry.notice.detail() }
    }
}
