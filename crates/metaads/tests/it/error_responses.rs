//! Every error leaves in the form of the surface that was called: problem+json under /api, a page elsewhere, a plain
//! status for Meta. A panic of a handler is tested next to the layer that catches it, in `http/middleware.rs`.

use crate::browser::{Browser, Response};
use crate::world::World;

/// Asserts problem+json with this status and code.
#[track_caller]
fn assert_problem(seen: &Response, status: u16, code: &str) {
    assert_eq!(seen.status, status, "{}", seen.text);
    assert_eq!(seen.headers["content-type"], "application/problem+json", "{}", seen.text);
    let problem = seen.json();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["code"], code);
    for field in ["type", "title", "detail", "request_id"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {}", seen.text);
    }
}

/// Asserts a page of ours with this status and title.
#[track_caller]
fn assert_page(seen: &Response, status: u16, title: &str) {
    assert_eq!((seen.status, seen.title().as_str()), (status, title), "{}", seen.text);
    assert!(seen.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(seen.has("Support ID"), "{}", seen.text);
}

async fn user_with_broken_row(world: &World) -> Browser {
    let browser = world.user("a@b.example").await;
    browser.connect(metaads_sandbox::Answer::agree(metaads_sandbox::Persona::SoleTrader)).await;
    world.sql("UPDATE meta_connections SET scopes = 'x', kind = 'from_the_future'").await;
    browser
}

#[tokio::test]
async fn a_row_that_this_version_cannot_decode_is_a_bug_and_not_an_outage() {
    let world = World::new().await;
    let browser = user_with_broken_row(&world).await;
    assert_problem(&browser.get("/api/v1/connections").await, 500, "internal_error");
    assert_page(&browser.get("/dashboard").await, 500, "Something went wrong on our side");
    assert!(world.log().contains("a database statement failed a request"));
}

#[tokio::test]
async fn a_request_that_the_framework_rejects_gets_the_form_of_its_surface() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    // The query names one parameter twice.
    let twice = "?limit=1&limit=2";
    assert_problem(&browser.get(&format!("/api/v1/connections{twice}")).await, 400, "invalid_request");
    assert_page(&browser.get("/dashboard?show=a&show=b").await, 400, "We could not read that request");
    // A path that is not UTF-8 names nothing.
    assert_problem(&browser.get("/api/v1/connections/%FF").await, 404, "not_found");
    assert_page(&browser.get("/connections/%FF").await, 404, "There is nothing here");
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_get_the_form_of_their_surface() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    assert_problem(&browser.get("/api/v1/nothing").await, 404, "not_found");
    assert_page(&browser.get("/nothing").await, 404, "There is nothing here");
    let hook = browser.get("/hooks/nothing").await;
    assert_eq!((hook.status, hook.text.as_str()), (404, ""));
    let wrong = browser.post("/api/v1/connections", &[]).await;
    assert_problem(&wrong, 405, "invalid_request");
    assert!(wrong.headers["allow"].to_str().unwrap().contains("GET"));
    let wrong = browser.get("/connect/meta").await;
    assert_page(&wrong, 405, "We could not read that request");
    assert_eq!(wrong.headers["allow"], "POST");
    let wrong = browser.post("/hooks/nothing", &[]).await;
    assert_eq!((wrong.status, wrong.text.as_str()), (404, ""));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_form_of_its_surface() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let large = "x".repeat(600 * 1024);
    let seen = browser.post("/settings/theme", &[("theme", &large)]).await;
    assert_page(&seen, 413, "We could not read that request");
    let larger = "x".repeat(5 * 1024 * 1024);
    let seen = browser.post("/hooks/meta/events", &[("x", &larger)]).await;
    assert_eq!((seen.status, seen.text.as_str()), (413, ""));
}

#[tokio::test]
async fn each_refusal_says_what_it_is() {
    let world = World::new().await;
    let first = world.user("first@b.example").await;
    let second = world.user("second@b.example").await;
    assert_eq!(first.get("/admin").await.status, 200);
    assert_page(&second.get("/admin").await, 403, "You don’t have access to this");
    let foreign = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")];
    let seen = first.post_with("/logout", &[], &foreign).await;
    assert_page(&seen, 403, "That came from another site");
    let seen = first
        .post_with("/logout", &[], &[("host", "other.example"), ("sec-fetch-site", "same-origin")])
        .await;
    assert_page(&seen, 421, "This site has another address");
}

#[tokio::test]
async fn programs_match_on_one_code_for_every_forbidden_request() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let foreign = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")];
    let seen = browser.post_with("/api/v1/connections", &[], &foreign).await;
    assert_problem(&seen, 403, "forbidden");
    assert!(seen.json()["type"].as_str().unwrap().ends_with("/help/errors/cross_site_request"));
    let elsewhere = [("host", "other.example"), ("sec-fetch-site", "same-origin")];
    let seen = browser.post_with("/api/v1/connections", &[], &elsewhere).await;
    assert_problem(&seen, 421, "forbidden");
    assert!(seen.json()["type"].as_str().unwrap().ends_with("/help/errors/wrong_host"));
}
