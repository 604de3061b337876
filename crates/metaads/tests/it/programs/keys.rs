//! API keys: what they open, what they are limited to, and how they end.

use metaads_sandbox::{Answer, Persona};
use metaads_store::{ApiKeyLimits, UserId, WorkspaceId};
use serde_json::json;

use super::{Program, send};
use crate::world::{World, days, hours, minutes};

fn workspace_of(user: &str) -> WorkspaceId {
    WorkspaceId::personal(&UserId::from_text(user).unwrap())
}

#[tokio::test]
async fn a_key_reads_its_workspace_and_nothing_of_others() {
    let world = World::new().await;
    let (_, mine) = world.connected().await;
    let other = world.user("other@b.example").await;
    other.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    let theirs = other.connection_id().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let list = program.get("/api/v1/connections").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], json!(mine));
    assert_eq!(program.get(&format!("/api/v1/connections/{mine}")).await.status, 200);
    for end in ["", "/health", "/events", "/ad-accounts", "/pages", "/businesses", "/instagram-accounts"] {
        assert_eq!(program.get(&format!("/api/v1/connections/{mine}{end}")).await.status, 200, "{end}");
        assert_eq!(program.get(&format!("/api/v1/connections/{theirs}{end}")).await.status, 404, "{end}");
    }
}

#[tokio::test]
async fn a_key_without_a_scope_is_told_which_one_is_missing() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let path = format!("/api/v1/connections/{id}");
    let refused = [
        program.delete(&path).await,
        program.post(&format!("{path}/refresh"), &json!({})).await,
        program.post(&format!("{path}/sync"), &json!({})).await,
        program.json("PATCH", &format!("{path}/ad-accounts/1"), &json!({"is_selected": true})).await,
    ];
    for response in refused {
        assert_eq!(response.status, 403, "{}", response.text);
        assert_eq!(response.json()["code"], "forbidden");
        assert!(response.has("connections:write"), "{}", response.text);
    }
    assert!(program.get(&format!("{path}/token")).await.has("tokens:read"));
}

#[tokio::test]
async fn an_ended_expired_or_foreign_key_opens_nothing() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let path = format!("/api/v1/connections/{id}");
    assert_eq!(program.get(&path).await.status, 200);
    let user = world.text("SELECT user_id FROM api_keys").await;
    assert!(world.app.store.end_api_key(&workspace_of(&user), &program.id, 0).await.unwrap());
    let refused = program.get(&path).await;
    assert_eq!((refused.status, refused.json()["code"].clone()), (401, json!("unauthorized")));
    assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"MetaAds\"");
    let expiring = Program::new(&world, "a@b.example", &["connections:read"]).await;
    world
        .sql(&format!(
            "UPDATE api_keys SET expires_at = {} WHERE id = '{}'",
            world.app.now() + 1_000,
            expiring.id
        ))
        .await;
    assert_eq!(expiring.get(&path).await.status, 200);
    world.advance(minutes(1));
    assert_eq!(expiring.get(&path).await.status, 401);
    for key in ["mak_", "mak_guess", "", "something else", &"mak_x".repeat(100)] {
        assert_eq!(expiring.with_key(key).get(&path).await.status, 401, "{key}");
    }
}

#[tokio::test]
async fn after_a_rotation_both_keys_work_for_a_day() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let user = world.text("SELECT user_id FROM api_keys").await;
    let overlap = metaads::accounts::api_keys::DEFAULT_OVERLAP;
    let made = metaads::accounts::api_keys::rotate(&world.app, &workspace_of(&user), &program.id, overlap)
        .await
        .unwrap();
    let (before, after) = (&program, program.with_key(&made.secret));
    let path = format!("/api/v1/connections/{id}");
    assert_eq!((before.get(&path).await.status, after.get(&path).await.status), (200, 200));
    world.advance(days(1) + minutes(1));
    assert_eq!((before.get(&path).await.status, after.get(&path).await.status), (401, 200));
}

