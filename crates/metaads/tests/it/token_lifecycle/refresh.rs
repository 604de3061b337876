//! Connections that nobody touches: refreshed in time, checked daily, active through every outage.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona, TokenKind};
use serde_json::Value;

use crate::browser::Browser;
use crate::bulk_connections::{BulkConnection, insert_connections};
use crate::effects::{api_error, json_body, unavailable};
use crate::world::{World, days, minutes};

/// The user's only connection.
async fn only(browser: &Browser) -> Value {
    browser.connections().await.remove(0)
}

#[tokio::test]
async fn a_connection_is_still_active_a_year_later() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    // With Instagram permissions the person would have to confirm data access every 90 days.
    browser.connect(Answer::declining(Persona::SoleTrader, &["instagram_basic"])).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let before = world.meta.count(Endpoint::Exchange);
    world.run_for(days(365)).await;
    // The session expired long ago; the connection did not.
    let connection = only_after_login(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
    let refreshes = world.meta.count(Endpoint::Exchange) - before;
    assert!((8..=10).contains(&refreshes), "{refreshes} refreshes in a year");
    let page = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(page.has("<b>Renewed</b>") && page.has("Until "), "{}", page.text);
    let head = browser.get(&format!("/connections/{id}")).await;
    assert!(head.has("Renews automatically from") && head.has("<span>Renewed "), "{}", head.text);
}

#[tokio::test]
async fn an_outage_of_days_asks_nobody_to_reconnect() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.run_for(days(43)).await;
    for endpoint in [Endpoint::Exchange, Endpoint::DebugToken] {
        world.fault_times(endpoint, u32::MAX, unavailable());
    }
    world.run_for(days(3)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
    let calls = world.meta.count(Endpoint::Exchange) + world.meta.count(Endpoint::DebugToken);
    assert!(calls < 200, "{calls} calls: an outage must not cause a storm");
    world.meta.clear_faults();
    world.run_for(days(2)).await;
    let ends = only(&browser).await["expires_at"].as_str().unwrap().to_owned();
    assert!(ends.as_str() > "2027-02-20", "refreshed afterwards, until {ends}");
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Meta was unavailable") && history.has("HTTP 503, code 2"), "{}", history.text);
}

async fn only_after_login(browser: &Browser) -> Value {
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    only(browser).await
}

#[tokio::test]
async fn an_unchanged_token_does_not_count_as_refreshed_and_is_shown_as_expiring() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.fault_times(Endpoint::Exchange, u32::MAX, Effect::Unchanged);
    world.run_for(days(55)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!(connection["status"], "expiring");
    let page = browser.get("/dashboard").await;
    assert!(page.has("Facebook has not renewed this yet") && page.has("Renew with Tom"), "{}", page.text);
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Not renewed yet") && !history.has("<b>Renewed</b>"), "{}", history.text);
    // The next refresh succeeds.
    world.meta.clear_faults();
    world.run_for(days(1)).await;
    assert_eq!(only(&browser).await["status"], "active");
    assert!(!browser.get("/dashboard").await.has("has not renewed"));
}

#[tokio::test]
async fn a_token_never_refreshed_expires_with_its_own_reason() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    world.fault_times(Endpoint::Exchange, u32::MAX, Effect::Unchanged);
    world.run_for(days(61)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("token_expired"))
    );
    assert!(browser.get("/dashboard").await.has("Facebook’s permission expired on"));
}

#[tokio::test]
async fn the_refresh_button_refreshes_now_and_shows_the_result() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.advance(days(3));
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Access renewed."), "{}", page.text);
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Facebook has not extended it yet"), "{}", page.text);
    world.fault(Endpoint::Exchange, Effect::Refuse);
    world.advance(days(3));
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Meta isn’t answering right now"), "{}", page.text);
    world.fault(Endpoint::Exchange, api_error(4, None));
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Meta asks us to wait"), "{}", page.text);
    assert_eq!(only(&browser).await["status"], "active");
    // Another user cannot refresh it.
    let other = world.user("b@b.example").await;
    assert_eq!(other.post(&format!("/connections/{id}/refresh"), &[]).await.status, 404);
}

#[tokio::test]
async fn a_sync_refreshes_a_token_that_is_about_to_expire() {
    let world = World::new().await;
    world.meta.set_token_lifetime(Some(minutes(30)));
    let (browser, id) = world.connected().await;
    world.meta.set_token_lifetime(Some(days(60)));
    world.advance(minutes(25));
    let before = world.meta.count(Endpoint::Exchange);
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = only(&browser).await;
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("idle"))
    );
    assert_eq!(world.meta.count(Endpoint::Exchange), before + 1, "refreshed once, before it is used");
}

#[tokio::test]
async fn a_refresh_without_a_lifetime_inspects_the_token() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.set_omit_expires_in(true);
    world.meta.set_token_lifetime(Some(days(45)));
    world.advance(days(20));
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(only(&browser).await["expires_at"], "2027-01-26T12:00:00Z");
    world.meta.set_token_lifetime(None);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(only(&browser).await["expires_at"], Value::Null, "zero means never");
    assert!(browser.get("/dashboard").await.has("No end date"));
}

#[tokio::test]
async fn a_refresh_that_returns_a_foreign_token_keeps_the_old_one() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.advance(days(3));
    let body = serde_json::json!({"data": {"app_id": "999", "is_valid": true, "user_id": "1", "expires_at": 0, "scopes": []}});
    world.fault(Endpoint::DebugToken, json_body(200, &body.to_string()));
    let before = only(&browser).await["expires_at"].clone();
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Facebook has not extended it yet"), "{}", page.text);
    let connection = only(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["expires_at"]), (Some("active"), &before));
}

#[tokio::test]
async fn each_kind_of_token_is_refreshed_in_its_own_way() {
    let world = World::with_bulk_users(&[], 4).await;
    let kind =
        |kind, lifetime: Option<u64>| BulkConnection { kind, lifetime: lifetime.map(days), age: days(0) };
    let connections = [
        kind(TokenKind::SystemUser, None),
        kind(TokenKind::SystemUser, Some(60)),
        kind(TokenKind::Instagram, Some(60)),
        kind(TokenKind::User, Some(60)),
    ];
    insert_connections(&world, &connections).await;
    world.run_for(days(50)).await;
    let refreshes = |number| world.meta.exchange_count(&metaads_sandbox::bulk_user_id(number));
    assert_eq!([0, 1, 2, 3].map(refreshes), [0, 1, 1, 1]);
    let calls = world.meta.calls();
    let system_user_refreshes = calls.iter().filter(|call| {
        call.params.iter().any(|(name, value)| name == "set_token_expires_in_60_days" && value == "true")
    });
    assert_eq!(system_user_refreshes.count(), 1);
    assert_eq!(world.meta.count(Endpoint::InstagramRefresh), 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE status = 'active'").await, 4);
}

#[tokio::test]
async fn a_clock_that_jumps_leaves_no_job_undone() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    // A replica whose clock was a year ahead leased every job and rescheduled it.
    let far = world.app.now() + 365 * 86_400_000;
    world.sql(&format!("UPDATE jobs SET leased_until = {far}, run_at = {far}, priority = 1")).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    assert!(world.run_due_jobs().await > 0);
    // A machine that was suspended for 50 days catches up at once.
    world.advance(days(50));
    world.run_due_jobs().await;
    assert!(only_after_login(&browser).await["last_refreshed_at"].as_str().unwrap() > "2027");
}
