//! Disconnecting: what is erased here, and when the grant is revoked at Meta.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::effects::unavailable;
use crate::world::{SECOND, World};

#[tokio::test]
async fn disconnecting_during_an_outage_erases_the_token_now_and_revokes_later() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    world.fault_times(Endpoint::RevokePermissions, 3, unavailable());
    let page = browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    assert!(page.has("We tell Facebook as soon as Meta answers"), "{}", page.text);
    for _ in 0..3 {
        world.run_due_jobs().await;
        assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_some());
        world.advance(SECOND * 200);
    }
    world.run_due_jobs().await;
    assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none());
    assert!(browser.get(&format!("/connections/{id}")).await.has("Our access is erased. Your selection"));
}

#[tokio::test]
async fn a_pending_revocation_never_revokes_a_newer_grant() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    // The person reconnects before the job runs.
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn forgetting_a_connection_keeps_the_grant_at_meta() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    assert_eq!(
        browser.post(&format!("/connections/{id}/disconnect"), &[("how", "explode")]).await.status,
        422
    );
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
    // A second disconnect changes nothing.
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 0);
}

#[tokio::test]
async fn disconnecting_during_a_sync_stops_the_sync() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::Agency)).await;
    let id = browser.connection_id().await;
    world.fault(Endpoint::AdAccounts, Effect::Hold("page".to_owned()));
    let app = world.app.clone();
    let sync = tokio::spawn(async move { metaads::worker::run_due(&app).await.unwrap() });
    world.meta.wait_until_held("page").await;
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    let before = world.number("SELECT COUNT(*) FROM meta_ad_accounts").await;
    world.meta.release("page");
    sync.await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_ad_accounts").await, before);
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
    assert_eq!(browser.connections().await[0]["status"], "revoked");
}
