//! The Graph proxy: a program works with Meta's API and its key, within what the key allows, and never sees a token.

use metaads_sandbox::{Answer, Effect, Endpoint, Fault, Persona};
use metaads_store::ApiKeyLimits;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Program, send};
use crate::browser::{Browser, Response};
use crate::effects::{api_error, unavailable};
use crate::meta::inbound_webhooks::user_id;
use crate::world::World;

/// Tom's only ad account, which has 1,200 ads, and its first campaign.
const ACCOUNT: &str = "825642424077674";
const CAMPAIGN: &str = "120201307000000000";
/// Ben's ad account, and a campaign of it.
const OTHER_ACCOUNT: &str = "580926848447350";

/// A program with a key that is bound to Tom's connection.
async fn proxied(world: &World, scopes: &[&str]) -> (Browser, Program, String) {
    let (browser, id) = world.connected().await;
    let limits = ApiKeyLimits { connections: vec![id.clone()], ..ApiKeyLimits::default() };
    (browser, Program::limited(world, "a@b.example", scopes, limits).await, id)
}

async fn limited(world: &World, scopes: &[&str], id: &str) -> Program {
    let limits = ApiKeyLimits {
        connections: vec![id.to_owned()],
        ad_accounts: vec![ACCOUNT.to_owned()],
        ..ApiKeyLimits::default()
    };
    Program::limited(world, "a@b.example", scopes, limits).await
}

