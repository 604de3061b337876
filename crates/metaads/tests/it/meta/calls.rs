//! Meta calls us: removed apps, requests for deletion, webhooks. Signed, stored, applied once.

use metaads_sandbox::{Answer, Persona};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::keeping::renewal::connected;
use crate::world::{SECOND, World};

const USER: &str = "122094567890123";

async fn world() -> World {
    World::with(&[("META_WEBHOOK_VERIFY_TOKEN", "handshake")]).await
}

/// Enters our addresses at Meta, as an operator does.
pub fn entered(world: &World) {
    let hook = |name: &str| format!("{}/hooks/meta/{name}", world.base);
    world.meta.set_app_urls(Some(&hook("deauthorize")), Some(&hook("data-deletion")));
    for (object, fields) in metaads::webhooks::inbox::SUBSCRIPTIONS {
        world.meta.subscribe(object, &fields.split(',').collect::<Vec<_>>(), &hook("events"));
    }
}

/// Waits until so many calls of Meta's have been answered, and gives their statuses.
pub async fn answered(world: &World, number: usize) -> Vec<u16> {
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

async fn post_signed(world: &World, hook: &str, signed_request: &str) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}/hooks/meta/{hook}", world.base));
    let answer = request.form(&[("signed_request", signed_request)]).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The page on which the person follows the deletion.
async fn followed(world: &World, answer: &Value) -> crate::browser::ObservedStatus {
    let path = format!("/data-deletion/{}", answer["confirmation_code"].as_str().unwrap());
    world.browser().get(&path).await
}

async fn user_id(browser: &Browser) -> String {
    browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_handshake_answers_the_right_token_alone() {
    let world = world().await;
    let path = |token: &str| {
        format!("/hooks/meta/events?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    let browser = world.browser();
    let right = browser.get(&path("handshake")).await;
    assert_eq!((right.status, right.text.as_str()), (200, "1158201444"));
    assert_eq!(browser.get(&path("wrong")).await.status, 403);
    let without = World::new().await;
    assert_eq!(without.browser().get(&path("")).await.status, 403, "no token is set: nothing fits");
}

#[tokio::test]
async fn a_look_at_the_addresses_of_the_callbacks_is_answered() {
    let world = World::new().await;
    for hook in ["deauthorize", "data-deletion"] {
        assert_eq!(world.browser().get(&format!("/hooks/meta/{hook}")).await.status, 200, "{hook}");
    }
}

#[tokio::test]
async fn somebody_who_removes_the_app_is_shown_so_and_the_token_is_gone() {
    let world = world().await;
    entered(&world);
    let (browser, id) = connected(&world).await;
    world.meta.remove_app(&user_id(&browser).await);
    assert_eq!(answered(&world, 2).await, [200, 200]);
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
async fn a_late_or_repeated_callback_does_not_end_the_newer_login() {
    let world = world().await;
    let (browser, id) = connected(&world).await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    world.advance(120 * SECOND);
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    for _ in 0..3 {
        assert_eq!(post_signed(&world, "deauthorize", &signed).await.0, 200);
    }
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox").await, 1, "the same thing three times");
}

#[tokio::test]
async fn a_wrong_signature_changes_nothing() {
    let world = world().await;
    let (browser, _) = connected(&world).await;
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
async fn who_asks_for_deletion_can_follow_it_and_nothing_that_names_them_stays() {
    let world = world().await;
    entered(&world);
    let (browser, id) = connected(&world).await;
    let user = user_id(&browser).await;
    world.meta.request_data_deletion(&user);
    answered(&world, 1).await;
    let answer: Value = serde_json::from_str(&world.meta.deliveries()[0].answer).unwrap();
    let code = answer["confirmation_code"].as_str().unwrap();
    assert_eq!(answer["url"], format!("{}/data-deletion/{code}", world.base));
    let path = format!("/data-deletion/{code}");
    let anybody = world.browser();
    assert!(anybody.get(&path).await.has("Your data is being deleted"));
    world.run_due_jobs().await;
    let page = anybody.get(&path).await;
    assert!(page.has("Your data is deleted") && page.has(code), "{}", page.text);
    assert!(browser.connections().await.is_empty());
    assert_eq!(browser.get(&format!("/connections/{id}")).await.status, 404);
    for (table, column) in [
        ("meta_connections", "meta_user_id"),
        ("webhook_inbox", "subject"),
        ("deletion_requests", "user_hash"),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%{user}%'");
        assert_eq!(world.number(&sql).await, 0, "{table}");
    }
    let rows = world.number("SELECT COUNT(*) FROM meta_ad_accounts").await;
    assert_eq!(rows, 0);
    // Asked once more: the same code, and nothing happens twice.
    assert_eq!(anybody.get("/data-deletion/DEL-0000-0000-0000").await.status, 404);
    assert!(anybody.get(&path.to_lowercase()).await.has("Your data is deleted"));
}

#[tokio::test]
async fn a_late_request_for_deletion_says_why_the_newer_login_stays() {
    let world = world().await;
    let (browser, id) = connected(&world).await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    world.advance(120 * SECOND);
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    let (status, answer) = post_signed(&world, "data-deletion", &signed).await;
    assert_eq!(status, 200);
    world.run_due_jobs().await;
    let page = followed(&world, &answer).await;
    assert!(page.has("After that you signed in anew"), "{}", page.text);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn a_test_from_the_dashboard_and_a_stranger_get_an_answer_too() {
    let world = world().await;
    let ask = |user: &str| world.meta.signed_request(user);
    let (status, answer) = post_signed(&world, "data-deletion", &ask("0")).await;
    assert_eq!(status, 200);
    assert!(followed(&world, &answer).await.has("This was a test"));
    let (_, first) = post_signed(&world, "data-deletion", &ask(USER)).await;
    let (_, second) = post_signed(&world, "data-deletion", &ask(USER)).await;
    assert_eq!(first, second, "the same request has the same code");
    world.run_due_jobs().await;
    assert!(followed(&world, &first).await.has("There was nothing to delete"));
    assert_eq!(post_signed(&world, "deauthorize", &ask("0")).await.0, 200);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox WHERE object = 'deauthorize'").await, 0);
}

#[tokio::test]
async fn a_permission_taken_back_on_facebook_shows_at_once() {
    let world = world().await;
    entered(&world);
    let (browser, _) = connected(&world).await;
    let user = user_id(&browser).await;
    world.meta.set_permission(&user, "ads_read", metaads_sandbox::PermissionStatus::Declined);
    let value = json!({"verb": "revoked", "target_ids": null});
    world.meta.send_event("permissions", &user, &json!({"field": "ads_read", "value": value}));
    assert_eq!(answered(&world, 1).await, [200]);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["missing_scopes"], json!(["ads_read"]));
    assert_eq!(connection["status_reason"], "permissions_missing");
}

#[tokio::test]
async fn a_thousand_changes_in_one_post_are_stored_once_and_applied_in_any_order() {
    let world = world().await;
    let (browser, _) = connected(&world).await;
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
    assert_eq!(browser.connections().await.remove(0)["status"], "active", "Meta was asked, not the event");
}

#[tokio::test]
async fn what_nobody_documents_is_stored_and_harms_nothing() {
    let world = world().await;
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
async fn a_notice_of_the_dashboard_reaches_the_operator() {
    let world = world().await;
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
