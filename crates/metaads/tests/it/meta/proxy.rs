//! The outgoing proxy: calls to Meta go through it, and only through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use metaads_sandbox::{Answer, Persona};

use crate::world::World;

/// Nothing listens here.
const UNREACHABLE: &str = "http://127.0.0.1:9";

/// A forward proxy that sends what is meant for `UNREACHABLE` to `target`.
#[derive(Clone)]
struct Proxy {
    target: String,
    client: reqwest::Client,
    requests: Arc<AtomicUsize>,
}

impl Proxy {
    /// Returns the proxy and its URL.
    async fn start(target: String) -> (Proxy, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let proxy = Proxy { target, client, requests: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (proxy, url)
    }
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    proxy.requests.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    let Some(path) = parts.uri.to_string().strip_prefix(UNREACHABLE).map(str::to_owned) else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let url = format!("{}{path}", proxy.target);
    let request = proxy.client.request(parts.method, url).headers(parts.headers).body(body);
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}

#[tokio::test]
async fn calls_to_meta_go_through_the_configured_proxy() {
    let mut world = World::new().await;
    let graph_url = world.environment().iter().find(|(name, _)| name == "META_GRAPH_URL").unwrap().1.clone();
    let (proxy, url) = Proxy::start(graph_url).await;
    world.restart_with(&[("META_GRAPH_URL", UNREACHABLE), ("METAADS_META_PROXY", &url)]).await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    assert!(proxy.requests.load(Ordering::Relaxed) >= 2);
}

#[tokio::test]
async fn a_proxy_that_is_down_is_an_outage_and_its_password_shows_nowhere() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    world.restart_with(&[("METAADS_META_PROXY", "http://user:proxy-password@127.0.0.1:9")]).await;
    let page = browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("Meta"), "{}", page.text);
    assert!(!page.has("proxy-password"));
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
    assert!(!world.log().contains("proxy-password"));
}