/// The token that must not come back.
async fn token_of(world: &World, id: &str) -> String {
    let reader = Program::new(world, "a@b.example", &["tokens:read"]).await;
    let answer = reader.get(&format!("/api/v1/connections/{id}/token")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// Without the key in a header, as the SDKs send it.
async fn get_as_sdk(program: &Program, path: &str) -> Response {
    let mark = if path.contains('?') { '&' } else { '?' };
    let url = format!("{}{path}{mark}access_token={}", program.base, program.key);
    send(program.http.get(url)).await
}

#[tokio::test]
async fn pages_of_a_long_list_follow_each_other_through_the_proxy_without_a_token() {
    let world = World::new().await;
    let (_, program, id) = proxied(&world, &["graph:read"]).await;
    let mut ads = 0;
    let mut next = format!("/graph/v26.0/act_{ACCOUNT}/ads?fields=name,account_id&limit=100");
    let token = token_of(&world, &id).await;
    while !next.is_empty() {
        let page = get_as_sdk(&program, &next).await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(!page.has(&token), "no token comes back");
        let body = page.json();
        ads += body["data"].as_array().unwrap().len();
        next = match body["paging"]["next"].as_str() {
            Some(url) => {
                assert!(url.contains(&program.key), "{url}");
                url.strip_prefix(&world.base)
                    .unwrap()
                    .replace(&format!("access_token={}", program.key), "x=1")
            }
            None => String::new(),
        };
    }
    assert_eq!(ads, 1_200);
    let page = get_as_sdk(&program, &format!("/graph/act_{ACCOUNT}?fields=name")).await;
    assert_eq!(page.status, 200, "the version is pinned where none is given: {}", page.text);
}

#[tokio::test]
async fn a_program_creates_changes_and_deletes_with_form_json_and_method_override() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read", "graph:write"]).await;
    let campaigns = format!("/graph/v26.0/act_{ACCOUNT}/campaigns");
    let fields = json!({"name": "Spring", "objective": "OUTCOME_TRAFFIC", "status": "PAUSED", "special_ad_categories": []});
    let by_json = program.post(&campaigns, &fields).await;
    assert_eq!(by_json.status, 200, "{}", by_json.text);
    let id = by_json.json()["id"].as_str().unwrap().to_owned();
    let form = [
        ("name", "Summer"),
        ("objective", "OUTCOME_TRAFFIC"),
        ("status", "PAUSED"),
        ("special_ad_categories", "[]"),
        ("access_token", &program.key),
    ];
    let url = format!("{}{campaigns}", program.base);
    let by_form = send(program.http.post(url).form(&form)).await;
    assert_eq!(by_form.status, 200, "{}", by_form.text);
    let renamed = program.post(&format!("/graph/v26.0/{id}"), &json!({"name": "Autumn"})).await;
    assert_eq!(renamed.json()["success"], true, "{}", renamed.text);
    let read = program.get(&format!("/graph/v26.0/{id}?fields=name,account_id")).await.json();
    assert_eq!((&read["name"], &read["account_id"]), (&json!("Autumn"), &json!(ACCOUNT)));
    let deleted = program.post(&format!("/graph/v26.0/{id}"), &json!({"method": "delete"})).await;
    assert_eq!(deleted.json()["success"], true, "{}", deleted.text);
    let actions = world.number("SELECT COUNT(*) FROM api_calls WHERE action LIKE 'POST /graph/%'").await;
    assert_eq!(actions, 4);
}

#[tokio::test]
async fn a_batch_is_passed_on_and_its_nested_addresses_are_rewritten() {
    let world = World::new().await;
    let (_, program, id) = proxied(&world, &["graph:read", "graph:write"]).await;
    let mut items = vec![
        json!({"method": "GET", "relative_url": format!("v26.0/act_{ACCOUNT}/ads?limit=2&access_token={}", program.key)}),
    ];
    for number in 0..49 {
        let body = format!(
            "name=Batch%20{number}&objective=OUTCOME_TRAFFIC&status=PAUSED&special_ad_categories=%5B%5D"
        );
        items.push(
            json!({"method": "POST", "relative_url": format!("act_{ACCOUNT}/campaigns"), "body": body}),
        );
    }
    let form = [("batch", Value::Array(items).to_string()), ("access_token", program.key.clone())];
    let url = format!("{}/graph/v26.0/", program.base);
    let answer = send(program.http.post(url).form(&form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answers = answer.json();
    assert_eq!(answers.as_array().unwrap().len(), 50);
    assert!(answers.as_array().unwrap().iter().all(|item| item["code"] == 200), "{}", answer.text);
    let first: Value = serde_json::from_str(answers[0]["body"].as_str().unwrap()).unwrap();
    let next = first["paging"]["next"].as_str().unwrap();
    assert!(
        next.starts_with(&format!("{}/graph/v26.0/", world.base)) && next.contains(&program.key),
        "{next}"
    );
    assert!(!answer.has(&token_of(&world, &id).await));
}

#[tokio::test]
async fn a_reading_key_writes_by_no_detour() {
    let world = World::new().await;
    let (_, program, id) = proxied(&world, &["graph:read"]).await;
    let limited = limited(&world, &["graph:read"], &id).await;
    let campaign = format!("/graph/v26.0/{CAMPAIGN}");
    world.meta.clear_calls();
    let batch = json!([{"method": "DELETE", "relative_url": CAMPAIGN}]).to_string();
    let hidden = json!([{"relative_url": format!("{CAMPAIGN}?method=delete")}]).to_string();
    for program in [&program, &limited] {
        let refused = [
            program.delete(&campaign).await,
            program.post(&campaign, &json!({"name": "x"})).await,
            program.get(&format!("{campaign}?method=delete")).await,
            program.get(&format!("{campaign}?method=get&method=delete")).await,
            program.get(&format!("{campaign}?%20method=delete")).await,
            program.get(&format!("{campaign}?method%5B%5D=delete")).await,
            program.post("/graph/v26.0/", &json!({"batch": batch})).await,
            program.post("/graph/v26.0/", &json!({"batch": hidden})).await,
            program.post("/graph/v26.0/me", &json!({"batch": batch})).await,
            program.get("/graph/v26.0/me/permissions?method=delete").await,
        ];
        for (number, response) in refused.into_iter().enumerate() {
            assert!([403, 422].contains(&response.status), "{number}: {} {}", response.status, response.text);
            assert!(response.json()["error"]["message"].is_string());
        }
    }
    assert!(world.meta.calls().is_empty(), "nothing reaches Meta");
}

/// The agency's connection, and its ad accounts.
async fn agency(world: &World) -> (String, Vec<String>) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let accounts = browser.ad_accounts(&id, "").await;
    let number = |account: &Value| account["account_id"].as_str().unwrap().to_owned();
    (id, accounts.iter().map(number).collect())
}

#[tokio::test]
async fn a_key_of_one_ad_account_gets_at_no_other_one() {
    let world = World::new().await;
    let (id, accounts) = agency(&world).await;
    let (mine, other) = (&accounts[0], &accounts[1]);
    let limits = ApiKeyLimits {
        connections: vec![id.clone()],
        ad_accounts: vec![mine.clone()],
        ..ApiKeyLimits::default()
    };
    let program = Program::limited(&world, "a@b.example", &["graph:read", "graph:write"], limits).await;
    let all = ApiKeyLimits { connections: vec![id.clone()], ..ApiKeyLimits::default() };
    let all = Program::limited(&world, "a@b.example", &["graph:read"], all).await;
    let campaign_of = async |account: &str| {
        let list = all.get(&format!("/graph/act_{account}/campaigns?limit=1")).await.json();
        list["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let (my_campaign, other_campaign) = (campaign_of(mine).await, campaign_of(other).await);
    for good in [
        format!("act_{mine}/campaigns?fields=name,adsets.limit(1){{name,ads{{id}}}}"),
        format!("{my_campaign}/insights"),
        format!("{my_campaign}?fields=account_id"),
    ] {
        let answer = program.get(&format!("/graph/v26.0/{good}")).await;
        assert_eq!(answer.status, 200, "{good}: {}", answer.text);
    }
    let nested = json!([{"relative_url": format!("act_{other}/campaigns")}]).to_string();
    let referring = json!([{"relative_url": format!("act_{mine}/campaigns"), "name": "a"}, {"relative_url": "{result=a:$.data.0.id}/ads"}]).to_string();
    let refused = [
        program.get(&format!("/graph/v26.0/act_{other}/campaigns")).await,
        program.get(&format!("/graph/v26.0/{other_campaign}")).await,
        program.get(&format!("/graph/v26.0/{other_campaign}/insights")).await,
        program.get("/graph/v26.0/me/adaccounts").await,
        program.get("/graph/v26.0/me?fields=adaccounts").await,
        program
            .get(&format!("/graph/v26.0/act_{mine}?fields=business{{owned_ad_accounts{{campaigns}}}}"))
            .await,
        program.get(&format!("/graph/v26.0/act_{mine}?ids=act_{other}")).await,
        program.get(&format!("/graph/v26.0/?ids=act_{other}")).await,
        program.get("/graph/v26.0/search?type=adinterest&q=x").await,
        program.post("/graph/v26.0/", &json!({"batch": nested})).await,
        program.post("/graph/v26.0/", &json!({"batch": referring})).await,
        program
            .post(
                &format!("/graph/v26.0/act_{mine}/adimages"),
                &json!({"copy_from": {"source_account_id": other, "hash": "x"}}),
            )
            .await,
        program
            .post(
                &format!("/graph/v26.0/act_{mine}/adsets"),
                &json!({"campaign_id": other_campaign, "name": "x"}),
            )
            .await,
        program.post(&format!("/graph/v26.0/{other_campaign}"), &json!({"name": "x"})).await,
        program.post(&format!("/graph/v26.0/act_{mine}/async_batch_requests"), &json!({"adbatch": []})).await,
        program.get("/graph/v26.0/9999999999").await,
    ];
    for (number, response) in refused.into_iter().enumerate() {
        assert!([403, 422].contains(&response.status), "{number}: {} {}", response.status, response.text);
    }
    world.meta.clear_calls();
    for _ in 0..3 {
        program.get(&format!("/graph/v26.0/{my_campaign}?fields=name")).await;
    }
    assert_eq!(world.meta.calls().len(), 3, "the account of an object is asked for once");
}

#[tokio::test]
async fn no_address_leads_out_of_the_graph_api() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read", "graph:write"]).await;
    world.meta.clear_calls();
    let address = world.base.strip_prefix("http://").unwrap();
    // By hand: a client would resolve the dots before it asks.
    for path in [
        "v26.0/../../_control",
        "v26.0/%2e%2e/_control",
        "v26.0/..%2f_control",
        "v26.0/.%2e/me",
        "/evil.example/x",
        "https://evil.example/x",
        "v26.0/https%3A%2F%2Fevil.example",
        "v26.0/me%0d%0aHost:%20evil.example",
        "v26.0/me%00",
        "v26.0/@evil.example",
        "v26.0/me;x",
        "v26.0/me%2fadaccounts",
        "v26.0/oauth/access_token",
        "v26.0/debug_token?input_token=x",
        "v26.0/me/accounts/access_token",
        "v1.0/me",
        "",
    ] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /graph/{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            program.key
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        assert!([400, 403, 404, 422].contains(&status), "{path}: {answer}");
    }
    assert!(world.meta.calls().is_empty());
}

#[tokio::test]
async fn page_tokens_become_the_key() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read"]).await;
    let pages = program.get("/graph/v26.0/me/accounts?fields=name,access_token").await;
    assert_eq!(pages.status, 200, "{}", pages.text);
    assert_eq!(pages.json()["data"][0]["access_token"], json!(program.key), "{}", pages.text);
}

#[tokio::test]
async fn errors_of_meta_pass_with_our_classification_and_a_dead_grant_is_checked_at_once() {
    let world = World::new().await;
    let (browser, program, id) = proxied(&world, &["graph:read", "connections:read"]).await;
    let wrong = program.get(&format!("/graph/v26.0/act_{ACCOUNT}?fields=nonsense")).await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.headers["x-metaads-classification"], "invalid_request", "{}", wrong.text);
    assert_eq!(wrong.json()["error"]["code"], 100);
    let foreign = program.get(&format!("/graph/v26.0/act_{OTHER_ACCOUNT}?fields=name")).await;
    assert_eq!(foreign.headers["x-metaads-classification"], "asset_unreachable", "{}", foreign.text);
    world.meta.invalidate_tokens(&user_id(&browser).await, 460);
    let dead = program.get("/graph/v26.0/me").await;
    assert_eq!((dead.status, dead.json()["error"]["code"].clone()), (400, json!(190)));
    assert_eq!(dead.headers["x-metaads-classification"], "reauthorize");
    world.run_due_jobs().await;
    let next = program.get("/graph/v26.0/me").await;
    assert_eq!(next.status, 409, "{}", next.text);
    let error = &next.json()["error"];
    assert_eq!(
        (&error["metaads"]["code"], &error["metaads"]["who"]),
        (&json!("password_changed"), &json!("person"))
    );
    assert_eq!(error["metaads"]["url"], json!(format!("{}/connections/{id}", world.base)));
}

#[tokio::test]
async fn a_dead_grant_inside_of_a_batch_is_checked_too() {
    let world = World::new().await;
    let (_, program, id) = proxied(&world, &["graph:read", "connections:read"]).await;
    world.meta.inject_fault(Fault::new(Endpoint::AdAccount, 1, api_error(190, Some(463))));
    let batch = json!([{"relative_url": format!("act_{ACCOUNT}?fields=name")}]).to_string();
    let answer = program.post("/graph/v26.0/", &json!({"batch": batch})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.meta.clear_calls();
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::DebugToken), 1, "{id}");
}

