//! Meta's limits: nothing is sent while they are used up, people go first, replicas share what they know.

use std::time::Duration;

use metaads_sandbox::{Effect, Endpoint, Outage, RateLimit, UseCase};

use super::standing::mei;
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
    let times = world.number("SELECT times FROM unrecognized_errors WHERE kind LIKE '%code 424242/7'").await;
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

#[tokio::test]
async fn a_block_with_a_countdown_is_waited_out_without_a_single_call() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    let limit =
        RateLimit::Person(browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned());
    world.meta.exhaust_limit(limit.clone(), minutes(50));
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    for _ in 0..60 {
        world.advance(minutes(1));
        world.run_due_jobs().await;
    }
    // Meta named no time for a person's limit: a few careful tries, and no more.
    assert!(
        world.meta.refused_calls(&limit) <= 6,
        "{} calls prolonged the block",
        world.meta.refused_calls(&limit)
    );
    for _ in 0..90 {
        world.advance(minutes(1));
        world.run_due_jobs().await;
    }
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("idle"))
    );
}

#[tokio::test]
async fn one_ad_accounts_block_leaves_the_others_alone() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    let blocked = RateLimit::UseCase { id: usable[0].clone(), use_case: UseCase::AdsManagement };
    world.meta.exhaust_limit(blocked.clone(), minutes(40));
    let fields: Vec<(&str, &str)> = usable.iter().map(|account| ("account_id", account.as_str())).collect();
    let path = format!("/connections/{id}/assets");
    let page = browser.press(&path, &fields).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len() - 1);
    let refused = world.meta.refused_calls(&blocked);
    for _ in 0..20 {
        browser.press(&path, &fields).await;
        world.advance(minutes(1));
    }
    assert_eq!(
        world.meta.refused_calls(&blocked),
        refused,
        "Meta said how long: nothing is sent for it until then"
    );
    world.advance(minutes(30));
    browser.press(&path, &fields).await;
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len());
}

#[tokio::test]
async fn an_outage_of_hours_is_waited_out_and_nobody_is_asked_to_do_anything() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.start_outage(Outage::Unavailable, minutes(300));
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    for _ in 0..30 {
        world.advance(minutes(10));
        world.run_due_jobs().await;
    }
    let during = browser.connections().await.remove(0);
    assert_eq!(
        (during["status"].as_str(), &during["status_reason"]),
        (Some("active"), &serde_json::Value::Null)
    );
    for _ in 0..10 {
        world.advance(minutes(10));
        world.run_due_jobs().await;
    }
    assert_eq!(browser.connections().await.remove(0)["sync"]["state"], "idle");
}

#[tokio::test]
async fn a_version_that_has_ended_for_ads_is_told_to_the_operator_loudly() {
    let world = World::with(&[("META_API_VERSION", "v24.0")]).await;
    let (browser, id) = connected(&world).await;
    let accounts = browser.ad_accounts(&id, "").await;
    let account = accounts[0]["account_id"].as_str().unwrap();
    browser.press(&format!("/connections/{id}/assets"), &[("account_id", account)]).await;
    world.advance(minutes(1));
    world.run_due_jobs().await;
    let page = browser.get("/admin").await;
    assert!(page.has("Meta has ended v24.0 for ads products"), "{}", page.text);
    assert!(page.has("Meta warns of the API version") || page.has("as v25.0"), "{}", page.text);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
