//! The whole way, for the product, the person and the owner of the workspace.

use metaads_sandbox::{Answer, Endpoint, Persona};
use serde_json::{Value, json};

use super::{CHALLENGE, ORIGIN, Session, VERIFIER, completed, finish, product};
use crate::world::World;

#[tokio::test]
async fn a_user_of_another_product_connects_and_returns_with_the_result() {
    let world = World::new().await;
    let owner = world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    assert!(session.url.starts_with(&format!("{}/connect-sessions/", world.base)));
    assert_eq!(session.state(&product).await, "pending");

    let person = world.browser();
    let page = person.get(&session.url).await;
    assert_eq!(
        (page.status, page.title()),
        (200, "Reports wants to connect your Meta ad accounts".to_owned())
    );
    assert!(page.has("user-42") && page.has(ORIGIN) && page.has("Continue to Facebook"), "{}", page.text);
    assert!(!page.has("Sign in</a>"), "the person has no account here");
    assert_eq!(session.state(&product).await, "opened");

    let dialog = session.confirm(&person).await;
    assert_eq!(session.state(&product).await, "connecting");
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert_eq!(
        back,
        format!(
            "https://app.example.com/connected?tab=ads&x=%C3%A4&connect_session={}&status=completed",
            session.id
        )
    );
    let id = owner.connection_id().await;
    let history = product.get(&format!("/api/v1/connections/{id}/events")).await.json();
    let expected = json!({"id": session.id, "external_user_id": "user-42"});
    assert_eq!(history["data"][0]["detail"]["connect_session"], expected, "{history}");
    // The first lists came with the login.
    let first = session.show(&product).await;
    assert_eq!((&first["state"], &first["error"]), (&json!("completed"), &Value::Null));
    assert_eq!(first["assets"][0]["type"], "ad_account", "{first}");
    world.run_due_jobs().await;
    let shown = session.show(&product).await;
    assert_eq!((&shown["sync"], &shown["external_user_id"]), (&json!("idle"), &json!("user-42")));
    assert_eq!(shown["connection_id"], owner.connections().await[0]["id"], "it is in the key's workspace");
    let accounts: Vec<&Value> =
        shown["assets"].as_array().unwrap().iter().filter(|asset| asset["type"] == "ad_account").collect();
    assert_eq!(accounts.len(), 1);
    assert_eq!((&accounts[0]["connected"], &accounts[0]["reason"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn the_result_says_what_is_missing_and_why() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let (_, trouble) = completed(&world, &product, Persona::Trouble).await;
    let shown = trouble.show(&product).await;
    let reasons: Vec<&str> =
        shown["assets"].as_array().unwrap().iter().filter_map(|asset| asset["reason"].as_str()).collect();
    assert!(reasons.contains(&"account_disabled") && reasons.contains(&"account_closed"), "{shown}");

    let (_, pages) = completed(&world, &product, Persona::PortfolioPages).await;
    let shown = pages.show(&product).await;
    let instagram: Vec<&Value> = shown["assets"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|asset| asset["type"] == "instagram_account")
        .collect();
    assert!(instagram.iter().any(|asset| asset["connected"] == true), "{shown}");
    assert!(instagram.iter().any(|asset| asset["reason"] == "instagram_not_professional"), "{shown}");

    let session = Session::new(&product, &[]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    finish(&person, &dialog, Answer::declining(Persona::SecondSoleTrader, &["ads_management"])).await;
    world.run_due_jobs().await;
    let shown = session.show(&product).await;
    let missing = json!([{"permission": "ads_management", "reason": "permissions_missing"}]);
    assert_eq!(shown["missing_permissions"], missing, "{shown}");
}

#[tokio::test]
async fn with_a_challenge_the_products_page_starts_without_our_page() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("code_challenge", json!(CHALLENGE))]).await;
    let person = world.browser();
    let page = person.get(&session.url).await;
    assert_eq!((page.status, page.title()), (200, "Start in Reports".to_owned()), "{}", page.text);
    let started = session.verify(&person, VERIFIER).await;
    assert_eq!(started.status, 303, "{}", started.text);
    let back = finish(&person, &started.location, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("&status=completed"), "{back}");
    assert_eq!(session.state(&product).await, "completed");
    world.run_due_jobs().await;
}

#[tokio::test]
async fn who_cancels_returns_with_the_code_and_may_try_again() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::cancel()).await;
    assert!(
        back.ends_with(&format!("&connect_session={}&status=failed&error=cancelled", session.id)),
        "{back}"
    );
    let shown = session.show(&product).await;
    assert_eq!((&shown["state"], &shown["error"]), (&json!("failed"), &json!("cancelled")));

    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("&status=completed"), "{back}");
    assert_eq!(session.show(&product).await["error"], Value::Null);
    world.run_due_jobs().await;
}

#[tokio::test]
async fn the_popup_hands_the_result_to_the_products_origin_only() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let person = world.browser();
    let page = person.get(&format!("{}?display=popup", session.url)).await;
    assert!(page.has("name=\"display\" value=\"popup\""), "{}", page.text);
    assert_eq!(page.headers["cross-origin-opener-policy"], "unsafe-none");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.ends_with(ORIGIN) && policy.contains("frame-ancestors 'none'"), "{policy}");
    let started = person.post(&format!("{}/start", session.url), &[("display", "popup")]).await;
    let callback = person.answer_dialog(&started.location, Answer::agree(Persona::SoleTrader)).await;
    let last = person.follow_callback(&callback).await;
    assert_eq!((last.status, last.title()), (200, "Connected".to_owned()), "{}", last.text);
    assert!(last.has(&format!("data-origin=\"{ORIGIN}\"")) && last.has("data-status=\"completed\""));
    assert!(last.has("Back to Reports"), "it works without scripts");
    assert_eq!(last.headers["cross-origin-opener-policy"], "unsafe-none");
    let token = session.url.rsplit('/').next().unwrap();
    assert!(!last.has(token));
    let log = world.log();
    assert_eq!(log.lines().find(|line| line.contains(token)), None);
    world.run_due_jobs().await;
}

#[tokio::test]
async fn the_script_for_other_products_is_small_and_may_be_loaded_from_anywhere() {
    let world = World::new().await;
    let script = world.browser().get("/assets/connect.js").await;
    assert_eq!(script.status, 200);
    assert!(script.text.len() <= 2048, "{} bytes", script.text.len());
    assert_eq!(script.headers["cross-origin-resource-policy"], "cross-origin");
    assert!(script.headers["content-type"].to_str().unwrap().starts_with("text/javascript"));
}

#[tokio::test]
async fn a_callback_that_comes_twice_connects_once() {
    let world = World::new().await;
    world.user("a@b.example").await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    let callback = person.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    let answers = futures_util::future::join_all((0..10).map(|_| person.get(&callback))).await;
    let path = format!("/connect/result/{}", session.id);
    assert!(answers.iter().all(|answer| answer.location == path));
    assert_eq!(world.meta.count(Endpoint::Token), 1);
    world.run_due_jobs().await;
}
