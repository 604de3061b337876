//! One person has one grant for our app at Meta, shared by every connection of that person.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::world::World;

#[tokio::test]
async fn a_new_login_checks_the_other_connections_on_the_grant() {
    let world = World::new().await;
    let first = world.user("one@b.example").await;
    let second = world.user("two@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    // The second login grants less, which changes the grant of both.
    second.connect(Answer::declining(Persona::SoleTrader, &["ads_management"])).await;
    world.run_due_jobs().await;
    let one = first.connections().await.remove(0);
    assert_eq!(one["missing_scopes"], serde_json::json!(["ads_management"]));
    assert_eq!(one["status"], "active");
}

#[tokio::test]
async fn disconnecting_one_keeps_the_other_unless_the_grant_is_revoked() {
    let world = World::new().await;
    let first = world.user("one@b.example").await;
    let second = world.user("two@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = first.connection_id().await;
    let page = first.get(&format!("/connections/{id}/disconnect")).await;
    assert!(page.has("1 other connection of Tom on this site"), "{}", page.text);
    assert!(!page.has("two@b.example"));
    // By default the grant is kept.
    first.submit(&format!("/connections/{id}/disconnect"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(second.connections().await[0]["status"], "active");

    // Revoking the grant ends the other connection too.
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    first.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    let two = second.connections().await.remove(0);
    assert_eq!(
        (two["status"].as_str(), two["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("app_removed"))
    );
    assert!(second.get("/dashboard").await.has("Reconnect Tom"));
}

#[tokio::test]
async fn deleting_an_account_keeps_other_users_connections_on_the_grant() {
    let world = World::new().await;
    let first = world.user("one@b.example").await;
    let second = world.user("two@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    first.post("/settings/delete", &[("password", crate::browser::PASSWORD), ("last_admin", "1")]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(second.connections().await[0]["status"], "active");
}
