//! Programs with an API key: the JSON API, tokens, and what they may not do.

mod command_line;
mod graph;
mod keys;
mod token;

use metaads::accounts::api_keys::{self, KeyRequest};
use metaads_store::{ApiKeyLimits, UserId, WorkspaceId};
use serde_json::Value;

use crate::browser::Response;
use crate::world::World;

/// A program that calls the service with one key.
pub struct Program {
    http: reqwest::Client,
    base: String,
    pub key: String,
    pub id: String,
}

impl Program {
    /// A program with a new key of the user with this address.
    pub async fn new(world: &World, email: &str, scopes: &[&str]) -> Program {
        Program::limited(world, email, scopes, ApiKeyLimits::default()).await
    }

    pub async fn limited(world: &World, email: &str, scopes: &[&str], limits: ApiKeyLimits) -> Program {
        let user = world.text(&format!("SELECT id FROM users WHERE email = '{email}'")).await;
        let user = UserId::from_text(&user).unwrap();
        let request = KeyRequest {
            name: "Reports".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            limits,
            expires_at: None,
        };
        let workspace = WorkspaceId::personal(&user);
        let made = api_keys::create(&world.app, &workspace, &user, request).await.unwrap();
        Program { http: reqwest::Client::new(), base: world.base.clone(), key: made.secret, id: made.id }
    }

    /// The same program with another key.
    pub fn with_key(&self, key: &str) -> Program {
        Program { http: self.http.clone(), base: self.base.clone(), key: key.to_owned(), id: self.id.clone() }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Response {
        send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.json("POST", path, body).await
    }

    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Response {
        let request = self.request(method, path).header("content-type", "application/json");
        send(request.body(body.to_string())).await
    }

    /// A POST as a proxy in front of a public service sends it.
    pub async fn public_post(&self, path: &str, body: &Value) -> Response {
        let request = self.request("POST", path).header("host", "ads.example.com");
        send(request.header("content-type", "application/json").body(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Response {
        send(self.request("DELETE", path)).await
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    Response {
        status: answer.status().as_u16(),
        location: String::new(),
        headers: answer.headers().clone(),
        text: answer.text().await.unwrap(),
    }
}
