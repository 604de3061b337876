//! Work in the background.

use crate::assets::{AssetBatch, UnreadList};
use crate::text::{ConnectionId, JobId, text_enum};

text_enum!(
    /// What is to be done, and with what (`subject`).
    JobKind {
        /// Read the rest of a connection's assets. Subject: connection id.
        Sync = "sync",
        /// Ask Meta whether a connection's token still lives. Subject: connection id.
        Check = "check",
        /// Apply Meta's calls to us. Subject: `meta`.
        Webhooks = "webhooks",
        /// Look at the standing of chosen ad accounts. Subject: connection id.
        StatusCheck = "status_check",
        /// End a grant at Meta. Subject: `{app id}:{app-scoped user id}`.
        Revoke = "revoke",
    }
);

impl JobKind {
    /// 0: somebody waits for it; 1: upkeep.
    pub fn priority(self) -> i64 {
        match self {
            JobKind::Sync | JobKind::Check | JobKind::Webhooks | JobKind::Revoke => 0,
            JobKind::StatusCheck => 1,
        }
    }
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    /// JSON of the kind's own.
    pub payload: String,
    pub attempts: i64,
    /// 0: somebody waits for it; 1: upkeep.
    pub priority: i64,
    /// Only the holder of the newest fence may settle.
    pub fence: i64,
}

/// What one step of reading assets found, and where to go on.
#[derive(Debug)]
pub struct SyncStep {
    pub connection_id: ConnectionId,
    pub generation: i64,
    pub assets: AssetBatch,
    /// A list that could not be read.
    pub unread: Option<UnreadList>,
    pub total: Option<i64>,
    /// None: that was the last step.
    pub next: Option<String>,
    pub at: i64,
    pub audit_id: String,
}

/// From when until when a claimed job is held.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub now: i64,
    pub until: i64,
}

impl Lease {
    /// A lease beyond this was taken by a clock that went wrong; clocks of replicas differ by less.
    pub fn farthest(self) -> i64 {
        self.until + 10 * (self.until - self.now)
    }
}
