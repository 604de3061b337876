//! Background jobs: what they do, what they carry, and their leases.

use serde::{Deserialize, Serialize};

use crate::assets::{AssetBatch, UnreadList};
use crate::error::StoreError;
use crate::text::{ConnectionId, JobId, text_enum};

text_enum!(
    /// What a job does, and what its `subject` names.
    JobKind {
        /// Sync a connection's assets. Subject: connection id.
        Sync = "sync",
        /// Check a connection's token with Meta, and refresh it when due. Subject: connection id.
        Check = "check",
        /// Apply the events of the webhook inbox. Subject: `meta`.
        Webhooks = "webhooks",
        /// Check the status of selected ad accounts. Subject: connection id.
        StatusCheck = "status_check",
        /// Revoke a grant at Meta. Subject: `{app id}:{app-scoped user id}`.
        Revoke = "revoke",
        /// Make the deliveries of new outbox events. Subject: workspace id.
        Events = "events",
        /// Deliver events to an endpoint. Subject: endpoint id.
        Deliver = "deliver",
    }
);

impl JobKind {
    /// The default priority.
    pub fn priority(self) -> Priority {
        match self {
            JobKind::Sync | JobKind::Check | JobKind::Webhooks | JobKind::Revoke => Priority::Interactive,
            JobKind::StatusCheck => Priority::Background,
            JobKind::Events | JobKind::Deliver => Priority::Outgoing,
        }
    }
}

/// Whether a user is waiting. Interactive jobs are claimed first, and one worker runs nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Interactive,
    Background,
    /// Outgoing webhooks, which wait for other people's servers: they have workers of their own, and those run nothing
    /// else.
    Outgoing,
}

impl Priority {
    /// The stored number: the lower one is claimed first.
    pub fn to_number(self) -> i64 {
        match self {
            Priority::Interactive => 0,
            Priority::Background => 1,
            Priority::Outgoing => 2,
        }
    }

    pub fn from_number(number: i64) -> Priority {
        match number {
            0 => Priority::Interactive,
            2 => Priority::Outgoing,
            _ => Priority::Background,
        }
    }
}

/// Which jobs a worker claims first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimOrder {
    /// Interactive jobs, and nothing else: somebody who has just connected never waits behind background work.
    InteractiveOnly,
    /// Interactive jobs; before them, background jobs that are overdue by [`AGED_MS`].
    InteractiveFirst,
    /// Background jobs other than syncs, then interactive ones: however many people press buttons, tokens are refreshed.
    UpkeepFirst,
    /// Outgoing webhooks, and nothing else: making deliveries before sending them.
    OutgoingOnly,
}

impl ClaimOrder {
    /// The number in the claiming statement.
    pub fn to_number(self) -> i64 {
        match self {
            ClaimOrder::InteractiveOnly => 0,
            ClaimOrder::InteractiveFirst => 1,
            ClaimOrder::UpkeepFirst => 2,
            ClaimOrder::OutgoingOnly => 3,
        }
    }
}

/// A background job that is overdue by this much (milliseconds) is as urgent as an interactive one.
pub const AGED_MS: i64 = 60_000;

/// What becomes of a sync that is already running when another one is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfSyncing {
    /// It goes on, and is enough. One that is stuck is restarted.
    Continue,
    /// It goes on, and is followed by another one: what it has read may have changed since.
    RunAgain,
    /// It is replaced.
    Restart,
}

/// The parameters of a job beside its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobPayload {
    /// None. Enqueued over a job with a payload, that payload stays.
    Empty,
    Check(CheckPayload),
    /// The sync plan, JSON in the service's own format.
    Sync(String),
}

/// The parameters of a token check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPayload {
    /// Sync the assets afterwards: a login elsewhere has changed the grant.
    #[serde(default)]
    pub resync: bool,
    /// The service was off since then, which the history records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_since: Option<i64>,
}

impl JobPayload {
    /// The stored text; "" for [`JobPayload::Empty`].
    pub fn to_text(&self) -> String {
        match self {
            JobPayload::Empty => String::new(),
            JobPayload::Check(check) => {
                serde_json::to_string(check).expect("a bool and a number always serialize")
            }
            JobPayload::Sync(plan) => plan.clone(),
        }
    }

