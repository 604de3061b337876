//! Calls that wait for a test: held under a name until the test releases that name.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct Barriers {
    named: Mutex<HashMap<String, Barrier>>,
}

#[derive(Debug, Clone)]
struct Barrier {
    /// How many calls wait.
    waiting: watch::Sender<usize>,
    /// Counts the releases; a change lets every waiting call go on.
    releases: watch::Sender<u64>,
}

/// Takes the call off the count even if the caller went away meanwhile.
struct Waiting(watch::Sender<usize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

impl Barriers {
    fn named(&self, name: &str) -> Barrier {
        let mut named = self.named.lock().expect("no panic happens while this lock is held");
        let fresh = || Barrier { waiting: watch::Sender::new(0), releases: watch::Sender::new(0) };
        named.entry(name.to_owned()).or_insert_with(fresh).clone()
    }

    pub(crate) async fn hold(&self, name: &str) {
        let hold = self.named(name);
        let mut released = hold.releases.subscribe();
        hold.waiting.send_modify(|waiting| *waiting += 1);
        let _waiting = Waiting(hold.waiting);
        // The sender lives in the map, so this ends only by a release.
        let _ = released.changed().await;
    }

    pub(crate) fn release(&self, name: &str) {
        self.named(name).releases.send_modify(|releases| *releases += 1);
    }

    pub(crate) async fn wait_held(&self, name: &str) {
        let mut waiting = self.named(name).waiting.subscribe();
        let _ = waiting.wait_for(|waiting| *waiting > 0).await;
    }
}
