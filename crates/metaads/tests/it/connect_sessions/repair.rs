//! A session that is limited to one connection repairs what rests on its grant, and adds nothing.

use metaads_sandbox::{Answer, Persona};
use serde_json::{Value, json};

use super::{Session, create, finish, product};
use crate::meta::inbound_webhooks::user_id;
use crate::world::World;

async fn status(browser: &crate::browser::Browser) -> Value {
    browser.connections().await[0]["status"].clone()
}

#[tokio::test]
async fn a_repair_heals_every_connection_on_the_grant() {
    let world = World::new().await;
    let (owner, id) = world.connected().await;
    let second = world.user("two@b.example").await;
    second.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    world.meta.remove_app(&user_id(&owner).await);
    owner.submit(&format!("/connections/{id}/refresh"), &[]).await;
    let other = second.connection_id().await;
    second.submit(&format!("/connections/{other}/refresh"), &[]).await;
    assert_eq!(
        (status(&owner).await, status(&second).await),
        (json!("needs_reauthorization"), json!("needs_reauthorization"))
    );

    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("connection_id", json!(id))]).await;
    let person = world.browser();
    assert_eq!(person.get(&session.url).await.title(), "Reports asks you to reconnect");
    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=completed"), "{back}");
    world.run_due_jobs().await;
    assert_eq!(session.show(&product).await["connection_id"], json!(id));
    assert_eq!(status(&owner).await, "active");
    assert_eq!(owner.connections().await.len(), 1);
    assert_eq!(second.connections().await.len(), 1);
}

#[tokio::test]
async fn a_repair_by_another_person_changes_nothing() {
    let world = World::new().await;
    let (owner, id) = world.connected().await;
    let before = owner.connections().await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("connection_id", json!(id))]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    let back = finish(&person, &dialog, Answer::agree(Persona::SecondSoleTrader)).await;
    assert!(back.ends_with("status=failed&error=wrong_person"), "{back}");
    assert_eq!(owner.connections().await, before);
    assert_eq!(session.show(&product).await["error"], "wrong_person");
}

#[tokio::test]
async fn a_repair_of_a_removed_connection_adds_nothing() {
    let world = World::new().await;
    let (owner, id) = world.connected().await;
    let product = product(&world, "a@b.example").await;
    let session = Session::new(&product, &[("connection_id", json!(id))]).await;
    let person = world.browser();
    let dialog = session.confirm(&person).await;
    owner.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    owner.submit(&format!("/connections/{id}/remove"), &[]).await;
    world.run_due_jobs().await;
    let back = finish(&person, &dialog, Answer::agree(Persona::SoleTrader)).await;
    assert!(back.ends_with("status=failed&error=not_found"), "{back}");
    assert!(owner.connections().await.is_empty());
    let page = person.post(&format!("{}/start", session.url), &[]).await;
    assert_eq!((page.status, page.title()), (409, "This connection cannot be repaired".to_owned()));
}

#[tokio::test]
async fn only_a_connection_of_the_workspace_can_be_repaired() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    world.user("c@d.example").await;
    let stranger = product(&world, "c@d.example").await;
    assert_eq!(create(&stranger, &[("connection_id", json!(id))]).await.status, 404);
    assert_eq!(create(&stranger, &[("connection_id", json!("x"))]).await.status, 404);
    let own = product(&world, "a@b.example").await;
    let other_kind = create(&own, &[("connection_id", json!(id)), ("kind", json!("instagram"))]).await;
    assert_eq!(other_kind.status, 422, "{}", other_kind.text);
    let same_kind = create(&own, &[("connection_id", json!(id)), ("kind", json!("facebook"))]).await;
    assert_eq!(same_kind.status, 201, "{}", same_kind.text);
}
