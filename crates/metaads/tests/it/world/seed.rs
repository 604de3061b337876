//! Where a world's randomness comes from.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A seed that depends only on the test's name and on how many worlds this test made before, so that ids, states
/// and tokens are the same in every run.
pub fn next() -> u64 {
    thread_local!(static WORLDS: Cell<u64> = const { Cell::new(0) });
    let mut hasher = DefaultHasher::new();
    // The test harness names each test's thread after the test.
    std::thread::current().name().hash(&mut hasher);
    WORLDS.replace(WORLDS.get() + 1).hash(&mut hasher);
    hasher.finish()
}

#[tokio::test]
async fn the_same_seed_repeats_ids_and_states() {
    use super::World;
    use metaads_sandbox::{Answer, Persona};

    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = World::seeded(&[], 0, 7).await;
        let browser = world.user("a@b.example").await;
        let dialog = browser.start_connect(&[]).await;
        let (_, state) = dialog.split_once("&state=").unwrap();
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        world.run_due_jobs().await;
        runs.push((state[..43].to_owned(), browser.connection_id().await));
    }
    assert_eq!(runs[0], runs[1]);
}