#[tokio::test]
async fn a_used_up_quota_is_429_without_a_call_and_a_read_is_repeated_once() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read", "graph:write"]).await;
    let path = format!("/graph/v26.0/act_{ACCOUNT}/campaigns?limit=1");
    world.meta.inject_fault(Fault::new(Endpoint::AdObjects, 1, unavailable()));
    let repeated = program.get(&path).await;
    assert_eq!(repeated.status, 200, "{}", repeated.text);
    world.meta.inject_fault(Fault::new(Endpoint::AdWrites, 1, unavailable()));
    let write = program.post(&format!("/graph/v26.0/{CAMPAIGN}"), &json!({"name": "x"})).await;
    assert_eq!(
        (write.status, write.headers["x-metaads-classification"].to_str().unwrap()),
        (503, "retry_later")
    );
    world.meta.inject_fault(Fault::new(Endpoint::AdObjects, 1, api_error(80_004, Some(2_446_079))));
    assert_eq!(program.get(&path).await.headers["x-metaads-classification"], "rate_limited");
    world.meta.clear_calls();
    let held = program.get(&path).await;
    assert_eq!(held.status, 429, "{}", held.text);
    assert!(held.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() > 60);
    assert_eq!(held.json()["error"]["code"], 4);
    assert!(world.meta.calls().is_empty());
    assert_eq!(program.get("/graph/v26.0/me").await.status, 200, "other quotas are free");
}

