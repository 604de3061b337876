//! Bugs that were found by review and must not come back.

use metaads_sandbox::{Answer, Endpoint, Persona};

use super::account_status::connect_problem_accounts;
use super::inbound_webhooks::user_id;
use super::instagram_login::INSTAGRAM;
use crate::effects::{api_error, api_error_with, unavailable};
use crate::world::{World, days, minutes};

#[tokio::test]
async fn the_csp_allows_forms_to_both_dialogs() {
    let dialog = ("INSTAGRAM_DIALOG_URL", "https://www.instagram.com");
    let world = World::with(&[INSTAGRAM[0], INSTAGRAM[1], dialog]).await;
    let browser = world.user("a@b.example").await;
    let page = browser.get("/dashboard").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let forms = policy.split("form-action").nth(1).unwrap();
    assert!(forms.contains("https://www.instagram.com"), "{policy}");
}

#[tokio::test]
async fn one_failing_account_does_not_block_the_others() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    let fields: Vec<(&str, &str)> = usable.iter().map(|account| ("account_id", account.as_str())).collect();
    world.fault(Endpoint::AdAccount, api_error(270, None));
    let page = browser.submit(&format!("/connections/{id}/assets"), &fields).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len() - 1);
    assert!(browser.get("/admin").await.has("App Review"), "the operator is informed");
}

#[tokio::test]
async fn a_sync_stopped_by_a_checkpoint_resumes_once_it_is_passed() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let (id, user) = (browser.connection_id().await, user_id(&browser).await);
    world.meta.invalidate_tokens(&user, 459);
    world.run_due_jobs().await;
    let during = browser.connections().await.remove(0);
    assert_eq!(
        (during["status_reason"].as_str(), during["sync"]["state"].as_str()),
        (Some("checkpoint"), Some("failed"))
    );
    world.meta.restore_tokens(&user);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    let after = browser.connections().await.remove(0);
    assert_eq!((after["status"].as_str(), after["sync"]["state"].as_str()), (Some("active"), Some("idle")));
    assert_eq!(after["ad_accounts"]["total"], 1307);
}

#[tokio::test]
async fn a_list_that_never_answers_is_skipped() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault_times(Endpoint::Pages, 1000, api_error_with(500, 1, None, "An unknown error occurred"));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    for _ in 0..60 {
        world.advance(minutes(10));
        world.run_due_jobs().await;
    }
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["sync"]["state"], "idle");
    assert_eq!(connection["ad_accounts"]["total"], 1);
}

#[tokio::test]
async fn a_false_token_error_costs_one_list() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.fault(Endpoint::AdAccounts, api_error(190, None));
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("idle"))
    );
    assert_eq!(connection["ad_accounts"]["total"], 1, "the accounts synced before are kept");
}

#[tokio::test]
async fn a_token_of_another_app_is_told_apart_from_an_outage() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::DebugToken, api_error(100, None));
    let token = "EAAofsomeotherappentirely0123456789";
    let response = browser.post("/connect/token", &[("token", token)]).await;
    assert_eq!(response.status, 422);
    assert!(response.has("does not know this token for this app"), "{}", response.text);
}

#[tokio::test]
async fn a_revocation_is_retried_after_a_wrong_app_secret() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let user = user_id(&browser).await;
    world.fault_times(Endpoint::RevokePermissions, 3, api_error(190, None));
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    assert!(world.meta.grant(&user).is_some(), "not revoked yet");
    assert!(browser.get("/admin").await.has("does not accept the app secret"), "the operator is informed");
    world.run_for(days(1)).await;
    assert!(world.meta.grant(&user).is_none());
}

#[tokio::test]
async fn a_wrong_app_secret_during_connect_reaches_the_operator() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Token, api_error_with(400, 1, None, "Error validating client secret."));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let page = browser.get("/admin").await;
    assert!(page.has("Meta has refused our app during sign-in"), "{}", page.text);
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert!(
        !browser.get("/admin").await.has("our app during sign-in"),
        "the notice ends with a successful connect"
    );
}

#[tokio::test]
async fn confirming_data_access_uses_reauthorize() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.set_data_access(&user_id(&browser).await, days(5));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    let dialog = browser.start_connect(&[("connection", &id), ("ask_again", "1")]).await;
    assert!(dialog.contains("auth_type=reauthorize"), "{dialog}");
}

#[tokio::test]
async fn the_token_check_erases_the_token_of_a_removed_app() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.invalidate_tokens(&user_id(&browser).await, 458);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await.remove(0)["status_reason"], "app_removed");
    let sealed = "SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL OR access_token_key IS NOT NULL";
    assert_eq!(world.number(sealed).await, 0);
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn repeated_diagnosis_is_rate_limited_per_user() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let path = format!("/connections/{id}/missing");
    let mut answers = Vec::new();
    for _ in 0..70 {
        answers.push(browser.post(&path, &[("account", "4123456789")]).await.status);
    }
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 10, "{answers:?}");
    world.advance(minutes(11));
    assert_eq!(browser.post(&path, &[("account", "4123456789")]).await.status, 303);
}

#[tokio::test]
async fn actions_without_effect_add_no_line_to_the_history() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let lines = async || world.number("SELECT COUNT(*) FROM audit_log WHERE connection_id IS NOT NULL").await;
    let press = async |action: &str| {
        browser.submit(&format!("/connections/{id}/{action}"), &[]).await;
        world.run_due_jobs().await;
    };
    press("sync").await;
    let before = lines().await;
    for _ in 0..3 {
        press("sync").await;
    }
    assert_eq!(lines().await, before, "syncs that found nothing new");
    world.fault_times(Endpoint::Exchange, 20, unavailable());
    press("refresh").await;
    let failed_once = lines().await;
    for _ in 0..3 {
        press("refresh").await;
    }
    assert_eq!(lines().await, failed_once, "the same failure");
    world.meta.clear_faults();
    world.fault_times(Endpoint::Exchange, 20, api_error(2, None));
    press("refresh").await;
    assert_eq!(lines().await, failed_once + 1, "another failure is recorded");
    world.advance(minutes(61));
    press("sync").await;
    assert!(lines().await > failed_once + 1, "an hour later a sync is news again");
}
