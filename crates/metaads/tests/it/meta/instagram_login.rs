//! Instagram Login: an Instagram account that connects without Facebook.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use metaads_sandbox::{Answer, Endpoint, Persona};
use serde_json::json;

use crate::browser::{Browser, Response};
use crate::effects::api_error;
use crate::world::{World, days};

pub const INSTAGRAM: [(&str, &str); 2] =
    [("INSTAGRAM_APP_ID", "500400300200100"), ("INSTAGRAM_APP_SECRET", "pretend-instagram-app-secret")];

async fn connect_instagram(browser: &Browser, answer: Answer) -> Response {
    let response = browser.post("/connect/instagram", &[]).await;
    assert_eq!(response.status, 303, "{}", response.text);
    let callback = browser.answer_dialog(&response.location, answer).await;
    browser.follow_callback(&callback).await
}

#[tokio::test]
async fn an_instagram_account_connects_without_facebook() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    assert!(browser.get("/dashboard").await.has("Connect an Instagram account"));
    let response = connect_instagram(&browser, Answer::agree(Persona::SoleTrader)).await;
    assert!(response.title().contains("is connected"), "{}", response.text);
    assert!(
        !response.has("Select ad accounts") && !response.has("Facebook was turned off"),
        "{}",
        response.text
    );
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (connection["kind"].as_str(), connection["status"].as_str()),
        (Some("instagram_user"), Some("active"))
    );
    assert_eq!(connection["scopes"], json!(["instagram_business_basic"]));
    assert_eq!(connection["missing_scopes"], json!([]));
    let before = connection["expires_at"].as_str().unwrap().to_owned();
    let calls = world.meta.calls();
    assert!(
        calls.iter().all(|call| !call.path.contains("debug_token")),
        "Facebook cannot inspect these tokens"
    );
    world.run_for(days(45)).await;
    browser.login("a@b.example", crate::browser::PASSWORD).await;
    let after = browser.connections().await.remove(0);
    assert!(after["expires_at"].as_str().unwrap() > before.as_str(), "refreshed by Instagram's own call");
    let id = after["id"].as_str().unwrap();
    let page = browser.get(&format!("/connections/{id}/disconnect")).await;
    assert!(page.has("signs in on Instagram again") && !page.has("name=\"how\""), "{}", page.text);
    browser.submit(&format!("/connections/{id}/disconnect"), &[]).await;
    assert_eq!(browser.connections().await.remove(0)["status"], "revoked");
}

#[tokio::test]
async fn the_waiting_page_opens_the_dialog_that_it_waits_for() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let accept = [("accept", "application/json")];
    let started = browser.post_with("/connect/instagram", &[], &accept).await.json();
    let page = browser.get(started["attempt"].as_str().unwrap()).await;
    assert!(page.has("action=\"/connect/instagram\"") && !page.has("Facebook"), "{}", page.text);
}

#[tokio::test]
async fn a_callback_signed_with_the_instagram_secret_is_accepted() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    connect_instagram(&browser, Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    // Instagram may name the account by its app-scoped id.
    let user = world.text("SELECT scoped_user_id FROM meta_connections").await;
    assert_ne!(user, browser.connections().await[0]["meta_user_id"]);
    // A removal has ended the token: while clocks leave a doubt, Meta is asked.
    world.fault_times(Endpoint::InstagramMe, 100, api_error(190, Some(458)));
    let issued_at = world.app.now() / 1000;
    let payload = json!({"user_id": user, "algorithm": "HMAC-SHA256", "issued_at": issued_at}).to_string();
    let payload = URL_SAFE_NO_PAD.encode(payload);
    for (secret, status, left) in [("another-secret", 400, "active"), (INSTAGRAM[1].1, 200, "revoked")] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, payload.as_bytes()));
        let form = [("signed_request", format!("{signature}.{payload}"))];
        let url = format!("{}/hooks/meta/deauthorize", world.base);
        let answer = reqwest::Client::new().post(url).form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        world.run_due_jobs().await;
        assert_eq!(browser.connections().await.remove(0)["status"], left);
    }
}

#[tokio::test]
async fn cancelling_on_instagram_offers_instagram_again() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let response = connect_instagram(&browser, Answer::cancel()).await;
    assert!(response.title().contains("You chose not to connect"), "{}", response.text);
    assert!(
        response.has("action=\"/connect/instagram\"") && response.has("Continue with Instagram"),
        "{}",
        response.text
    );
    assert!(browser.connections().await.is_empty());
}

#[tokio::test]
async fn an_answer_of_one_dialog_is_refused_by_the_callback_of_the_other() {
    let world = World::with(&INSTAGRAM).await;
    let browser = world.user("a@b.example").await;
    let facebook =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let swapped = facebook.replace("/connect/meta/callback", "/connect/instagram/callback");
    let response = browser.follow_callback(&swapped).await;
    assert!(response.has("10 minutes") || response.status >= 400, "{}", response.text);
    let dialog = browser.post("/connect/instagram", &[]).await.location;
    let instagram = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    browser
        .follow_callback(&instagram.replace("/connect/instagram/callback", "/connect/meta/callback"))
        .await;
    assert!(browser.connections().await.is_empty());
    // The wrong callback consumed neither of them.
    browser.follow_callback(&facebook).await;
    browser.follow_callback(&instagram).await;
    assert_eq!(browser.connections().await.len(), 2);
}
