//! Insights: levels, days, paging, and asynchronous reports.

use std::collections::HashSet;

use metaads_sandbox::{Endpoint, Persona, RateLimit, TokenKind, UseCase};
use serde_json::{Value, json};

use crate::ad_objects::{id, rows};
use crate::ad_writes::campaign;
use crate::world::{World, days, refusal, world};

fn number(row: &Value, field: &str) -> f64 {
    row[field].as_str().expect("figures are text").parse().expect("a number")
}

impl World {
    async fn insights(&self, token: &str, object: &str, more: &[(&str, &str)]) -> Vec<Value> {
        let (status, body) = self.get(token, &format!("{object}/insights"), more).await;
        assert_eq!(status, 200, "{body}");
        rows(&body).clone()
    }
}

#[tokio::test]
async fn the_figures_of_every_level_add_up() {
    let world = world().await;
    let token = world.login_as(Persona::SecondSoleTrader).await;
    let account = world.first_account(&token).await;
    let fields = ("fields", "spend,impressions,clicks,ctr,actions,account_id,account_currency");
    let total = &world.insights(&token, &account, &[fields]).await[0];
    assert_eq!((&total["date_start"], &total["date_stop"]), (&json!("2026-10-23"), &json!("2026-11-21")));
    assert_eq!(total["account_id"].as_str(), account.strip_prefix("act_"));
    assert_eq!(total["account_currency"], "USD");
    for (level, count) in [("campaign", 4), ("adset", 8), ("ad", 24)] {
        let asked = [("level", level), fields, ("limit", "100")];
        let rows = world.insights(&token, &account, &asked).await;
        assert_eq!(rows.len(), count, "{level}");
        for field in ["spend", "impressions", "clicks"] {
            let sum: f64 = rows.iter().map(|row| number(row, field)).sum();
            assert!((sum - number(total, field)).abs() < 0.01, "{level} {field}");
        }
    }
    assert_eq!(world.insights(&token, &account, &[fields]).await[0], *total, "the same numbers each time");

    let ads = world.insights(&token, &account, &[("level", "ad"), ("limit", "1")]).await;
    let names: Vec<&str> = ads[0].as_object().expect("a row").keys().map(String::as_str).collect();
    let expected =
        ["account_id", "ad_id", "adset_id", "campaign_id", "date_start", "date_stop", "impressions", "spend"];
    assert_eq!(names.iter().collect::<HashSet<_>>(), expected.iter().collect());
    for level in ["ad", "adset", "campaign"] {
        let object = ads[0][format!("{level}_id")].as_str().expect("an id");
        let named = format!("{level}_name,{level}_id,objective");
        let own = world.insights(&token, object, &[("fields", &named)]).await;
        assert_eq!(own[0][format!("{level}_id")], object);
        assert!(own[0][format!("{level}_name")].is_string() && own[0]["objective"].is_string());
    }
}

