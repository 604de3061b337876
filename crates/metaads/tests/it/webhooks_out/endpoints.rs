//! Endpoints: made once, changed, given another secret, and never seen by others.

use metaads_sandbox::{Answer, Persona};
use serde_json::{Value, json};

use super::Subscription;
use super::receiver::Receiver;
use crate::programs::{Program, send};
use crate::world::{World, days, minutes};

#[tokio::test]
async fn an_endpoint_is_made_changed_and_deleted_and_shows_its_secret_once() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    assert!(hook.secret.starts_with("whsec_") && hook.secret.len() == 50);
    let shown = hook.endpoint().await;
    assert_eq!(
        (&shown["url"], &shown["events"], shown.get("secret")),
        (&json!(hook.receiver.url), &json!([]), None)
    );
    let patch = json!({"description": "Reports", "events": ["connection.created"]});
    let changed = hook.program.json("PATCH", &hook.path(), &patch).await.json();
    assert_eq!(
        (&changed["description"], &changed["events"]),
        (&json!("Reports"), &json!(["connection.created"]))
    );
    let list = hook.program.get("/api/v1/webhook-endpoints").await.json();
    assert_eq!(list["data"], json!([changed]));
    assert_eq!(hook.program.delete(&hook.path()).await.status, 204);
    assert_eq!(hook.program.get(&hook.path()).await.status, 404);
    assert_eq!(world.number("SELECT COUNT(*) FROM secrets").await, 0);
}

#[tokio::test]
async fn what_cannot_be_an_endpoint_is_refused_with_the_reason() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let program = Program::new(&world, "a@b.example", &["webhooks:manage"]).await;
    for (body, reason) in [
        (json!({"url": "http://example.com"}), "https"),
        (json!({"url": "https://10.0.0.1/"}), "public internet"),
        (json!({"url": "https://user:word@example.com/"}), "password"),
        (json!({"url": "nonsense"}), "address such as"),
        (json!({"url": "https://example.com", "events": ["connection.teleported"]}), "connection.created"),
        (json!({"url": "https://example.com", "events": ["webhook.test"]}), "not a type of event"),
        (json!({"url": "https://example.com", "description": "x".repeat(201)}), "200 characters"),
        (json!({"url": "https://example.com", "secret": "mine"}), "unknown field"),
        (json!({}), "missing field"),
    ] {
        let answer = program.post("/api/v1/webhook-endpoints", &body).await;
        assert_eq!(answer.status, 422, "{body} {}", answer.text);
        assert!(answer.has(reason), "{body} {}", answer.text);
    }
    for id in ["x", "00000000-0000-7000-8000-000000000000", "%00"] {
        assert_eq!(program.get(&format!("/api/v1/webhook-endpoints/{id}")).await.status, 404, "{id}");
        assert_eq!(program.get(&format!("/api/v1/webhook-deliveries/{id}")).await.status, 404, "{id}");
    }
    let reader = Program::new(&world, "a@b.example", &["connections:read"]).await;
    assert!(reader.get("/api/v1/webhook-endpoints").await.has("webhooks:manage"));
    for number in 0..20 {
        let body = json!({"url": format!("https://example.com/{number}")});
        assert_eq!(program.post("/api/v1/webhook-endpoints", &body).await.status, 201);
    }
    let more = program.post("/api/v1/webhook-endpoints", &json!({"url": "https://example.com"})).await;
    assert_eq!(more.status, 409, "{}", more.text);
}

#[tokio::test]
async fn a_repeated_request_with_an_idempotency_key_makes_one_endpoint() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let program = Program::new(&world, "a@b.example", &["webhooks:manage"]).await;
    let create = async |program: &Program, key: &str, body: Value| {
        let request = program.request("POST", "/api/v1/webhook-endpoints").header("idempotency-key", key);
        send(request.header("content-type", "application/json").body(body.to_string())).await
    };
    let body = json!({"url": "https://example.com/a"});
    let (first, second) =
        (create(&program, "one", body.clone()).await, create(&program, "one", body.clone()).await);
    assert_eq!((first.status, second.status), (201, 201), "{}", second.text);
    assert_eq!(first.json(), second.json());
    assert!(first.json()["secret"].as_str().unwrap().starts_with("whsec_"));
    let other = create(&program, "one", json!({"url": "https://example.com/b"})).await;
    assert_eq!((other.status, other.json()["code"].clone()), (409, json!("conflict")));
    // The keys of another program are its own.
    let neighbor = Program::new(&world, "a@b.example", &["webhooks:manage"]).await;
    assert_ne!(create(&neighbor, "one", body.clone()).await.json()["id"], first.json()["id"]);
    assert_eq!(create(&program, "", body.clone()).await.status, 422);
    // The secret can be read back for a day only.
    world.advance(days(1) + minutes(1));
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_ne!(create(&program, "one", body).await.json()["secret"], first.json()["secret"]);
}

