//! The status of selected ad accounts: checked by id before an account is selected, and regularly afterwards.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};
use serde_json::{Value, json};

use super::inbound_webhooks::{register_webhooks, wait_for_deliveries};
use crate::browser::Browser;
use crate::effects::api_error;
use crate::world::{World, days};

/// Connects the persona with one account of each status. Returns the connection's id and the selectable accounts.
pub async fn connect_problem_accounts(world: &World) -> (Browser, String, Vec<String>) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Trouble)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let usable: Vec<String> = browser
        .ad_accounts(&id, "")
        .await
        .iter()
        .filter(|account| account["is_selectable"] == true)
        .map(|account| account["account_id"].as_str().unwrap().to_owned())
        .collect();
    (browser, id, usable)
}

async fn select(browser: &Browser, id: &str, accounts: &[String]) -> crate::browser::Response {
    let fields: Vec<(&str, &str)> = accounts.iter().map(|account| ("account_id", account.as_str())).collect();
    browser.submit(&format!("/connections/{id}/assets"), &fields).await
}

async fn account(browser: &Browser, id: &str, account: &str) -> Value {
    browser.ad_accounts(id, &format!("q={account}")).await.remove(0)
}

#[tokio::test]
async fn each_account_is_checked_by_id_before_it_is_selected() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    world.meta.clear_calls();
    select(&browser, &id, &usable).await;
    let asked: Vec<String> = world
        .meta
        .calls()
        .into_iter()
        .filter(|call| call.endpoint == Endpoint::AdAccount)
        .map(|call| call.path)
        .collect();
    for account in &usable {
        assert!(asked.iter().any(|path| path.contains(&format!("act_{account}"))), "{account} {asked:?}");
    }
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), usable.len());
    // An account that is already selected is not checked again.
    world.meta.clear_calls();
    select(&browser, &id, &usable).await;
    assert!(world.meta.calls().is_empty());
}

#[tokio::test]
async fn an_account_out_of_reach_of_the_token_cannot_be_selected() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    // One account was withdrawn after the sync, the other belongs to somebody else.
    world.fault_times(Endpoint::AdAccount, 2, api_error(100, Some(33)));
    let stranger = "123456789012345".to_owned();
    let page = select(&browser, &id, &[usable[0].clone(), stranger]).await;
    assert!(page.has("were left out"), "{}", page.text);
    assert!(browser.ad_accounts(&id, "selected=true").await.is_empty());
    let lost = account(&browser, &id, &usable[0]).await;
    assert_eq!(
        (lost["status"].as_str(), lost["is_selectable"].as_bool()),
        (Some("unreachable"), Some(false))
    );
}

#[tokio::test]
async fn during_an_outage_no_new_account_is_selected_but_the_rest_is_saved() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    select(&browser, &id, &usable[..2]).await;
    world.fault(Endpoint::Batch, Effect::Refuse);
    let page = select(&browser, &id, &usable[1..3]).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    let selected = browser.ad_accounts(&id, "selected=true").await;
    assert_eq!(selected.len(), 1, "one is deselected, one kept, and the new one not selected");
    assert_eq!(selected[0]["account_id"], usable[1].as_str());
    select(&browser, &id, &usable[1..3]).await;
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), 2);
}

#[tokio::test]
async fn a_status_change_is_recorded_and_shown_and_others_are_unaffected() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    select(&browser, &id, &usable).await;
    let name = account(&browser, &id, &usable[0]).await["account_name"].as_str().unwrap().to_owned();
    world.meta.set_ad_account_status(&usable[0], 2, 3);
    world.run_for(days(2)).await;
    let now = account(&browser, &id, &usable[0]).await;
    assert_eq!(
        (now["status"].as_str(), now["status_reason"].as_str()),
        (Some("disabled"), Some("account_disabled"))
    );
    assert_eq!(now["is_selected"], true, "the account stays selected");
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has(&format!("{name}: Disabled")), "{}", history.text);
    assert!(history.has("risk review of the payment method"), "{}", history.text);
    assert!(browser.get("/dashboard").await.has("1 selected account has stopped"));
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    let others = browser.ad_accounts(&id, "selected=true").await;
    assert!(
        others
            .iter()
            .filter(|one| one["account_id"] != usable[0].as_str())
            .all(|one| one["status"] != "disabled")
    );
    world.meta.set_ad_account_status(&usable[0], 1, 0);
    world.run_for(days(1)).await;
    assert_eq!(account(&browser, &id, &usable[0]).await["status"], "active");
    assert!(browser.get(&format!("/connections/{id}?tab=history")).await.has(&format!("{name}: Ready")));
}

#[tokio::test]
async fn an_unreachable_account_is_shown_and_blocks_no_other() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    select(&browser, &id, &usable).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    let kept: Vec<&str> = usable[1..].iter().map(String::as_str).collect();
    world.meta.set_targets(&user, Some(&kept));
    world.run_for(days(2)).await;
    let gone = account(&browser, &id, &usable[0]).await;
    assert_eq!(
        (gone["status"].as_str(), gone["status_reason"].as_str()),
        (Some("unreachable"), Some("asset_unreachable"))
    );
    let others = browser.ad_accounts(&id, "selected=true").await;
    assert!(
        others.iter().all(|one| one["account_id"] == usable[0].as_str() || one["status"] != "unreachable")
    );
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn unchanged_accounts_are_checked_daily_and_a_changed_one_hourly() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let only = vec![browser.ad_accounts(&id, "").await[0]["account_id"].as_str().unwrap().to_owned()];
    select(&browser, &id, &only).await;
    world.run_for(days(30)).await;
    world.meta.clear_calls();
    world.run_for(days(10)).await;
    let checks = world.meta.count(Endpoint::AdAccount);
    assert!((9..=11).contains(&checks), "{checks} checks in ten days without a change");
    world.meta.set_ad_account_status(&only[0], 9, 0);
    world.run_for(days(1)).await;
    world.meta.clear_calls();
    world.run_for(days(1)).await;
    let checks = world.meta.count(Endpoint::AdAccount);
    assert!((10..=25).contains(&checks), "{checks} checks on the day after a change");
}

#[tokio::test]
async fn a_webhook_about_an_account_triggers_its_status_check() {
    let world = World::new().await;
    register_webhooks(&world);
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    select(&browser, &id, &usable).await;
    world.meta.set_ad_account_status(&usable[0], 101, 0);
    let value = json!({"id": usable[0], "account_status": 101, "disable_reason": 0});
    world.meta.send_event("application", "100200300400500", &json!({"field": "ad_account", "value": value}));
    wait_for_deliveries(&world, 1).await;
    world.run_due_jobs().await;
    assert_eq!(account(&browser, &id, &usable[0]).await["status"], "closed");
}

#[tokio::test]
async fn a_rate_limit_on_one_account_delays_only_that_one() {
    let world = World::new().await;
    let (browser, id, usable) = connect_problem_accounts(&world).await;
    select(&browser, &id, &usable).await;
    for account in &usable {
        world.meta.set_ad_account_status(account, 101, 0);
    }
    world.fault(Endpoint::AdAccount, api_error(17, Some(2_446_079)));
    world.run_for(days(1)).await;
    let closed = |accounts: Vec<Value>| accounts.iter().filter(|one| one["status"] == "closed").count();
    assert_eq!(
        closed(browser.ad_accounts(&id, "selected=true").await),
        usable.len(),
        "all of them by the end of the day"
    );
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
