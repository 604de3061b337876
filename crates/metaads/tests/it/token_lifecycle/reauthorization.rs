//! What only the person or only the operator can fix: each reason for reauthorization, and how it is shown.

use metaads_sandbox::{Answer, Endpoint, PermissionStatus, Persona};
use serde_json::Value;

use crate::browser::{Browser, PASSWORD};
use crate::effects::api_error;
use crate::world::{World, days, hours, minutes};

async fn state(browser: &Browser) -> (String, Option<String>) {
    browser.login("a@b.example", PASSWORD).await;
    let connection = browser.connections().await.remove(0);
    (
        connection["status"].as_str().unwrap().to_owned(),
        connection["status_reason"].as_str().map(str::to_owned),
    )
}

fn needs_reauthorization(reason: &str) -> (String, Option<String>) {
    ("needs_reauthorization".to_owned(), Some(reason.to_owned()))
}

fn active(reason: Option<&str>) -> (String, Option<String>) {
    ("active".to_owned(), reason.map(str::to_owned))
}

#[tokio::test]
async fn every_reason_for_an_invalid_token_is_found_within_a_day() {
    for (subcode, reason, words) in [
        (458, "app_removed", "removed this app on Facebook"),
        (459, "checkpoint", "Facebook wants to verify that it is Tom"),
        (460, "password_changed", "Facebook password changed"),
        (464, "user_unconfirmed", "Facebook is waiting for Tom to confirm"),
        (467, "session_invalid", "Facebook no longer accepts this connection"),
        (493, "data_access_expired", "90-day access ended"),
    ] {
        let world = World::new().await;
        let (browser, _) = world.connected().await;
        world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), subcode);
        world.run_for(days(2)).await;
        assert_eq!(state(&browser).await, needs_reauthorization(reason));
        let page = browser.get("/dashboard").await;
        assert!(page.has(words), "{subcode}: {}", page.text);
    }
}

#[tokio::test]
async fn a_passed_checkpoint_restores_the_connection() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 459);
    world.run_for(days(2)).await;
    let page = browser.get("/dashboard").await;
    let page = if page.status == 200 {
        page
    } else {
        browser.login("a@b.example", PASSWORD).await;
        browser.get("/dashboard").await
    };
    assert!(
        page.has("Open facebook.com")
            && page.has("Check again")
            && !page.has("Reconnect Tom</button></form>\n</div>"),
        "{}",
        page.text
    );
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Action is still needed"), "{}", page.text);
    world.meta.restore_tokens(Persona::SoleTrader.user_id());
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("The access works."), "{}", page.text);
    assert_eq!(state(&browser).await, active(None));
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has("Restored") && history.has("Facebook wants to verify the person"));
    // The next token check restores it too.
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 464);
    world.run_for(days(2)).await;
    world.meta.restore_tokens(Persona::SoleTrader.user_id());
    world.run_for(hours(2)).await;
    assert_eq!(state(&browser).await, active(None));
}

#[tokio::test]
async fn reconnecting_is_recorded_as_recovered() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 460);
    world.run_for(days(2)).await;
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await, active(None));
    assert_eq!(world.number("SELECT COUNT(*) FROM audit_log WHERE action = 'recovered'").await, 1);
}

#[tokio::test]
async fn one_false_token_error_does_not_end_the_connection() {
    for (code, subcode) in [(190, Some(460)), (190, None), (102, None), (190, Some(458))] {
        let world = World::new().await;
        let (browser, id) = world.connected().await;
        world.advance(days(3));
        world.fault(Endpoint::Exchange, api_error(code, subcode));
        let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
        assert!(page.has("The access works."), "{}", page.text);
        assert_eq!(state(&browser).await, active(None), "{code}/{subcode:?}");
    }
}

#[tokio::test]
async fn a_misconfiguration_is_shown_only_to_the_operator() {
    let world = World::new().await;
    let admin = world.user("admin@b.example").await;
    let (browser, _) = world.connected().await;
    // A wrong secret, a refused app token, a blocked app, an ended API version.
    for error in [api_error(1, None), api_error(190, None), api_error(200, None), api_error(2635, None)] {
        world.meta.clear_faults();
        world.fault_times(Endpoint::DebugToken, u32::MAX, error);
        world.run_for(days(2)).await;
        assert_eq!(state(&browser).await, active(None));
        let page = browser.get("/dashboard").await;
        assert!(
            !page.has("Reconnect Tom</button></form>\n</div>") && !page.has("banner-bad"),
            "{}",
            page.text
        );
        admin.login("admin@b.example", PASSWORD).await;
        let page = admin.get("/dashboard").await;
        assert!(page.has("banner-bad") && page.has("since "), "{}", page.text);
    }
    world.meta.clear_faults();
    world.run_for(days(1)).await;
    assert!(!admin.get("/dashboard").await.has("banner-bad"), "the notice is gone");
}

#[tokio::test]
async fn expired_data_access_affects_only_instagram() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    world.meta.set_data_access(Persona::SoleTrader.user_id(), days(10));
    world.run_for(days(2)).await;
    browser.login("a@b.example", PASSWORD).await;
    let page = browser.get("/dashboard").await;
    assert!(page.has("Instagram needs Tom by") && page.has("Confirm on Facebook"), "{}", page.text);
    assert_eq!(state(&browser).await, active(None));
    world.run_for(days(9)).await;
    assert_eq!(state(&browser).await, active(Some("data_access_expired")));
    let page = browser.get("/dashboard").await;
    assert!(page.has("Ads and Pages are not affected"), "{}", page.text);
    // Without Instagram permissions nobody is asked.
    let other = world.user("b@b.example").await;
    other.connect(Answer::declining(Persona::SecondSoleTrader, &["instagram_basic"])).await;
    world.meta.set_data_access(Persona::SecondSoleTrader.user_id(), days(1));
    world.run_for(days(3)).await;
    let connection = other.connections().await.remove(0);
    assert_eq!((connection["status"].as_str(), &connection["status_reason"]), (Some("active"), &Value::Null));
}

#[tokio::test]
async fn revoked_and_expired_permissions_are_told_apart() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    let user_id = Persona::SoleTrader.user_id();
    world.meta.set_permission(user_id, "ads_management", PermissionStatus::Declined);
    world.run_for(days(2)).await;
    assert_eq!(state(&browser).await, active(Some("permissions_missing")));
    world.meta.set_permission(user_id, "ads_management", PermissionStatus::Granted);
    world.run_for(days(2)).await;
    assert_eq!(state(&browser).await, active(None));
    world.meta.set_permission(user_id, "ads_management", PermissionStatus::Expired);
    world.run_for(days(2)).await;
    assert_eq!(state(&browser).await, active(Some("permission_expired")));
    let page = browser.get("/dashboard").await;
    assert!(page.has("A permission expired") && page.has("Ask Tom again"), "{}", page.text);
}

#[tokio::test]
async fn connections_are_checked_after_a_database_restore() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    metaads::worker::sweep(&world.app).await.unwrap();
    // Backed up now, restored five days later; in between the person removed the app.
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 458);
    world.advance(days(5));
    world.restart().await;
    tokio::select! {
        recovered = metaads::worker::recover_after_downtime(&world.app) => recovered.unwrap(),
        () = world.pass_time() => {}
    }
    world.advance(minutes(30));
    world.run_due_jobs().await;
    assert_eq!(state(&browser).await, needs_reauthorization("app_removed"));
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(
        history.has("Checked after downtime") && history.has("22 Nov 2026, 12:00 UTC"),
        "{}",
        history.text
    );
}
