//! `Idempotency-Key`: one request has one session, however often it is sent.

use serde_json::{Value, json};

use super::{body, product, text};
use crate::browser::Response;
use crate::programs::{Program, send};
use crate::world::World;

async fn create(product: &Program, key: &str, body: &Value) -> Response {
    let request = product.request("POST", "/api/v1/connect-sessions").header("idempotency-key", key);
    send(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_one_is_refused() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let first = create(&product, "order-7", &body(&[])).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = create(&product, "order-7", &body(&[])).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    let other = create(&product, "order-7", &body(&[("external_user_id", json!("user-43"))])).await;
    assert_eq!((other.status, text(&other.json(), "code")), (409, "conflict".to_owned()));
    assert_ne!(create(&product, "order-8", &body(&[])).await.json(), first.json());
    assert_eq!(create(&product, "a b", &body(&[])).await.status, 422);
    // The token is stored hashed and sealed.
    let token = text(&first.json(), "url").rsplit('/').next().unwrap().to_owned();
    let stored = world.stored_bytes().await;
    assert!(!stored.windows(token.len()).any(|part| part == token.as_bytes()));
    assert!(!world.log().contains(&token));
    // Another key has keys of its own.
    let second = super::product(&world, "a@b.example").await;
    assert_ne!(create(&second, "order-7", &body(&[])).await.json(), first.json());
}

#[tokio::test]
async fn requests_at_the_same_moment_make_one_session() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let request = body(&[]);
    let answers = (0..8).map(|_| create(&product, "order-7", &request));
    let answers = futures_util::future::join_all(answers).await;
    let first = answers[0].json();
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.json() == first), "{first}");
    assert_eq!(world.number("SELECT COUNT(*) FROM connect_sessions").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM secrets").await, 1);
}
