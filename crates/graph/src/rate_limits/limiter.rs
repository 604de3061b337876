//! Keeps the state of Meta's quotas and decides whether a call may be sent. It also collects what responses
//! report beside their bodies: the served version, warnings, and errors that the classification does not
//! know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::UNIX_EPOCH;

use super::quota_keys::QuotaKeys;
use super::report::{QuotaState, UnrecognizedError, UsageReport};
use crate::error::{ApiError, Misconfiguration, Recovery};
use crate::headers::Headers;
use crate::usage::Usage;
use crate::version::GraphVersion;

/// Whether somebody waits for the call. Background work stops early, to leave the rest of a quota to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Interactive,
    Background,
}

/// From this usage on, background work pauses so that interactive calls still succeed.
#[derive(Debug)]
struct Threshold {
    percent: u32,
    pause_ms: i64,
}

const SOFT_LIMIT: Threshold = Threshold { percent: 85, pause_ms: 2 * 60_000 };
const HARD_LIMIT: Threshold = Threshold { percent: 95, pause_ms: 10 * 60_000 };
/// Bounds memory use; one process meets far fewer quotas in an hour.
const MAX_QUOTAS: usize = 50_000;
/// Bounds memory use; there are fewer kinds of errors than this.
const MAX_UNRECOGNIZED: usize = 500;
/// Meta's quotas cover a rolling hour: older states are no longer valid.
const QUOTA_WINDOW_MS: i64 = 60 * 60_000;
/// Block of a quota that is full and for which Meta reports no regain time.
const DEFAULT_BLOCK_MS: i64 = 60_000;
/// Longest text kept from a version header.
const MAX_HEADER_CHARS: usize = 300;

/// Shared by all clones of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct RateLimiter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    quotas: HashMap<String, QuotaState>,
    /// Keys of the quotas for the next report.
    changed: Vec<String>,
    unrecognized: Vec<UnrecognizedError>,
    served_version: Option<String>,
    version_warning: Option<String>,
    access_tier: Option<String>,
    clock_skew_ms: Option<i64>,
}

/// The quota that blocks a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub quota: String,
    /// Unix milliseconds.
    pub until: i64,
}

