//! Choosing among many ad accounts.

use metaads_sandbox::{Answer, Persona};

use crate::browser::Browser;
use crate::world::World;

async fn agency(world: &World) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    (browser, id)
}

fn ids(accounts: &[serde_json::Value], number: usize) -> Vec<String> {
    let usable = accounts.iter().filter(|account| account["is_selectable"] == true);
    usable.take(number).map(|account| account["account_id"].as_str().unwrap().to_owned()).collect()
}

async fn selected(browser: &Browser, id: &str) -> usize {
    browser.ad_accounts(id, "selected=true").await.len()
}

#[tokio::test]
async fn exactly_the_ticked_ones_are_chosen() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let five = ids(&all, 5);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = five.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.press(&path, &fields).await;
    assert_eq!(selected(&browser, &id).await, 5);
    // With the prefix as well; the others go.
    let prefixed = format!("act_{}", five[4]);
    browser.press(&path, &[("account_id", &prefixed)]).await;
    assert_eq!(selected(&browser, &id).await, 1);
    browser.press(&path, &[]).await;
    assert_eq!(selected(&browser, &id).await, 0);
}

#[tokio::test]
async fn what_was_not_in_view_stays_as_it_is() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let ten = ids(&all, 10);
    let path = format!("/connections/{id}/assets");
    let fields: Vec<(&str, &str)> = ten.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.press(&path, &fields).await;
    // A page that shows the first three, with one of them left ticked.
    let mut fields: Vec<(&str, &str)> = ten[..3].iter().map(|id| ("in_view", id.as_str())).collect();
    fields.push(("account_id", &ten[0]));
    browser.press(&path, &fields).await;
    assert_eq!(selected(&browser, &id).await, 8);
}

#[tokio::test]
async fn all_of_a_business_can_be_ticked_and_cleared() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
    let page = browser.get(&format!("/connections/{id}/accounts")).await;
    assert!(page.text.len() < 100 * 1024, "{} bytes", page.text.len());
    let business =
        page.text.split("name=\"select_all\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/connections/{id}/assets");
    let page = browser.press(&path, &[("select_all", &business)]).await;
    assert!(page.has("name=\"clear_all\""), "{}", page.text);
    let many = selected(&browser, &id).await;
    assert!(many >= 10, "{many}");
    browser.press(&path, &[("clear_all", &business)]).await;
    assert_eq!(selected(&browser, &id).await, 0);
}

#[tokio::test]
async fn accounts_that_cannot_be_used_or_reached_are_never_chosen() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
    let all = browser.ad_accounts(&id, "").await;
    let closed = all.iter().find(|account| account["status"] == "closed").unwrap();
    let closed = closed["account_id"].as_str().unwrap();
    let path = format!("/connections/{id}/assets");
    let page = browser.press(&path, &[("account_id", closed), ("account_id", "999999999999")]).await;
    assert!(page.has("cannot be used and were left out"));
    assert_eq!(selected(&browser, &id).await, 0);
    for bad in ["abc", "act_", "1 OR 1=1", "", "１２"] {
        assert_eq!(browser.post(&path, &[("account_id", bad)]).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn an_account_that_is_no_longer_shown_is_kept_and_marked() {
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
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let gone = browser.ad_accounts(&id, "q=123456").await.remove(0);
    assert_eq!((gone["status"].as_str(), gone["is_selected"].as_bool()), (Some("unreachable"), Some(true)));
    assert_eq!(gone["status_reason"], "asset_unreachable");
    // It can be given up, and then no longer be taken.
    let path = format!("/connections/{id}/assets");
    browser.press(&path, &[]).await;
    browser.press(&path, &[("account_id", "123456")]).await;
    assert_eq!(selected(&browser, &id).await, 0);
}

#[tokio::test]
async fn search_finds_by_name_and_id_and_an_empty_result_offers_a_way_back() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
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
async fn a_row_says_where_the_person_may_do_less_than_everything() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
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
async fn client_accounts_stand_under_the_business_that_reaches_them() {
    let world = World::new().await;
    let (browser, id) = agency(&world).await;
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
