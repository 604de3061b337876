//! Problems that only the operator can fix, as admins see them. `since` is a day.

use metaads_graph::Misconfiguration;
use metaads_store::OperatorNotice;

use crate::messages::format::{count, plural};

#[derive(Debug, Clone)]
pub struct OperatorNoticeText {
    pub title: String,
    pub text: &'static str,
}

pub fn outdated_version() -> OperatorNoticeText {
    OperatorNoticeText {
        title: "Update the version of Meta’s API.".to_owned(),
        text: "Nothing breaks today; once the version has ended, Meta answers differently.",
    }
}

pub fn served_version(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has served another API version since {since}."),
        text: "Connections keep working, but data that changed between the versions may be missing or wrong.",
    }
}

pub fn version_warning(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has warned about the API version since {since}."),
        text: "Connections keep working for now.",
    }
}

pub fn login_refused(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has refused our app during sign-in since {since}."),
        text: "Nobody can connect until this is fixed. Existing connections keep working.",
    }
}

pub fn policy_block(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has blocked an action since {since}."),
        text: "Connections keep working. The blocked action waits until somebody looks into it.",
    }
}

pub fn meta_notice(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta sent the app a notice on {since}."),
        text: "Read it in the App Dashboard.",
    }
}

pub fn clock_skew(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("This server’s clock has been wrong since {since}."),
        text: "Times in histories are wrong, and logins may be refused. Set up time synchronization (NTP).",
    }
}

pub fn untrusted_proxy(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Requests have come through an unnamed proxy since {since}."),
        text: "Everybody behind it shares one address, and so the limits on sign-ins.",
    }
}

pub fn app_refused(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has refused our app since {since}."),
        text: "Check its ID, secret and settings in the App Dashboard. Until then nothing is renewed, and nobody is asked to reconnect.",
    }
}

pub fn calls_refused(since: &str) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has refused calls for our users since {since}, because of our app."),
        text: "Check the app’s mode, alerts and approvals in the App Dashboard. Until then accounts are not synced, and nobody is asked to reconnect.",
    }
}

/// `times`: refused refreshes in a row.
pub fn refreshes_refused(since: &str, times: i64) -> OperatorNoticeText {
    OperatorNoticeText {
        title: format!("Meta has refused every token refresh since {since}: {}.", count(times)),
        text: "Connections work until their tokens end. Run metaads doctor, and look at the app’s alerts in the App Dashboard.",
    }
}

/// What Meta answered, and how to fix it, in one line.
pub fn detail(notice: &OperatorNotice) -> String {
    match notice {
        OperatorNotice::MetaAppMisconfigured { misconfiguration, error }
        | OperatorNotice::MetaCallsRefused { misconfiguration, error } => with_fix(error, misconfiguration),
        OperatorNotice::MetaPolicyBlock { error } | OperatorNotice::RefreshesRefused { error } => {
            error.clone()
        }
        OperatorNotice::MetaLoginRefused { dialog_error, misconfiguration, error } => {
            let number = dialog_error.map(|number| format!("Error {number} of Meta’s login dialog"));
            let what = number.or_else(|| error.clone()).unwrap_or_default();
            with_fix(&what, misconfiguration.as_deref().unwrap_or_default())
        }
        OperatorNotice::MetaVersionServed { pinned, served } => {
            format!(
                "Meta answers {pinned} calls as {served}: set META_API_VERSION to a version that Meta serves"
            )
        }
        OperatorNotice::MetaVersionWarning { warning } => warning.clone(),
        OperatorNotice::ClockSkew { seconds } => match seconds {
            0.. => format!("It is {} behind Meta’s", plural(*seconds, "second", "seconds")),
            _ => format!("It is {} ahead of Meta’s", plural(-seconds, "second", "seconds")),
        },
        OperatorNotice::MetaNotice { header } => header.clone(),
        OperatorNotice::UntrustedProxy { address } => format!(
            "A request from {address} had X-Forwarded-For. If that is your proxy, add it to METAADS_TRUSTED_PROXIES; if not, somebody wrote the header, and it was ignored"
        ),
    }
}

fn with_fix(what: &str, misconfiguration: &str) -> String {
    match (what, Misconfiguration::from_text(misconfiguration)) {
        ("", Some(misconfiguration)) => misconfiguration.remedy().to_owned(),
        (what, Some(misconfiguration)) => format!("{what}. {}", misconfiguration.remedy()),
        (what, None) => what.to_owned(),
    }
}
