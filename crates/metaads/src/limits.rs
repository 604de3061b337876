//! Meta's limits, versions and unknown answers, shared between the replicas through the database. The
//! client keeps the books ([`metaads_graph::Graph::drain_learned`]); here they are written and read.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use metaads_graph::{Learned, Standing, Unknown};
use metaads_store::{Limit, StoreError, UnknownAnswer};

use crate::app::App;
use crate::connections::schedule::HOUR;

/// What others have learned is looked up so often at most.
const READ_EVERY_MS: i64 = 1_000;

/// Notice to the operator: another version is served than the pinned one.
pub const SERVED_VERSION: &str = "meta_version_served";
/// Notice to the operator: Meta warns of the version in use.
pub const VERSION_WARNING: &str = "meta_version_warning";

/// What has been told already.
#[derive(Debug, Default)]
pub struct Limits {
    read_at: AtomicI64,
    has_begun: AtomicBool,
    told: Mutex<Told>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Told {
    served: Option<String>,
    warning: Option<String>,
    tier: Option<String>,
}

/// Writes what was learned since the last time, and learns what others have.
pub async fn share(app: &App) -> Result<(), StoreError> {
    let (learned, now) = (app.graph().drain_learned(), app.now());
    if !learned.standings.is_empty() {
        let rows: Vec<Limit> = learned.standings.iter().map(to_row).collect();
        app.store.share_limits(&rows).await?;
    }
    for unknown in &learned.unknown {
        let answer = to_answer(unknown, now);
        tracing::warn!(
            kind = answer.kind,
            times = answer.times,
            "an answer of Meta's that nobody has described"
        );
        app.store.count_unknown(&answer).await?;
    }
    tell_operator(app, &learned).await?;
    let read_at = app.meta.limits.read_at.swap(now, Ordering::Relaxed);
    if (read_at..read_at.saturating_add(READ_EVERY_MS)).contains(&now) {
        app.meta.limits.read_at.store(read_at, Ordering::Relaxed);
        return Ok(());
    }
    let rows = app.store.list_limits(now - HOUR).await?;
    app.graph().merge_limits(rows.into_iter().map(from_row).collect());
    Ok(())
}

/// The access tier of the Marketing API, as Meta last named it.
pub fn tier(app: &App) -> Option<String> {
    app.meta.limits.told.lock().expect("no panic happens while this lock is held").tier.clone()
}

/// An allowance in words. `budget` as in the table `meta_limits`.
pub fn name(budget: &str) -> String {
    let mut parts = budget.splitn(3, ':');
    match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
        ("app", None, _) => "The whole app".to_owned(),
        ("instagram app", None, _) => "The Instagram app".to_owned(),
        ("person", Some(_), _) => "One person".to_owned(),
        ("ad_account", Some(id), _) => format!("Ad account {id}"),
        ("use_case", Some(id), Some(kind)) => format!("{} of {id}", kind.replace('_', " ")),
        ("object", Some(id), _) => format!("Asset {id}"),
        _ => budget.to_owned(),
    }
}

async fn tell_operator(app: &App, learned: &Learned) -> Result<(), StoreError> {
    let new =
        Told { served: learned.served.clone(), warning: learned.warning.clone(), tier: learned.tier.clone() };
    let old = {
        let mut told = app.meta.limits.told.lock().expect("no panic happens while this lock is held");
        std::mem::replace(&mut *told, new.clone())
    };
    // A new process starts without prejudice: the version may have been changed.
    if !app.meta.limits.has_begun.swap(true, Ordering::Relaxed) {
        app.store.clear_notice(SERVED_VERSION).await?;
        app.store.clear_notice(VERSION_WARNING).await?;
    }
    if let Some(served) = new.served.filter(|served| Some(served) != old.served.as_ref()) {
        let pinned = app.graph().app().version;
        let text = format!(
            "Meta answers {pinned} calls as {served}: set META_API_VERSION to a version that is served"
        );
        app.store.notice(SERVED_VERSION, &text, app.now()).await?;
    }
    if let Some(warning) = new.warning.filter(|warning| Some(warning) != old.warning.as_ref()) {
        app.store.notice(VERSION_WARNING, &warning, app.now()).await?;
    }
    Ok(())
}

fn to_row(standing: &Standing) -> Limit {
    Limit {
        budget: standing.key.clone(),
        percent: i64::from(standing.percent),
        blocked_until: standing.blocked_until,
        seen_at: standing.seen_at,
    }
}

fn from_row(limit: Limit) -> Standing {
    Standing {
        key: limit.budget,
        percent: u32::try_from(limit.percent).unwrap_or(u32::MAX),
        blocked_until: limit.blocked_until,
        seen_at: limit.seen_at,
    }
}

fn to_answer(unknown: &Unknown, now: i64) -> UnknownAnswer {
    let number = |number: Option<i64>| number.map_or("none".to_owned(), |number| number.to_string());
    let (code, subcode) = (number(unknown.code), number(unknown.subcode));
    UnknownAnswer {
        kind: format!("{}, HTTP {}, code {code}/{subcode}", unknown.endpoint, unknown.status),
        times: unknown.times,
        first_at: now,
        last_at: now,
        fbtrace_id: unknown.fbtrace_id.clone(),
    }
}
