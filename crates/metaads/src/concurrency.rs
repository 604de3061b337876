//! How much of this process one user, one client, or all of them together may occupy at the same moment. Limits over
//! time are in `rate_limit`; limits of connections are in `listen`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Requests of one user, or of one client address, that run at the same moment, and further ones that wait for these.
const RUNNING: usize = 24;
const WAITING: usize = 200;
/// Requests of one API key that run at the same moment: a program has many users.
const RUNNING_OF_A_KEY: usize = 512;
/// A request that waits for so long behind the same user's other requests is refused.
const SLOT_WAIT: Duration = Duration::from_secs(5);
/// Long polls of one user, and of all users.
const LONG_POLLS_OF_ONE_USER: usize = 8;
const LONG_POLLS: usize = 400;
/// Above this number of long polls each looks at the database less often.
const FEW_LONG_POLLS: usize = 50;
/// Bytes of webhook bodies that are held at the same moment, and how many bodies are parsed and stored at once.
const WEBHOOK_BYTES: usize = 16 * 1024 * 1024;
const WEBHOOK_HANDLERS: usize = 4;
/// Bytes of long forms that are held at the same moment.
const LONG_FORM_BYTES: usize = 4 * 1024 * 1024;

/// What of this process is in use.
#[derive(Debug)]
pub struct Concurrency {
    pub users: Slots,
    pub addresses: Slots,
    /// By API key.
    pub programs: Slots,
    pub long_polls: LongPolls,
    pub webhook_bodies: ByteBudget,
    pub long_forms: ByteBudget,
    pub webhook_handlers: Semaphore,
}

impl Default for Concurrency {
    fn default() -> Concurrency {
        Concurrency {
            users: Slots::new(RUNNING, WAITING),
            addresses: Slots::new(RUNNING, WAITING),
            programs: Slots::new(RUNNING_OF_A_KEY, WAITING),
            long_polls: LongPolls::default(),
            webhook_bodies: ByteBudget::new(WEBHOOK_BYTES),
            long_forms: ByteBudget::new(LONG_FORM_BYTES),
            webhook_handlers: Semaphore::new(WEBHOOK_HANDLERS),
        }
    }
}

/// A number of slots for each key. Keys without a holder take no memory.
#[derive(Debug)]
pub struct Slots {
    running: usize,
    waiting: usize,
    keys: Arc<Mutex<HashMap<String, Key>>>,
}

#[derive(Debug)]
struct Key {
    holders: usize,
    running: Arc<Semaphore>,
}

/// A taken slot; free again when dropped.
#[derive(Debug)]
pub struct Slot {
    _permit: OwnedSemaphorePermit,
    _seat: Seat,
}

/// One of a key's running or waiting holders.
#[derive(Debug)]
struct Seat {
    keys: Arc<Mutex<HashMap<String, Key>>>,
    key: String,
}

impl Slots {
    fn new(running: usize, waiting: usize) -> Slots {
        Slots { running, waiting, keys: Arc::default() }
    }

    /// Takes a slot of this key, and waits for one if too many are taken. None if too many wait already, or for too
    /// long.
    pub async fn take(&self, key: &str) -> Option<Slot> {
        let (seat, running) = self.sit(key)?;
        let permit = tokio::time::timeout(SLOT_WAIT, running.acquire_owned()).await.ok()?;
        Some(Slot { _permit: permit.expect("these semaphores are never closed"), _seat: seat })
    }

