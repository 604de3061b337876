//! The items of a sync fail and wait independently of each other.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::effects::{api_error_with, json_body, unavailable};
use crate::world::{World, minutes};

/// Connects the agency without running a job, and returns its businesses' ids.
async fn connect_agency(world: &World) -> (Browser, Vec<String>) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let plan: Value =
        serde_json::from_str(&world.text("SELECT payload FROM jobs WHERE kind = 'sync'").await).unwrap();
    let tasks = plan["tasks"].as_array().unwrap().iter();
    let mut ids: Vec<String> =
        tasks.filter_map(|task| Some(task["edge"]["owned_ad_accounts"]["id"].as_str()?.to_owned())).collect();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{plan}");
    (browser, ids)
}

fn rate_limited(business: &str, minutes: u32) -> Effect {
    let usage = json!({business: [{
        "type": "ads_management", "call_count": 101, "total_cputime": 1, "total_time": 1,
        "estimated_time_to_regain_access": minutes,
    }]});
    Effect::Headers(vec![("x-business-use-case-usage".to_owned(), usage.to_string())])
}

async fn total(browser: &Browser) -> i64 {
    browser.connections().await[0]["ad_accounts"]["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_business_whose_lists_fail_does_not_delay_the_others() {
    for effect in [
        api_error_with(500, 1, Some(99), "m"),
        api_error_with(400, 80_004, Some(2_446_079), "m"),
        unavailable(),
    ] {
        let world = World::new().await;
        let (browser, businesses) = connect_agency(&world).await;
        let stuck = &businesses[0];
        for endpoint in [Endpoint::OwnedAdAccounts, Endpoint::ClientAdAccounts] {
            world.fault_on(endpoint, stuck, 1_000, effect.clone());
        }
        world.run_due_jobs().await;
        // Everything else has been read, and nothing is claimed about what has not.
        let groups = world.text(
            "SELECT string_agg(group_id, ',') FROM (SELECT DISTINCT group_id FROM meta_ad_accounts) AS g",
        );
        let groups = if world.is_sqlite() {
            world.text("SELECT group_concat(DISTINCT group_id) FROM meta_ad_accounts").await
        } else {
            groups.await
        };
        assert!(businesses[1..].iter().all(|id| groups.contains(id.as_str())), "{effect:?}: {groups}");
        let id = browser.connection_id().await;
        let page = browser.get(&format!("/connections/{id}/missing")).await;
        assert!(page.has("Not read yet: the ad accounts of"), "{effect:?}: {}", page.text);
        assert!(!page.has("has no role") && !page.has("has no ad account"), "{effect:?}: {}", page.text);
        world.meta.clear_faults();
        for _ in 0..4 {
            world.advance(minutes(61));
            world.run_due_jobs().await;
        }
        assert_eq!(total(&browser).await, 1307, "{effect:?}");
        assert_eq!(browser.connections().await[0]["sync"]["state"], "idle", "{effect:?}");
    }
}

#[tokio::test]
async fn a_full_quota_of_one_business_and_use_case_stops_only_what_draws_on_it() {
    let world = World::new().await;
    let (browser, businesses) = connect_agency(&world).await;
    world.fault_on(Endpoint::OwnedAdAccounts, &businesses[0], 1, rate_limited(&businesses[0], 50));
    world.run_due_jobs().await;
    let calls = world.meta.calls();
    let called = |path: &str| calls.iter().any(|call| call.path.contains(path));
    assert!(called(&format!("{}/owned_pages", businesses[0])), "Pages have a quota of their own");
    assert!(called(&format!("{}/client_ad_accounts", businesses[1])));
    assert!(!called(&format!("{}/client_ad_accounts", businesses[0])), "this one has to wait");
    world.advance(minutes(51));
    world.run_due_jobs().await;
    assert_eq!(total(&browser).await, 1307);
}

#[tokio::test]
async fn a_list_that_fails_with_many_rows_is_asked_for_fewer_and_that_is_remembered() {
    let world = World::new().await;
    let (browser, _) = connect_agency(&world).await;
    for limit in ["limit=100&", "limit=50&"] {
        world.fault_on(Endpoint::OwnedAdAccounts, limit, 1_000, api_error_with(500, 1, Some(99), "m"));
    }
    for _ in 0..8 {
        world.run_due_jobs().await;
        world.advance(minutes(5));
    }
    assert_eq!(browser.connections().await[0]["sync"]["state"], "idle");
    assert_eq!(total(&browser).await, 1307);
    // The next sync starts with what worked.
    world.meta.clear_calls();
    let id = browser.connection_id().await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let calls = world.meta.calls();
    let mut limits = calls.iter().filter(|call| call.endpoint == Endpoint::OwnedAdAccounts).map(|call| {
        call.params
            .iter()
            .find(|(name, _)| name == "limit")
            .map(|(_, limit)| limit.as_str())
            .unwrap_or_default()
    });
    assert!(limits.all(|limit| limit == "25"));
}

#[tokio::test]
async fn cursors_in_a_circle_end_and_what_was_read_is_kept() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let account = |number: u32| {
        json!({"id": format!("act_{}", 700_000 + number), "account_id": (700_000 + number).to_string(),
               "name": format!("Account {number}"), "account_status": 1, "currency": "EUR"})
    };
    // Page after page, until the last one leads back to the third.
    let pages = 12;
    for page in 0..pages {
        let after = if page + 1 == pages { 3 } else { page + 1 };
        let body = json!({
            "data": [account(page)],
            "paging": {"cursors": {"after": format!("CURSOR{after}")}, "next": "https://graph.facebook.com/next"},
        });
        let only = if page == 0 { "limit=100&".to_owned() } else { format!("after=CURSOR{page}&") };
        world.fault_on(
            Endpoint::AdAccounts,
            &only,
            if page == 0 { 1 } else { 1_000 },
            json_body(200, &body.to_string()),
        );
    }
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["sync"]["state"], "idle");
    assert!(connection["ad_accounts"]["total"].as_i64().unwrap() >= i64::from(pages), "{connection}");
    assert!(world.meta.count(Endpoint::AdAccounts) < 45, "{} calls", world.meta.count(Endpoint::AdAccounts));
    let id = browser.connection_id().await;
    let page = browser.get(&format!("/connections/{id}/missing")).await;
    assert!(page.has("has no end"), "{}", page.text);
}

