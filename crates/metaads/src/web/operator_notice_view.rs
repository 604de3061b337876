//! Problems that only the operator can fix, as admins see them.

use metaads_store::{NoticeEntry, NoticeKind};

use crate::api_version;
use crate::app::App;
use crate::messages::format;
use crate::messages::operator_notices::{self as text, OperatorNoticeText};
use crate::operator_notices::is_shown;

pub struct OperatorNoticeView {
    pub text: OperatorNoticeText,
    /// What exactly Meta answered, and how to fix it.
    pub detail: String,
}

impl OperatorNoticeView {
    /// The stored notices, and the end of the API version.
    pub fn all(app: &App, notices: &[NoticeEntry], now: i64) -> Vec<OperatorNoticeView> {
        let version = api_version::warning(&app.graph().app().version, now);
        let version = version.map(|detail| OperatorNoticeView { text: text::outdated_version(), detail });
        let notices = notices.iter().filter(|entry| is_shown(entry));
        notices.map(|entry| OperatorNoticeView::of(entry, now)).chain(version).collect()
    }

    fn of(entry: &NoticeEntry, now: i64) -> OperatorNoticeView {
        let since = format::day(entry.since, now);
        let text = match entry.notice.kind() {
            NoticeKind::MetaVersionServed => text::served_version(&since),
            NoticeKind::MetaVersionWarning => text::version_warning(&since),
            NoticeKind::MetaLoginRefused => text::login_refused(&since),
            NoticeKind::MetaPolicyBlock => text::policy_block(&since),
            NoticeKind::ClockSkew => text::clock_skew(&since),
            NoticeKind::MetaNotice => text::meta_notice(&since),
            NoticeKind::MetaCallsRefused => text::calls_refused(&since),
            NoticeKind::RefreshesRefused => text::refreshes_refused(&since, entry.times),
            NoticeKind::UntrustedProxy => text::untrusted_proxy(&since),
            NoticeKind::MetaAppMisconfigured => text::app_refused(&since),
        };
        OperatorNoticeView { text, detail: text::detail(&entry.notice) }
    }
}
