//! Ending a connection.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::world::{SECOND, World};

#[tokio::test]
async fn while_meta_is_down_the_access_is_gone_here_and_meta_is_told_later() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let down = Effect::Graph {
        status: 503,
        code: 2,
        subcode: None,
        kind: "OAuthException".to_owned(),
        message: "Service temporarily unavailable".to_owned(),
    };
    world.fault_times(Endpoint::RevokePermissions, 3, down);
    let page = browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    assert!(page.has("We tell Facebook as soon as Meta answers"), "{}", page.text);
    for _ in 0..3 {
        world.run_due_jobs().await;
        assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_some());
        world.advance(SECOND * 200);
    }
    world.run_due_jobs().await;
    assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none());
    assert!(browser.get(&format!("/connections/{id}")).await.has("Our access is erased. Chosen"));
}

#[tokio::test]
async fn a_revocation_that_waits_never_hits_a_grant_made_after_it() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    // Before the job runs, the person connects again.
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn forgetting_leaves_the_grant_at_meta() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    assert_eq!(
        browser.post(&format!("/connections/{id}/disconnect"), &[("how", "explode")]).await.status,
        422
    );
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
    // Twice changes nothing.
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
}

#[tokio::test]
async fn disconnecting_while_accounts_are_read_stops_the_reading() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let id = browser.connection_id().await;
    world.fault(Endpoint::AdAccounts, Effect::Hold("page".to_owned()));
    let app = world.app.clone();
    let reading = tokio::spawn(async move { metaads::worker::run_due(&app).await.unwrap() });
    world.meta.wait_until_held("page").await;
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    let before = world.number("SELECT COUNT(*) FROM meta_ad_accounts").await;
    world.meta.release("page");
    reading.await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_ad_accounts").await, before);
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(browser.connections().await[0]["status"], "revoked");
}
