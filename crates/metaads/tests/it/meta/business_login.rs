//! Login for Business: a business that connects, and the token of its system user.

use metaads_sandbox::{Answer, Endpoint, Persona};
use serde_json::{Value, json};

use super::inbound_webhooks::{register_webhooks, wait_for_deliveries};
use crate::browser::Browser;
use crate::world::{World, days};

// The sandbox's configurations of Login for Business.
const NEVER_EXPIRES: &str = "600700800900";
const SIXTY_DAYS: &str = "600700800901";
const USER_TOKEN: &str = "600700800902";
const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148";

async fn with_configuration(id: &str) -> World {
    World::with(&[("META_LOGIN_CONFIG_ID", id)]).await
}

/// The agency's first business, connected by Login for Business.
async fn business(world: &World) -> (Browser, Value) {
    let browser = world.user("a@b.example").await;
    let answer = Answer::for_business(Persona::Agency, 0);
    let response = browser.connect_with(answer, &[("kind", "business")]).await;
    assert_eq!(response.status, 200, "{}", response.text);
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    (browser, connection)
}

#[tokio::test]
async fn a_business_connection_never_expires() {
    let world = with_configuration(NEVER_EXPIRES).await;
    let browser = world.user("a@b.example").await;
    let dialog = browser.start_connect(&[("kind", "business")]).await;
    assert!(
        dialog.contains("config_id=600700800900") && dialog.contains("override_default_response_type=true")
    );
    assert!(!dialog.contains("scope="), "the configuration decides the permissions: {dialog}");
    let callback = browser.answer_dialog(&dialog, Answer::for_business(Persona::Agency, 0)).await;
    browser.follow_callback(&callback).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["kind"], "business_system_user");
    assert_eq!((&connection["status"], &connection["status_reason"]), (&json!("active"), &Value::Null));
    assert_eq!(
        (&connection["expires_at"], &connection["name"]),
        (&Value::Null, &json!("Studio Nordlicht GmbH"))
    );
    assert_eq!(connection["ad_accounts"], json!({"total": 412, "selected": 0}));
    let id = connection["id"].as_str().unwrap().to_owned();
    let owned = browser.ad_accounts(&id, "").await;
    assert!(owned.iter().all(|account| account["relation"] == "owned"), "the business owns them");
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("Business system user") && page.has("No end date"), "{}", page.text);
    let before = world.meta.count(Endpoint::Exchange);
    world.run_for(days(90)).await;
    assert_eq!(world.meta.count(Endpoint::Exchange), before, "a token that never expires is not refreshed");
}

#[tokio::test]
async fn a_business_token_of_sixty_days_is_refreshed_as_a_system_user_token() {
    let world = with_configuration(SIXTY_DAYS).await;
    let (browser, before) = business(&world).await;
    assert_ne!(before["expires_at"], Value::Null);
    world.meta.clear_calls();
    world.run_for(days(65)).await;
    let refreshes: Vec<_> =
        world.meta.calls().into_iter().filter(|call| call.endpoint == Endpoint::Exchange).collect();
    assert_eq!(refreshes.len(), 1);
    let in_sixty_days = ("set_token_expires_in_60_days".to_owned(), "true".to_owned());
    assert!(refreshes[0].params.contains(&in_sixty_days));
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let after = browser.connections().await.remove(0);
    assert_eq!(after["status"], "active");
    assert!(after["expires_at"].as_str() > before["expires_at"].as_str());
}

#[tokio::test]
async fn a_configuration_for_user_tokens_makes_a_user_connection() {
    let world = with_configuration(USER_TOKEN).await;
    let browser = world.user("a@b.example").await;
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("kind", "business")]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["kind"].as_str(), connection["name"].as_str()),
        (Some("facebook_user"), Some("Tom Okafor"))
    );
    assert_ne!(connection["expires_at"], Value::Null);
    let id = connection["id"].as_str().unwrap();
    let again = browser.start_connect(&[("connection", id)]).await;
    assert!(again.contains("config_id=600700800902"), "reconnecting uses the same dialog: {again}");
}

