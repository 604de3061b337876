//! Meta's limits: nothing is sent while they are used up, people go first, replicas share what they know.

use std::time::Duration;

use metaads_sandbox::{Effect, Endpoint};

use crate::keeping::renewal::{connected, live, refused};
use crate::keeping::seed::days;
use crate::world::World;

fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

fn usage(name: &str, value: &str) -> Effect {
    Effect::Headers(vec![(name.to_owned(), value.to_owned())])
}

#[tokio::test]
async fn while_the_app_is_blocked_nothing_is_sent_and_nobody_is_alarmed() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.fault(Endpoint::DebugToken, refused(4, None));
    live(&world, days(2)).await;
    world.fault(Endpoint::DebugToken, refused(4, None));
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("held_off") || page.has("Meta asks us to wait"), "{}", page.text);
    world.meta.clear_calls();
    for _ in 0..9 {
        world.advance(minutes(1));
        world.run_due_jobs().await;
        browser.press(&format!("/connections/{id}/refresh"), &[]).await;
        browser.press(&format!("/connections/{id}/sync"), &[]).await;
    }
    assert!(world.meta.calls().is_empty(), "calls would prolong the block");
    world.advance(minutes(2));
    world.run_due_jobs().await;
    assert!(!world.meta.calls().is_empty());
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["status"], "active");
    assert_eq!(connection["sync"]["state"], "idle");
}

#[tokio::test]
async fn background_work_leaves_the_rest_of_the_allowance_to_people() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    live(&world, days(1)).await;
    world.fault(Endpoint::DebugToken, usage("x-app-usage", r#"{"call_count":96,"total_time":3}"#));
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    world.sql("UPDATE jobs SET run_at = 0").await;
    world.meta.clear_calls();
    world.run_due_jobs().await;
    assert!(world.meta.calls().is_empty(), "upkeep waits");
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(!world.meta.calls().is_empty(), "a person does not");
}

#[tokio::test]
async fn a_replica_heeds_the_block_that_another_one_met() {
    let mut world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.fault(Endpoint::DebugToken, refused(4, None));
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    // Another process knows only what the database tells it.
    world.restart().await;
    world.sql("UPDATE jobs SET run_at = 0").await;
    world.meta.clear_calls();
    world.run_due_jobs().await;
    assert!(world.meta.calls().is_empty());
    world.advance(minutes(61));
    world.run_due_jobs().await;
    assert!(!world.meta.calls().is_empty());
}

#[tokio::test]
async fn an_answer_nobody_has_described_is_counted_and_ends_no_connection() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    world.fault_times(Endpoint::DebugToken, 3, refused(424_242, Some(7)));
    live(&world, days(2)).await;
    let times = world.number("SELECT times FROM unknown_answers WHERE kind LIKE '%code 424242/7'").await;
    assert_eq!(times, 3);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn the_operator_hears_of_another_version_than_the_pinned_one() {
    let world = World::with(&[("META_API_VERSION", "v19.0")]).await;
    let (browser, _) = connected(&world).await;
    world.run_due_jobs().await;
    let dashboard = browser.get("/dashboard").await;
    assert!(dashboard.has("v19.0 calls as v21.0"), "{}", dashboard.text);
    assert!(dashboard.has("Meta has ended v19.0"), "{}", dashboard.text);
}
