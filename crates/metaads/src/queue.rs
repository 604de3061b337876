//! The job queue as seen by everything that enqueues: leases, outcomes, and waking up the workers. What a job does
//! is in `worker` and above.

use std::time::Duration;

use metaads_store::Lease;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::clock::ms;

/// After it, another replica may take the job over.
const LEASE_TTL: Duration = Duration::from_secs(60);
/// A step that takes longer is given up, so that it never outlasts its lease.
pub const STEP_DEADLINE: Duration = Duration::from_secs(45);
/// A step that goes through a list of items starts none after this time.
pub const STEP_BUDGET: Duration = Duration::from_secs(20);

/// What became of one step of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobOutcome {
    /// Nothing is left to do: the job is deleted.
    Done,
    /// The step failed: run again after a pause, and count the attempt.
    Retry,
    /// Run again at this moment (Unix milliseconds); nothing has failed.
    RunAt(i64),
    /// The step wrote its own outcome in the same transaction as its results.
    Recorded,
}

/// A lease that starts now.
pub fn lease(now: i64) -> Lease {
    Lease { now, until: now + ms(LEASE_TTL) }
}

/// Wakes waiters in this process. Other replicas find out when they poll.
#[derive(Debug, Default)]
pub struct Signal(Notify);

impl Signal {
    pub fn notify(&self) {
        self.0.notify_waiters();
    }

    /// Wakes one waiter, now or the next that comes.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Resolves at the next [`Signal::notify`] after this call.
    pub fn notified(&self) -> Notified<'_> {
        self.0.notified()
    }
}

/// One signal per event, so that no waiter wakes needlessly.
#[derive(Debug, Default)]
pub struct Signals {
    /// A job was enqueued.
    pub enqueued: Signal,
    /// A connection changed, which may be an event for others, or deliveries were made.
    pub outgoing: Signal,
    /// An authorization or a sync moved on.
    pub connecting: Signal,
    /// A token check ended.
    pub checked: Signal,
}