    fn sit(&self, key: &str) -> Option<(Seat, Arc<Semaphore>)> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = keys
            .entry(key.to_owned())
            .or_insert_with(|| Key { holders: 0, running: Arc::new(Semaphore::new(self.running)) });
        if entry.holders >= self.running + self.waiting {
            return None;
        }
        entry.holders += 1;
        let seat = Seat { keys: Arc::clone(&self.keys), key: key.to_owned() };
        Some((seat, Arc::clone(&entry.running)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = keys.get_mut(&self.key) {
            entry.holders -= 1;
            if entry.holders == 0 {
                keys.remove(&self.key);
            }
        }
    }
}

/// The requests that wait for news. They are the first to be shed: answered at once with what is known.
#[derive(Debug)]
pub struct LongPolls {
    users: Slots,
    all: Arc<Semaphore>,
    shed: Notify,
    is_stopping: AtomicBool,
}

/// A long poll that may wait.
#[derive(Debug)]
pub struct LongPoll {
    _of_user: Slot,
    _of_all: OwnedSemaphorePermit,
}

impl Default for LongPolls {
    fn default() -> LongPolls {
        LongPolls {
            users: Slots::new(LONG_POLLS_OF_ONE_USER, 0),
            all: Arc::new(Semaphore::new(LONG_POLLS)),
            shed: Notify::new(),
            is_stopping: AtomicBool::new(false),
        }
    }
}

impl LongPolls {
    /// None if this user, or all together, have too many of them: then the answer has to be given at once.
    pub async fn begin(&self, user: &str) -> Option<LongPoll> {
        if self.is_stopping.load(Ordering::SeqCst) {
            return None;
        }
        let of_all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some(LongPoll { _of_user: self.users.take(user).await?, _of_all: of_all })
    }

    /// Resolves when the long polls that wait now have to be answered.
    pub fn shedding(&self) -> Notified<'_> {
        self.shed.notified()
    }

    /// Ends the waiting of every long poll.
    pub fn shed(&self) {
        self.shed.notify_waiters();
    }

    /// The same, and lets no further one wait.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        self.shed();
    }

    pub fn are_many(&self) -> bool {
        LONG_POLLS - self.all.available_permits() > FEW_LONG_POLLS
    }
}

/// Memory for request bodies. What arrives is reserved as it arrives, so that a client that promises much and sends
/// little holds little.
#[derive(Debug)]
pub struct ByteBudget(Arc<Semaphore>);

/// Reserved bytes; free again when dropped.
#[derive(Debug)]
pub struct ReservedBytes {
    budget: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl ByteBudget {
    fn new(bytes: usize) -> ByteBudget {
        ByteBudget(Arc::new(Semaphore::new(bytes)))
    }

    /// A reservation of nothing yet.
    pub fn begin(&self) -> ReservedBytes {
        ReservedBytes { budget: Arc::clone(&self.0), permit: None }
    }
}

impl ReservedBytes {
    /// Reserves further bytes. False if the budget is used up.
    #[must_use]
    pub fn add(&mut self, bytes: usize) -> bool {
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&self.budget).try_acquire_many_owned(bytes) else { return false };
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            None => self.permit = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_key_has_its_own_slots_and_keeps_nothing_when_they_are_free() {
        let slots = Slots::new(1, 1);
        let first = slots.take("a").await.expect("a free slot");
        let mut second = Box::pin(slots.take("a"));
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        assert!(slots.take("a").await.is_none(), "no more may wait");
        assert!(slots.take("b").await.is_some());
        drop(first);
        assert!(second.await.is_some());
        assert!(slots.keys.lock().expect("not poisoned").is_empty());
    }

    #[tokio::test]
    async fn a_long_poll_beyond_a_users_share_may_not_wait_and_a_stop_lets_none_wait() {
        let polls = LongPolls::default();
        let mut held = Vec::new();
        for _ in 0..LONG_POLLS_OF_ONE_USER {
            held.push(polls.begin("a").await.expect("within the share"));
        }
        assert!(polls.begin("a").await.is_none());
        assert!(polls.begin("b").await.is_some());
        let shedding = polls.shedding();
        polls.stop();
        shedding.await;
        assert!(polls.begin("b").await.is_none());
    }

    #[test]
    fn a_byte_budget_counts_what_has_arrived_and_is_whole_again_afterwards() {
        let budget = ByteBudget::new(10);
        let (mut first, mut second) = (budget.begin(), budget.begin());
        assert!(first.add(4) && first.add(4) && second.add(2));
        assert!(!second.add(1));
        drop(first);
        assert!(second.add(8));
        drop(second);
        assert!(budget.begin().add(10));
    }
}
