//! Campaigns, ad sets, ads and creatives: lists, single objects, nested fields, filters.

use std::collections::HashSet;

use metaads_sandbox::{Answer, Persona, RateLimit, TokenKind, UseCase};
use serde_json::Value;

use crate::world::{days, proof, query, refusal, send, world};

pub fn rows(body: &Value) -> &Vec<Value> {
    body["data"].as_array().expect("a list")
}

pub fn id(object: &Value) -> &str {
    object["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_thousand_ads_are_paged_in_hundreds() {
    let world = world().await;
    for persona in [Persona::SoleTrader, Persona::Agency] {
        let token = world.login_as(persona).await;
        let account = world.first_account(&token).await;
        let asked = [("limit", "100"), ("fields", "id,name,effective_status"), ("summary", "total_count")];
        let (_, mut body) = world.get(&token, &format!("{account}/ads"), &asked).await;
        assert_eq!(body["summary"]["total_count"], 1200);
        assert!(body["paging"].get("previous").is_none());
        let (mut seen, mut pages) = (HashSet::new(), 0);
        loop {
            pages += 1;
            assert_eq!(rows(&body).len(), 100);
            seen.extend(rows(&body).iter().map(|row| id(row).to_owned()));
            let Some(next) = body["paging"]["next"].as_str().map(str::to_owned) else { break };
            assert!(next.starts_with(&format!("{}/{account}/ads?", world.base)));
            assert_eq!(query(&next, "access_token").as_deref(), Some(token.as_str()));
            assert_eq!(query(&next, "fields").as_deref(), Some("id,name,effective_status"));
            body = send(world.client.get(next).query(&[("appsecret_proof", proof(&token))])).await.1;
        }
        assert_eq!((pages, seen.len()), (12, 1200));
        assert!(body["paging"]["previous"].is_string());
    }
}

#[tokio::test]
async fn every_ad_object_names_its_ad_account_and_parents() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    for edge in ["campaigns", "adsets", "ads", "adcreatives"] {
        let (_, body) = world.get(&token, &format!("{account}/{edge}"), &[("limit", "1")]).await;
        assert_eq!(rows(&body)[0].as_object().map(|row| row.len()), Some(1), "only the id by default");
        let (status, object) = world.get(&token, id(&rows(&body)[0]), &[("fields", "account_id")]).await;
        assert_eq!(status, 200);
        assert_eq!(Some(object["account_id"].as_str().expect("an id")), account.strip_prefix("act_"));
    }
    let fields = "name,adset{id,name,daily_budget},campaign{id,objective},creative{id,object_story_spec},\
                  campaign_id,adset_id,created_time";
    let (_, body) =
        world.get(&token, &format!("{account}/ads"), &[("fields", fields), ("limit", "40")]).await;
    let ad = &rows(&body)[37];
    assert_eq!(
        (id(&ad["adset"]), id(&ad["campaign"])),
        (ad["adset_id"].as_str().expect("an id"), ad["campaign_id"].as_str().expect("an id"),)
    );
    assert!(ad["creative"]["object_story_spec"]["page_id"].is_string());
    let ad_set = id(&ad["adset"]);
    let (_, listed) = world.get(&token, &format!("{ad_set}/ads"), &[]).await;
    assert!(rows(&listed).iter().any(|row| row["id"] == ad["id"]));
    assert_eq!(
        world.get(&token, ad_set, &[("fields", "campaign_id")]).await.1["campaign_id"],
        ad["campaign_id"]
    );
}

