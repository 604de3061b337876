//! Somebody else's server: receives webhooks, verifies their signatures, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One received webhook.
#[derive(Debug, Clone)]
pub struct Received {
    pub id: String,
    pub timestamp: i64,
    pub signatures: Vec<String>,
    pub text: String,
    pub body: Value,
}

/// What the server does with the next webhook.
#[derive(Debug, Clone, Copy)]
pub enum Behavior {
    Answer(u16),
    Redirect,
    Hang,
    RetryAfter(u16, i64),
}

#[derive(Debug, Default)]
struct Shared {
    received: Vec<Received>,
    next: VecDeque<Behavior>,
    always: Option<Behavior>,
}

pub struct Receiver {
    pub url: String,
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Receiver {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Receiver { url: format!("http://{address}/hooks"), address, shared, server }
    }

    /// The behavior for each of the next webhooks; after these, 204.
    pub fn next(&self, behaviors: &[Behavior]) {
        self.shared.lock().unwrap().next.extend(behaviors);
    }

    pub fn always(&self, behavior: Behavior) {
        self.shared.lock().unwrap().always = Some(behavior);
    }

    pub fn works_again(&self) {
        self.shared.lock().unwrap().always = None;
    }

    /// What was received since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.lock().unwrap().received)
    }

    /// How many were received since the last `take`.
    pub fn seen(&self) -> usize {
        self.shared.lock().unwrap().received.len()
    }

    /// The types of what was received since the last call.
    pub fn take_types(&self) -> Vec<String> {
        self.take().iter().map(|one| one.body["type"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Received {
    /// Whether one of the signatures is that of this secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.text);
        let expected = format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())));
        self.signatures.contains(&expected)
    }
}

async fn receive(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, text: String) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let behavior = {
        let mut shared = shared.lock().unwrap();
        shared.received.push(Received {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp").parse().unwrap(),
            signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
            body: serde_json::from_str(&text).unwrap(),
            text,
        });
        shared.next.pop_front().or(shared.always).unwrap_or(Behavior::Answer(204))
    };
    let status = |code| StatusCode::from_u16(code).unwrap();
    match behavior {
        Behavior::Answer(code) => (status(code), "thanks").into_response(),
        Behavior::Redirect => (StatusCode::FOUND, [("location", "http://127.0.0.1:9/")]).into_response(),
        Behavior::RetryAfter(code, seconds) => {
            (status(code), [("retry-after", seconds.to_string())]).into_response()
        }
        Behavior::Hang => std::future::pending().await,
    }
}