impl RateLimiter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens while this lock is held")
    }

    /// Returns the quota that blocks the call for longest; `Ok`: the call may be sent. `now` is in Unix
    /// milliseconds.
    pub fn check_quota(&self, keys: &QuotaKeys, priority: Priority, now: i64) -> Result<(), Block> {
        let state = self.state();
        let blocked_until = |quota: &QuotaState| {
            // The clock may have been set back since, or the one that saw it is ahead.
            let seen_at = quota.seen_at.min(now);
            let paused_until = match priority {
                Priority::Interactive => 0,
                Priority::Background if quota.percent >= HARD_LIMIT.percent => seen_at + HARD_LIMIT.pause_ms,
                Priority::Background if quota.percent >= SOFT_LIMIT.percent => seen_at + SOFT_LIMIT.pause_ms,
                Priority::Background => 0,
            };
            quota.blocked_until.max(paused_until)
        };
        // A block that ends later than Meta's longest was set by a wrong clock.
        let is_plausible = |until: i64| until > now && until <= now + 2 * QUOTA_WINDOW_MS;
        let own = [keys.app, keys.person.as_str()].into_iter().filter_map(|key| state.quotas.get(key));
        // Only quotas close to their end are kept per object, so this scan is short.
        let of_object = state.quotas.values().filter(|quota| keys.counts_against(&quota.key));
        let blocks = own
            .chain(of_object)
            .map(|quota| Block { quota: quota.key.clone(), until: blocked_until(quota) })
            .filter(|block| is_plausible(block.until));
        match blocks.max_by_key(|block| block.until) {
            Some(block) => Err(block),
            None => Ok(()),
        }
    }

    /// Records the usage that a response reports and the error it returned, if any. `now` is in Unix
    /// milliseconds.
    pub fn record(&self, keys: &QuotaKeys, usage: &Usage, error: Option<&ApiError>, now: i64) {
        let mut state = self.state();
        for reported in &usage.quotas {
            let Some(key) = keys.reported(&reported.quota) else { continue };
            let blocked_until = match reported.is_exhausted() {
                true => now + reported.regain_ms.unwrap_or(DEFAULT_BLOCK_MS).min(QUOTA_WINDOW_MS),
                false => 0,
            };
            state.update(QuotaState { key, percent: reported.percent, blocked_until, seen_at: now });
        }
        state.access_tier = usage.access_tier.clone().or_else(|| state.access_tier.take());
        let Some(error) = error else { return };
        match error.recovery() {
            Recovery::Wait(quota) => {
                let blocked_until = now + usage.pause_ms(quota, error.endpoint.use_case());
                let key = keys.exhausted(quota);
                state.update(QuotaState { key, percent: 100, blocked_until, seen_at: now });
            }
            Recovery::Unknown | Recovery::Bug | Recovery::Operator(Misconfiguration::Settings) => {
                state.count_unrecognized(error);
            }
            Recovery::RetryLater
            | Recovery::ReduceLimit
            | Recovery::Operator(_)
            | Recovery::Grant(_)
            | Recovery::Permission
            | Recovery::Asset
            | Recovery::LoginAgain
            | Recovery::TwoFactor
            | Recovery::WrongToken => {}
        }
    }

    /// Records which version served a response.
    pub fn record_version(&self, headers: &Headers, pinned: &GraphVersion) {
        let bounded = |text: &str| {
            text.chars().filter(|letter| !letter.is_control()).take(MAX_HEADER_CHARS).collect::<String>()
        };
        let mut state = self.state();
        // Kept once seen: an old version may be replaced on some endpoints only.
        if let Some(served) =
            headers.get("facebook-api-version").filter(|served| *served != pinned.to_string())
        {
            state.served_version = Some(bounded(served));
        }
        if let Some(warning) = headers.get("x-ad-api-version-warning") {
            state.version_warning = Some(bounded(warning));
        }
    }

    /// Records how far Meta's clock is ahead of ours. `now` is in Unix milliseconds.
    pub fn record_date(&self, headers: &Headers, now: i64) {
        let date = headers.get("date").and_then(|text| httpdate::parse_http_date(text).ok());
        let since = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
        if let Some(theirs) = since.and_then(|since| i64::try_from(since.as_millis()).ok()) {
            self.state().clock_skew_ms = Some(theirs - now);
        }
    }

    /// What was learned since the last call. Versions, warnings and the access tier are reported every time.
    pub fn drain(&self) -> UsageReport {
        let mut state = self.state();
        let mut keys = std::mem::take(&mut state.changed);
        keys.sort();
        keys.dedup();
        let quotas = keys.iter().filter_map(|key| state.quotas.get(key).cloned()).collect();
        UsageReport {
            quotas,
            unrecognized: std::mem::take(&mut state.unrecognized),
            served_version: state.served_version.clone(),
            version_warning: state.version_warning.clone(),
            access_tier: state.access_tier.clone(),
            clock_skew_ms: state.clock_skew_ms,
        }
    }

    /// Adds what other processes have learned, and drops what is too old. `now` is in Unix milliseconds.
    pub fn merge(&self, others: Vec<QuotaState>, now: i64) {
        let mut state = self.state();
        for mut other in others {
            // Another process's clock may be ahead; it must not make its observations the newest for ever.
            other.seen_at = other.seen_at.min(now);
            if let Some(own) = state.quotas.get(&other.key) {
                if own.seen_at >= other.seen_at {
                    (other.percent, other.seen_at) = (own.percent, own.seen_at);
                }
                other.blocked_until = other.blocked_until.max(own.blocked_until);
            }
            state.quotas.insert(other.key.clone(), other);
        }
        state.quotas.retain(|_, quota| quota.blocked_until > now || quota.seen_at + QUOTA_WINDOW_MS > now);
    }
}

impl State {
    fn update(&mut self, mut quota: QuotaState) {
        let known = self.quotas.get(&quota.key);
        // A response to a call that was sent before the block was set does not lift it.
        if let Some(known) = known {
            quota.blocked_until = quota.blocked_until.max(known.blocked_until);
        }
        let is_near_limit = quota.percent >= SOFT_LIMIT.percent || quota.blocked_until > quota.seen_at;
        let is_known = known.is_some();
        let is_app = !quota.key.contains(':');
        let is_worth_keeping = is_near_limit || is_known || is_app;
        if !is_worth_keeping || (!is_known && self.quotas.len() >= MAX_QUOTAS) {
            return;
        }
        // Every response reports the app's quota: only a change by ten percent is worth a write.
        let has_moved = known.is_none_or(|known| known.percent / 10 != quota.percent / 10);
        let was_near_limit = known.is_some_and(|known| known.percent >= SOFT_LIMIT.percent);
        if is_near_limit || was_near_limit || (is_app && has_moved) {
            self.changed.push(quota.key.clone());
        }
        self.quotas.insert(quota.key.clone(), quota);
    }

    fn count_unrecognized(&mut self, error: &ApiError) {
        let kind = |one: &UnrecognizedError| (one.endpoint, one.status, one.code, one.subcode);
        let new = UnrecognizedError {
            endpoint: error.endpoint,
            status: error.status,
            code: error.code,
            subcode: error.subcode,
            count: 1,
            fbtrace_id: error.fbtrace_id.clone(),
        };
        let is_full = self.unrecognized.len() >= MAX_UNRECOGNIZED;
        match self.unrecognized.iter_mut().find(|known| kind(known) == kind(&new)) {
            Some(known) => {
                known.count += 1;
                known.fbtrace_id = new.fbtrace_id.or(known.fbtrace_id.take());
            }
            None if is_full => {}
            None => self.unrecognized.push(new),
        }
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
