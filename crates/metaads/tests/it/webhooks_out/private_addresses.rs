//! An endpoint never leads into our own network, whatever its name resolves to.

use metaads::accounts::admins::{self, Role};
use serde_json::json;

use super::Subscription;
use super::receiver::{Behavior, Receiver};
use crate::programs::Program;
use crate::world::{World, minutes};

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_later_is_refused_at_the_delivery() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    let set = |address: &str| {
        let address = address.parse().unwrap();
        world.names.lock().unwrap().insert("hooks.example.com".to_owned(), vec![address]);
    };
    let url = format!("https://hooks.example.com:{}/", hook.receiver.address.port());
    assert_eq!(hook.program.json("PATCH", &hook.path(), &json!({"url": url})).await.status, 200);
    assert_eq!(hook.test().await["error"], "unknown_host");
    for private in ["10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1"]
    {
        set(private);
        assert_eq!(hook.test().await["error"], "private_address", "{private}");
    }
    // Loopback is allowed here, since PUBLIC_URL's host is loopback; it speaks no TLS.
    set("127.0.0.1");
    assert_eq!(hook.test().await["error"], "unreachable");
    assert!(hook.receiver.take().is_empty());
}

#[tokio::test]
async fn loopback_is_refused_where_the_service_is_public() {
    let world = World::with(&[("PUBLIC_URL", "https://ads.example.com")]).await;
    admins::create_user(&world.app, "a@b.example", Role::User).await.unwrap();
    let receiver = Receiver::start().await;
    let program = Program::new(&world, "a@b.example", &["webhooks:manage"]).await;
    for url in
        [&receiver.url, "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0.0.0.0/"]
    {
        let answer = program.public_post("/api/v1/webhook-endpoints", &json!({"url": url})).await;
        assert_eq!(answer.status, 422, "{url} {}", answer.text);
    }
    world.names.lock().unwrap().insert("rebound.example.com".to_owned(), vec!["127.0.0.1".parse().unwrap()]);
    let url = format!("https://rebound.example.com:{}/", receiver.address.port());
    let made = program.public_post("/api/v1/webhook-endpoints", &json!({"url": url})).await;
    let test = format!("/api/v1/webhook-endpoints/{}/test", made.json()["id"].as_str().unwrap());
    let delivery = program.public_post(&test, &json!({})).await.json();
    assert_eq!(delivery["error"], "private_address");
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let hook = Subscription::new(&world).await;
    hook.receiver.next(&[Behavior::Redirect]);
    let delivery = hook.test().await;
    assert_eq!((&delivery["error"], &delivery["status"]), (&json!("redirect"), &json!("pending")));
    assert_eq!(hook.receiver.take().len(), 1);
    world.advance(minutes(1));
    world.run_due_jobs().await;
}
