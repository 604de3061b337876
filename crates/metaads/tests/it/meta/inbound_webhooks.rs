//! Meta's calls to us: deauthorizations and events. They are verified, stored in the inbox, and applied once.

use metaads_sandbox::{Answer, Persona};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::world::{World, minutes};

/// A world with a webhook verify token.
pub async fn webhook_world() -> World {
    World::with(&[("META_WEBHOOK_VERIFY_TOKEN", "handshake")]).await
}

/// Registers our URLs at Meta, as an operator does in the App Dashboard.
pub fn register_webhooks(world: &World) {
    let hook = |name: &str| format!("{}/hooks/meta/{name}", world.base);
    world.meta.set_app_urls(Some(&hook("deauthorize")), Some(&hook("data-deletion")));
    for (object, fields) in metaads::webhooks::inbox::SUBSCRIPTIONS {
        world.meta.subscribe(object, &fields.split(',').collect::<Vec<_>>(), &hook("events"));
    }
}

/// Waits until Meta has made this many calls to us. Returns our statuses.
pub async fn wait_for_deliveries(world: &World, number: usize) -> Vec<u16> {
    while world.meta.deliveries().len() < number {
        tokio::task::yield_now().await;
    }
    world.meta.deliveries().iter().map(|one| one.status).collect()
}

async fn post_event(world: &World, body: &Value) -> u16 {
    let (bytes, signature) = world.meta.signed_event(body);
    post_raw(world, bytes, &signature).await
}

async fn post_raw(world: &World, bytes: Vec<u8>, signature: &str) -> u16 {
    let request = reqwest::Client::new().post(format!("{}/hooks/meta/events", world.base));
    let request = request.header(CONTENT_TYPE, "application/json").header("x-hub-signature-256", signature);
    request.body(bytes).send().await.unwrap().status().as_u16()
}

pub async fn post_signed(world: &World, hook: &str, signed_request: &str) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}/hooks/meta/{hook}", world.base));
    let answer = request.form(&[("signed_request", signed_request)]).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The Meta user id of the only connection.
