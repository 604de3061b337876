//! Exhausted rate limits: refusals, headers, and blocks that further calls prolong.

use std::time::Duration;

use metaads_sandbox::{Endpoint, Persona, RateLimit, TokenKind, UseCase};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::world::{APP_ID, Answered, SECRET, World, proof, refusal, send, world};

const TOM: &str = "10158760143021101";

fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

fn usage(headers: &HeaderMap, name: &str) -> Value {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("null");
    serde_json::from_str(text).expect("JSON")
}

impl World {
    async fn call(&self, token: &str, path: &str) -> (HeaderMap, Answered) {
        let response = self.request(token, path, &[]).send().await.expect("an answer");
        let (headers, status) = (response.headers().clone(), response.status());
        (headers, (status, response.json().await.expect("JSON")))
    }
}

#[tokio::test]
async fn an_exhausted_app_limit_refuses_every_call_until_the_block_ends() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let app = format!("{APP_ID}|{SECRET}");
    let tom_on_instagram =
        world.control.issue(TOM, TokenKind::Instagram, &["instagram_business_basic"], None);
    world.control.exhaust_limit(RateLimit::App, minutes(10));
    assert_eq!(world.control.refused_calls(&RateLimit::App), 0);

    let (headers, answer) = world.call(&token, "me").await;
    assert_eq!(refusal(&answer), (403, 4, None));
    assert_eq!(answer.1["error"]["is_transient"], true);
    assert_eq!(usage(&headers, "x-app-usage")["call_count"], 101);
    assert_eq!(refusal(&world.get(&app, "debug_token", &[("input_token", &token)]).await), (403, 4, None));
    assert_eq!(refusal(&world.get(&app, &format!("{APP_ID}/subscriptions"), &[]).await), (403, 4, None));
    assert_eq!(refusal(&world.exchange(&token).await), (403, 4, None));
    let other_host = world.get(&tom_on_instagram, "me", &[("fields", "username")]).await;
    assert_eq!(other_host.0, 200, "Instagram Login is another app");

    let block = world.control.exhausted_limits().remove(0);
    assert_eq!((block.remaining, block.refused_calls), (minutes(10) + Duration::from_secs(40), 4));
    world.control.advance(minutes(10));
    assert_eq!(world.control.exhausted_limits().len(), 1, "refused calls prolonged the block");
    world.control.advance(Duration::from_secs(40));
    assert!(world.control.exhausted_limits().is_empty());
    let (headers, answer) = world.call(&token, "me").await;
    assert_eq!(answer.0, 200);
    assert!(usage(&headers, "x-app-usage")["call_count"].as_i64() < Some(100));
    assert_eq!(world.control.refused_calls(&RateLimit::App), 4, "the count outlives the block");
}

#[tokio::test]
async fn an_ad_account_limit_reports_the_remaining_seconds() {
    let world = world().await;
    let token = world.login_as(Persona::Trouble).await;
    let account = world.first_account(&token).await;
    let limit = RateLimit::AdAccount(account.clone());
    world.control.exhaust_limit(limit.clone(), minutes(5));
    let (headers, answer) = world.call(&token, &account).await;
    assert_eq!(refusal(&answer), (400, 17, Some(2_446_079)));
    assert_eq!(answer.1["error"]["is_transient"], false);
    let reported = usage(&headers, "x-ad-account-usage");
    assert_eq!(
        (reported["acc_id_util_pct"].as_f64(), reported["reset_time_duration"].as_i64()),
        (Some(101.0), Some(310))
    );

    let (_, body) = world.get(&token, "me/adaccounts", &[]).await;
    let another = body["data"][1]["id"].as_str().expect("an id");
    let (headers, answer) = world.call(&token, another).await;
    assert_eq!(answer.0, 200, "only one ad account is blocked");
    assert_eq!(usage(&headers, "x-ad-account-usage")["reset_time_duration"], 0);

    world.control.advance(Duration::from_secs(100));
    let (headers, _) = world.call(&token, &account).await;
    assert_eq!(usage(&headers, "x-ad-account-usage")["reset_time_duration"], 220);
    world.control.advance(Duration::from_secs(220));
    assert_eq!(world.call(&token, &account).await.1.0, 200);
    assert_eq!(world.control.refused_calls(&limit), 2);
}

