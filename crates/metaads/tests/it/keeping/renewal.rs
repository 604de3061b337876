//! A connection that nobody touches: renewed in time, checked daily, green through every outage.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona, TokenKind};
use serde_json::Value;

use super::seed::{Seed, days, plant};
use crate::browser::Browser;
use crate::world::World;

pub fn refused(code: i64, subcode: Option<i64>) -> Effect {
    Effect::Graph {
        status: 400,
        code,
        subcode,
        kind: "OAuthException".to_owned(),
        message: "Something that nobody should judge by".to_owned(),
    }
}

/// Somebody who connected the sole trader today.
pub async fn connected(world: &World) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    (browser, id)
}

/// Time passes, an hour at a time, and what comes due is done.
pub async fn live(world: &World, time: Duration) {
    for _ in 0..time.as_secs() / 3600 {
        world.advance(Duration::from_secs(3600));
        world.run_due_jobs().await;
    }
}

async fn only(browser: &Browser) -> Value {
    browser.connections().await.remove(0)
}

#[tokio::test]
async fn a_connection_made_once_is_still_good_a_year_later() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    // For Instagram, Facebook would want the person every 90 days.
    browser.connect(Answer::declining(Persona::SoleTrader, &["instagram_basic"])).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let before = world.meta.count(Endpoint::Exchange);
    live(&world, days(365)).await;
    // The session ended long ago; the connection did not.
    let connection = only_after_login(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
    let renewals = world.meta.count(Endpoint::Exchange) - before;
    assert!((8..=10).contains(&renewals), "{renewals} renewals in a year");
    let page = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(page.has("<b>Renewed</b>") && page.has("Until "), "{}", page.text);
    let head = browser.get(&format!("/connections/{id}")).await;
    assert!(head.has("Renews itself from") && head.has("<span>Renewed "), "{}", head.text);
}

#[tokio::test]
async fn an_outage_of_days_asks_nobody_to_reconnect() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    live(&world, days(43)).await;
    for endpoint in [Endpoint::Exchange, Endpoint::DebugToken] {
        world.fault_times(
            endpoint,
            u32::MAX,
            Effect::Graph {
                status: 503,
                code: 2,
                subcode: None,
                kind: "OAuthException".to_owned(),
                message: "Service temporarily unavailable".to_owned(),
            },
        );
    }
    live(&world, days(3)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
    let asked = world.meta.count(Endpoint::Exchange) + world.meta.count(Endpoint::DebugToken);
    assert!(asked < 200, "{asked} calls: an outage is not answered by a storm");
    world.meta.clear_faults();
    live(&world, days(2)).await;
    let ends = only(&browser).await["expires_at"].as_str().unwrap().to_owned();
    assert!(ends.as_str() > "2027-02-20", "renewed afterwards, until {ends}");
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Meta was not there") && history.has("HTTP 503, code 2"), "{}", history.text);
}

async fn only_after_login(browser: &Browser) -> Value {
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    only(browser).await
}

#[tokio::test]
async fn the_same_token_again_is_not_called_renewed_and_is_told_before_it_ends() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.fault_times(Endpoint::Exchange, u32::MAX, Effect::Unchanged);
    live(&world, days(55)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!(connection["status"], "expiring");
    let page = browser.get("/dashboard").await;
    assert!(page.has("Facebook has not renewed this yet") && page.has("Renew with Tom"), "{}", page.text);
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Not renewed yet") && !history.has("<b>Renewed</b>"), "{}", history.text);
    // At last it works.
    world.meta.clear_faults();
    live(&world, days(1)).await;
    assert_eq!(only(&browser).await["status"], "active");
    assert!(!browser.get("/dashboard").await.has("has not renewed"));
}

#[tokio::test]
async fn what_was_never_renewed_ends_with_its_own_words() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    world.fault_times(Endpoint::Exchange, u32::MAX, Effect::Unchanged);
    live(&world, days(61)).await;
    let connection = only_after_login(&browser).await;
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("token_expired"))
    );
    assert!(browser.get("/dashboard").await.has("Facebook’s permission ran out on"));
}

