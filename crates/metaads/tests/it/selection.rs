//! Selecting among many ad accounts: the picker, its search and its groups.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::browser::Browser;
use crate::effects::unavailable;
use crate::world::{World, minutes};

async fn connect_agency(world: &World) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    (browser, id)
}

fn selectable_ids(accounts: &[serde_json::Value], number: usize) -> Vec<String> {
    let usable = accounts.iter().filter(|account| account["is_selectable"] == true);
    usable.take(number).map(|account| account["account_id"].as_str().unwrap().to_owned()).collect()
}

async fn selected_count(browser: &Browser, id: &str) -> usize {
    browser.ad_accounts(id, "selected=true").await.len()
}

#[tokio::test]
async fn exactly_the_checked_accounts_are_selected() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let five = selectable_ids(&all, 5);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = five.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.submit(&path, &fields).await;
    assert_eq!(selected_count(&browser, &id).await, 5);
    // An id with the prefix `act_` is accepted; the others are deselected.
    let prefixed = format!("act_{}", five[4]);
    browser.submit(&path, &[("account_id", &prefixed)]).await;
    assert_eq!(selected_count(&browser, &id).await, 1);
    browser.submit(&path, &[]).await;
    assert_eq!(selected_count(&browser, &id).await, 0);
}

#[tokio::test]
async fn accounts_outside_the_view_keep_their_selection() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let ten = selectable_ids(&all, 10);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = ten.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.submit(&path, &fields).await;
    // A page that shows three accounts, one of them checked.
    let mut fields: Vec<(&str, &str)> = ten[..3].iter().map(|id| ("in_view", id.as_str())).collect();
    fields.push(("account_id", &ten[0]));
    browser.submit(&path, &fields).await;
    assert_eq!(selected_count(&browser, &id).await, 8);
}

#[tokio::test]
async fn all_accounts_of_a_business_can_be_selected_and_cleared() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let page = browser.get(&format!("/connections/{id}/accounts")).await;
    assert!(page.text.len() < 100 * 1024, "{} bytes", page.text.len());
    let business =
        page.text.split("name=\"select_all\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/connections/{id}/assets");
    let page = browser.submit(&path, &[("select_all", &business)]).await;
    assert!(page.has("name=\"clear_all\""), "{}", page.text);
    let many = selected_count(&browser, &id).await;
    assert!(many >= 10, "{many}");
    browser.submit(&path, &[("clear_all", &business)]).await;
    assert_eq!(selected_count(&browser, &id).await, 0);
}

#[tokio::test]
async fn unusable_or_unknown_accounts_are_never_selected() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let closed = all.iter().find(|account| account["status"] == "closed").unwrap();
    let closed = closed["account_id"].as_str().unwrap();
    let path = format!("/connections/{id}/assets");
    let page = browser.submit(&path, &[("account_id", closed), ("account_id", "999999999999")]).await;
    assert!(page.has("cannot be used and were left out"));
    assert_eq!(selected_count(&browser, &id).await, 0);
    for bad in ["abc", "act_", "1 OR 1=1", "", "１２"] {
        assert_eq!(browser.post(&path, &[("account_id", bad)]).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn a_selected_account_missing_from_the_sync_is_kept_as_unreachable() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    world
        .sql("INSERT INTO meta_ad_accounts (connection_id, account_id, account_name, name_key, currency, timezone,
              is_selected, is_selectable, account_status, is_reachable, group_id, group_name, relation, tasks, seen_in,
              last_validated_at)
              SELECT connection_id, '123456', 'Gone', 'gone', currency, timezone, TRUE, TRUE, account_status, TRUE,
              group_id, group_name, relation, tasks, seen_in, last_validated_at FROM meta_ad_accounts")
        .await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let gone = browser.ad_accounts(&id, "q=123456").await.remove(0);
    assert_eq!((gone["status"].as_str(), gone["is_selected"].as_bool()), (Some("unreachable"), Some(true)));
    assert_eq!(gone["status_reason"], "asset_unreachable");
    // It can be deselected, and then not selected again.
    let path = format!("/connections/{id}/assets");
    browser.submit(&path, &[]).await;
    browser.submit(&path, &[("account_id", "123456")]).await;
    assert_eq!(selected_count(&browser, &id).await, 0);
}

#[tokio::test]
async fn search_matches_ids_and_an_empty_result_can_be_cleared() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let wanted = all[500]["account_id"].as_str().unwrap();
    for query in [wanted.to_owned(), format!("act_{wanted}")] {
        let page = browser.get(&format!("/connections/{id}/accounts?q={query}")).await;
        assert!(page.has(&format!("value=\"{wanted}\"")) || page.has(&format!("act_{wanted}")), "{query}");
        assert_eq!(page.text.matches("class=\"account-row").count(), 1, "{query}");
    }
    let page = browser.get(&format!("/connections/{id}/accounts?q=%3Cscript%3E")).await;
    assert!(
        page.has("Nothing found") && page.has("Clear search") && !page.has("<script>\""),
        "{}",
        page.text
    );
    assert!(page.has("&lt;script&gt;") || page.has("&#60;script&#62;"));
}

