//! Absence, decline and loss are claimed only from what Meta has said completely.

use metaads_sandbox::{Answer, Endpoint, Persona};
use serde_json::{Value, json};

use crate::browser::PASSWORD;
use crate::effects::{api_error, json_body};
use crate::world::{World, days};

const GRANTED: [&str; 5] =
    ["ads_management", "ads_read", "business_management", "pages_show_list", "instagram_basic"];

#[tokio::test]
async fn a_permission_that_the_dialog_does_not_offer_is_the_operators_and_not_declined() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let listed: Vec<Value> =
        GRANTED.iter().map(|scope| json!({"permission": scope, "status": "granted"})).collect();
    let app = world.app.graph().app().app_id.to_string();
    let inspected = json!({"data": {"app_id": app, "is_valid": true, "type": "USER", "expires_at": 0,
        "user_id": Persona::SoleTrader.user_id(), "scopes": GRANTED}});
    world.fault_times(Endpoint::Permissions, 1_000, json_body(200, &json!({"data": listed}).to_string()));
    world.fault_times(Endpoint::DebugToken, 1_000, json_body(200, &inspected.to_string()));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["declined_scopes"], json!([]));
    assert_eq!(connection["status_reason"], "permissions_not_offered", "{connection}");
    let page = browser.get("/dashboard").await;
    assert!(
        page.has("Facebook does not offer a permission") && page.has("Your admin has to act"),
        "{}",
        page.text
    );
    assert!(!page.has("turned it off") && !page.has("Ask Tom again"), "{}", page.text);
    let id = browser.connection_id().await;
    let page = browser.get(&format!("/connections/{id}/missing")).await;
    assert!(page.has("It was not declined") && page.has("pages_read_engagement"), "{}", page.text);
}

#[tokio::test]
async fn a_business_that_demands_two_factor_sign_in_says_so() {
    for (code, subcode) in [(415, Some(2_859_009)), (415, Some(1_404_120)), (415, None)] {
        let world = World::new().await;
        let browser = world.user("a@b.example").await;
        for endpoint in [Endpoint::OwnedAdAccounts, Endpoint::ClientAdAccounts] {
            world.fault_times(endpoint, 1_000, api_error(code, subcode));
        }
        browser.connect(Answer::agree(Persona::RoleTooLow)).await;
        world.run_due_jobs().await;
        let id = browser.connection_id().await;
        let page = browser.get(&format!("/connections/{id}/missing")).await;
        assert!(page.has("requires two-factor authentication"), "{subcode:?}: {}", page.text);
        assert!(!page.has("has no role") && !page.has("has no ad account"), "{subcode:?}: {}", page.text);
        world.fault_times(Endpoint::AdAccount, 1, api_error(code, subcode));
        let page = browser.submit(&format!("/connections/{id}/missing"), &[("account", "123456")]).await;
        assert!(page.has("its business requires two-factor authentication"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_name_follows_meta() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    let person = json!({"id": Persona::SoleTrader.user_id(), "name": "Tomas Okafor-Lindqvist"});
    world.fault_times(Endpoint::Me, 1_000, json_body(200, &person.to_string()));
    world.run_for(days(9)).await;
    browser.login("a@b.example", PASSWORD).await;
    assert_eq!(browser.connections().await[0]["name"], "Tomas Okafor-Lindqvist");
}

#[tokio::test]
async fn an_account_that_the_grant_does_not_cover_is_grey_with_its_reason() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let account = json!({"data": [{"id": "act_777001", "account_id": "777001", "name": "Left out",
        "account_status": 1, "currency": "EUR"}]});
    let app = world.app.graph().app().app_id.to_string();
    let all =
        ["ads_management", "ads_read", "business_management", "pages_read_engagement", "pages_show_list"];
    let limited = json!([
        {"scope": "ads_management", "target_ids": ["888002"]},
        {"scope": "ads_read", "target_ids": ["888002"]},
    ]);
    let inspected = json!({"data": {"app_id": app, "is_valid": true, "type": "USER", "expires_at": 0,
        "user_id": Persona::RoleTooLow.user_id(), "scopes": all, "granular_scopes": limited}});
    world.fault_times(Endpoint::DebugToken, 1_000, json_body(200, &inspected.to_string()));
    world.fault_times(Endpoint::OwnedAdAccounts, 1_000, json_body(200, &account.to_string()));
    browser.connect(Answer::agree(Persona::RoleTooLow)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let accounts = browser.ad_accounts(&id, "q=777001").await;
    assert_eq!(accounts.len(), 1, "{}", browser.get(&format!("/connections/{id}/missing")).await.text);
    assert_eq!(accounts[0]["is_selectable"], false, "{}", accounts[0]);
    assert_eq!(accounts[0]["status_reason"], "asset_not_granted", "{}", accounts[0]);
    assert!(browser.get(&format!("/connections/{id}/accounts")).await.has("left out in the Facebook window"));
}
