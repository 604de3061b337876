//! Failures while the asset lists are synced in the background.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::effects::{api_error_with, json_body, unavailable};
use crate::world::{World, minutes};

#[tokio::test]
async fn an_outage_pauses_the_sync_and_the_connection_stays_active() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.fault_times(Endpoint::OwnedAdAccounts, 1_000, unavailable());
    for _ in 0..4 {
        world.run_due_jobs().await;
        world.advance(minutes(5));
    }
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("failed"))
    );
    assert!(browser.get("/dashboard").await.has("We keep trying"));
    world.meta.clear_faults();
    world.advance(minutes(10));
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
}

#[tokio::test]
async fn the_page_size_halves_when_meta_asks_for_less_data() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let less = api_error_with(
        500,
        1,
        None,
        "Please reduce the amount of data you're asking for, then retry your request",
    );
    world.fault_times(Endpoint::OwnedAdAccounts, 2, less);
    world.run_due_jobs().await;
    let limits: Vec<String> = world
        .meta
        .calls()
        .iter()
        .filter(|call| call.endpoint == Endpoint::OwnedAdAccounts)
        .flat_map(|call| call.params.iter().find(|(name, _)| name == "limit").map(|(_, limit)| limit.clone()))
        .take(3)
        .collect();
    assert_eq!(limits, ["100", "50", "25"]);
    assert_eq!(browser.connections().await[0]["ad_accounts"]["total"], 1307);
}

#[tokio::test]
async fn a_refused_list_does_not_stop_the_others() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.fault_times(
        Endpoint::ClientAdAccounts,
        3,
        api_error_with(400, 100, None, "Tried accessing nonexisting field"),
    );
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    // /me/adaccounts lists the same accounts; only their business is unknown.
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
}

#[tokio::test]
async fn an_invalid_grant_is_confirmed_and_shown_with_its_reason() {
    let world = World::new().await;
    for (subcode, reason, expected) in [
        (458, "app_removed", "removed this app on Facebook"),
        (459, "checkpoint", "Facebook wants to verify that it is Tom"),
        (460, "password_changed", "Facebook password changed"),
        (463, "token_expired", "permission expired on"),
        (467, "session_invalid", "no longer accepts this connection"),
    ] {
        let browser = world.user(&format!("{reason}@b.example")).await;
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        world.run_due_jobs().await;
        let id = browser.connection_id().await;
        world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), subcode);
        browser.submit(&format!("/connections/{id}/sync"), &[]).await;
        world.run_due_jobs().await;
        let connection = browser.connections().await.remove(0);
        assert_eq!(connection["status"], "needs_reauthorization", "{subcode}");
        assert_eq!(connection["status_reason"], reason, "{subcode}");
        assert!(browser.get("/dashboard").await.has(expected), "{subcode}");
        // Reconnecting restores the same connection.
        browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
        world.run_due_jobs().await;
        assert_eq!(browser.connections().await[0]["status"], "active", "{subcode}");
    }
}

#[tokio::test]
async fn one_false_token_error_during_a_sync_needs_no_reconnect() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    world.fault(
        Endpoint::Pages,
        api_error_with(400, 190, None, "This method must be called with a Page Access Token"),
    );
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    let steps = world.run_due_jobs().await;
    assert!(steps < 20, "{steps} steps: the sync does not end");
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_list_whose_cursor_does_not_advance_is_abandoned() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let page = serde_json::json!({"data": [], "paging": {
        "cursors": {"before": "QQ", "after": "QR"}, "next": "https://graph.facebook.com/v26.0/me/adaccounts?after=QR"}});
    world.fault_times(Endpoint::AdAccounts, u32::MAX, json_body(200, &page.to_string()));
    world.meta.clear_calls();
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::AdAccounts), 2);
    assert_eq!(browser.connections().await[0]["sync"]["state"], "idle");
}

#[tokio::test]
async fn a_rate_limit_during_a_sync_repeats_no_page() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.meta.clear_calls();
    world.fault(
        Endpoint::ClientAdAccounts,
        api_error_with(400, 17, Some(2_446_079), "User request limit reached"),
    );
    world.run_due_jobs().await;
    let before = world.meta.count(Endpoint::OwnedAdAccounts);
    assert_eq!(browser.connections().await[0]["sync"]["state"], "running");
    world.advance(minutes(11));
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["ad_accounts"]["total"].as_i64(), connection["sync"]["state"].as_str()),
        (Some(1307), Some("idle"))
    );
    // The owned lists have 412, 0 and 21 accounts: 5 + 1 + 1 pages. None of them waits for the client list.
    assert_eq!((before, world.meta.count(Endpoint::OwnedAdAccounts)), (7, 7));
}
