//! Refusals that the operator's app has caused: the marketer reads that the operator has to act, nothing of theirs is
//! touched, and the operator hears of it.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use super::account_status::connect_problem_accounts;
use super::instagram_login::INSTAGRAM;
use crate::effects::{api_error, api_error_with, json_body};
use crate::world::{World, days, hours};

/// Text of Meta's in a language that nobody has prepared for.
const FOREIGN: &str = "Algo salió mal";

fn foreign(status: u16, code: i64) -> Effect {
    api_error_with(status, code, None, FOREIGN)
}

async fn operator_page(world: &World) -> String {
    let browser = world.browser();
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    browser.get("/admin").await.text
}

#[tokio::test]
async fn an_exchange_refused_for_the_app_is_the_operators() {
    for (endpoint, effect) in [
        (Endpoint::Token, foreign(400, 190)),
        (Endpoint::Token, foreign(400, 5)),
        (Endpoint::Token, foreign(400, 77_777)),
        (Endpoint::Exchange, foreign(400, 5)),
        (Endpoint::Exchange, foreign(400, 77_777)),
        (Endpoint::DebugToken, foreign(400, 77_777)),
    ] {
        let world = World::new().await;
        let browser = world.user("a@b.example").await;
        world.fault(endpoint, effect.clone());
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert!(page.has("Your admin must act"), "{endpoint:?} {effect:?}: {}", page.title());
        let admin = operator_page(&world).await;
        assert!(admin.contains("refused our app during sign-in"), "{endpoint:?} {effect:?}");
    }
}

#[tokio::test]
async fn an_instagram_account_without_a_role_on_the_app_is_the_operators() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let body = r#"{"error_type":"OAuthException","code":400,"error_message":"Insufficient developer role"}"#;
    world.fault(Endpoint::InstagramToken, json_body(400, body));
    let response = browser.post("/connect/instagram", &[]).await;
    let callback = browser.answer_dialog(&response.location, Answer::agree(Persona::SoleTrader)).await;
    let page = browser.follow_callback(&callback).await;
    assert!(page.has("Your admin must act") && page.has("hasn’t opened this app to you"), "{}", page.text);
    assert!(operator_page(&world).await.contains("add the account as a tester"));
}

#[tokio::test]
async fn an_address_missing_in_the_apps_allow_list_alarms_the_operator_and_touches_no_connection() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    for endpoint in [Endpoint::Exchange, Endpoint::DebugToken] {
        world.fault_times(endpoint, 1_000, foreign(400, 5));
    }
    world.run_for(days(45)).await;
    let admin = operator_page(&world).await;
    assert!(admin.contains("Meta has refused our app since") && admin.contains("IP allow"), "{admin}");
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    // Calls with users' tokens alone still work, and do not end the notice.
    let id = browser.connection_id().await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    assert!(operator_page(&world).await.contains("Meta has refused our app since"));
    world.meta.clear_faults();
    world.run_for(days(2)).await;
    assert!(operator_page(&world).await.contains("Everything is fine"));
}

#[tokio::test]
async fn when_every_refresh_is_refused_the_operator_is_alarmed() {
    let world = World::new().await;
    let (browser, _) = world.connected().await;
    world.fault_times(Endpoint::Exchange, 1_000, foreign(400, 77_777));
    world.run_for(days(48)).await;
    let admin = operator_page(&world).await;
    assert!(admin.contains("refused every token refresh since"), "{admin}");
    world.meta.clear_faults();
    world.run_for(days(3)).await;
    assert!(operator_page(&world).await.contains("Everything is fine"));
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_deactivated_app_costs_no_account_its_role() {
    for message in ["API access deactivated. To reactivate, go to the app dashboard.", FOREIGN] {
        let world = World::new().await;
        let (browser, id, usable) = connect_problem_accounts(&world).await;
        let fields: Vec<(&str, &str)> = usable.iter().map(|one| ("account_id", one.as_str())).collect();
        browser.submit(&format!("/connections/{id}/assets"), &fields).await;
        world.fault_times(Endpoint::AdAccount, 1_000, api_error_with(403, 200, None, message));
        world.run_for(hours(30)).await;
        browser.login("a@b.example", crate::browser::PASSWORD).await;
        let lost = browser.ad_accounts(&id, "").await.into_iter().filter(|one| one["is_selected"] == true);
        for account in lost {
            assert_ne!(account["status"], "unreachable", "{message}: {account}");
        }
        let admin = operator_page(&world).await;
        assert!(admin.contains("Meta has refused calls for our users"), "{message}: {admin}");
        world.meta.clear_faults();
        world.run_for(days(2)).await;
        assert!(operator_page(&world).await.contains("Everything is fine"), "{message}");
    }
}

#[tokio::test]
async fn a_role_that_all_accounts_have_lost_is_the_persons() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    browser.submit(&format!("/connections/{id}/assets"), &[("account_id", usable[0].as_str())]).await;
    // Meta no longer lists the account either.
    world.fault_times(Endpoint::AdAccount, 1_000, api_error(200, None));
    world.fault_times(Endpoint::AdAccounts, 1_000, json_body(200, r#"{"data":[]}"#));
    world.run_for(hours(30)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let account = browser.ad_accounts(&id, &format!("q={}", usable[0])).await.remove(0);
    assert_eq!(account["status_reason"], "role_lost", "{account}");
}

#[tokio::test]
async fn connections_of_another_app_say_so_and_are_left_alone() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    let before = world.text("SELECT status FROM meta_connections").await;
    let old = world.environment().iter().find(|(name, _)| name == "META_APP_ID").unwrap().1.clone();
    world.restart_with(&[("META_APP_ID", "900000000000009")]).await;
    world.meta.clear_calls();
    world.run_for(days(3)).await;
    assert!(world.meta.calls().is_empty(), "{:?}", world.meta.calls());
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("other_app"))
    );
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("made with another Meta app") && page.has("Reconnect"), "{}", page.text);
    assert_eq!(world.text("SELECT status FROM meta_connections").await, before, "nothing was judged");
    world.restart_with(&[("META_APP_ID", &old)]).await;
    world.run_for(days(1)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
}
