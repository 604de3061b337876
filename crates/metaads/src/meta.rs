//! The client for Meta, for people and for background work, with quotas, API versions and unrecognized errors shared
//! between replicas through the database.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use metaads_graph::{Graph, GraphError, MetaApp, QuotaState, UsageReport};
use metaads_store::{NoticeKind, OperatorNotice, Priority, QuotaRow, Store, StoreError, UnrecognizedError};

use crate::clock::{Clock, HOUR};

/// The quotas of other replicas are read at most this often.
const READ_EVERY_MS: i64 = 1_000;

/// From this difference on, our clock or Meta's is wrong (milliseconds).
const SKEW_MS: i64 = 60_000;

#[derive(Debug)]
pub struct Meta {
    interactive: Graph,
    background: Graph,
    read_at: AtomicI64,
    has_started: AtomicBool,
    reported: Mutex<Reported>,
}

/// What Meta last reported about versions and the access tier.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Reported {
    served_version: Option<String>,
    version_warning: Option<String>,
    access_tier: Option<String>,
    /// Rounded, so that it changes rarely; None: our clock agrees with Meta's.
    clock_skew_seconds: Option<i64>,
}

impl Meta {
    pub fn new(app: MetaApp, clock: Clock) -> Result<Meta, GraphError> {
        let graph = Graph::new(app, Arc::new(move || clock.now()))?;
        Ok(Meta {
            background: graph.with_priority(metaads_graph::Priority::Background),
            interactive: graph,
            read_at: AtomicI64::default(),
            has_started: AtomicBool::default(),
            reported: Mutex::default(),
        })
    }

    pub fn graph(&self, priority: Priority) -> &Graph {
        match priority {
            Priority::Interactive => &self.interactive,
            Priority::Background | Priority::Outgoing => &self.background,
        }
    }

    /// The access tier of the Marketing API, as Meta last named it.
    pub fn access_tier(&self) -> Option<String> {
        self.reported.lock().expect("no panic happens while this lock is held").access_tier.clone()
    }

    /// Writes what this replica learned about quotas since the last call, and reads what others have.
    pub async fn share_usage(&self, store: &Store, now: i64) -> Result<(), StoreError> {
        let report = self.interactive.drain_usage();
        if !report.quotas.is_empty() {
            let rows: Vec<QuotaRow> = report.quotas.iter().map(to_row).collect();
            store.upsert_quotas(&rows).await?;
        }
        for error in &report.unrecognized {
            let row = to_unrecognized(error, now);
            tracing::warn!(kind = row.kind, times = row.times, "unrecognized error from Meta");
            store.count_unrecognized_error(&row).await?;
        }
        self.report_versions(store, &report, now).await?;
        let read_at = self.read_at.swap(now, Ordering::Relaxed);
        if (read_at..read_at.saturating_add(READ_EVERY_MS)).contains(&now) {
            self.read_at.store(read_at, Ordering::Relaxed);
            return Ok(());
        }
        let rows = store.list_quotas(now - HOUR).await?;
        self.interactive.merge_quotas(rows.into_iter().map(from_row).collect());
        Ok(())
    }

    async fn report_versions(&self, store: &Store, report: &UsageReport, now: i64) -> Result<(), StoreError> {
        let new = Reported {
            served_version: report.served_version.clone(),
            version_warning: report.version_warning.clone(),
            access_tier: report.access_tier.clone(),
            clock_skew_seconds: report
                .clock_skew_ms
                .filter(|skew| skew.abs() >= SKEW_MS)
                .map(|skew| skew / 10_000 * 10),
        };
        let old = {
            let mut reported = self.reported.lock().expect("no panic happens while this lock is held");
            std::mem::replace(&mut *reported, new.clone())
        };
        // A restart may have changed the pinned version: old notices no longer hold.
        if !self.has_started.swap(true, Ordering::Relaxed) {
            store.clear_notice(NoticeKind::MetaVersionServed).await?;
            store.clear_notice(NoticeKind::MetaVersionWarning).await?;
        }
        match new.clock_skew_seconds {
            skew if skew == old.clock_skew_seconds => {}
            Some(seconds) => store.record_notice(&OperatorNotice::ClockSkew { seconds }, now).await?,
            None => {
                store.clear_notice(NoticeKind::ClockSkew).await?;
            }
        }
        if let Some(served) = new.served_version.filter(|served| Some(served) != old.served_version.as_ref())
        {
            let pinned = self.interactive.app().version.to_string();
            store.record_notice(&OperatorNotice::MetaVersionServed { pinned, served }, now).await?;
        }
        if let Some(warning) =
            new.version_warning.filter(|warning| Some(warning) != old.version_warning.as_ref())
        {
            store.record_notice(&OperatorNotice::MetaVersionWarning { warning }, now).await?;
        }
        Ok(())
    }
}

fn to_row(state: &QuotaState) -> QuotaRow {
    QuotaRow {
        quota: state.key.clone(),
        percent: i64::from(state.percent),
        blocked_until: state.blocked_until,
        seen_at: state.seen_at,
    }
}

fn from_row(row: QuotaRow) -> QuotaState {
    QuotaState {
        key: row.quota,
        percent: u32::try_from(row.percent).unwrap_or(u32::MAX),
        blocked_until: row.blocked_until,
        seen_at: row.seen_at,
    }
}

fn to_unrecognized(error: &metaads_graph::UnrecognizedError, now: i64) -> UnrecognizedError {
    let number = |number: Option<i64>| number.map_or("none".to_owned(), |number| number.to_string());
    let (code, subcode) = (number(error.code), number(error.subcode));
    UnrecognizedError {
        kind: format!("{}, HTTP {}, code {code}/{subcode}", error.endpoint, error.status),
        times: error.count,
        first_at: now,
        last_at: now,
        fbtrace_id: error.fbtrace_id.clone(),
    }
}
