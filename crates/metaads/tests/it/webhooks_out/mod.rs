//! Outgoing webhooks: events reach other people's servers, signed, in order and at least once.

mod delivery;
mod endpoints;
mod events;
mod pages;
mod private_addresses;
mod receiver;

use serde_json::{Value, json};

use crate::programs::Program;
use crate::world::World;
use receiver::Receiver;

/// A program that manages webhooks, and an endpoint that receives every event.
struct Subscription {
    program: Program,
    receiver: Receiver,
    id: String,
    secret: String,
}

impl Subscription {
    /// For the user with the address a@b.example, who is there already.
    async fn new(world: &World) -> Subscription {
        Subscription::to(world, &json!([])).await
    }

    /// The same, for some types of events.
    async fn to(world: &World, events: &Value) -> Subscription {
        let program = Program::new(world, "a@b.example", &["webhooks:manage", "connections:read"]).await;
        let receiver = Receiver::start().await;
        let body = json!({"url": receiver.url, "events": events});
        let made = program.post("/api/v1/webhook-endpoints", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Subscription { id: text("id"), secret: text("secret"), program, receiver }
    }

    fn path(&self) -> String {
        format!("/api/v1/webhook-endpoints/{}", self.id)
    }

    async fn deliveries(&self) -> Vec<Value> {
        let list = self.program.get("/api/v1/webhook-deliveries").await.json();
        list["data"].as_array().unwrap().clone()
    }

    async fn endpoint(&self) -> Value {
        self.program.get(&self.path()).await.json()
    }

    /// Sends a test and returns what became of it.
    async fn test(&self) -> Value {
        let answer = self.program.post(&format!("{}/test", self.path()), &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }
}