#[tokio::test]
async fn the_button_renews_now_and_says_what_came_of_it() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.advance(days(3));
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("The access is renewed."), "{}", page.text);
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Facebook gives no later end yet"), "{}", page.text);
    world.fault(Endpoint::Exchange, Effect::Refuse);
    world.advance(days(3));
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Meta isn’t answering right now"), "{}", page.text);
    world.fault(Endpoint::Exchange, refused(4, None));
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Meta asks us to wait"), "{}", page.text);
    assert_eq!(only(&browser).await["status"], "active");
    // Nobody else can press it.
    let other = world.user("b@b.example").await;
    assert_eq!(other.post(&format!("/connections/{id}/refresh"), &[]).await.status, 404);
}

#[tokio::test]
async fn whoever_reads_accounts_gets_a_token_that_lasts() {
    let world = World::new().await;
    world.meta.set_token_lifetime(Some(Duration::from_secs(30 * 60)));
    let (browser, id) = connected(&world).await;
    world.meta.set_token_lifetime(Some(days(60)));
    world.advance(Duration::from_secs(25 * 60));
    let before = world.meta.count(Endpoint::Exchange);
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = only(&browser).await;
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("idle"))
    );
    assert_eq!(world.meta.count(Endpoint::Exchange), before + 1, "renewed once, before it was used");
}

#[tokio::test]
async fn a_missing_lifetime_is_no_reason_to_guess() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.set_omit_expires_in(true);
    world.meta.set_token_lifetime(Some(days(45)));
    world.advance(days(20));
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(only(&browser).await["expires_at"], "2027-01-26T12:00:00Z");
    world.meta.set_token_lifetime(None);
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(only(&browser).await["expires_at"], Value::Null, "zero is never");
    assert!(browser.get("/dashboard").await.has("No end date"));
}

#[tokio::test]
async fn a_renewal_that_hands_over_somebody_elses_token_keeps_the_own_one() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.advance(days(3));
    let body = serde_json::json!({"data": {"app_id": "999", "is_valid": true, "user_id": "1", "expires_at": 0, "scopes": []}});
    let effect =
        Effect::Body { status: 200, content_type: "application/json".to_owned(), body: body.to_string() };
    world.fault(Endpoint::DebugToken, effect);
    let before = only(&browser).await["expires_at"].clone();
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Facebook gives no later end yet"), "{}", page.text);
    let connection = only(&browser).await;
    assert_eq!((connection["status"].as_str(), &connection["expires_at"]), (Some("active"), &before));
}

#[tokio::test]
async fn each_kind_of_token_is_renewed_in_its_own_way_or_left_alone() {
    let world = World::of(&[], 4).await;
    let kind = |kind, lifetime: Option<u64>| Seed { kind, lifetime: lifetime.map(days), age: days(0) };
    let seeds = [
        kind(TokenKind::SystemUser, None),
        kind(TokenKind::SystemUser, Some(60)),
        kind(TokenKind::Instagram, Some(60)),
        kind(TokenKind::User, Some(60)),
    ];
    plant(&world, &seeds).await;
    live(&world, days(50)).await;
    let renewed = |number| world.meta.exchange_count(&metaads_sandbox::bulk_user_id(number));
    assert_eq!([0, 1, 2, 3].map(renewed), [0, 1, 1, 1]);
    let calls = world.meta.calls();
    let system = calls.iter().filter(|call| {
        call.params.iter().any(|(name, value)| name == "set_token_expires_in_60_days" && value == "true")
    });
    assert_eq!(system.count(), 1);
    assert_eq!(world.meta.count(Endpoint::InstagramRefresh), 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE status = 'active'").await, 4);
}

#[tokio::test]
async fn a_clock_that_jumps_leaves_nothing_undone() {
    let world = World::new().await;
    let (browser, _) = connected(&world).await;
    // A replica with a clock a year ahead claimed everything and planned it far away.
    let far = world.app.now() + 365 * 86_400_000;
    world.sql(&format!("UPDATE jobs SET leased_until = {far}, run_at = {far}, priority = 1")).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    assert!(world.run_due_jobs().await > 0);
    // And time that was slept through is noticed at the next look.
    world.advance(days(50));
    world.run_due_jobs().await;
    assert!(only_after_login(&browser).await["last_refreshed_at"].as_str().unwrap() > "2027");
}
