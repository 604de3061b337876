//! Problems that only the operator can fix. They are kept until they are over, and shown to admins alone.

use metaads_graph::{Budget, GraphError, Recovery};
use metaads_store::{Job, Store};

use crate::codes::error_code::Code;

/// Meta serves another API version than the pinned one.
pub const SERVED_VERSION: &str = "meta_version_served";
/// Meta warns about the API version in use.
pub const VERSION_WARNING: &str = "meta_version_warning";
/// Meta blocked the app or a person for what was done, not for how often.
pub const POLICY_BLOCK: &str = "meta_policy_block";
/// Meta refused our app while somebody was connecting.
pub const LOGIN_REFUSED: &str = "meta_login_refused";

/// Records a notice if only the operator can fix this error.
pub async fn tell_operator(store: &Store, now: i64, error: &GraphError) {
    let (code, text) = match error.recovery() {
        Recovery::Operator(fault) => (Code::MetaAppMisconfigured.as_str(), fault.remedy()),
        Recovery::Wait(Budget::Policy) => (
            POLICY_BLOCK,
            "Meta has blocked what this app or a person does, and waits for somebody to look: see the alerts in the App Dashboard and Account Quality",
        ),
        _ => return,
    };
    note(store, now, code, &format!("{text} ({error})")).await;
}

/// Records a notice. A store that fails here has already been reported by the caller's own statements.
pub async fn note(store: &Store, now: i64, code: &str, text: &str) {
    if let Err(error) = store.notice(code, text, now).await {
        tracing::error!(%error, "an operator notice could not be recorded");
    }
}

/// Meta has accepted our app again after failed attempts: the notice is over.
pub async fn clear_after_retry(store: &Store, job: &Job) {
    if job.attempts == 0 {
        return;
    }
    if let Err(error) = store.clear_notice(Code::MetaAppMisconfigured.as_str()).await {
        tracing::error!(%error, "an operator notice could not be cleared");
    }
}
