//! Problems that only the operator can fix.

use serde::{Deserialize, Serialize};
use serde_json::json;

/// A problem that only the operator can fix. Stored as `code` (the variant) and `detail` (its fields, JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "detail", rename_all = "snake_case")]
pub enum OperatorNotice {
    /// Meta refuses calls made with our app's credentials. `misconfiguration` is the graph client's name of the cause.
    MetaAppMisconfigured { misconfiguration: String, error: String },
    /// Meta refuses calls made with the tokens of users, because of our app.
    MetaCallsRefused { misconfiguration: String, error: String },
    /// Every token refresh since then has been refused.
    RefreshesRefused { error: String },
    /// Meta blocked the app or a person for a violation of its policies, not for the number of calls.
    MetaPolicyBlock { error: String },
    /// Meta refused our app while a user was connecting: an error of its login dialog, or of a call.
    MetaLoginRefused { dialog_error: Option<i64>, misconfiguration: Option<String>, error: Option<String> },
    /// Meta serves another API version than the pinned one.
    MetaVersionServed { pinned: String, served: String },
    /// Meta warns about the API version in use, in its own words.
    MetaVersionWarning { warning: String },
    /// Our clock differs from Meta's by this much; positive: ours is behind.
    ClockSkew { seconds: i64 },
    /// Meta sent the app an alert; `header` is its first line.
    MetaNotice { header: String },
    /// Requests come through a proxy whose `X-Forwarded-For` is not trusted.
    UntrustedProxy { address: String },
}

/// The kind of a notice; at most one notice of each kind is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    MetaAppMisconfigured,
    MetaCallsRefused,
    RefreshesRefused,
    MetaPolicyBlock,
    MetaLoginRefused,
    MetaVersionServed,
    MetaVersionWarning,
    ClockSkew,
    MetaNotice,
    UntrustedProxy,
}

impl NoticeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::MetaAppMisconfigured => "meta_app_misconfigured",
            NoticeKind::MetaCallsRefused => "meta_calls_refused",
            NoticeKind::RefreshesRefused => "refreshes_refused",
            NoticeKind::MetaPolicyBlock => "meta_policy_block",
            NoticeKind::MetaLoginRefused => "meta_login_refused",
            NoticeKind::MetaVersionServed => "meta_version_served",
            NoticeKind::MetaVersionWarning => "meta_version_warning",
            NoticeKind::ClockSkew => "clock_skew",
            NoticeKind::MetaNotice => "meta_notice",
            NoticeKind::UntrustedProxy => "untrusted_proxy",
        }
    }
}

/// A stored notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeEntry {
    pub notice: OperatorNotice,
    /// When it was first recorded (Unix milliseconds).
    pub since: i64,
    pub last_at: i64,
    pub times: i64,
}

impl OperatorNotice {
    pub fn kind(&self) -> NoticeKind {
        match self {
            OperatorNotice::MetaAppMisconfigured { .. } => NoticeKind::MetaAppMisconfigured,
            OperatorNotice::MetaCallsRefused { .. } => NoticeKind::MetaCallsRefused,
            OperatorNotice::RefreshesRefused { .. } => NoticeKind::RefreshesRefused,
            OperatorNotice::MetaPolicyBlock { .. } => NoticeKind::MetaPolicyBlock,
            OperatorNotice::MetaLoginRefused { .. } => NoticeKind::MetaLoginRefused,
            OperatorNotice::MetaVersionServed { .. } => NoticeKind::MetaVersionServed,
            OperatorNotice::MetaVersionWarning { .. } => NoticeKind::MetaVersionWarning,
            OperatorNotice::ClockSkew { .. } => NoticeKind::ClockSkew,
            OperatorNotice::MetaNotice { .. } => NoticeKind::MetaNotice,
            OperatorNotice::UntrustedProxy { .. } => NoticeKind::UntrustedProxy,
        }
    }

    /// The fields as JSON.
    pub fn detail(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a notice of text and numbers always serializes");
        value["detail"].take().to_string()
    }

    /// None for a notice of another version of this program.
    pub fn from_columns(code: &str, detail: &str) -> Option<OperatorNotice> {
        let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
        serde_json::from_value(json!({ "code": code, "detail": detail })).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_survive_their_columns() {
        let text = || "x".to_owned();
        for notice in [
            OperatorNotice::MetaAppMisconfigured { misconfiguration: text(), error: text() },
            OperatorNotice::MetaCallsRefused { misconfiguration: text(), error: text() },
            OperatorNotice::RefreshesRefused { error: text() },
            OperatorNotice::MetaPolicyBlock { error: text() },
            OperatorNotice::MetaLoginRefused { dialog_error: Some(1), misconfiguration: None, error: None },
            OperatorNotice::MetaVersionServed { pinned: text(), served: text() },
            OperatorNotice::MetaVersionWarning { warning: text() },
            OperatorNotice::ClockSkew { seconds: -90 },
            OperatorNotice::MetaNotice { header: text() },
            OperatorNotice::UntrustedProxy { address: text() },
        ] {
            let read = OperatorNotice::from_columns(notice.kind().as_str(), &notice.detail());
            assert_eq!(read, Some(notice));
        }
        assert_eq!(OperatorNotice::from_columns("meta_policy_block", "prose"), None);
    }
}
