//! What went wrong once and must not come back.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use super::logins::INSTAGRAM;
use super::standing::mei;
use crate::browser::Browser;
use crate::keeping::renewal::{connected, live, refused};
use crate::keeping::seed::days;
use crate::world::World;

fn failing(status: u16, code: i64, message: &str) -> Effect {
    Effect::Graph {
        status,
        code,
        subcode: None,
        kind: "OAuthException".to_owned(),
        message: message.to_owned(),
    }
}

async fn user_id(browser: &Browser) -> String {
    browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_form_policy_allows_both_dialogs_wherever_they_are() {
    let dialog = ("INSTAGRAM_DIALOG_URL", "https://www.instagram.com");
    let world = World::with(&[INSTAGRAM[0], INSTAGRAM[1], dialog]).await;
    let browser = world.user("a@b.example").await;
    let page = browser.get("/dashboard").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let forms = policy.split("form-action").nth(1).unwrap();
    assert!(forms.contains("https://www.instagram.com"), "{policy}");
}

#[tokio::test]
async fn one_odd_account_holds_back_no_other() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    let fields: Vec<(&str, &str)> = usable.iter().map(|account| ("account_id", account.as_str())).collect();
    world.fault(Endpoint::AdAccount, refused(270, None));
    let page = browser.press(&format!("/connections/{id}/assets"), &fields).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len() - 1);
    assert!(browser.get("/admin").await.has("App Review"), "and the operator hears of it");
}

#[tokio::test]
async fn a_reading_cut_off_by_a_checkpoint_goes_on_once_the_person_has_done_what_facebook_asks() {
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
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    world.run_due_jobs().await;
    let after = browser.connections().await.remove(0);
    assert_eq!((after["status"].as_str(), after["sync"]["state"].as_str()), (Some("active"), Some("idle")));
    assert_eq!(after["ad_accounts"]["total"], 1307);
}

#[tokio::test]
async fn a_list_that_alone_never_answers_is_left_out() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault_times(Endpoint::Pages, 1000, failing(500, 1, "An unknown error occurred"));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    for _ in 0..60 {
        world.advance(Duration::from_secs(600));
        world.run_due_jobs().await;
    }
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["sync"]["state"], "idle");
    assert_eq!(connection["ad_accounts"]["total"], 1);
}

#[tokio::test]
async fn an_answer_about_the_token_that_is_not_true_costs_one_list_and_no_more() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.fault(Endpoint::AdAccounts, refused(190, None));
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["status"].as_str(), connection["sync"]["state"].as_str()),
        (Some("active"), Some("idle"))
    );
    assert_eq!(connection["ad_accounts"]["total"], 1, "what was read before is kept");
}

#[tokio::test]
async fn a_token_of_another_app_is_told_from_an_outage() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::DebugToken, refused(100, None));
    let token = "EAAofsomeotherappentirely0123456789";
    let seen = browser.post("/connect/token", &[("token", token)]).await;
    assert_eq!(seen.status, 422);
    assert!(seen.has("does not know that token for this app"), "{}", seen.text);
}

#[tokio::test]
async fn a_grant_is_ended_at_meta_even_if_the_secret_was_wrong_for_a_while() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    let user = user_id(&browser).await;
    world.fault_times(Endpoint::RevokePermissions, 3, refused(190, None));
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    assert!(world.meta.grant(&user).is_some(), "not heard yet");
    assert!(browser.get("/admin").await.has("does not accept the app secret"), "and the operator knows");
    live(&world, days(1)).await;
    assert!(world.meta.grant(&user).is_none());
}

#[tokio::test]
async fn a_wrong_secret_met_while_somebody_connects_reaches_the_operator() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Token, failing(400, 1, "Error validating client secret."));
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let page = browser.get("/admin").await;
    assert!(page.has("Meta refused our app when somebody connected"), "{}", page.text);
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    assert!(!browser.get("/admin").await.has("when somebody connected"), "over once somebody has connected");
}

#[tokio::test]
async fn who_confirms_data_access_is_asked_for_just_that() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.set_data_access(&user_id(&browser).await, days(5));
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    let dialog = browser.start(&[("connection", &id), ("ask_again", "1")]).await;
    assert!(dialog.contains("auth_type=reauthorize"), "{dialog}");
}

#[tokio::test]
async fn a_token_whose_app_was_removed_is_erased_by_the_daily_check_too() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    world.meta.invalidate_tokens(&user_id(&browser).await, 458);
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await.remove(0)["status_reason"], "app_removed");
    let sealed = "SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL OR access_token_key IS NOT NULL";
    assert_eq!(world.number(sealed).await, 0);
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn whoever_presses_without_end_does_not_use_up_everybodys_allowance() {
    let world = World::new().await;
    let (browser, id) = connected(&world).await;
    let path = format!("/connections/{id}/missing");
    let mut answers = Vec::new();
    for _ in 0..70 {
        answers.push(browser.post(&path, &[("account", "4123456789")]).await.status);
    }
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 10, "{answers:?}");
    world.advance(Duration::from_secs(11 * 60));
    assert_eq!(browser.post(&path, &[("account", "4123456789")]).await.status, 303);
}
