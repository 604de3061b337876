//! OperatorNoticeView that only the operator can mend, as admins see it.

use metaads_store::OperatorNotice;

use crate::app::App;
use crate::messages::format;
use crate::operator_notices;

/// What only the operator can mend.
#[derive(Debug)]
pub struct OperatorNoticeView {
    pub title: String,
    pub text: &'static str,
    pub detail: String,
}

impl OperatorNoticeView {
    /// Everything that is wrong at this moment.
    pub fn all(app: &App, notices: Vec<OperatorNotice>, now: i64) -> Vec<OperatorNoticeView> {
        let version =
            crate::api_version::warning(&app.graph().app().version, now).map(|detail| OperatorNoticeView {
                title: "The version of Meta’s API has to be changed.".to_owned(),
                text: "Nothing breaks today by itself; after the end Meta answers in other ways.",
                detail,
            });
        notices.into_iter().map(|notice| OperatorNoticeView::of(notice, now)).chain(version).collect()
    }

    fn of(notice: OperatorNotice, now: i64) -> OperatorNoticeView {
        let since = format::day(notice.since, now);
        let (title, text) = match notice.code.as_str() {
            operator_notices::SERVED_VERSION => (
                format!("Meta serves another version of its API since {since}."),
                "Connections go on; what changed between the versions may be missing or wrong.",
            ),
            operator_notices::VERSION_WARNING => {
                (format!("Meta warns of the API version since {since}."), "Connections go on for now.")
            }
            operator_notices::LOGIN_REFUSED => (
                format!("Meta refused our app when somebody connected, since {since}."),
                "Nobody can connect until it is mended; connections that are there go on.",
            ),
            operator_notices::POLICY_BLOCK => (
                format!("Meta has blocked something since {since}."),
                "Connections go on; what was blocked waits for somebody to look.",
            ),
            "meta_notice" => {
                (format!("Meta sent the app a notice, since {since}."), "Read it in the App Dashboard.")
            }
            _ => (
                format!("Meta refuses our app since {since}."),
                "Check its id, secret and settings in the Meta app’s dashboard; until then nothing is renewed, and nobody is asked to reconnect.",
            ),
        };
        OperatorNoticeView { title, text, detail: notice.detail }
    }
}
