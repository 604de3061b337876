//! Recording problems that only the operator can fix. They are kept until they are over, and shown to admins alone.

use metaads_graph::{GraphError, Quota, Recovery};
use metaads_store::{Job, NoticeKind, OperatorNotice, Store};

/// Records a notice if only the operator can fix this error.
pub async fn report_error(store: &Store, now: i64, error: &GraphError) {
    let notice = match error.recovery() {
        Recovery::Operator(misconfiguration) => OperatorNotice::MetaAppMisconfigured {
            misconfiguration: misconfiguration.as_str().to_owned(),
            error: error.to_string(),
        },
        Recovery::Wait(Quota::Policy) => OperatorNotice::MetaPolicyBlock { error: error.to_string() },
        _ => return,
    };
    report(store, now, &notice).await;
}

/// Records a notice. A store that fails here fails the caller's own statements too, so the failure is only
/// logged.
pub async fn report(store: &Store, now: i64, notice: &OperatorNotice) {
    tracing::warn!(?notice, "the operator has to act");
    if let Err(error) = store.record_notice(notice, now).await {
        tracing::error!(%error, "an operator notice could not be recorded");
    }
}

/// Meta has accepted our app after failed attempts: the notice is over.
pub async fn clear_after_retry(store: &Store, job: &Job) {
    if job.attempts == 0 {
        return;
    }
    if let Err(error) = store.clear_notice(NoticeKind::MetaAppMisconfigured).await {
        tracing::error!(%error, "an operator notice could not be cleared");
    }
}
