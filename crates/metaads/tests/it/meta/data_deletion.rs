//! Data deletion requests from Meta: what is erased, and what the person can follow.

use metaads_sandbox::{Answer, Persona};
use serde_json::Value;

use super::inbound_webhooks::{post_signed, register_webhooks, user_id, wait_for_deliveries, webhook_world};
use crate::world::{World, minutes};

const USER: &str = "122094567890123";

/// The page that shows the person the progress of the deletion.
async fn status_page(world: &World, answer: &Value) -> crate::browser::Response {
    let path = format!("/data-deletion/{}", answer["confirmation_code"].as_str().unwrap());
    world.browser().get(&path).await
}

#[tokio::test]
async fn a_data_deletion_can_be_followed_and_leaves_nothing_personal() {
    let world = webhook_world().await;
    register_webhooks(&world);
    let (browser, id) = world.connected().await;
    let user = user_id(&browser).await;
    world.meta.request_data_deletion(&user);
    wait_for_deliveries(&world, 1).await;
    let answer: Value = serde_json::from_str(&world.meta.deliveries()[0].answer).unwrap();
    let code = answer["confirmation_code"].as_str().unwrap();
    assert_eq!(answer["url"], format!("{}/data-deletion/{code}", world.base));
    let path = format!("/data-deletion/{code}");
    let visitor = world.browser();
    assert!(visitor.get(&path).await.has("Your data is being deleted"));
    world.run_due_jobs().await;
    let page = visitor.get(&path).await;
    assert!(page.has("Your data is deleted") && page.has(code), "{}", page.text);
    assert!(browser.connections().await.is_empty());
    assert_eq!(browser.get(&format!("/connections/{id}")).await.status, 404);
    for (table, column) in [
        ("meta_connections", "meta_user_id"),
        ("webhook_inbox", "subject"),
        ("deletion_requests", "user_hash"),
    ] {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {column} LIKE '%{user}%'");
        assert_eq!(world.number(&sql).await, 0, "{table}");
    }
    let rows = world.number("SELECT COUNT(*) FROM meta_ad_accounts").await;
    assert_eq!(rows, 0);
    // An unknown code is not found; letter case does not matter.
    assert_eq!(visitor.get("/data-deletion/DEL-0000-0000-0000").await.status, 404);
    assert!(visitor.get(&path.to_lowercase()).await.has("Your data is deleted"));
}

#[tokio::test]
async fn a_late_data_deletion_keeps_the_newer_login_and_says_why() {
    let world = webhook_world().await;
    let (browser, id) = world.connected().await;
    let signed = world.meta.signed_request(&user_id(&browser).await);
    world.advance(minutes(2));
    browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
    let (status, answer) = post_signed(&world, "data-deletion", &signed).await;
    assert_eq!(status, 200);
    world.run_due_jobs().await;
    let page = status_page(&world, &answer).await;
    assert!(page.has("After that you signed in again"), "{}", page.text);
    assert_eq!(browser.connections().await.remove(0)["status"], "active");
}

#[tokio::test]
async fn a_test_deletion_and_an_unknown_person_are_answered() {
    let world = webhook_world().await;
    let request = |user: &str| world.meta.signed_request(user);
    let (status, answer) = post_signed(&world, "data-deletion", &request("0")).await;
    assert_eq!(status, 200);
    assert!(status_page(&world, &answer).await.has("This was a test"));
    let (_, first) = post_signed(&world, "data-deletion", &request(USER)).await;
    let (_, second) = post_signed(&world, "data-deletion", &request(USER)).await;
    assert_eq!(first, second, "the same request has the same code");
    world.run_due_jobs().await;
    assert!(status_page(&world, &first).await.has("There was nothing to delete"));
    assert_eq!(post_signed(&world, "deauthorize", &request("0")).await.0, 200);
    assert_eq!(world.number("SELECT COUNT(*) FROM webhook_inbox WHERE object = 'deauthorize'").await, 0);
}