#[tokio::test]
async fn figures_are_split_by_day_and_month() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let range = ("time_range", r#"{"since":"2026-09-15","until":"2026-11-10"}"#);
    let daily = world.insights(&token, &account, &[range, ("time_increment", "1"), ("limit", "500")]).await;
    assert_eq!(daily.len(), 57);
    assert!(daily.iter().all(|row| row["date_start"] == row["date_stop"]));
    let monthly = world.insights(&token, &account, &[range, ("time_increment", "monthly")]).await;
    let starts: Vec<&Value> = monthly.iter().map(|row| &row["date_start"]).collect();
    assert_eq!(starts, ["2026-09-15", "2026-10-01", "2026-11-01"]);
    let sum = |rows: &[Value]| rows.iter().map(|row| number(row, "impressions")).sum::<f64>();
    assert!((sum(&daily) - sum(&monthly)).abs() < 0.5);
    for (preset, since) in [("today", "2026-11-22"), ("last_7d", "2026-11-15"), ("this_month", "2026-11-01")]
    {
        let rows = world.insights(&token, &account, &[("date_preset", preset)]).await;
        assert_eq!(rows[0]["date_start"], since, "{preset}");
    }
    let wrong = [
        ("date_preset", "last_week"),
        ("level", "page"),
        ("time_increment", "0"),
        ("time_range", "{\"since\":\"2026-02-30\"}"),
        ("fields", "nonsense"),
    ];
    for wrong in wrong {
        let answer = world.get(&token, &format!("{account}/insights"), &[wrong]).await;
        assert_eq!(refusal(&answer), (400, 100, None), "{wrong:?}");
    }
    let old = ("time_range", r#"{"since":"2020-01-01","until":"2020-01-02"}"#);
    let answer = world.get(&token, &format!("{account}/insights"), &[old]).await;
    assert_eq!(refusal(&answer), (400, 3018, None));
}

#[tokio::test]
async fn insights_are_paged_and_can_be_nested() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let asked = [("level", "ad"), ("date_preset", "last_3d"), ("limit", "100"), ("fields", "ad_id,spend")];
    let (mut seen, mut after) = (HashSet::new(), String::new());
    loop {
        let more = [&asked[..], &[("after", after.as_str())]].concat();
        let (_, body) = world.get(&token, &format!("{account}/insights"), &more).await;
        seen.extend(rows(&body).iter().map(|row| row["ad_id"].to_string()));
        let Some(next) = body["paging"]["next"].as_str() else { break };
        assert!(next.contains("level=ad") && next.contains("date_preset=last_3d"));
        after = body["paging"]["cursors"]["after"].as_str().expect("a cursor").to_owned();
    }
    assert_eq!(seen.len(), 1200);
    let fields = "name,insights.date_preset(yesterday){spend,clicks}";
    let (_, body) = world.get(&token, &format!("{account}/campaigns"), &[("fields", fields)]).await;
    assert_eq!(rows(&rows(&body)[0]["insights"])[0]["date_start"], "2026-11-21");

    let new = world.create(&token, &format!("{account}/campaigns"), &campaign("New")).await;
    assert!(world.insights(&token, &new, &[]).await.is_empty(), "nothing was delivered yet");
}

#[tokio::test]
async fn a_report_runs_asynchronously() {
    let world = world().await;
    let tom = Persona::SoleTrader.user_id();
    let token = world.control.issue(tom, TokenKind::User, &["ads_read"], Some(days(60)));
    let account = world.first_account(&token).await;
    let asked = json!({"level": "campaign", "date_preset": "last_7d", "fields": ["campaign_id", "spend"]});
    let (status, answer) = world.post_json(&token, &format!("{account}/insights"), &asked).await;
    assert_eq!(status, 200, "{answer}");
    let run = answer["report_run_id"].as_str().expect("an id").to_owned();
    let (_, read) = world.get(&token, &run, &[]).await;
    assert_eq!(id(&read), run);
    assert_eq!(read["async_status"], "Job Completed");
    assert_eq!(
        (read["async_percent_completion"].as_i64(), read["is_running"].as_bool()),
        (Some(100), Some(false))
    );
    assert_eq!(read["account_id"].as_str(), account.strip_prefix("act_"));
    assert_eq!((&read["date_start"], &read["date_stop"]), (&json!("2026-11-15"), &json!("2026-11-21")));
    let asynchronous = world.insights(&token, &run, &[]).await;
    let asked = [("level", "campaign"), ("date_preset", "last_7d"), ("fields", "campaign_id,spend")];
    assert_eq!(asynchronous, world.insights(&token, &account, &asked).await);
    assert_eq!(asynchronous.len(), 12);
    let other = world.login_as(Persona::Agency).await;
    assert_eq!(refusal(&world.get(&other, &run, &[]).await), (400, 100, Some(33)));
    assert_eq!(world.control.count(Endpoint::Insights), 3);
}

#[tokio::test]
async fn insights_count_on_their_own_use_case() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let campaigns = world.get(&token, &format!("{account}/campaigns"), &[("limit", "1")]).await.1;
    let path = format!("{}/insights", id(&rows(&campaigns)[0]));
    let response = world.request(&token, &path, &[]).send().await.expect("an answer");
    let usage = response.headers()["x-business-use-case-usage"].to_str().expect("text").to_owned();
    assert!(usage.contains("ads_insights"), "{usage}");
    assert!(response.headers().contains_key("x-fb-ads-insights-throttle"));
    let limit = RateLimit::UseCase { id: account.clone(), use_case: UseCase::AdsInsights };
    world.control.exhaust_limit(limit, std::time::Duration::from_secs(300));
    assert_eq!(refusal(&world.get(&token, &path, &[]).await), (400, 80_000, Some(2_446_079)));
    assert_eq!(world.get(&token, &format!("{account}/campaigns"), &[]).await.0, 200);
}
