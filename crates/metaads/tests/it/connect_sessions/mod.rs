//! Connect sessions: the user of another product connects an account on a one-time URL.

mod binding;
mod idempotency;
mod limits;
mod repair;
mod story;

use metaads_sandbox::{Answer, Persona};
use metaads_store::ApiKeyLimits;
use serde_json::{Value, json};

use crate::browser::{Browser, Response};
use crate::programs::Program;
use crate::world::World;

/// Where the product is.
pub const ORIGIN: &str = "https://app.example.com";
pub const RETURN_URL: &str = "https://app.example.com/connected?tab=ads&x=%C3%A4";
// The vector of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The back end of the product, with a key of this user.
async fn product(world: &World, email: &str) -> Program {
    let limits = ApiKeyLimits { return_origins: vec![ORIGIN.to_owned()], ..ApiKeyLimits::default() };
    Program::limited(world, email, &["connect:sessions", "connections:read"], limits).await
}

/// A connect session as the product knows it.
struct Session {
    id: String,
    url: String,
}

impl Session {
    async fn new(product: &Program, more: &[(&str, Value)]) -> Session {
        let answer = create(product, more).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let body = answer.json();
        Session { id: text(&body, "id"), url: text(&body, "url") }
    }

    /// The person confirms on our page. Returns the dialog's address.
    async fn confirm(&self, browser: &Browser) -> String {
        let page = browser.get(&self.url).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let started = browser.post(&format!("{}/start", self.url), &[]).await;
        assert_eq!(started.status, 303, "{}", started.text);
        started.location
    }

    /// The product's page sends the verifier. Browsers keep `SameSite=Lax` cookies from such a request.
    async fn verify(&self, browser: &Browser, verifier: &str) -> Response {
        self.post_from(browser, ORIGIN, verifier).await
    }

    async fn post_from(&self, browser: &Browser, origin: &str, verifier: &str) -> Response {
        let headers = [("origin", origin), ("sec-fetch-site", "cross-site")];
        let path = format!("{}/start", self.url);
        browser.post_with(&path, &[("code_verifier", verifier)], &headers).await
    }

    async fn show(&self, product: &Program) -> Value {
        let answer = product.get(&format!("/api/v1/connect-sessions/{}", self.id)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    async fn state(&self, product: &Program) -> String {
        text(&self.show(product).await, "state")
    }
}

async fn create(product: &Program, more: &[(&str, Value)]) -> Response {
    product.post("/api/v1/connect-sessions", &body(more)).await
}

fn body(more: &[(&str, Value)]) -> Value {
    let mut body = json!({"external_user_id": "user-42", "return_url": RETURN_URL});
    for (name, value) in more {
        body[*name] = value.clone();
    }
    body
}

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

/// Answers the dialog and follows our own redirects. Returns where the product gets its user back.
async fn finish(browser: &Browser, dialog: &str, answer: Answer) -> String {
    let callback = browser.answer_dialog(dialog, answer).await;
    let mut response = browser.get(&callback).await;
    while response.status == 303 && response.location.starts_with('/') {
        assert!(!response.location.contains("code=") && !response.location.contains("state="));
        response = browser.get(&response.location).await;
    }
    assert_eq!(response.status, 303, "{}", response.text);
    assert_eq!(response.headers["referrer-policy"], "no-referrer");
    assert_eq!(response.headers["cache-control"], "no-store");
    // The fragment keeps Facebook's own from being passed on.
    response.location.trim_end_matches('#').to_owned()
}

/// A completed session of a new user, and the browser.
async fn completed(world: &World, product: &Program, persona: Persona) -> (Browser, Session) {
    let session = Session::new(product, &[]).await;
    let browser = world.browser();
    let dialog = session.confirm(&browser).await;
    let back = finish(&browser, &dialog, Answer::agree(persona)).await;
    assert!(back.contains("status=completed"), "{back}");
    world.run_due_jobs().await;
    (browser, session)
}
