//! Declined permissions, reconnecting, and which user a connection belongs to.

use metaads_sandbox::{Answer, Persona};

use super::parameter;
use crate::world::World;

#[tokio::test]
async fn o17_declined_permissions_are_recorded_and_can_be_requested_again() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::declining(Persona::SoleTrader, &["ads_management", "instagram_basic"])).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["missing_scopes"], serde_json::json!(["ads_management"]));
    assert_eq!(connection["declined_scopes"], serde_json::json!(["ads_management", "instagram_basic"]));
    assert_eq!(connection["status_reason"], "permissions_missing");
    let id = connection["id"].as_str().unwrap().to_owned();
    assert!(browser.get("/dashboard").await.has("A permission is missing"));

    let dialog = browser.start_connect(&[("connection", &id), ("ask_again", "1")]).await;
    assert_eq!(parameter(&dialog, "auth_type"), "rerequest");
    let callback = browser.answer_dialog(&dialog, Answer::agree(Persona::SoleTrader)).await;
    browser.follow_callback(&callback).await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(
        (&connection["missing_scopes"], &connection["id"]),
        (&serde_json::json!([]), &serde_json::json!(id))
    );
}

#[tokio::test]
async fn o17_without_an_ads_permission_the_page_says_what_is_missing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let page = browser.connect(Answer::declining(Persona::SoleTrader, &["ads_management", "ads_read"])).await;
    assert_eq!(page.title(), "Facebook withheld the ad accounts");
}

#[tokio::test]
async fn o22_reconnecting_as_another_person_changes_nothing_and_names_both() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let before = browser.connections().await;
    let page = browser.connect_with(Answer::agree(Persona::SecondSoleTrader), &[("connection", &id)]).await;
    assert_eq!(page.title(), "That was Ben, not Tom");
    assert!(page.has("belongs to Tom Okafor. You signed in as Ben Carter."), "{}", page.text);
    assert_eq!(browser.connections().await, before);
}

#[tokio::test]
async fn o23_connections_are_separate_per_user_and_per_person() {
    let world = World::new().await;
    let first = world.user("tom@b.example").await;
    let second = world.user("ben@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    first.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    assert_eq!((first.connections().await.len(), second.connections().await.len()), (2, 1));
    let theirs = second.connection_id().await;
    for path in ["", "/accounts", "/disconnect"] {
        assert_eq!(first.get(&format!("/connections/{theirs}{path}")).await.status, 404);
    }
}
