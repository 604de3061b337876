//! Recording problems that only the operator can fix. They are kept until they are over, and shown to admins alone.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use metaads_graph::{GraphError, Quota, Recovery};
use metaads_store::{Job, NoticeEntry, NoticeKind, OperatorNotice, Store};

/// Refused refreshes in a row, over all connections, from which on admins see it.
const REFRESHES_REFUSED: i64 = 3;

use crate::clock::HOUR;

/// Records a notice if only the operator can fix this error.
pub async fn report_error(store: &Store, now: i64, error: &GraphError) {
    let notice = match error.recovery() {
        Recovery::Operator(misconfiguration) => {
            let (misconfiguration, message) = (misconfiguration.as_str().to_owned(), error.to_string());
            match error.is_of_app_call() {
                true => OperatorNotice::MetaAppMisconfigured { misconfiguration, error: message },
                false => OperatorNotice::MetaCallsRefused { misconfiguration, error: message },
            }
        }
        Recovery::Wait(Quota::Policy) => OperatorNotice::MetaPolicyBlock { error: error.to_string() },
        _ => return,
    };
    report(store, now, &notice).await;
}

/// Whether admins see it. One connection whose token Meta refuses to refresh is no sign of anything; all of them are.
pub fn is_shown(entry: &NoticeEntry) -> bool {
    entry.notice.kind() != NoticeKind::RefreshesRefused || entry.times >= REFRESHES_REFUSED
}

/// Records a notice. A store that fails here fails the caller's own statements too, so the failure is only
/// logged.
pub async fn report(store: &Store, now: i64, notice: &OperatorNotice) {
    tracing::warn!(?notice, "the operator has to act");
    if let Err(error) = store.record_notice(notice, now).await {
        tracing::error!(%error, "an operator notice could not be recorded");
    }
}

/// Meta has accepted a call after failed attempts: the notice about calls of this kind is over.
pub async fn clear_after_retry(store: &Store, job: &Job, kind: NoticeKind) {
    if job.attempts > 0 {
        clear(store, kind).await;
    }
}

/// The notice is over. A store that fails here fails the caller's own statements too, so the failure is only logged.
pub async fn clear(store: &Store, kind: NoticeKind) {
    if let Err(error) = store.clear_notice(kind).await {
        tracing::error!(%error, "an operator notice could not be cleared");
    }
}

/// Anybody can send the header that causes this notice, so it is recorded this often at most.
const PROXY_REPORT_EVERY: i64 = HOUR;

/// When notices that requests cause were recorded last; 0: never.
#[derive(Debug, Default)]
pub struct LastReports {
    proxy: AtomicI64,
}

/// A request says that it was forwarded, but came from an address that METAADS_TRUSTED_PROXIES does not name: the
/// limits of one person count for everybody behind that proxy.
pub async fn report_untrusted_proxy(store: &Store, last: &LastReports, now: i64, peer: IpAddr) {
    let before = last.proxy.load(Ordering::SeqCst);
    if (now - PROXY_REPORT_EVERY..=now).contains(&before)
        || last.proxy.compare_exchange(before, now, Ordering::SeqCst, Ordering::SeqCst).is_err()
    {
        return;
    }
    report(store, now, &OperatorNotice::UntrustedProxy { address: peer.to_string() }).await;
}
