//! What programs do with their keys: how often within a minute, and a log that is written before they get an answer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use metaads_store::{ApiCall, Store, StoreError};
use tokio::sync::oneshot;

/// Milliseconds that one window of a key lasts.
const WINDOW_MS: i64 = 60_000;
/// Above this number of windows those that are over are forgotten.
const MANY_WINDOWS: usize = 1_000;
/// Calls that one transaction records at most.
const BATCH: usize = 500;

#[derive(Debug, Default)]
pub struct ApiUsage {
    windows: Mutex<HashMap<String, Window>>,
    log: CallLog,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    started_at: i64,
    calls: u32,
}

/// How much of a key's calls a minute is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub limit: u32,
    /// None: this call is one too many.
    pub remaining: Option<u32>,
    /// Until the window is over.
    pub seconds: i64,
}

impl ApiUsage {
    /// Counts one call of a key in this process. `limit`: calls a minute.
    pub fn count(&self, key: &str, limit: u32, now: i64) -> Allowance {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |window: &Window| now < window.started_at || now >= window.started_at + WINDOW_MS;
        if windows.len() > MANY_WINDOWS {
            windows.retain(|_, window| !is_over(window));
        }
        let window = windows.entry(key.to_owned()).or_insert(Window { started_at: now, calls: 0 });
        if is_over(window) {
            *window = Window { started_at: now, calls: 0 };
        }
        window.calls = window.calls.saturating_add(1);
        let until_end = window.started_at + WINDOW_MS - now;
        Allowance { limit, remaining: limit.checked_sub(window.calls), seconds: (until_end + 999) / 1_000 }
    }

    /// Records a call; returns once it is stored. Calls at the same moment share one transaction.
    pub async fn record(&self, store: &Store, call: ApiCall) -> Result<(), StoreError> {
        self.log.record(store, call).await
    }
}

#[derive(Debug, Default)]
struct CallLog {
    pending: Mutex<Vec<(ApiCall, oneshot::Sender<bool>)>>,
    /// Held by the one caller that writes for all.
    writing: tokio::sync::Mutex<()>,
}

impl CallLog {
    async fn record(&self, store: &Store, call: ApiCall) -> Result<(), StoreError> {
        let (done, mut is_done) = oneshot::channel();
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push((call, done));
        loop {
            let _turn = self.writing.lock().await;
            // The caller that wrote before may have written this call too.
            if let Ok(is_stored) = is_done.try_recv() {
                return if is_stored { Ok(()) } else { Err(StoreError::timed_out()) };
            }
            let batch = {
                let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
                let number = pending.len().min(BATCH);
                pending.drain(..number).collect::<Vec<_>>()
            };
            let (calls, waiting): (Vec<ApiCall>, Vec<_>) = batch.into_iter().unzip();
            let stored = store.insert_api_calls(&calls).await;
            if let Err(error) = &stored {
                tracing::error!(%error, "calls of programs could not be recorded");
            }
            for done in waiting {
                // A caller that is gone needs no answer.
                let _ = done.send(stored.is_ok());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_calls_again_in_the_next_minute_and_after_a_clock_that_was_ahead() {
        let usage = ApiUsage::default();
        let remaining = |now| usage.count("a", 2, now).remaining;
        assert_eq!((remaining(0), remaining(1), remaining(59_999)), (Some(1), Some(0), None));
        assert_eq!(usage.count("b", 2, 59_999).remaining, Some(1));
        assert_eq!((remaining(60_000), remaining(60_001), remaining(60_002)), (Some(1), Some(0), None));
        assert_eq!(remaining(10), Some(1), "the clock was set back");
        assert_eq!(usage.count("a", 2, 5_010), Allowance { limit: 2, remaining: Some(0), seconds: 55 });
    }
}
