//! Barriers: calls wait at a named barrier until the test releases it.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct Barriers {
    by_name: Mutex<HashMap<String, Barrier>>,
}

#[derive(Debug, Clone)]
struct Barrier {
    /// How many calls are waiting.
    waiting: watch::Sender<usize>,
    /// Number of releases so far; every waiting call continues when it changes.
    releases: watch::Sender<u64>,
}

/// Decrements the number of waiting calls, even if the client disconnects meanwhile.
struct Waiting(watch::Sender<usize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Barriers {
    fn barrier(&self, name: &str) -> Barrier {
        let mut by_name = self.by_name.lock().expect("no panic happens while this lock is held");
        let new_barrier = || Barrier { waiting: watch::Sender::new(0), releases: watch::Sender::new(0) };
        by_name.entry(name.to_owned()).or_insert_with(new_barrier).clone()
    }

    pub(crate) async fn wait(&self, name: &str) {
        let barrier = self.barrier(name);
        let mut released = barrier.releases.subscribe();
        barrier.waiting.send_modify(|waiting| *waiting += 1);
        let _waiting = Waiting(barrier.waiting);
        // The sender lives in the map, so only a release ends the wait.
        let _ = released.changed().await;
    }

    pub(crate) fn release(&self, name: &str) {
        self.barrier(name).releases.send_modify(|releases| *releases += 1);
    }

    pub(crate) async fn wait_until_held(&self, name: &str) {
        let mut waiting = self.barrier(name).waiting.subscribe();
        let _ = waiting.wait_for(|waiting| *waiting > 0).await;
    }
}
