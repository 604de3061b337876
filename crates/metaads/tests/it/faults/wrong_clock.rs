//! Clocks that are wrong, jump, or differ from Meta's: nothing living is lost.

use std::time::Duration;

use metaads::keys::rotate::{Reach, rotate};
use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::browser::PASSWORD;
use crate::effects::unavailable;
use crate::meta::inbound_webhooks::{post_signed, user_id, webhook_world};
use crate::world::{World, days, hours, minutes};

#[tokio::test]
async fn a_late_call_about_the_old_grant_does_not_erase_the_new_one() {
    for hook in ["deauthorize", "data-deletion"] {
        let world = webhook_world().await;
        let (browser, id) = world.connected().await;
        let user = user_id(&browser).await;
        browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
        world.run_due_jobs().await;
        let signed = world.meta.signed_request(&user);
        world.advance(Duration::from_secs(4));
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        world.run_due_jobs().await;
        assert_eq!(post_signed(&world, hook, &signed).await.0, 200);
        world.run_due_jobs().await;
        let connection = browser.connections().await.remove(0);
        assert_eq!(connection["status"], "active", "{hook}");
    }
}

#[tokio::test]
async fn a_dead_grant_is_erased_whatever_the_clocks_say_once_meta_can_be_asked() {
    let world = webhook_world().await;
    let (browser, _) = world.connected().await;
    let user = user_id(&browser).await;
    // Meta's call seems to come from before the login.
    world.advance(Duration::from_secs(4));
    let signed = world.meta.signed_request(&user);
    world.meta.invalidate_tokens(&user, 458);
    world.fault_times(Endpoint::DebugToken, 3, unavailable());
    post_signed(&world, "deauthorize", &signed).await;
    world.run_due_jobs().await;
    for _ in 0..5 {
        world.advance(minutes(5));
        world.run_due_jobs().await;
    }
    assert_eq!(browser.connections().await.remove(0)["status"], "revoked");
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_signed_request_of_last_month_is_refused() {
    let world = webhook_world().await;
    let (browser, _) = world.connected().await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    world.advance(days(8));
    assert_eq!(post_signed(&world, "deauthorize", &signed).await.0, 400);
    assert_eq!(post_signed(&world, "data-deletion", &signed).await.0, 400);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox").await, 0);
}

#[tokio::test]
async fn a_jump_of_the_clock_deletes_nothing_and_locks_nobody_out() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    metaads::worker::sweep(&world.app).await.unwrap();
    let count = "SELECT (SELECT COUNT(*) FROM sessions) + (SELECT COUNT(*) FROM known_devices)
        + (SELECT COUNT(*) FROM authorizations)";
    let before = world.number(count).await;
    let now = world.app.now();
    world.set_clock(now + 400 * 86_400_000);
    metaads::worker::sweep(&world.app).await.unwrap();
    let stranger = world.browser();
    for _ in 0..12 {
        stranger.login("a@b.example", "a wrong password").await;
    }
    world.set_clock(now + 3_000);
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number(count).await, before);
    assert_eq!(browser.connections().await.len(), 1, "still signed in");
    world.advance(minutes(16));
    let owner = world.browser();
    assert_eq!(owner.login("a@b.example", PASSWORD).await.status, 303, "not locked out for a year");
}

#[tokio::test]
async fn a_token_that_meta_calls_valid_is_used_although_our_clock_is_ahead() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let app = world.app.graph().app().app_id.to_string();
    let ended = (world.app.now() / 1000) - 3_600;
    let body = serde_json::json!({"data": {"app_id": app, "is_valid": true, "type": "USER",
        "user_id": Persona::SoleTrader.user_id(), "expires_at": ended, "scopes": ["ads_read"]}});
    world.fault(Endpoint::DebugToken, crate::effects::json_body(200, &body.to_string()));
    let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(page.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn the_operator_reads_how_wrong_the_clock_is() {
    let world = World::new().await;
    let date = || Effect::Headers(vec![("date".to_owned(), "Sun, 22 Nov 2026 09:00:00 GMT".to_owned())]);
    let (browser, _) = world.connected().await;
    assert!(browser.get("/admin").await.has("Everything is fine"));
    world.fault_times(Endpoint::DebugToken, 1_000, date());
    for _ in 0..30 {
        world.advance(hours(1));
        world.run_due_jobs().await;
    }
    browser.login("a@b.example", PASSWORD).await;
    let page = browser.get("/admin").await;
    assert!(page.has("clock has been wrong") && page.has("ahead of Meta’s"), "{}", page.text);
}

#[tokio::test]
async fn a_data_key_dated_ahead_does_not_stop_the_next_rotation() {
    let world = World::new().await;
    world.connected().await;
    let app = &world.app;
    let turn = async |now: i64| {
        rotate(&app.store, &app.keys, &app.random, now, Reach::Everything, |_, _| {}).await.unwrap()
    };
    let ahead = turn(app.now() + 400 * 86_400_000).await;
    let before = app.keys.sealing_key();
    let after = turn(app.now()).await;
    assert_eq!((ahead.resealed, after.resealed), (1, 1));
    assert_ne!(before, app.keys.sealing_key());
}

#[tokio::test]
async fn an_old_data_key_cannot_be_made_the_one_that_seals() {
    let world = World::new().await;
    world.connected().await;
    let app = &world.app;
    let old = app.keys.sealing_key();
    rotate(&app.store, &app.keys, &app.random, app.now(), Reach::Everything, |_, _| {}).await.unwrap();
    assert_ne!(app.keys.sealing_key(), old);
    world.sql(&format!("UPDATE data_keys SET number = 99 WHERE id = '{old}'")).await;
    app.keys.reload(&app.store).await.unwrap();
    assert_ne!(app.keys.sealing_key(), old);
    world.sql("UPDATE data_keys SET created_at = created_at + 1").await;
    app.keys.reload(&app.store).await.unwrap();
    assert!(app.keys.is_outdated(), "a key of another age does not open");
    assert_eq!(world.browser().get("/readyz").await.status, 503);
}
