//! Which events there are, and what they contain.

use metaads_sandbox::{Answer, Endpoint, Persona};
use metaads_store::ApiKeyLimits;
use serde_json::{Value, json};

use super::Subscription;
use crate::effects::unavailable;
use crate::meta::inbound_webhooks::{post_signed, user_id, webhook_world};
use crate::programs::Program;
use crate::world::{World, days, minutes};

#[tokio::test]
async fn connecting_and_disconnecting_are_events_with_the_connection_and_no_token() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let id = browser.connection_id().await;
    world.run_due_jobs().await;
    let received = hook.receiver.take();
    let created = &received[0];
    assert!(created.is_signed_with(&hook.secret));
    assert_eq!(created.timestamp, world.app.now() / 1_000);
    let expected = json!({
        "type": "connection.created",
        "timestamp": "2026-11-22T12:00:00Z",
        "data": {
            "connection_id": id, "kind": "facebook_user", "name": "Tom Okafor", "status": "active",
            "status_reason": null,
        },
    });
    assert_eq!(created.body, expected);
    assert!(received.iter().all(|one| !one.text.contains("EAA") && one.is_signed_with(&hook.secret)));
    let changes: Vec<&Value> = received[1..].iter().map(|one| &one.body["data"]["change"]).collect();
    assert!(changes.contains(&&json!("assets_synced")), "{changes:?}");
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    let ended = hook.receiver.take();
    assert_eq!(ended[0].body["type"], "connection.disconnected");
    assert_eq!(ended[0].body["data"]["status"], "revoked");
}

#[tokio::test]
async fn created_reconnected_and_recovered_are_told_apart() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    let ends = async |expected: &[&str]| {
        world.run_due_jobs().await;
        let mut types = hook.receiver.take_types();
        types.retain(|kind| kind != "connection.updated");
        assert_eq!(types, expected);
    };
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    ends(&["connection.created"]).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    ends(&["connection.reconnected"]).await;
    world.meta.invalidate_tokens(Persona::SoleTrader.user_id(), 460);
    world.run_for(days(1)).await;
    ends(&["connection.needs_reauthorization"]).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    ends(&["connection.reconnected", "connection.recovered"]).await;
}

#[tokio::test]
async fn a_token_that_ends_soon_and_cannot_be_refreshed_is_one_event() {
    let world = World::new().await;
    world.connected().await;
    let hook = Subscription::to(&world, &json!(["connection.expiring"])).await;
    world.run_for(days(40)).await;
    assert_eq!(hook.receiver.take_types(), Vec::<String>::new());
    world.fault_times(Endpoint::Exchange, u32::MAX, unavailable());
    for _ in 0..65 {
        world.advance(days(1));
        world.run_due_jobs().await;
    }
    let received = hook.receiver.take();
    assert_eq!(received.len(), 1, "{received:?}");
    assert_eq!(received[0].body["data"]["status"], "expiring");
}

#[tokio::test]
async fn selections_are_one_event_for_each_ad_account() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::new(&world).await;
    let accounts = browser.ad_accounts(&id, "").await;
    let usable: Vec<String> = accounts
        .iter()
        .filter(|one| one["is_selectable"] == true)
        .map(|one| one["account_id"].as_str().unwrap().to_owned())
        .collect();
    let fields: Vec<(&str, &str)> = usable.iter().map(|id| ("account_id", id.as_str())).collect();
    browser.submit(&format!("/connections/{id}/assets"), &fields).await;
    world.run_due_jobs().await;
    let received = hook.receiver.take();
    let named: Vec<&str> =
        received.iter().map(|one| one.body["data"]["account_id"].as_str().unwrap()).collect();
    assert_eq!(named.len(), usable.len());
    assert!(received.iter().all(|one| one.body["type"] == "ad_account.selected"));
    assert!(usable.iter().all(|id| named.contains(&id.as_str())));
    browser.submit(&format!("/connections/{id}/assets"), &[]).await;
    world.run_due_jobs().await;
    let types = hook.receiver.take_types();
    assert!(types.len() == usable.len() && types.iter().all(|kind| kind == "ad_account.deselected"));
}