#[tokio::test]
async fn a_limited_key_reaches_only_what_it_is_limited_to() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let connections = browser.connections().await;
    let id = |persona: Persona| {
        let found = connections.iter().find(|one| one["meta_user_id"] == persona.user_id());
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (agency, trader) = (id(Persona::Agency), id(Persona::SoleTrader));
    let limits = ApiKeyLimits { connections: vec![trader.clone()], ..ApiKeyLimits::default() };
    let one = Program::limited(&world, "a@b.example", &["connections:read", "tokens:read"], limits).await;
    assert_eq!(one.get("/api/v1/connections").await.json()["data"].as_array().unwrap().len(), 1);
    assert_eq!(one.get(&format!("/api/v1/connections/{agency}")).await.status, 404);
    assert_eq!(one.get(&format!("/api/v1/connections/{agency}/token")).await.status, 404);
    assert_eq!(one.get(&format!("/api/v1/connections/{trader}/token")).await.status, 200);

    let account = browser.ad_accounts(&agency, "").await.remove(7)["account_id"].as_str().unwrap().to_owned();
    let limits = ApiKeyLimits { ad_accounts: vec![format!("act_{account}")], ..ApiKeyLimits::default() };
    let scopes = ["connections:read", "connections:write", "tokens:read"];
    let few = Program::limited(&world, "a@b.example", &scopes, limits).await;
    assert_eq!(few.get(&format!("/api/v1/connections/{trader}")).await.status, 404);
    let accounts = few.get(&format!("/api/v1/connections/{agency}/ad-accounts")).await.json();
    assert_eq!(accounts["data"].as_array().unwrap().len(), 1);
    assert_eq!(accounts["data"][0]["account_id"], json!(account));
    assert_eq!(few.get(&format!("/api/v1/connections/{agency}/token")).await.status, 403);
    assert_eq!(few.get(&format!("/api/v1/connections/{agency}/pages")).await.status, 403);
    let other = browser.ad_accounts(&agency, "").await.remove(8)["account_id"].as_str().unwrap().to_owned();
    let patch = json!({"is_selected": true});
    let select = async |id: &str| {
        few.json("PATCH", &format!("/api/v1/connections/{agency}/ad-accounts/{id}"), &patch).await
    };
    assert_eq!(select(&other).await.status, 404);
    let selected = select(&account).await;
    assert_eq!(
        (selected.status, selected.json()["is_selected"].clone()),
        (200, json!(true)),
        "{}",
        selected.text
    );
}

#[tokio::test]
async fn a_key_is_refused_from_other_networks() {
    let world = World::new().await;
    world.connected().await;
    let limits = ApiKeyLimits { networks: vec!["203.0.113.0/24".to_owned()], ..ApiKeyLimits::default() };
    let far = Program::limited(&world, "a@b.example", &[], limits).await;
    assert_eq!(far.get("/api/v1/connections").await.status, 403);
    let forwarded = far.request("GET", "/api/v1/connections").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(send(forwarded).await.status, 200, "the proxy on this machine is believed");
    let limits = ApiKeyLimits { networks: vec!["127.0.0.1".to_owned()], ..ApiKeyLimits::default() };
    let near = Program::limited(&world, "a@b.example", &[], limits).await;
    assert_eq!(near.get("/api/v1/connections").await.status, 200);
}

#[tokio::test]
async fn calls_a_minute_are_limited_and_the_headers_say_what_is_left() {
    let world = World::new().await;
    world.connected().await;
    let limits = ApiKeyLimits { calls_per_minute: Some(2), ..ApiKeyLimits::default() };
    let program = Program::limited(&world, "a@b.example", &[], limits).await;
    let first = program.get("/api/v1/connections").await;
    assert_eq!(first.headers["ratelimit-policy"], "\"key\";q=2;w=60");
    assert_eq!(first.headers["ratelimit"], "\"key\";r=1;t=60");
    program.get("/api/v1/connections").await;
    let third = program.get("/api/v1/connections").await;
    assert_eq!((third.status, third.json()["code"].clone()), (429, json!("rate_limited")));
    assert_eq!(
        (&third.headers["retry-after"], &third.headers["ratelimit"]),
        (&"60".parse().unwrap(), &"\"key\";r=0;t=60".parse().unwrap())
    );
    world.advance(minutes(1));
    assert_eq!(program.get("/api/v1/connections").await.status, 200);
}

#[tokio::test]
async fn changes_are_recorded_with_key_actor_and_address() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:write"]).await;
    let refresh = program.request("POST", &format!("/api/v1/connections/{id}/refresh"));
    let answer = send(refresh.header("x-metaads-actor", "ann@agency.example")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let recorded = world.text("SELECT api_key_id || ' ' || actor || ' ' || connection_id || ' ' || action || ' ' || address FROM api_calls").await;
    let expected =
        format!("{} ann@agency.example {id} POST /api/v1/connections/{id}/refresh 127.0.0.1", program.id);
    assert_eq!(recorded, expected);
    let long = program.request("GET", "/api/v1/connections").header("x-metaads-actor", "x".repeat(201));
    assert_eq!(send(long).await.status, 422);
    world.advance(hours(1));
    program.get("/api/v1/connections").await;
    assert_eq!(world.number("SELECT last_used_at FROM api_keys").await, world.app.now());
    assert_eq!(world.text("SELECT last_used_from FROM api_keys").await, "127.0.0.1");
}

#[tokio::test]
async fn a_key_is_stored_as_a_hash_only() {
    let world = World::new().await;
    world.connected().await;
    let program = Program::new(&world, "a@b.example", &["tokens:read"]).await;
    program.get("/api/v1/connections").await;
    let bytes = world.stored_bytes().await;
    let secret = program.key.as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    assert!(!world.log().contains(&program.key));
}