#[tokio::test]
async fn campaigns_expand_to_their_ad_sets() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let fields = "name,campaigns.limit(3){name,objective,adsets.limit(2){name,ads.limit(1){name}}}";
    let (_, body) = world.get(&token, &account, &[("fields", fields)]).await;
    assert_eq!(rows(&body["campaigns"]).len(), 3);
    let first = &rows(&body["campaigns"])[0];
    assert!(first["name"].is_string() && first["objective"].is_string());
    assert_eq!(rows(&first["adsets"]).len(), 2);
    assert_eq!(rows(&rows(&first["adsets"])[1]["ads"]).len(), 1);
    assert!(first["adsets"]["paging"]["next"].as_str().is_some_and(|next| next.contains("/adsets?")));
    let wrong = world.get(&token, &format!("{account}/campaigns"), &[("fields", "nonsense")]).await;
    assert_eq!(refusal(&wrong), (400, 100, None));
    assert!(wrong.1["error"]["message"].as_str().is_some_and(|text| text.ends_with("(Campaign)")));
}

#[tokio::test]
async fn lists_are_filtered_by_effective_status() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let ads = format!("{}/ads", world.first_account(&token).await);
    let summary = ("summary", "total_count");
    let fields = ("fields", "effective_status");
    let mut total = 0;
    for status in ["ACTIVE", "PAUSED", "ADSET_PAUSED", "CAMPAIGN_PAUSED"] {
        let statuses = format!("[\"{status}\"]");
        let (_, body) = world.get(&token, &ads, &[("effective_status", &statuses), summary, fields]).await;
        assert!(rows(&body).iter().all(|row| row["effective_status"] == status), "{status}");
        let next = body["paging"]["next"].as_str().expect("more");
        assert_eq!(query(next, "effective_status"), Some(statuses.clone()));
        let filtering = format!(r#"[{{"field":"ad.effective_status","operator":"IN","value":{statuses}}}]"#);
        let (_, same) = world.get(&token, &ads, &[("filtering", &filtering), summary, fields]).await;
        assert_eq!(same["summary"], body["summary"]);
        total += body["summary"]["total_count"].as_u64().expect("a number");
    }
    assert_eq!(total, 1200);
}

#[tokio::test]
async fn reading_ads_requires_a_permission_and_access_to_the_ad_account() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let ad = id(&rows(&world.get(&token, &format!("{account}/ads"), &[]).await.1)[0]).to_owned();
    let other = world.login_as(Persona::Agency).await;
    for path in [ad.clone(), format!("{account}/ads")] {
        assert_eq!(refusal(&world.get(&other, &path, &[]).await), (400, 100, Some(33)), "{path}");
    }
    assert_eq!(refusal(&world.get(&token, "120200009000000001", &[]).await), (400, 100, Some(33)));
    let tom = Persona::SoleTrader.user_id();
    let reader = world.control.issue(tom, TokenKind::User, &["ads_read"], Some(days(60)));
    assert_eq!(world.get(&reader, &ad, &[]).await.0, 200);
    world.control.set_targets(tom, Some(&["act_1"]));
    assert_eq!(refusal(&world.get(&reader, &ad, &[]).await), (400, 100, Some(33)), "not selected");
    world.control.set_targets(tom, None);
    let neither = Answer::declining(Persona::SoleTrader, &["ads_read", "ads_management"]);
    let neither = world.login(neither).await;
    for path in [ad, format!("{account}/ads")] {
        assert_eq!(refusal(&world.get(&neither, &path, &[]).await), (403, 200, None), "{path}");
    }
}

#[tokio::test]
async fn ad_objects_count_on_the_limits_of_their_ad_account() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let account = world.first_account(&token).await;
    let ad = id(&rows(&world.get(&token, &format!("{account}/ads"), &[]).await.1)[0]).to_owned();
    let response = world.request(&token, &ad, &[]).send().await.expect("an answer");
    let usage = response.headers()["x-business-use-case-usage"].to_str().expect("text").to_owned();
    let bare = account.strip_prefix("act_").expect("the prefix");
    assert!(usage.contains("ads_management") && usage.contains(bare), "{usage}");
    assert!(response.headers().contains_key("x-ad-account-usage"));
    let limit = RateLimit::UseCase { id: account.clone(), use_case: UseCase::AdsManagement };
    world.control.exhaust_limit(limit, std::time::Duration::from_secs(300));
    assert_eq!(refusal(&world.get(&token, &ad, &[]).await), (400, 80_004, Some(2_446_079)));
}
