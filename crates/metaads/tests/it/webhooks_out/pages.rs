//! The pages: add an endpoint, send a test, look at what was sent, replace the secret, end it.

use super::receiver::{Behavior, Receiver};
use crate::browser::{Browser, PASSWORD, Response};
use crate::world::{World, minutes};

/// The text of the element with this id.
fn text_of(page: &Response, id: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("id=\"{id}\">")).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

async fn endpoint(browser: &Browser, url: &str) -> (String, String) {
    let made = browser.post("/settings/webhooks", &[("url", url), ("request", "form")]).await;
    assert_eq!((made.status, made.title().as_str()), (200, "Copy the signing secret"), "{}", made.text);
    let path = made.text.split("href=\"/settings/webhooks/").nth(1).unwrap();
    let path = format!("/settings/webhooks/{}", path.split('"').next().unwrap());
    (path, text_of(&made, "secret"))
}

#[tokio::test]
async fn an_endpoint_is_added_tested_and_deleted_on_its_pages() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let receiver = Receiver::start().await;
    assert!(browser.get("/settings").await.has("href=\"/settings/webhooks\""));
    assert!(browser.get("/settings/webhooks").await.has("No endpoint yet"));
    let (path, secret) = endpoint(&browser, &receiver.url).await;
    let shown = browser.get(&path).await;
    assert!(shown.has("Nothing was sent yet") && !shown.has(&secret));
    receiver.next(&[Behavior::Answer(500)]);
    let failed = browser.submit(&format!("{path}/test"), &[]).await;
    assert!(failed.has("The last attempt failed") && failed.has("Next attempt"), "{}", failed.text);
    assert!(failed.has("thanks") && failed.has("webhook.test"));
    assert!(receiver.take()[0].is_signed_with(&secret));
    assert!(browser.get("/settings/webhooks").await.has("Failing"));
    world.advance(minutes(1));
    world.run_due_jobs().await;
    let listed = browser.get(&path).await;
    assert!(listed.has("Delivered"));
    let delivery = listed.text.split("href=\"/settings/webhooks/deliveries/").nth(1).unwrap();
    let delivery = format!("/settings/webhooks/deliveries/{}", delivery.split('"').next().unwrap());
    let page = browser.get(&delivery).await;
    assert!(page.has("Replay") && page.has("Without a body"), "{}", page.text);
    let replayed = browser.submit(&format!("{delivery}/replay"), &[]).await;
    assert!(replayed.has("It is sent once more"));
    world.run_due_jobs().await;
    assert_eq!(receiver.take().len(), 2);
    assert!(browser.submit(&format!("{path}/delete"), &[]).await.has("The endpoint is deleted"));
    assert_eq!(browser.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_adds_one_endpoint_and_shows_the_same_secret() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let first = endpoint(&browser, "https://example.com/hooks").await;
    assert_eq!(endpoint(&browser, "https://example.com/hooks").await, first);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_endpoints").await, 1);
}

#[tokio::test]
async fn a_refused_address_is_shown_again_with_the_reason_beside_its_field() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let fields = [("url", "http://example.com"), ("description", "Mine"), ("events", "connection.created")];
    let refused = browser.post("/settings/webhooks", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.has("The address has to start with https://") && refused.has("value=\"Mine\""));
    assert!(refused.has("value=\"connection.created\" checked"));
    let (path, _) = endpoint(&browser, "https://example.com/hooks").await;
    let refused = browser.post(&path, &[("url", "https://10.0.0.1/")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.has("The address has to be on the public internet"));
    let saved =
        browser.submit(&path, &[("url", "https://example.com/b"), ("events", "connection.created")]).await;
    assert!(saved.has("The endpoint is saved") && saved.has("value=\"connection.created\" checked"));
}

#[tokio::test]
async fn a_session_that_was_signed_in_a_while_ago_is_asked_for_the_password() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let (path, secret) = endpoint(&browser, "https://example.com/hooks").await;
    world.advance(minutes(11));
    let fields = [("url", "https://example.com/new"), ("events", "connection.created")];
    let asked = browser.post("/settings/webhooks", &fields).await;
    assert_eq!((asked.status, asked.title().as_str()), (403, "Confirm it’s you"));
    assert!(asked.has("name=\"url\" value=\"https://example.com/new\""), "{}", asked.text);
    assert!(asked.has("name=\"events\" value=\"connection.created\""));
    assert_eq!(browser.post(&format!("{path}/rotate-secret"), &[]).await.status, 403);
    assert_eq!(browser.post(&format!("{path}/delete"), &[]).await.status, 403);
    let rotated = browser.post(&format!("{path}/rotate-secret"), &[("password", PASSWORD)]).await;
    assert_eq!(rotated.title(), "The new secret");
    assert_ne!(text_of(&rotated, "secret"), secret);
    assert!(browser.get(&path).await.has("signs too until"));
}

#[tokio::test]
async fn an_endpoint_that_is_off_says_why_and_can_be_switched_on() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let receiver = Receiver::start().await;
    let (path, _) = endpoint(&browser, &receiver.url).await;
    receiver.next(&[Behavior::Answer(410)]);
    browser.submit(&format!("{path}/test"), &[]).await;
    let off = browser.get(&path).await;
    assert!(off.has("This endpoint receives nothing") && off.has("it is gone (410)"), "{}", off.text);
    assert_eq!(browser.post(&format!("{path}/test"), &[]).await.status, 409);
    assert!(browser.submit(&format!("{path}/switch"), &[("to", "on")]).await.has("The endpoint is on"));
    assert!(browser.submit(&format!("{path}/test"), &[]).await.has("Delivered"));
    assert!(browser.submit(&format!("{path}/switch"), &[("to", "off")]).await.has("It was switched off"));
    let stranger = world.user("other@b.example").await;
    assert_eq!(stranger.get(&path).await.status, 404);
}
