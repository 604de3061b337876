//! Reading people, businesses, ad accounts and Pages.

use std::collections::HashSet;

use metaads_sandbox::{Answer, Persona};
use serde_json::Value;

use crate::world::{query, refusal, send, world};

fn rows(body: &Value) -> &Vec<Value> {
    body["data"].as_array().expect("a list")
}

#[tokio::test]
async fn paging_returns_every_ad_account_exactly_once() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let mut seen = HashSet::new();
    let mut after = String::new();
    let mut pages = 0;
    loop {
        let more = [
            ("limit", "100"),
            ("fields", "name,account_status"),
            ("after", &after),
            ("summary", "total_count"),
        ];
        let (status, body) = world.get(&token, "me/adaccounts", &more).await;
        assert_eq!(status, 200);
        assert_eq!(body["summary"]["total_count"], 1307);
        pages += 1;
        for row in rows(&body) {
            assert!(seen.insert(row["id"].as_str().expect("an id").to_owned()));
        }
        let Some(next) = body["paging"]["next"].as_str() else {
            break;
        };
        assert!(next.starts_with(&world.base) && query(next, "access_token").as_deref() == Some(&token));
        after = body["paging"]["cursors"]["after"].as_str().expect("a cursor").to_owned();
        assert_eq!(query(next, "after").as_deref(), Some(after.as_str()));
    }
    assert_eq!((pages, seen.len()), (14, 1307));
    let (_, body) = world.get(&token, "me/adaccounts", &[]).await;
    assert_eq!(rows(&body).len(), 25);
    assert_eq!(rows(&body)[0].as_object().map(|row| row.len()), Some(2));
    assert_eq!(refusal(&world.get(&token, "me/adaccounts", &[("limit", "1001")]).await), (500, 1, None));
}

#[tokio::test]
async fn business_edges_and_the_users_list_contain_the_same_ad_accounts() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let (_, body) = world.get(&token, "me/businesses", &[("fields", "id,name,verification_status")]).await;
    assert_eq!(rows(&body).len(), 3);
    let mut total = 0;
    for business in rows(&body) {
        for edge in ["owned_ad_accounts", "client_ad_accounts"] {
            let path = format!("{}/{edge}", business["id"].as_str().expect("an id"));
            let (_, body) = world.get(&token, &path, &[("limit", "1000"), ("fields", "id,business")]).await;
            total += rows(&body).len();
        }
    }
    assert_eq!(total, 1306);
}

#[tokio::test]
async fn fields_can_be_nested_and_unknown_ones_are_refused() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    let fields = "id,businesses.limit(2){id,name,owned_ad_accounts.limit(5){id,business{id,name},currency}}";
    let (status, body) = world.get(&token, "me", &[("fields", fields)]).await;
    assert_eq!(status, 200);
    let businesses = &body["businesses"];
    assert_eq!(rows(businesses).len(), 2);
    assert!(businesses["paging"]["next"].is_string());
    let first = &rows(businesses)[0];
    assert_eq!(rows(&first["owned_ad_accounts"]).len(), 5);
    assert_eq!(rows(&first["owned_ad_accounts"])[0]["business"]["name"], "Studio Nordlicht GmbH");
    assert!(rows(businesses)[1].get("owned_ad_accounts").is_none(), "an empty edge is left out");
    let next = first["owned_ad_accounts"]["paging"]["next"].as_str().expect("more");
    let next = send(world.client.get(next).query(&[("appsecret_proof", crate::world::proof(&token))])).await;
    assert_eq!(rows(&next.1)[0]["currency"], "USD");

    let wrong = world.get(&token, "me/adaccounts", &[("fields", "id,nonsense")]).await;
    assert_eq!(
        wrong.1["error"]["message"],
        "(#100) Tried accessing nonexisting field (nonsense) on node type (AdAccount)"
    );
    assert_eq!(refusal(&world.get(&token, "me", &[("fields", "id{")]).await).1, 2500);
}

