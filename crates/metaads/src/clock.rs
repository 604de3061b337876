//! The only reader of the wall clock, the place where jobs wait for time to pass, and units of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// The system's clock, or one that tests move by hand.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Manual(ManualClock),
}

/// A clock that moves only by `advance` and `set`. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<AtomicI64>,
    moved: Arc<Notify>,
}

impl Clock {
    /// Unix milliseconds.
    pub fn now(&self) -> i64 {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one home of the wall clock")]
            Clock::System => jiff::Timestamp::now().as_millisecond(),
            Clock::Manual(clock) => clock.now.load(Ordering::SeqCst),
        }
    }

    /// Resolves once this much time has passed on this clock.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            Clock::System => tokio::time::sleep(duration).await,
            Clock::Manual(clock) => clock.reaches(self.now().saturating_add(ms(duration))).await,
        }
    }
}

impl ManualClock {
    /// A clock at this moment (Unix milliseconds).
    pub fn new(now: i64) -> ManualClock {
        ManualClock { now: Arc::new(AtomicI64::new(now)), moved: Arc::default() }
    }

    /// The shared time, for a reader.
    pub fn shared(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.now)
    }

    pub fn advance(&self, by: Duration) {
        self.now.fetch_add(ms(by), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Moves the clock to this moment, backwards too.
    pub fn set(&self, now: i64) {
        self.now.store(now, Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    async fn reaches(&self, at: i64) {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            // Registered before looking, so that no move in between is missed.
            moved.as_mut().enable();
            if self.now.load(Ordering::SeqCst) >= at {
                return;
            }
            moved.await;
        }
    }
}

/// A duration in milliseconds.
pub fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_on_a_manual_clock_wakes_when_the_clock_has_moved_far_enough() {
        let manual = ManualClock::new(0);
        let clock = Clock::Manual(manual.clone());
        let mut sleep = std::pin::pin!(clock.sleep(Duration::from_secs(10)));
        for _ in 0..2 {
            assert!(sleep.as_mut().now_or_never().is_none());
            manual.advance(Duration::from_secs(4));
        }
        assert!(sleep.as_mut().now_or_never().is_none());
        manual.advance(Duration::from_secs(4));
        assert!(sleep.as_mut().now_or_never().is_some());
    }
}