#[tokio::test]
async fn business_use_cases_are_limited_separately_and_report_minutes() {
    let world = world().await;
    let token = world.login_as(Persona::Trouble).await;
    let account = world.first_account(&token).await;
    let bare = account.trim_start_matches("act_");
    let insights = format!("{account}/insights");
    let (headers, answer) = world.call(&token, &insights).await;
    assert_eq!(answer.0, 200);
    assert_eq!(usage(&headers, "x-business-use-case-usage")[bare][0]["type"], "ads_insights");
    assert!(usage(&headers, "x-fb-ads-insights-throttle")["acc_id_util_pct"].as_f64() < Some(100.0));
    assert_eq!(world.control.count(Endpoint::Insights), 1);

    let limit = |use_case| RateLimit::UseCase { id: account.clone(), use_case };
    world.control.exhaust_limit(limit(UseCase::AdsInsights), minutes(30));
    let (headers, answer) = world.call(&token, &insights).await;
    assert_eq!(refusal(&answer), (400, 80_000, Some(2_446_079)));
    let reported = usage(&headers, "x-business-use-case-usage")[bare][0].clone();
    assert_eq!(
        (reported["call_count"].as_i64(), reported["estimated_time_to_regain_access"].as_i64()),
        (Some(101), Some(31))
    );
    assert_eq!(usage(&headers, "x-fb-ads-insights-throttle")["acc_id_util_pct"], 101.0);

    let (headers, answer) = world.call(&token, &account).await;
    assert_eq!(answer.0, 200, "the ads_management use case is not blocked");
    let types = usage(&headers, "x-business-use-case-usage")[bare].as_array().map(Vec::len);
    assert_eq!(types, Some(2), "both use cases are reported under the id");

    world.control.exhaust_limit(limit(UseCase::AdsManagement), minutes(2));
    assert_eq!(refusal(&world.call(&token, &account).await.1), (400, 80_004, Some(2_446_079)));
    world.control.advance(minutes(3));
    assert_eq!(world.call(&token, &account).await.1.0, 200);
    let (headers, answer) = world.call(&token, &insights).await;
    assert_eq!(refusal(&answer).1, 80_000);
    let left = &usage(&headers, "x-business-use-case-usage")[bare];
    let row = left.as_array().and_then(|rows| rows.iter().find(|row| row["type"] == "ads_insights")).cloned();
    assert_eq!(row.expect("a row")["estimated_time_to_regain_access"], 28);
}

#[tokio::test]
async fn the_pages_use_case_limits_page_tokens_but_not_user_tokens() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let (_, body) = world.get(&token, "me/accounts", &[]).await;
    let page = body["data"][0]["id"].as_str().expect("an id");
    let page_token = body["data"][0]["access_token"].as_str().expect("a Page token");
    world
        .control
        .exhaust_limit(RateLimit::UseCase { id: page.to_owned(), use_case: UseCase::Pages }, minutes(5));
    let (headers, answer) = world.call(page_token, page).await;
    assert_eq!(refusal(&answer), (400, 80_001, None));
    assert_eq!(usage(&headers, "x-business-use-case-usage")[page][0]["type"], "pages");
    assert_eq!(world.call(&token, page).await.1.0, 200);
}