#[tokio::test]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    let rotated = hook.program.post(&format!("{}/rotate-secret", hook.path()), &json!({})).await;
    let new = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, hook.secret);
    let received = async || {
        hook.test().await;
        hook.receiver.take().remove(0)
    };
    let both = received().await;
    assert_eq!(both.signatures.len(), 2);
    assert!(both.is_signed_with(&new) && both.is_signed_with(&hook.secret));
    world.advance(days(1) + minutes(1));
    let one = received().await;
    assert_eq!(one.signatures.len(), 1);
    assert!(one.is_signed_with(&new));
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM secrets").await, 1);
    for _ in 0..3 {
        hook.program.post(&format!("{}/rotate-secret", hook.path()), &json!({})).await;
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM secrets").await, 2);
    assert_eq!(received().await.signatures.len(), 2);
}

#[tokio::test]
async fn a_test_shows_the_request_and_the_answer() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::to(&world, &json!(["connection.created"])).await;
    let delivery = hook.test().await;
    assert_eq!((&delivery["status"], &delivery["type"]), (&json!("delivered"), &json!("webhook.test")));
    assert_eq!(delivery["response"], json!({"status": 204, "body": ""}));
    let received = hook.receiver.take().remove(0);
    assert_eq!(delivery["request"]["body"], received.body);
    assert!(received.is_signed_with(&hook.secret));
    let events = hook.program.get("/api/v1/events").await.json();
    assert_eq!(events["data"], json!([]), "nothing has happened");
}

#[tokio::test]
async fn other_users_neither_see_an_endpoint_nor_its_deliveries_nor_receive_events() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    let delivery = hook.test().await["id"].as_str().unwrap().to_owned();
    let other = world.user("other@b.example").await;
    let stranger = Program::new(&world, "other@b.example", &["webhooks:manage", "connections:read"]).await;
    let refused = [
        stranger.get(&hook.path()).await,
        stranger.json("PATCH", &hook.path(), &json!({"description": "mine"})).await,
        stranger.delete(&hook.path()).await,
        stranger.post(&format!("{}/rotate-secret", hook.path()), &json!({})).await,
        stranger.post(&format!("{}/test", hook.path()), &json!({})).await,
        stranger.get(&format!("/api/v1/webhook-deliveries/{delivery}")).await,
        stranger.post(&format!("/api/v1/webhook-deliveries/{delivery}/replay"), &json!({})).await,
    ];
    assert!(refused.iter().all(|answer| answer.status == 404));
    for list in ["webhook-endpoints", "webhook-deliveries", "events"] {
        assert_eq!(stranger.get(&format!("/api/v1/{list}")).await.json()["data"], json!([]), "{list}");
    }
    hook.receiver.take();
    other.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    world.run_due_jobs().await;
    assert!(hook.receiver.take().is_empty());
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    assert!(!hook.receiver.take().is_empty());
}

#[tokio::test]
async fn a_secret_is_stored_sealed_and_never_logged() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    hook.test().await;
    let bytes = world.stored_bytes().await;
    let secret = hook.secret.as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    assert!(!world.log().contains(&hook.secret));
}

#[tokio::test]
async fn an_account_that_is_deleted_takes_its_endpoints_along() {
    let world = World::new().await;
    world.user("first@b.example").await;
    let (browser, _) = world.connected().await;
    let hook = Subscription::new(&world).await;
    hook.test().await;
    browser.submit("/settings/delete", &[("password", crate::browser::PASSWORD)]).await;
    world.run_due_jobs().await;
    for table in ["webhook_endpoints", "webhook_deliveries", "outbox_events", "secrets"] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    let receiver = Receiver::start().await;
    assert!(receiver.take().is_empty());
}