#[tokio::test]
async fn a_row_shows_limited_roles() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let accounts = browser.ad_accounts(&id, "").await;
    for (top, words) in
        [("ANALYZE", "may see results only"), ("ADVERTISE", "may run campaigns"), ("MANAGE", "")]
    {
        let of_top = |account: &&serde_json::Value| {
            let tasks = account["tasks"].as_array().unwrap();
            let has = |task: &str| tasks.iter().any(|own| own == task);
            match top {
                "ANALYZE" => !has("ADVERTISE"),
                "ADVERTISE" => has("ADVERTISE") && !has("MANAGE"),
                _ => has("MANAGE"),
            }
        };
        let account = accounts.iter().find(of_top).unwrap()["account_id"].as_str().unwrap();
        let page = browser.get(&format!("/connections/{id}/accounts?q={account}")).await;
        assert_eq!(page.has("may "), !words.is_empty(), "{top}");
        assert!(page.has(words), "{top}: {}", page.text);
    }
}

#[tokio::test]
async fn client_accounts_are_grouped_under_the_business_that_reaches_them() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let relations = |accounts: &[serde_json::Value], relation: &str| {
        accounts.iter().filter(|account| account["relation"] == relation).count()
    };
    let all = browser.ad_accounts(&id, "").await;
    assert_eq!(relations(&all, "owned"), 412 + 21);
    assert_eq!(relations(&all, "client"), 873);
    assert_eq!(relations(&all, "personal"), 1);
    let page = browser.get(&format!("/connections/{id}/accounts")).await;
    assert_eq!(page.text.matches("<section class=\"group\"").count(), 4);
}

#[tokio::test]
async fn accounts_that_meta_has_just_shown_are_selected_without_asking_again() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let ten = selectable_ids(&browser.ad_accounts(&id, "").await, 10);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = ten.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.submit(&path, &fields).await;
    browser.submit(&path, &[]).await;
    world.meta.clear_calls();
    browser.submit(&path, &fields).await;
    assert!(world.meta.calls().is_empty(), "{:?}", world.meta.calls());
    assert_eq!(selected_count(&browser, &id).await, 10);
    browser.submit(&path, &[]).await;
    world.advance(minutes(61));
    browser.submit(&path, &fields).await;
    assert!(!world.meta.calls().is_empty(), "after an hour they are asked for again");
}

#[tokio::test]
async fn accounts_for_which_meta_did_not_answer_are_asked_for_again() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let ten = selectable_ids(&browser.ad_accounts(&id, "").await, 10);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = ten.iter().map(|id| ("account_id", id.as_str())).collect();
    world.fault_times(Endpoint::AdAccount, 10, unavailable());
    browser.submit(&path, &fields).await;
    assert_eq!(selected_count(&browser, &id).await, 0);
    world.meta.clear_calls();
    browser.submit(&path, &fields).await;
    assert!(!world.meta.calls().is_empty());
    assert_eq!(selected_count(&browser, &id).await, 10);
}

#[tokio::test]
async fn actions_are_priced_by_the_calls_to_meta_that_they_cause() {
    let world = World::new().await;
    let (browser, id) = connect_agency(&world).await;
    let ids = selectable_ids(&browser.ad_accounts(&id, "").await, 60);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.submit(&path, &fields[..10]).await;
    // As after several hundred accounts more.
    world.sql("UPDATE rate_limits SET hits = 2960 WHERE bucket LIKE 'meta-calls:%'").await;
    world.meta.clear_calls();
    assert_eq!(browser.post(&path, &fields).await.status, 429);
    assert!(world.meta.calls().is_empty());
    assert_eq!(selected_count(&browser, &id).await, 10, "nothing changes");
    world.advance(minutes(11));
    browser.submit(&path, &fields).await;
    assert_eq!(selected_count(&browser, &id).await, 60);
}
