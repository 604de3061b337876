//! How chosen ad accounts stand: looked at by id before they are called chosen, and again and again afterwards.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};
use serde_json::{Value, json};

use super::calls::{answered, entered};
use crate::browser::Browser;
use crate::keeping::renewal::{live, refused};
use crate::keeping::seed::days;
use crate::world::World;

/// Mei with her six accounts, of which the usable ones are chosen.
pub async fn mei(world: &World) -> (Browser, String, Vec<String>) {
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

async fn choose(browser: &Browser, id: &str, accounts: &[String]) -> crate::browser::ObservedStatus {
    let fields: Vec<(&str, &str)> = accounts.iter().map(|account| ("account_id", account.as_str())).collect();
    browser.press(&format!("/connections/{id}/assets"), &fields).await
}

async fn account(browser: &Browser, id: &str, account: &str) -> Value {
    browser.ad_accounts(id, &format!("q={account}")).await.remove(0)
}

#[tokio::test]
async fn each_account_is_asked_for_by_its_id_before_it_is_called_chosen() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    world.meta.clear_calls();
    choose(&browser, &id, &usable).await;
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
    // What is chosen already is not asked for again.
    world.meta.clear_calls();
    choose(&browser, &id, &usable).await;
    assert!(world.meta.calls().is_empty());
}

#[tokio::test]
async fn what_the_token_does_not_reach_cannot_be_chosen_whatever_the_request_says() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    // Taken away since it was read, and one that somebody else has.
    world.fault_times(Endpoint::AdAccount, 2, refused(100, Some(33)));
    let stranger = "123456789012345".to_owned();
    let page = choose(&browser, &id, &[usable[0].clone(), stranger]).await;
    assert!(page.has("were left out"), "{}", page.text);
    assert!(browser.ad_accounts(&id, "selected=true").await.is_empty());
    let lost = account(&browser, &id, &usable[0]).await;
    assert_eq!(
        (lost["status"].as_str(), lost["is_selectable"].as_bool()),
        (Some("unreachable"), Some(false))
    );
}

#[tokio::test]
async fn while_meta_is_away_nothing_new_is_called_chosen_and_the_rest_is_saved() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    choose(&browser, &id, &usable[..2]).await;
    world.fault(Endpoint::Batch, Effect::Refuse);
    let page = choose(&browser, &id, &usable[1..3]).await;
    assert!(page.has("did not answer for some of the accounts"), "{}", page.text);
    let chosen = browser.ad_accounts(&id, "selected=true").await;
    assert_eq!(chosen.len(), 1, "the one that was given up is gone, the kept one stays, the new one waits");
    assert_eq!(chosen[0]["account_id"], usable[1].as_str());
    choose(&browser, &id, &usable[1..3]).await;
    assert_eq!(browser.ad_accounts(&id, "selected=true").await.len(), 2);
}

#[tokio::test]
async fn a_change_is_noticed_recorded_and_shown_and_the_others_go_on() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    choose(&browser, &id, &usable).await;
    let name = account(&browser, &id, &usable[0]).await["account_name"].as_str().unwrap().to_owned();
    world.meta.set_ad_account_status(&usable[0], 2, 3);
    live(&world, days(2)).await;
    let now = account(&browser, &id, &usable[0]).await;
    assert_eq!(
        (now["status"].as_str(), now["status_reason"].as_str()),
        (Some("disabled"), Some("account_disabled"))
    );
    assert_eq!(now["is_selected"], true, "what was chosen stays chosen");
    let history = browser.get(&format!("/connections/{id}?tab=history")).await;
    assert!(history.has(&format!("{name}: Disabled")), "{}", history.text);
    assert!(history.has("risk review of the payment method"), "{}", history.text);
    assert!(browser.get("/dashboard").await.has("1 chosen account has stopped"));
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    let others = browser.ad_accounts(&id, "selected=true").await;
    assert!(
        others
            .iter()
            .filter(|one| one["account_id"] != usable[0].as_str())
            .all(|one| one["status"] != "disabled")
    );
    world.meta.set_ad_account_status(&usable[0], 1, 0);
    live(&world, days(1)).await;
    assert_eq!(account(&browser, &id, &usable[0]).await["status"], "active");
    assert!(browser.get(&format!("/connections/{id}?tab=history")).await.has(&format!("{name}: Ready")));
}

#[tokio::test]
async fn one_account_that_is_gone_says_so_and_blocks_no_other() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    choose(&browser, &id, &usable).await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    let kept: Vec<&str> = usable[1..].iter().map(String::as_str).collect();
    world.meta.set_targets(&user, Some(&kept));
    live(&world, days(2)).await;
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
async fn quiet_accounts_are_looked_at_daily_and_a_changed_one_hourly() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let only = vec![browser.ad_accounts(&id, "").await[0]["account_id"].as_str().unwrap().to_owned()];
    choose(&browser, &id, &only).await;
    live(&world, days(30)).await;
    world.meta.clear_calls();
    live(&world, days(10)).await;
    let looks = world.meta.count(Endpoint::AdAccount);
    assert!((9..=11).contains(&looks), "{looks} looks in ten quiet days");
    world.meta.set_ad_account_status(&only[0], 9, 0);
    live(&world, days(1)).await;
    world.meta.clear_calls();
    live(&world, days(1)).await;
    let looks = world.meta.count(Endpoint::AdAccount);
    assert!((10..=25).contains(&looks), "{looks} looks on the day after a change");
}

#[tokio::test]
async fn a_webhook_about_an_account_has_it_looked_at_at_once() {
    let world = World::new().await;
    entered(&world);
    let (browser, id, usable) = mei(&world).await;
    choose(&browser, &id, &usable).await;
    world.meta.set_ad_account_status(&usable[0], 101, 0);
    let value = json!({"id": usable[0], "account_status": 101, "disable_reason": 0});
    world.meta.send_event("application", "100200300400500", &json!({"field": "ad_account", "value": value}));
    answered(&world, 1).await;
    world.run_due_jobs().await;
    assert_eq!(account(&browser, &id, &usable[0]).await["status"], "closed");
}

#[tokio::test]
async fn a_limit_on_one_account_delays_that_one_alone() {
    let world = World::new().await;
    let (browser, id, usable) = mei(&world).await;
    choose(&browser, &id, &usable).await;
    for account in &usable {
        world.meta.set_ad_account_status(account, 101, 0);
    }
    world.fault(Endpoint::AdAccount, refused(17, Some(2_446_079)));
    live(&world, days(1)).await;
    let closed = |accounts: Vec<Value>| accounts.iter().filter(|one| one["status"] == "closed").count();
    assert_eq!(
        closed(browser.ad_accounts(&id, "selected=true").await),
        usable.len(),
        "all of them in the end"
    );
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}
