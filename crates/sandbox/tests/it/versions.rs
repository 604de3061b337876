//! API versions end by the clock, and legacy features with them.

use metaads_sandbox::Persona;
use reqwest::Response;
use serde_json::Value;

use crate::world::{World, days, proof, refusal, world, world_at};

/// 2026-09-01: the Marketing API of v24.0 and the legacy features are still available.
const SEPTEMBER: i64 = 1_788_220_800;

impl World {
    async fn ask(&self, version: &str, token: &str, path: &str, more: &[(&str, &str)]) -> Response {
        let proof = proof(token);
        let request = self.client.get(format!("{}/{version}/{path}", self.sandbox.url()));
        let query = [("access_token", token), ("appsecret_proof", &proof)];
        request.query(&query).query(more).send().await.expect("an answer")
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

async fn json(response: Response) -> Value {
    response.json().await.expect("JSON")
}

async fn refused(response: Response) -> (u16, i64, Option<i64>) {
    refusal(&(response.status(), json(response).await))
}

#[tokio::test]
async fn an_ended_marketing_version_is_upgraded_with_a_warning() {
    let world = world_at(SEPTEMBER).await;
    let token = world.login_as(Persona::SoleTrader).await;
    let response = world.ask("v24.0", &token, "me/adaccounts", &[]).await;
    assert_eq!(header(&response, "facebook-api-version"), Some("v24.0"));
    assert!(header(&response, "x-ad-api-version-warning").is_none());
    let response = world.ask("v23.0", &token, "me/adaccounts", &[]).await;
    assert_eq!(header(&response, "facebook-api-version"), Some("v24.0"), "v23.0 ended in June");

    world.control.advance(days(40));
    let token = world.login_as(Persona::SoleTrader).await;
    let account = json(world.ask("v26.0", &token, "me/adaccounts", &[]).await).await["data"][0]["id"].clone();
    let account = account.as_str().expect("an id");
    for version in ["v24.0", "v23.0"] {
        let response = world.ask(version, &token, account, &[]).await;
        assert_eq!(header(&response, "facebook-api-version"), Some("v25.0"));
        let warning = header(&response, "x-ad-api-version-warning").expect("a warning");
        assert!(warning.contains("v25.0") && warning.contains(version), "{warning}");
        let person = world.ask(version, &token, "me", &[]).await;
        assert_eq!(header(&person, "facebook-api-version"), Some(version), "the Graph API is not affected");
        assert!(header(&person, "x-ad-api-version-warning").is_none());
    }
}

#[tokio::test]
async fn long_ended_marketing_versions_are_refused() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    for version in ["v22.0", "v21.0"] {
        assert_eq!(refused(world.ask(version, &token, "me/adaccounts", &[]).await).await, (400, 2635, None));
        assert_eq!(world.ask(version, &token, "me", &[]).await.status(), 200);
    }
    for version in ["v19.0", "v27.0"] {
        let response = world.ask(version, &token, "me/adaccounts", &[]).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "facebook-api-version")),
            (200, Some("v21.0"))
        );
    }
    world.control.set_reject_retired_versions(true);
    assert_eq!(refused(world.ask("v19.0", &token, "me/adaccounts", &[]).await).await, (400, 2635, None));
    assert_eq!(world.ask("v19.0", &token, "me", &[]).await.status(), 200);
}

#[tokio::test]
async fn the_oldest_version_is_retired_on_its_date() {
    let world = world().await;
    world.control.advance(days(61));
    let token = world.login_as(Persona::SoleTrader).await;
    for asked in ["v21.0", "v19.0"] {
        let response = world.ask(asked, &token, "me", &[]).await;
        assert_eq!(header(&response, "facebook-api-version"), Some("v22.0"));
    }
}

#[tokio::test]
async fn batch_items_use_the_version_of_the_batch() {
    let world = world().await;
    let token = world.login_as(Persona::SoleTrader).await;
    let items = r#"[{"relative_url":"me"},{"relative_url":"me/adaccounts"}]"#;
    let form = [("access_token", token.as_str()), ("batch", items), ("appsecret_proof", &proof(&token))];
    for (version, person, accounts) in
        [("v24.0", "v24.0", Some("v25.0")), ("v22.0", "v22.0", None), ("v26.0", "v26.0", Some("v26.0"))]
    {
        let request = world.client.post(format!("{}/{version}/", world.sandbox.url())).form(&form);
        let list = json(request.send().await.expect("an answer")).await;
        let served = |index: usize| {
            let headers = list[index]["headers"].as_array().expect("a list");
            let found = headers.iter().find(|header| header["name"] == "facebook-api-version");
            found.and_then(|header| header["value"].as_str()).map(str::to_owned)
        };
        assert_eq!(served(0).as_deref(), Some(person));
        match accounts {
            Some(accounts) => assert_eq!(served(1).as_deref(), Some(accounts)),
            None => assert_eq!(list[1]["code"], 400),
        }
    }
}

#[tokio::test]
async fn legacy_features_end_with_v26_and_for_all_versions_in_october() {
    let world = world_at(SEPTEMBER).await;
    let token = world.login_as(Persona::Trouble).await;
    let rows = json(world.ask("v26.0", &token, "me/adaccounts", &[]).await).await;
    let ids: Vec<&str> =
        rows["data"].as_array().expect("a list").iter().filter_map(|row| row["id"].as_str()).collect();
    let two = format!("{},{}", ids[0], ids[1]);
    let asked = [("ids", two.as_str()), ("fields", "created_time"), ("date_format", "U"), ("debug", "all")];

    let body = json(world.ask("v25.0", &token, "", &asked).await).await;
    let created = body[ids[1]]["created_time"].as_str().expect("a time");
    assert!(created.bytes().all(|byte| byte.is_ascii_digit()), "{created}");
    assert!(body["__debug__"]["messages"].is_array());
    let pretty = world.ask("v25.0", &token, "me", &[("pretty", "1")]).await;
    let tag = header(&pretty, "etag").expect("a tag").to_owned();
    assert!(pretty.text().await.expect("text").contains("\n  \"id\""));
    let query = [("access_token", token.as_str()), ("appsecret_proof", &proof(&token)), ("pretty", "1")];
    let again = world.client.get(format!("{}/v25.0/me", world.sandbox.url())).query(&query);
    let unchanged = again.header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!(unchanged.status(), 304);

    for (version, advanced) in [("v26.0", 0), ("v25.0", 56)] {
        world.control.advance(days(advanced));
        let token = world.login_as(Persona::Trouble).await;
        assert_eq!(refused(world.ask(version, &token, "", &asked).await).await, (500, 100, None));
        let one = world.ask(version, &token, ids[0], &asked[1..]).await;
        assert!(header(&one, "etag").is_none());
        let text = one.text().await.expect("text");
        assert!(text.contains("+0000") && !text.contains("__debug__"), "{text}");
        let plain = world.ask(version, &token, "me", &[("pretty", "1")]).await;
        assert!(!plain.text().await.expect("text").contains('\n'));
    }
}
