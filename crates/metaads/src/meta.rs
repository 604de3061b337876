//! The client for Meta, for people and for background work, with quotas, API versions and unrecognized errors shared
//! between replicas through the database.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use metaads_graph::{Graph, GraphError, Learned, MetaApp, Standing, Unknown};
use metaads_store::{QuotaRow, Store, StoreError, UnrecognizedError};

use crate::clock::{Clock, HOUR};
use crate::operator_notices::{SERVED_VERSION, VERSION_WARNING};

/// The quotas of other replicas are read at most this often.
const READ_EVERY_MS: i64 = 1_000;

#[derive(Debug)]
pub struct Meta {
    interactive: Graph,
    background: Graph,
    read_at: AtomicI64,
    has_started: AtomicBool,
    reported: Mutex<Reported>,
}

/// What Meta last said about versions and access tier, and the operator knows already.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Reported {
    served_version: Option<String>,
    version_warning: Option<String>,
    access_tier: Option<String>,
}

impl Meta {
    pub fn new(app: MetaApp, clock: Clock) -> Result<Meta, GraphError> {
        let graph = Graph::new(app, Arc::new(move || clock.now()))?;
        Ok(Meta {
            background: graph.in_background(),
            interactive: graph,
            read_at: AtomicI64::default(),
            has_started: AtomicBool::default(),
            reported: Mutex::default(),
        })
    }

    pub fn graph(&self, is_background: bool) -> &Graph {
        if is_background { &self.background } else { &self.interactive }
    }

    /// The access tier of the Marketing API, as Meta last named it.
    pub fn access_tier(&self) -> Option<String> {
        self.reported.lock().expect("no panic happens while this lock is held").access_tier.clone()
    }

    /// Writes what this replica learned about quotas since the last call, and reads what others have.
    pub async fn share_usage(&self, store: &Store, now: i64) -> Result<(), StoreError> {
        let learned = self.interactive.drain_learned();
        if !learned.standings.is_empty() {
            let rows: Vec<QuotaRow> = learned.standings.iter().map(to_row).collect();
            store.upsert_quotas(&rows).await?;
        }
        for unknown in &learned.unknown {
            let error = to_unrecognized(unknown, now);
            tracing::warn!(kind = error.kind, times = error.times, "unrecognized error from Meta");
            store.count_unrecognized_error(&error).await?;
        }
        self.report_versions(store, &learned, now).await?;
        let read_at = self.read_at.swap(now, Ordering::Relaxed);
        if (read_at..read_at.saturating_add(READ_EVERY_MS)).contains(&now) {
            self.read_at.store(read_at, Ordering::Relaxed);
            return Ok(());
        }
        let rows = store.list_quotas(now - HOUR).await?;
        self.interactive.merge_limits(rows.into_iter().map(from_row).collect());
        Ok(())
    }

    async fn report_versions(&self, store: &Store, learned: &Learned, now: i64) -> Result<(), StoreError> {
        let new = Reported {
            served_version: learned.served.clone(),
            version_warning: learned.warning.clone(),
            access_tier: learned.tier.clone(),
        };
        let old = {
            let mut reported = self.reported.lock().expect("no panic happens while this lock is held");
            std::mem::replace(&mut *reported, new.clone())
        };
        // A restart may have changed the pinned version: old notices no longer hold.
        if !self.has_started.swap(true, Ordering::Relaxed) {
            store.clear_notice(SERVED_VERSION).await?;
            store.clear_notice(VERSION_WARNING).await?;
        }
        if let Some(served) = new.served_version.filter(|served| Some(served) != old.served_version.as_ref())
        {
            let pinned = self.interactive.app().version;
            let text = format!(
                "Meta answers {pinned} calls as {served}: set META_API_VERSION to a version that is served"
            );
            store.notice(SERVED_VERSION, &text, now).await?;
        }
        if let Some(warning) =
            new.version_warning.filter(|warning| Some(warning) != old.version_warning.as_ref())
        {
            store.notice(VERSION_WARNING, &warning, now).await?;
        }
        Ok(())
    }
}

fn to_row(state: &Standing) -> QuotaRow {
    QuotaRow {
        quota: state.key.clone(),
        percent: i64::from(state.percent),
        blocked_until: state.blocked_until,
        seen_at: state.seen_at,
    }
}

fn from_row(row: QuotaRow) -> Standing {
    Standing {
        key: row.quota,
        percent: u32::try_from(row.percent).unwrap_or(u32::MAX),
        blocked_until: row.blocked_until,
        seen_at: row.seen_at,
    }
}

fn to_unrecognized(unknown: &Unknown, now: i64) -> UnrecognizedError {
    let number = |number: Option<i64>| number.map_or("none".to_owned(), |number| number.to_string());
    let (code, subcode) = (number(unknown.code), number(unknown.subcode));
    UnrecognizedError {
        kind: format!("{}, HTTP {}, code {code}/{subcode}", unknown.endpoint, unknown.status),
        times: unknown.times,
        first_at: now,
        last_at: now,
        fbtrace_id: unknown.fbtrace_id.clone(),
    }
}