#[tokio::test]
async fn a_phone_is_asked_to_use_a_computer_and_given_the_address() {
    let world = with_configuration(NEVER_EXPIRES).await;
    let browser = world.user("a@b.example").await;
    let at_phone = [("user-agent", PHONE), ("sec-fetch-site", "same-origin")];
    let response = browser.post_with("/connect/meta", &[("kind", "business")], &at_phone).await;
    assert_eq!((response.status, response.location.as_str()), (303, "/connect/business"));
    let page = browser.get_with("/connect/business", &at_phone).await;
    assert!(page.has("This needs a computer") && page.has(&format!("{}/connect/business", world.base)));
    assert!(!page.has("name=\"kind\""), "there is no button that cannot work");
    let at_desk = browser.get("/connect/business").await;
    assert!(at_desk.has("name=\"kind\" value=\"business\"") && !at_desk.has("This needs a computer"));
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations").await, 0);
}

#[tokio::test]
async fn business_login_is_hidden_when_not_configured() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    assert!(!browser.get("/dashboard").await.has("Connect a business"));
    assert_eq!(browser.get("/connect/business").await.status, 404);
    assert_eq!(browser.post("/connect/meta", &[("kind", "business")]).await.status, 422);
    assert_eq!(browser.post("/connect/meta", &[("kind", "planet")]).await.status, 422);
    assert_eq!(browser.post("/connect/instagram", &[]).await.status, 422);
}

#[tokio::test]
async fn only_assigned_accounts_are_synced_and_later_ones_are_added() {
    let world = with_configuration(NEVER_EXPIRES).await;
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    let all = browser.ad_accounts(id, "").await;
    let some: Vec<&str> = all[..3].iter().map(|account| account["account_id"].as_str().unwrap()).collect();
    let user = connection["meta_user_id"].as_str().unwrap();
    world.meta.set_targets(user, Some(&some[..2]));
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let usable = |accounts: Vec<Value>| accounts.iter().filter(|one| one["is_selectable"] == true).count();
    let usable_before = usable(browser.ad_accounts(id, "").await);
    assert!(usable_before <= 2, "{usable_before}");
    world.meta.set_targets(user, Some(&some));
    world.advance(days(2));
    world.run_due_jobs().await;
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("For 3 of them, as selected on Facebook"), "{}", page.text);
}

#[tokio::test]
async fn a_business_that_removes_the_app_is_shown_at_once() {
    let world = with_configuration(NEVER_EXPIRES).await;
    register_webhooks(&world);
    let (browser, _) = business(&world).await;
    let business_id = world.text("SELECT business_id FROM meta_connections").await;
    world.meta.remove_app_from_business(&business_id);
    wait_for_deliveries(&world, 1).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("app_removed"))
    );
}

#[tokio::test]
async fn disconnecting_a_business_revokes_its_token() {
    let world = with_configuration(NEVER_EXPIRES).await;
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    world.meta.clear_calls();
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    let calls = world.meta.calls();
    let revocations: Vec<u16> =
        calls.iter().filter(|call| call.path.ends_with("oauth/revoke")).map(|call| call.status).collect();
    assert_eq!(revocations, [200]);
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0, "there is no person whose grant could end");
    assert_eq!(browser.connections().await.remove(0)["status"], "revoked");
}

#[tokio::test]
async fn assigned_and_withdrawn_assets_are_synced_at_once() {
    let world = with_configuration(NEVER_EXPIRES).await;
    register_webhooks(&world);
    let (browser, connection) = business(&world).await;
    let id = connection["id"].as_str().unwrap();
    let business_id = world.text("SELECT business_id FROM meta_connections").await;
    let account = browser.ad_accounts(id, "").await[0]["account_id"].as_str().unwrap().to_owned();
    let status = async || {
        let found = browser.ad_accounts(id, &format!("q={account}")).await;
        found[0]["status"].as_str().unwrap().to_owned()
    };
    world.meta.withdraw_asset(&business_id, &account);
    wait_for_deliveries(&world, 1).await;
    world.run_due_jobs().await;
    assert_eq!(status().await, "unreachable");
    world.advance(crate::world::SECOND);
    world.meta.assign_asset(&business_id, &account);
    wait_for_deliveries(&world, 2).await;
    world.run_due_jobs().await;
    assert_ne!(status().await, "unreachable");
}