#[tokio::test]
async fn a_user_limit_affects_only_that_user_also_in_batches() {
    let world = world().await;
    let tom = world.login_as(Persona::SoleTrader).await;
    let aylin = world.login_as(Persona::Agency).await;
    world.control.exhaust_limit(RateLimit::Person(TOM.to_owned()), minutes(5));
    let (headers, answer) = world.call(&tom, "me/adaccounts").await;
    assert_eq!(refusal(&answer), (400, 17, None));
    assert!(
        usage(&headers, "x-app-usage")["call_count"].as_i64() < Some(100),
        "no header reports a user limit"
    );
    assert_eq!(world.call(&aylin, "me/adaccounts").await.1.0, 200);
    assert_eq!(world.inspect(&tom).await["is_valid"], true);

    let account = world.first_account(&aylin).await;
    world.control.exhaust_limit(RateLimit::AdAccount(account.clone()), minutes(5));
    let items = json!([
        {"relative_url": "me"},
        {"relative_url": account},
        {"relative_url": format!("me?access_token={tom}&appsecret_proof={}", proof(&tom))},
    ]);
    let form = [("access_token", &aylin), ("batch", &items.to_string()), ("appsecret_proof", &proof(&aylin))];
    let (status, list) = send(world.client.post(format!("{}/", world.base)).form(&form)).await;
    let codes: Vec<i64> =
        list.as_array().expect("a list").iter().filter_map(|item| item["code"].as_i64()).collect();
    assert_eq!((status.as_u16(), codes), (200, vec![200, 400, 400]));
    let reported =
        list[1]["headers"].as_array().expect("a list").iter().find(|one| one["name"] == "x-ad-account-usage");
    assert!(reported.expect("a header")["value"].as_str().is_some_and(|value| value.contains("310")));
    assert_eq!(world.control.refused_calls(&RateLimit::Person(TOM.to_owned())), 2);

    world.control.invalidate_tokens(TOM, 460);
    assert_eq!(
        refusal(&world.call(&tom, "me").await.1),
        (400, 190, Some(460)),
        "an invalid token counts against no limit"
    );
    world.control.lift_limits();
    assert!(world.control.exhausted_limits().is_empty());
}

#[tokio::test]
async fn a_block_is_prolonged_to_at_most_an_hour() {
    let world = world().await;
    let token = world.login_as(Persona::Nobody).await;
    world.control.exhaust_limit(RateLimit::App, Duration::from_secs(3_595));
    for _ in 0..4 {
        world.call(&token, "me").await;
    }
    assert_eq!(world.control.exhausted_limits()[0].remaining, minutes(60));
    world.control.exhaust_limit(RateLimit::App, minutes(90));
    world.call(&token, "me").await;
    assert_eq!(world.control.exhausted_limits()[0].remaining, minutes(90), "a longer block is not shortened");
}

#[tokio::test]
async fn a_rate_limited_revocation_changes_nothing() {
    let world = world().await;
    world.login_as(Persona::SoleTrader).await;
    world.control.set_app_urls(Some("http://127.0.0.1:9/deauthorize"), None);
    world.control.exhaust_limit(RateLimit::App, minutes(5));
    let app = format!("{APP_ID}|{SECRET}");
    assert_eq!(refusal(&world.delete(&app, &format!("{TOM}/permissions")).await), (403, 4, None));
    assert!(world.control.grant(TOM).is_some());
    assert!(world.control.deliveries().is_empty());
}

#[tokio::test]
async fn the_control_page_exhausts_limits_and_shows_the_remaining_time() {
    let world = world().await;
    let token = world.login_as(Persona::Trouble).await;
    let account = world.first_account(&token).await;
    let url = format!("{}/_control", world.sandbox.url());
    let form = [("limit", "ad_account"), ("id", account.as_str()), ("minutes", "5")];
    let sent = world.client.post(format!("{url}/limits")).form(&form).send().await.expect("an answer");
    assert_eq!(sent.status(), 303);
    let body = json!({"limit": "ads_insights", "id": account, "minutes": 7});
    assert_eq!(send(world.client.post(format!("{url}/limits")).json(&body)).await.1["success"], true);
    let wrong = [json!({"limit": "app", "minutes": 0}), json!({"limit": "nonsense", "minutes": 1})];
    for body in wrong {
        assert_eq!(send(world.client.post(format!("{url}/limits")).json(&body)).await.0, 422);
    }
    let nameless = [("limit", "person"), ("minutes", "5")];
    let sent = world.client.post(format!("{url}/limits")).form(&nameless).send().await.expect("an answer");
    assert_eq!(sent.status(), 422);
    assert_eq!(refusal(&world.call(&token, &account).await.1).1, 17);
    let html = world.client.get(&url).send().await.expect("a page").text().await.expect("text");
    let bare = account.trim_start_matches("act_");
    assert!(
        html.contains(&format!("Ad account {bare}: blocked for 5 min 10 s more; calls refused: 1")),
        "{html}"
    );
    assert!(html.contains(&format!("ads_insights of {bare}: blocked for 7 min 00 s more")));
    world.client.post(format!("{url}/limits/lift")).send().await.expect("an answer");
    assert_eq!(world.call(&token, &account).await.1.0, 200);
}
