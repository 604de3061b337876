//! The token broker: a program gets a token that lasts, or is told who has to act.

use std::sync::Arc;

use metaads_sandbox::Endpoint;
use serde_json::json;

use super::Program;
use crate::effects::unavailable;
use crate::meta::inbound_webhooks::user_id;
use crate::world::{World, days};

#[tokio::test]
async fn a_token_comes_with_its_proof_and_works_at_meta() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["tokens:read"]).await;
    let answer = program.get(&format!("/api/v1/connections/{id}/token")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    let (token, proof) = (body["access_token"].as_str().unwrap(), body["appsecret_proof"].as_str().unwrap());
    let graph = world.environment().iter().find(|(name, _)| name == "META_GRAPH_URL").unwrap().1.clone();
    let me = format!("{graph}/v26.0/me?access_token={token}&appsecret_proof={proof}");
    assert_eq!(reqwest::get(me).await.unwrap().status(), 200);
    assert_eq!(
        world.text("SELECT action FROM api_calls").await,
        format!("GET /api/v1/connections/{id}/token")
    );
}

#[tokio::test]
async fn many_readers_at_once_cause_one_refresh() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    world.run_for(days(3)).await;
    world.meta.clear_calls();
    let program = Arc::new(Program::new(&world, "a@b.example", &["tokens:read"]).await);
    // Valid for 57 days more: 58 are asked for.
    let path = format!("/api/v1/connections/{id}/token?min_valid_for=4320000");
    world.sql("UPDATE meta_connections SET expires_at = expires_at - 1000000000").await;
    let reads: Vec<_> = (0..20)
        .map(|_| {
            let (program, path) = (Arc::clone(&program), path.clone());
            tokio::spawn(async move { program.get(&path).await })
        })
        .collect();
    let mut tokens = Vec::new();
    for read in reads {
        let answer = read.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        tokens.push(answer.json()["access_token"].as_str().unwrap().to_owned());
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
    assert_eq!(world.meta.count(Endpoint::Exchange), 1);
    assert!(
        world.meta.count(Endpoint::DebugToken) <= 2,
        "no reader checks again what another one has checked"
    );
}

#[tokio::test]
async fn a_grant_that_only_its_person_can_mend_is_409_with_who_and_where() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.meta.invalidate_tokens(&user_id(&browser).await, 460);
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    let program = Program::new(&world, "a@b.example", &["tokens:read", "connections:read"]).await;
    let answer = program.get(&format!("/api/v1/connections/{id}/token")).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["code"]), (409, &json!("password_changed")), "{}", answer.text);
    assert_eq!(body["who"], "person");
    assert_eq!(body["url"], json!(format!("{}/connections/{id}", world.base)));
    let health = program.get(&format!("/api/v1/connections/{id}/health")).await.json();
    assert_eq!(health["status"], "needs_reauthorization");
    assert_eq!(health["issues"][0]["code"], "password_changed");
    assert_eq!(health["issues"][0]["who"], "person");
    assert_eq!(health["issues"][0]["connection_id"], json!(id));
    assert!(health["issues"][0].get("account_id").is_none());
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    assert_eq!(program.get(&format!("/api/v1/connections/{id}/token")).await.status, 409);
}

#[tokio::test]
async fn a_token_that_cannot_be_made_to_last_now_is_503() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    world.run_for(days(3)).await;
    world.sql("UPDATE meta_connections SET expires_at = expires_at - 1000000000").await;
    world.fault_times(Endpoint::Exchange, 5, unavailable());
    let program = Program::new(&world, "a@b.example", &["tokens:read"]).await;
    let path = format!("/api/v1/connections/{id}/token");
    let answer = program.get(&format!("{path}?min_valid_for=4320000")).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(program.get(&path).await.status, 200, "an hour is left");
    for bad in ["-1", "x", "4320001", "1e3"] {
        assert_eq!(program.get(&format!("{path}?min_valid_for={bad}")).await.status, 422, "{bad}");
    }
}

#[tokio::test]
async fn a_signed_in_browser_gets_no_token() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let answer = browser.get(&format!("/api/v1/connections/{id}/token")).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
}