#[tokio::test]
async fn an_upload_and_a_long_answer_stream_through() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read", "graph:write"]).await;
    let mut picture = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\0\0\0\x01\0".to_vec();
    picture.resize(3 * 1024 * 1024, 7);
    let part = reqwest::multipart::Part::bytes(picture).file_name("a.png").mime_str("image/png").unwrap();
    let form = reqwest::multipart::Form::new()
        .text("access_token", program.key.clone())
        .text("appsecret_proof", "0123")
        .part("filename", part);
    let url = format!("{}/graph/v26.0/act_{ACCOUNT}/adimages", program.base);
    let answer = send(program.http.post(url).multipart(form)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json()["images"]["a.png"]["hash"].is_string(), "{}", answer.text);
    world.meta.inject_fault(Fault::new(Endpoint::AdObjects, 1, Effect::Filler(10 * 1024 * 1024)));
    let long = program.get(&format!("/graph/v26.0/act_{ACCOUNT}/campaigns?limit=1")).await;
    assert_eq!(long.json()["filler"].as_str().unwrap().len(), 10 * 1024 * 1024);
}

#[tokio::test]
async fn a_file_cannot_smuggle_a_field_past_the_check() {
    let world = World::new().await;
    let (_, program, _) = proxied(&world, &["graph:read", "graph:write"]).await;
    let part = reqwest::multipart::Part::bytes(vec![1, 2, 3]).file_name("a.png");
    let form = reqwest::multipart::Form::new().part("filename", part).text("method", "delete");
    let request = program.request("POST", &format!("/graph/v26.0/act_{ACCOUNT}/adimages")).multipart(form);
    let answer = send(request).await;
    assert_eq!(answer.status, 502, "{}", answer.text);
}

