//! Another product's page, with our script, on an origin of its own.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use metaads_store::ApiKeyLimits;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Chromium, Kind, world_with_worker};
use crate::connect_sessions::{CHALLENGE, VERIFIER};
use crate::programs::Program;
use crate::world::World;

/// The product: a page with a button, a page to return to, and a back end with a key.
struct Product {
    origin: String,
    program: Program,
}

impl Product {
    async fn start(world: &World) -> Product {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let script = format!("<script src=\"{}/assets/connect.js\"></script>", world.base);
        let start = format!(
            "<meta name=viewport content='width=device-width'>{script}<h1>Shop</h1><button>Connect</button><script>
             const given = new URLSearchParams(location.search);
             document.querySelector('button').onclick = async () => {{
                 const options = {{ verifier: given.get('verifier') || undefined, session: given.get('id') }};
                 const result = await MetaAdsConnect.open(given.get('url'), options);
                 document.querySelector('h1').textContent = JSON.stringify(result);
             }};</script>"
        );
        let back = format!("{script}<h1>Back in the shop</h1>");
        let routes = Router::new()
            .route("/", get(|| async { Html(start) }))
            .route("/connected", get(|| async { Html(back) }));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        world.user("a@b.example").await;
        let limits = ApiKeyLimits { return_origins: vec![origin.clone()], ..ApiKeyLimits::default() };
        let program = Program::limited(world, "a@b.example", &["connect:sessions"], limits).await;
        Product { origin, program }
    }

    /// Opens the product's page for a new session. Returns the session's id.
    async fn open(&self, page: &Chromium, verifier: Option<&str>) -> String {
        let mut body =
            json!({"external_user_id": "user-42", "return_url": format!("{}/connected", self.origin)});
        if verifier.is_some() {
            body["code_challenge"] = json!(CHALLENGE);
        }
        let answer = self.program.post("/api/v1/connect-sessions", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let made = answer.json();
        let (id, url) = (made["id"].as_str().unwrap(), made["url"].as_str().unwrap());
        let verifier = verifier.unwrap_or_default();
        page.driver.goto(format!("{}/?id={id}&verifier={verifier}&url={url}", self.origin)).await.unwrap();
        id.to_owned()
    }
}

fn result(id: &str, status: &str, error: Option<&str>) -> Value {
    json!({"connectSession": id, "status": status, "error": error})
}

/// Waits until the product's page shows this result, whatever the order of its fields.
async fn shows(page: &Chromium, expected: &Value) {
    for _ in 0..300 {
        let heading = page.find("h1").await.text().await.unwrap_or_default();
        if serde_json::from_str::<Value>(&heading).is_ok_and(|shown| shown == *expected) {
            return;
        }
        tokio::time::sleep(super::POLL_INTERVAL).await;
    }
    panic!("{expected} did not appear, but: {}", page.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_popup_of_another_product_reports_back_and_closes() {
    let world = world_with_worker().await;
    let page = Chromium::start(Kind::Desktop).await;
    let product = Product::start(&world).await;

    // Confirmed on our page.
    let id = product.open(&page, None).await;
    page.click("button").await;
    let own = page.enter_popup().await;
    page.title("Reports wants to connect your Meta ad accounts").await;
    page.screenshot("connect-session").await;
    page.click("main button").await;
    page.click("#persona-sole-trader").await;
    page.click("#continue").await;
    page.back_to(own).await;
    shows(&page, &result(&id, "completed", None)).await;

    // Proven by the verifier: straight to the dialog.
    let id = product.open(&page, Some(VERIFIER)).await;
    page.click("button").await;
    let own = page.enter_popup().await;
    page.click("#cancel").await;
    page.back_to(own).await;
    shows(&page, &result(&id, "failed", Some("cancelled"))).await;

    // A dialog that cuts the popup off from its opener: the return page hands the result over.
    let id = product.open(&page, Some(VERIFIER)).await;
    page.click("button").await;
    let own = page.enter_popup().await;
    page.find("#continue").await;
    page.driver.execute("window.opener = null", vec![]).await.unwrap();
    page.click("#persona-sole-trader").await;
    page.click("#continue").await;
    page.back_to(own).await;
    shows(&page, &result(&id, "completed", None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_and_with_blocked_popups_the_product_is_left_and_returned_to() {
    let world = world_with_worker().await;
    let product = Product::start(&world).await;
    for kind in [Kind::Phone, Kind::Desktop] {
        let page = Chromium::start(kind).await;
        let id = product.open(&page, None).await;
        page.driver.execute("window.open = () => null", vec![]).await.unwrap();
        page.click("button").await;
        page.title("Reports wants to connect your Meta ad accounts").await;
        page.screenshot("connect-session-same-tab").await;
        page.click("main button").await;
        page.click("#persona-sole-trader").await;
        page.click("#continue").await;
        page.title("Back in the shop").await;
        let address = page.driver.current_url().await.unwrap();
        let expected = format!("{}/connected?connect_session={id}&status=completed", product.origin);
        assert_eq!(address.as_str().trim_end_matches('#'), expected);
        assert_eq!(page.driver.windows().await.unwrap().len(), 1);
    }
}