pub async fn user_id(browser: &Browser) -> String {
    browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_handshake_accepts_only_the_configured_verify_token() {
    let world = webhook_world().await;
    let path = |token: &str| {
        format!("/hooks/meta/events?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    let browser = world.browser();
    let right = browser.get(&path("handshake")).await;
    assert_eq!((right.status, right.text.as_str()), (200, "1158201444"));
    assert_eq!(browser.get(&path("wrong")).await.status, 403);
    let without = World::new().await;
    assert_eq!(
        without.browser().get(&path("")).await.status,
        403,
        "without a configured token none is accepted"
    );
}

#[tokio::test]
async fn a_get_on_the_callback_urls_is_answered() {
    let world = World::new().await;
    for hook in ["deauthorize", "data-deletion"] {
        assert_eq!(world.browser().get(&format!("/hooks/meta/{hook}")).await.status, 200, "{hook}");
    }
}

#[tokio::test]
async fn removing_the_app_revokes_the_connection_and_erases_the_token() {
    let world = webhook_world().await;
    register_webhooks(&world);
    let (browser, id) = world.connected().await;
    world.meta.remove_app(&user_id(&browser).await);
    assert_eq!(wait_for_deliveries(&world, 2).await, [200, 200]);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("revoked"), Some("app_removed"))
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("removed this app on Facebook") && page.has("Reconnect"), "{}", page.text);
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn a_late_or_repeated_deauthorization_does_not_revoke_a_newer_login() {
    let world = webhook_world().await;
    let (browser, id) = world.connected().await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    world.advance(minutes(2));
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    for _ in 0..3 {
        assert_eq!(post_signed(&world, "deauthorize", &signed).await.0, 200);
    }
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox").await, 1, "three copies of one call");
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_changes_nothing() {
    let world = webhook_world().await;
    let (browser, _) = world.connected().await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    let (signature, payload) = signed.split_once('.').unwrap();
    let forged = format!("{}.{payload}", signature.chars().rev().collect::<String>());
    for bad in [forged.as_str(), payload, "", "a.b", "...."] {
        for hook in ["deauthorize", "data-deletion"] {
            assert_eq!(post_signed(&world, hook, bad).await.0, 400, "{hook} {bad}");
        }
    }
    let body = json!({"object": "permissions", "entry": []});
    let (bytes, right) = world.meta.signed_event(&body);
    assert_eq!(post_raw(&world, bytes.clone(), "sha256=00").await, 401);
    assert_eq!(post_raw(&world, b"{}".to_vec(), &right).await, 401);
    assert_eq!(post_raw(&world, bytes, &right).await, 200);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM deletion_requests").await, 0);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn a_permission_revoked_on_facebook_shows_at_once() {
    let world = webhook_world().await;
    register_webhooks(&world);
    let (browser, _) = world.connected().await;
    let user = user_id(&browser).await;
    world.meta.set_permission(&user, "ads_read", metaads_sandbox::PermissionStatus::Declined);
    let value = json!({"verb": "revoked", "target_ids": null});
    world.meta.send_event("permissions", &user, &json!({"field": "ads_read", "value": value}));
    assert_eq!(wait_for_deliveries(&world, 1).await, [200]);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["missing_scopes"], json!(["ads_read"]));
    assert_eq!(connection["status_reason"], "permissions_missing");
}

#[tokio::test]
async fn a_thousand_events_in_one_post_are_stored_once_and_applied_in_any_order() {
    let world = webhook_world().await;
    let (browser, _) = world.connected().await;
    let user = user_id(&browser).await;
    let change = |number: i64| {
        let who = if number % 100 == 0 { user.clone() } else { format!("9{number:015}") };
        json!({"id": who, "uid": who, "time": 1_795_348_000 - number,
               "changes": [{"field": "connected", "verb": if number % 2 == 0 { "granted" } else { "revoked" }}]})
    };
    let body = json!({"object": "permissions", "entry": (0..1000).map(change).collect::<Vec<_>>()});
    assert_eq!(post_event(&world, &body).await, 200);
    assert_eq!(post_event(&world, &body).await, 200);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox").await, 1000);
    world.run_due_jobs().await;
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox WHERE applied_at IS NULL").await, 0);
    assert_eq!(
        browser.connections().await.remove(0)["status"],
        "active",
        "the token check decides, not the event"
    );
}

#[tokio::test]
async fn undocumented_events_are_stored_and_change_nothing() {
    let world = webhook_world().await;
    for body in [
        json!({"object": "a_new_one", "entry": [{"id": 17841400000000000_u64, "time": "x", "changes": [{"field": null}]}]}),
        json!({"object": "application", "entry": [{"changes": [{"field": "ad_account", "value": {"id": "1'; --"}}]}]}),
        json!({"object": "application", "entry": [{"changes": [{"field": "business_integration_update", "value": null}]}]}),
        json!({"object": "ad_account", "entry": [{"id": "act_5", "changed_fields": ["with_issues_ad_objects"]}]}),
        json!({"object": "permissions", "entry": [{"id": "\u{0}5", "changes": [{"field": "x", "value": "\u{0}"}]}]}),
    ] {
        assert_eq!(post_event(&world, &body).await, 200, "{body}");
    }
    for body in [json!([]), json!({"object": "x"}), json!({"entry": []}), json!("text")] {
        assert_eq!(post_event(&world, &body).await, 400, "{body}");
    }
    world.run_due_jobs().await;
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox WHERE applied_at IS NULL").await, 0);
}

#[tokio::test]
async fn a_dashboard_alert_reaches_the_operator() {
    let world = webhook_world().await;
    let browser = world.user("admin@b.example").await;
    let value =
        json!({"notification_id": 1, "header": "Your app will be <b>restricted</b>", "subtitle": "s"});
    let body = json!({"object": "application", "entry": [
        {"id": "100200300400500", "time": 1, "changes": [{"field": "dev_alerts", "value": value}]}]});
    assert_eq!(post_event(&world, &body).await, 200);
    world.run_due_jobs().await;
    let dashboard = browser.get("/dashboard").await;
    assert!(dashboard.has("Your app will be &#60;b&#62;restricted"), "{}", dashboard.text);
}