    fn from_text(kind: JobKind, text: String) -> Result<JobPayload, StoreError> {
        match kind {
            _ if text.is_empty() => Ok(JobPayload::Empty),
            JobKind::Sync => Ok(JobPayload::Sync(text)),
            JobKind::Check => serde_json::from_str(&text).map(JobPayload::Check).map_err(|error| {
                StoreError::Inconsistent { table: "jobs", what: format!("payload of a check: {error}") }
            }),
            JobKind::Webhooks
            | JobKind::StatusCheck
            | JobKind::Revoke
            | JobKind::Events
            | JobKind::Deliver => Ok(JobPayload::Empty),
        }
    }
}

/// A job about to be enqueued. There is at most one per kind and subject.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    pub payload: JobPayload,
    pub priority: Priority,
    /// Unix milliseconds.
    pub run_at: i64,
}

/// A claimed job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub kind: JobKind,
    pub subject: String,
    pub payload: JobPayload,
    /// Failed attempts in a row.
    pub attempts: i64,
    pub priority: Priority,
    /// Increases with each claim: only the holder of the newest fence may write an outcome.
    pub fence: i64,
}

impl Job {
    /// The parameters of a token check; the default for other jobs.
    pub fn check_payload(&self) -> CheckPayload {
        match self.payload {
            JobPayload::Check(check) => check,
            JobPayload::Empty | JobPayload::Sync(_) => CheckPayload::default(),
        }
    }
}

/// [`Job`] as columns.
#[derive(Debug)]
pub struct JobRow {
    pub id: JobId,
    pub kind: String,
    pub subject: String,
    pub payload: String,
    pub attempts: i64,
    pub priority: i64,
    pub fence: i64,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Job, StoreError> {
        let Some(kind) = JobKind::from_text(&row.kind) else {
            let what = format!("{} is not a kind of job", row.kind);
            return Err(StoreError::Inconsistent { table: "jobs", what });
        };
        Ok(Job {
            payload: JobPayload::from_text(kind, row.payload)?,
            id: row.id,
            kind,
            subject: row.subject,
            attempts: row.attempts,
            priority: Priority::from_number(row.priority),
            fence: row.fence,
        })
    }
}

/// Whose connection it is, as Meta says now. None: as before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileUpdate {
    pub name: Option<String>,
    pub picture_url: Option<String>,
    pub business_name: Option<String>,
}

/// What one step of a sync found, and the rest of its plan.
#[derive(Debug)]
pub struct SyncStep {
    pub connection_id: ConnectionId,
    pub generation: i64,
    pub assets: AssetBatch,
    /// A list that could not be read.
    pub unread: Option<UnreadList>,
    /// The number of ad accounts, if Meta reports one.
    pub total: Option<i64>,
    /// The rest of the plan, as JSON, and when its first item is due (Unix milliseconds); None: that was the last step.
    pub next: Option<(String, i64)>,
    /// What Meta says now about whose connection it is.
    pub profile: Option<ProfileUpdate>,
    /// Every item that is left has failed several times.
    pub is_stuck: bool,
    /// See [`Connection::sync_limits`](crate::Connection::sync_limits); None: as before.
    pub limits: Option<String>,
    /// Unix milliseconds.
    pub at: i64,
    pub status_check_id: JobId,
    pub audit_id: String,
}

/// The time for which a claimed job is held.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    pub now: i64,
    pub until: i64,
}

impl Lease {
    /// A lease that ends later was taken by a wrong clock: clocks of replicas differ by less.
    pub fn farthest(self) -> i64 {
        self.until + 10 * (self.until - self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_survive_their_column() {
        let check = CheckPayload { resync: true, offline_since: Some(5) };
        for (kind, payload) in [
            (JobKind::Check, JobPayload::Check(check)),
            (JobKind::Check, JobPayload::Empty),
            (JobKind::Sync, JobPayload::Sync("{}".to_owned())),
            (JobKind::Revoke, JobPayload::Empty),
        ] {
            assert_eq!(JobPayload::from_text(kind, payload.to_text()).ok(), Some(payload));
        }
        assert!(JobPayload::from_text(JobKind::Check, "prose".to_owned()).is_err());
    }
}