#[tokio::test]
async fn who_names_no_connection_or_no_key_is_told_so_in_the_form_of_meta() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["graph:read"]).await;
    let unnamed = program.get("/graph/v26.0/me").await;
    assert_eq!(unnamed.status, 422);
    assert!(unnamed.has("X-Metaads-Connection"));
    let named = program.request("GET", "/graph/v26.0/me").header("x-metaads-connection", &id);
    assert_eq!(send(named).await.status, 200);
    let foreign = program
        .request("GET", "/graph/v26.0/me")
        .header("x-metaads-connection", "00000000-0000-7000-8000-000000000000");
    assert_eq!(send(foreign).await.status, 404);
    let without = send(program.http.get(format!("{}/graph/v26.0/me", program.base))).await;
    assert_eq!((without.status, without.json()["error"]["type"].clone()), (401, json!("OAuthException")));
    let token = send(program.http.get(format!("{}/graph/v26.0/me?access_token=EAAB", program.base))).await;
    assert!(token.has("mak_"), "{}", token.text);
    let two = program.get(&format!("/graph/v26.0/me?access_token={}x", program.key)).await;
    assert_eq!(two.status, 422);
    let none = Program::new(&world, "a@b.example", &["connections:read"]).await;
    assert_eq!(
        none.request("GET", "/graph/v26.0/me")
            .header("x-metaads-connection", &id)
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
}