#[tokio::test]
async fn an_endpoint_receives_only_the_types_that_it_asked_for() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let hook = Subscription::to(&world, &json!(["connection.disconnected"])).await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    let id = browser.connection_id().await;
    world.run_due_jobs().await;
    assert!(hook.receiver.take().is_empty());
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    assert_eq!(hook.receiver.take_types(), ["connection.disconnected"]);
}

#[tokio::test]
async fn events_are_listed_in_their_order_and_a_cursor_misses_none() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let first = program.get("/api/v1/events?limit=1").await.json();
    assert_eq!(first["data"][0]["type"], "connection.created");
    let cursor = first["data"][0]["cursor"].as_str().unwrap().to_owned();
    assert_eq!(first["next_cursor"], json!(cursor));
    let rest = program.get(&format!("/api/v1/events?cursor={cursor}")).await.json();
    assert_eq!(rest["next_cursor"], Value::Null);
    let last = rest["data"].as_array().unwrap().last().unwrap()["cursor"].as_str().unwrap().to_owned();
    assert!(program.get(&format!("/api/v1/events?cursor={last}")).await.json()["data"][0].is_null());
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    let new = program.get(&format!("/api/v1/events?cursor={last}")).await.json();
    assert_eq!(new["data"].as_array().unwrap().len(), 1);
    assert_eq!(new["data"][0]["type"], "connection.disconnected");
    assert_eq!(program.get("/api/v1/events?cursor=x").await.status, 422);
    world.run_for(days(31)).await;
    metaads::worker::sweep(&world.app).await.unwrap();
    let left = program.get("/api/v1/events").await.json();
    assert!(left["data"].as_array().unwrap().iter().all(|event| event["type"] != "connection.created"));
}

#[tokio::test]
async fn a_limited_key_reads_only_its_events_and_manages_no_endpoint() {
    let world = World::new().await;
    let (browser, trader) = world.connected().await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    world.run_due_jobs().await;
    let scopes = ["webhooks:manage", "connections:read"];
    let limits = ApiKeyLimits { connections: vec![trader.clone()], ..ApiKeyLimits::default() };
    let one = Program::limited(&world, "a@b.example", &scopes, limits).await;
    let events = one.get("/api/v1/events").await.json()["data"].as_array().unwrap().clone();
    assert!(!events.is_empty() && events.iter().all(|event| event["data"]["connection_id"] == json!(trader)));
    let refused = one.post("/api/v1/webhook-endpoints", &json!({"url": "https://example.com"})).await;
    assert_eq!(refused.status, 403);
    assert_eq!(one.get("/api/v1/webhook-deliveries").await.status, 403);
    let account = browser.ad_accounts(&trader, "selected=false").await[0]["account_id"].clone();
    let account = account.as_str().unwrap();
    let limits = ApiKeyLimits { ad_accounts: vec![account.to_owned()], ..ApiKeyLimits::default() };
    let few = Program::limited(&world, "a@b.example", &["connections:read"], limits).await;
    assert_eq!(few.get("/api/v1/events").await.json()["data"], json!([]));
    browser.submit(&format!("/connections/{trader}/assets"), &[("account_id", account)]).await;
    world.run_due_jobs().await;
    let events = few.get("/api/v1/events").await.json();
    assert_eq!(events["data"][0]["type"], "ad_account.selected");
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_persons_name_leaves_the_events_when_their_data_is_deleted() {
    let world = webhook_world().await;
    let (browser, id) = world.connected().await;
    let hook = Subscription::new(&world).await;
    world.advance(minutes(2));
    let signed = world.meta.signed_request(&user_id(&browser).await);
    assert_eq!(post_signed(&world, "data-deletion", &signed).await.0, 200);
    world.run_due_jobs().await;
    let received = hook.receiver.take();
    assert_eq!(received[0].body["type"], "connection.revoked");
    assert_eq!(received[0].body["data"], json!({"connection_id": id}));
    let stored = world.stored_bytes().await;
    assert!(!stored.windows(10).any(|window| window == b"Tom Okafor"));
}
