//! Meta's rate limits and quotas: nothing is sent while a limit is exceeded, people go before background work, and
//! replicas share what they know.

use metaads_sandbox::{Effect, Endpoint, Outage, RateLimit, UseCase};

use super::account_status::connect_problem_accounts;
use crate::effects::api_error;
use crate::world::{World, days, minutes};

fn usage_header(name: &str, value: &str) -> Effect {
    Effect::Headers(vec![(name.to_owned(), value.to_owned())])
}

#[tokio::test]
async fn while_the_app_is_rate_limited_nothing_is_sent_and_connections_stay_active() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.fault(Endpoint::DebugToken, api_error(4, None));
    world.run_for(days(2)).await;
    world.fault(Endpoint::DebugToken, api_error(4, None));
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("held_off") || page.has("Meta asks us to wait"), "{}", page.text);
    world.meta.clear_calls();
    for _ in 0..9 {
        world.advance(minutes(1));
        world.run_due_jobs().await;
        browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
        browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    }
    assert!(world.meta.calls().is_empty(), "a call would prolong the rate limit");
    world.advance(minutes(2));
    world.run_due_jobs().await;
    assert!(!world.meta.calls().is_empty());
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["status"], "active");
    assert_eq!(connection["sync"]["state"], "idle");
}

#[tokio::test]
async fn background_work_leaves_the_rest_of_the_quota_to_people() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.run_for(days(1)).await;
    world.fault(Endpoint::DebugToken, usage_header("x-app-usage", r#"{"call_count":96,"total_time":3}"#));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    world.sql("UPDATE jobs SET run_at = 0").await;
    world.meta.clear_calls();
    world.run_due_jobs().await;
    assert!(world.meta.calls().is_empty(), "background work waits");
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(!world.meta.calls().is_empty(), "a person does not");
}

#[tokio::test]
async fn a_replica_respects_a_rate_limit_that_another_one_hit() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    world.fault(Endpoint::DebugToken, api_error(4, None));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    // After a restart the service knows only what is in the database.
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
async fn an_unrecognized_error_is_counted_and_ends_no_connection() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    world.fault_times(Endpoint::DebugToken, 3, api_error(424_242, Some(7)));
    world.run_for(days(2)).await;
    let times = world.number("SELECT times FROM unrecognized_errors WHERE kind LIKE '%code 424242/7'").await;
    assert_eq!(times, 3);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn the_operator_learns_that_meta_served_another_api_version() {
    let world = World::with(&[("META_API_VERSION", "v19.0")]).await;
    let (browser, _) = world.connected().await;
    world.run_due_jobs().await;
    let dashboard = browser.get("/dashboard").await;
    assert!(dashboard.has("v19.0 calls as v21.0"), "{}", dashboard.text);
    assert!(dashboard.has("Meta has ended v19.0"), "{}", dashboard.text);
}

#[tokio::test]
async fn a_rate_limited_person_is_retried_only_a_few_times() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let limit =
        RateLimit::Person(browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned());
    world.meta.exhaust_limit(limit.clone(), minutes(50));
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    for _ in 0..60 {
        world.advance(minutes(1));
        world.run_due_jobs().await;
    }
    // Meta does not say how long a person's limit lasts, so only a few calls try it.
    assert!(world.meta.refused_calls(&limit) <= 6, "{} calls were refused", world.meta.refused_calls(&limit));
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
async fn a_rate_limited_ad_account_does_not_block_the_others() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    let blocked = RateLimit::UseCase { id: usable[0].clone(), use_case: UseCase::AdsManagement };
    world.meta.exhaust_limit(blocked.clone(), minutes(40));
    let fields: Vec<(&str, &str)> = usable.iter().map(|account| ("account_id", account.as_str())).collect();
    let path = format!("/connections/{id}/assets");
    let page = browser.submit(&path, &fields).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len() - 1);
    let refused = world.meta.refused_calls(&blocked);
    for _ in 0..20 {
        browser.submit(&path, &fields).await;
        world.advance(minutes(1));
    }
    assert_eq!(world.meta.refused_calls(&blocked), refused, "Meta said how long, so nothing is sent before");
    world.advance(minutes(30));
    browser.submit(&path, &fields).await;
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len());
}

#[tokio::test]
async fn an_outage_of_hours_asks_nobody_to_act() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.start_outage(Outage::Unavailable, minutes(300));
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
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
async fn an_ended_ads_api_version_is_shown_to_the_operator() {
    let world = World::with(&[("META_API_VERSION", "v24.0")]).await;
    let (browser, id) = world.connected().await;
    let accounts = browser.ad_accounts(&id, "").await;
    let account = accounts[0]["account_id"].as_str().unwrap();
    browser.submit(&format!("/connections/{id}/assets"), &[("account_id", account)]).await;
    world.advance(minutes(1));
    world.run_due_jobs().await;
    let page = browser.get("/admin").await;
    assert!(page.has("Meta has ended v24.0 for ads products"), "{}", page.text);
    assert!(page.has("Meta has warned about the API version") || page.has("as v25.0"), "{}", page.text);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
