//! The only reader of the wall clock, the place where jobs wait for time to pass, and units of time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
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
    /// What [`Clock::monotonic`] returns.
    elapsed: Arc<AtomicI64>,
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

    /// Milliseconds since some moment, a suspended machine's included. Unlike the wall clock it never jumps.
    pub fn monotonic(&self) -> i64 {
        match self {
            Clock::System => {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
            }
            Clock::Manual(clock) => clock.elapsed.load(Ordering::SeqCst),
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
        ManualClock { now: Arc::new(AtomicI64::new(now)), elapsed: Arc::default(), moved: Arc::default() }
    }

    /// The shared time, for a reader.
    pub fn shared(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.now)
    }

    pub fn advance(&self, by: Duration) {
        self.elapsed.fetch_add(ms(by), Ordering::SeqCst);
        self.now.fetch_add(ms(by), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Sets the wall clock to this moment, backwards too, without any time passing.
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

/// A larger difference between the wall clock and elapsed time is a jump (milliseconds).
const JUMP: i64 = 2 * MINUTE;
/// After a jump, the wall clock is trusted again when it has been steady for this long (milliseconds).
const SETTLED_AFTER: i64 = 10 * MINUTE;

/// Whether the wall clock may be trusted to delete what it says has ended. A wrong clock must not destroy anything.
#[derive(Debug, Default)]
pub struct WallClockTrust(Mutex<Option<Watched>>);

#[derive(Debug, Clone, Copy)]
struct Watched {
    wall: i64,
    monotonic: i64,
    /// On the monotonic clock.
    distrusted_until: i64,
}

impl WallClockTrust {
    /// Looks at the clock: false for some time after a jump.
    pub fn is_trusted(&self, clock: &Clock) -> bool {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let mut watched = self.0.lock().expect("no panic happens while this lock is held");
        let before = watched.unwrap_or(Watched { wall, monotonic, distrusted_until: monotonic });
        let drift = (wall - before.wall) - (monotonic - before.monotonic);
        let distrusted_until = match drift.abs() > JUMP {
            true => {
                tracing::error!(
                    drift_ms = drift,
                    "the wall clock has jumped: nothing is deleted until it is steady"
                );
                monotonic + SETTLED_AFTER
            }
            false => before.distrusted_until,
        };
        *watched = Some(Watched { wall, monotonic, distrusted_until });
        monotonic >= distrusted_until
    }

    /// The clock differs from what another replica or an earlier run saw: not trusted until it has been steady.
    pub fn distrust(&self, clock: &Clock) {
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        let mut watched = self.0.lock().expect("no panic happens while this lock is held");
        *watched = Some(Watched { wall, monotonic, distrusted_until: monotonic + SETTLED_AFTER });
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

    #[test]
    fn a_clock_that_has_jumped_is_not_trusted_until_it_has_been_steady() {
        let manual = ManualClock::new(0);
        let (clock, trust) = (Clock::Manual(manual.clone()), WallClockTrust::default());
        let passes = |by: i64| manual.advance(Duration::from_millis(u64::try_from(by).expect("forwards")));
        passes(DAY);
        assert!(trust.is_trusted(&clock));
        passes(DAY);
        assert!(trust.is_trusted(&clock), "time that has passed is no jump");
        manual.set(400 * DAY);
        assert!(!trust.is_trusted(&clock));
        passes(3 * SECOND);
        manual.set(2 * DAY + 3 * SECOND);
        assert!(!trust.is_trusted(&clock));
        passes(SETTLED_AFTER);
        assert!(trust.is_trusted(&clock));
        trust.distrust(&clock);
        assert!(!trust.is_trusted(&clock));
    }

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