#[tokio::test]
async fn asset_lists_do_not_decide_whether_somebody_is_connected() {
    for effect in
        [Effect::Delay(Duration::from_secs(11)), api_error_with(500, 1, Some(99), "m"), Effect::Hang]
    {
        let world = World::new().await;
        let browser = world.user("a@b.example").await;
        world.fault_times(Endpoint::Batch, 1_000, effect.clone());
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert!(page.title().contains("Syncing"), "{effect:?}: {}", page.title());
        world.meta.clear_faults();
        for _ in 0..3 {
            world.run_due_jobs().await;
            world.advance(minutes(11));
        }
        assert_eq!(total(&browser).await, 1, "{effect:?}");
    }
}

#[tokio::test]
async fn a_read_that_fails_once_while_connecting_is_repeated_and_the_code_never() {
    let again = || api_error_with(500, 2, None, "m");
    for endpoint in
        [Endpoint::DebugToken, Endpoint::Exchange, Endpoint::Batch, Endpoint::Me, Endpoint::Permissions]
    {
        let world = World::new().await;
        let browser = world.user("a@b.example").await;
        world.fault(endpoint, again());
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert!(page.title().contains("Syncing"), "{endpoint:?}: {}", page.title());
        assert_eq!(browser.connections().await[0]["missing_scopes"], json!([]), "{endpoint:?}");
    }
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Token, again());
    assert_eq!(
        browser.connect(Answer::agree(Persona::SoleTrader)).await.title(),
        "Meta isn’t answering right now"
    );
    assert_eq!(world.meta.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn one_null_in_a_batch_concerns_that_item_alone() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Trouble)).await;
    let account = world.text("SELECT account_id FROM meta_ad_accounts ORDER BY account_id LIMIT 1").await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    // Meta's lists show nothing any more; the grant names the accounts.
    let named: Vec<String> = browser
        .ad_accounts(&id, "")
        .await
        .iter()
        .map(|one| one["account_id"].as_str().unwrap().to_owned())
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    world.meta.set_targets(Persona::Trouble.user_id(), Some(&named));
    world.fault_times(Endpoint::AdAccounts, 1_000, json_body(200, r#"{"data":[]}"#));
    for endpoint in [Endpoint::OwnedAdAccounts, Endpoint::ClientAdAccounts] {
        world.fault_times(endpoint, 1_000, json_body(200, r#"{"data":[]}"#));
    }
    world.fault_on(Endpoint::AdAccount, &account, 1, Effect::NullInBatch);
    world.sql("DELETE FROM meta_ad_accounts").await;
    browser.connect(Answer::agree(Persona::Trouble)).await;
    world.run_due_jobs().await;
    assert_eq!(browser.ad_accounts(&id, "").await.len(), named.len() - 1);
    world.advance(minutes(1));
    world.run_due_jobs().await;
    assert_eq!(browser.ad_accounts(&id, "").await.len(), named.len());
}

#[tokio::test]
async fn a_press_while_a_sync_runs_does_not_restart_it() {
    let world = World::new().await;
    let (browser, businesses) = connect_agency(&world).await;
    world.fault_on(Endpoint::OwnedAdAccounts, &businesses[0], 1, unavailable());
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let before = world.meta.calls().len();
    let generation = world.number("SELECT sync_generation FROM meta_connections").await;
    for _ in 0..5 {
        browser.submit(&format!("/connections/{id}/sync"), &[]).await;
        world.run_due_jobs().await;
    }
    assert_eq!(world.number("SELECT sync_generation FROM meta_connections").await, generation);
    assert_eq!(world.meta.calls().len(), before, "nothing is read again");
    world.advance(minutes(1));
    world.run_due_jobs().await;
    assert_eq!(total(&browser).await, 1307);
}