#[tokio::test]
async fn an_ad_account_can_be_read_by_id() {
    let world = world().await;
    let token = world.login_as(Persona::Trouble).await;
    let fields = "name,account_status,disable_reason,balance,timezone_offset_hours_utc,user_tasks,business";
    let (_, body) = world.get(&token, "me/adaccounts", &[("fields", fields)]).await;
    let statuses: Vec<i64> = rows(&body).iter().filter_map(|row| row["account_status"].as_i64()).collect();
    assert_eq!(statuses, [1, 2, 3, 7, 9, 101]);
    let id = rows(&body)[0]["id"].as_str().expect("an id").to_owned();
    world.control.set_ad_account_status(&id, 2, 1);
    let response = world.request(&token, &id, &[("fields", fields)]).send().await.expect("an answer");
    assert_eq!(response.headers()["facebook-api-version"], "v26.0");
    let usage = response.headers()["x-business-use-case-usage"].to_str().expect("text").to_owned();
    assert!(usage.contains("ads_management") && usage.contains(id.trim_start_matches("act_")));
    assert!(
        response.headers().contains_key("x-app-usage") && response.headers().contains_key("x-fb-request-id")
    );
    let body: Value = response.json().await.expect("JSON");
    assert_eq!((body["account_status"].as_i64(), body["disable_reason"].as_i64()), (Some(2), Some(1)));
    assert!(body["balance"].is_string() && body["timezone_offset_hours_utc"].is_f64());

    let other = world.login_as(Persona::SoleTrader).await;
    assert_eq!(refusal(&world.get(&other, &id, &[]).await), (400, 100, Some(33)));
    assert_eq!(refusal(&world.get(&token, id.trim_start_matches("act_"), &[]).await), (400, 100, Some(33)));
}

#[tokio::test]
async fn pages_and_instagram_accounts_depend_on_the_permissions() {
    let world = world().await;
    let fields = [("fields", "id,name,instagram_business_account{id,username}"), ("limit", "100")];
    let token = world.login_as(Persona::Agency).await;
    let (_, body) = world.get(&token, "me/accounts", &fields).await;
    assert_eq!(rows(&body).len(), 41);
    assert_eq!(rows(&body).iter().filter(|row| row.get("instagram_business_account").is_some()).count(), 27);
    assert!(rows(&body)[0].get("access_token").is_none());

    let declined = ["instagram_basic", "business_management"];
    let token = world.login(Answer::declining(Persona::Agency, &declined)).await;
    let (_, body) = world.get(&token, "me/accounts", &fields).await;
    assert_eq!(rows(&body).len(), 4);
    assert!(rows(&body).iter().all(|row| row.get("instagram_business_account").is_none()));
    assert_eq!(refusal(&world.get(&token, "me/businesses", &[]).await), (403, 200, None));

    let (_, body) = world.get(&token, "me/accounts", &[("limit", "1")]).await;
    let page = &rows(&body)[0];
    let page_token = page["access_token"].as_str().expect("a Page token");
    assert_eq!(world.get(page_token, "me", &[]).await.1["id"], page["id"]);
    assert_eq!(world.inspect(page_token).await["profile_id"], page["id"]);
    assert_eq!(refusal(&world.exchange(page_token).await).1, 190);
}

#[tokio::test]
async fn people_without_assets_get_empty_lists() {
    let world = world().await;
    let token = world.login_as(Persona::Nobody).await;
    for edge in ["me/adaccounts", "me/businesses", "me/accounts"] {
        let (status, body) = world.get(&token, edge, &[]).await;
        assert_eq!((status.as_u16(), body.to_string().as_str()), (200, "{\"data\":[]}"));
    }
    let picture = world.request(&token, "me/picture", &[]).send().await.expect("an answer");
    assert_eq!(picture.status(), 302);
    let file =
        world.client.get(picture.headers()["location"].to_str().expect("text")).send().await.expect("a file");
    assert_eq!(file.headers()["content-type"], "image/svg+xml");
    assert!(file.text().await.expect("text").contains("NN"));
}

#[tokio::test]
async fn unknown_versions_are_served_as_the_oldest_one() {
    let world = world().await;
    let token = world.login_as(Persona::Agency).await;
    for (asked, served) in [("v26.0", "v26.0"), ("v21.0", "v21.0"), ("v18.0", "v21.0"), ("v27.0", "v21.0")] {
        let url = format!("{}/{asked}/me", world.sandbox.url());
        let proof = crate::world::proof(&token);
        let query = [("access_token", token.as_str()), ("appsecret_proof", &proof)];
        let response = world.client.get(url).query(&query).send().await.expect("an answer");
        assert_eq!(response.headers()["facebook-api-version"], served);
    }
    assert_eq!(refusal(&world.get(&token, "", &[("ids", "1,2")]).await), (500, 100, None));
}

#[tokio::test]
async fn documented_but_unset_user_fields_are_omitted() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let fields = "id,short_name,name_format,middle_name,verified,locale,timezone,link,gender,updated_time";
    let (status, body) = world.get(&token, "me", &[("fields", fields)]).await;
    assert_eq!(status, 200);
    let mut names: Vec<&str> = body.as_object().expect("a person").keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["id", "name_format", "short_name"]);
    assert_eq!(refusal(&world.get(&token, "me", &[("fields", "nonsense")]).await), (400, 100, None));
}
