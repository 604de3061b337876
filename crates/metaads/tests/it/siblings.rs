//! One app and one person have one grant at Meta, whoever connected it here.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::world::World;

#[tokio::test]
async fn a_new_login_of_the_same_person_checks_the_connections_beside_it() {
    let world = World::new().await;
    let first = world.user("one@b.example").await;
    let second = world.user("two@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    // The second login gives less, and Meta has one grant for both.
    second.connect(Answer::declining(Persona::SoleTrader, &["ads_management"])).await;
    world.run_due_jobs().await;
    let one = first.connections().await.remove(0);
    assert_eq!(one["missing_scopes"], serde_json::json!(["ads_management"]));
    assert_eq!(one["status"], "active");
}

#[tokio::test]
async fn disconnecting_one_leaves_the_other_unless_the_person_says_otherwise() {
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
    // The preset spares the other one.
    first.press(&format!("/connections/{id}/disconnect"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(second.connections().await[0]["status"], "active");

    // Said otherwise, the other one ends too, and says why.
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    first.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    let two = second.connections().await.remove(0);
    assert_eq!(
        (two["status"].as_str(), two["status_reason"].as_str()),
        (Some("needs_reauthorization"), Some("app_removed"))
    );
    assert!(second.get("/dashboard").await.has("Reconnect Tom"));
}

#[tokio::test]
async fn deleting_an_account_spares_other_users_of_the_same_person() {
    let world = World::new().await;
    let first = world.user("one@b.example").await;
    let second = world.user("two@b.example").await;
    first.connect(Answer::agree(Persona::SoleTrader)).await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    first.post("/settings/delete", &[("password", crate::browser::PASSWORD)]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(second.connections().await[0]["status"], "active");
}
