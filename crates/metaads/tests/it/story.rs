//! The main job, told once from beginning to end.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::world::World;

#[tokio::test]
async fn a_person_signs_up_connects_an_agency_chooses_three_accounts_and_disconnects() {
    let mut world = World::new().await;
    let browser = world.user("lena@nordlicht.example").await;
    assert_eq!(browser.get("/dashboard").await.title(), "Connect your first Meta account");

    // Agrees on Facebook: the first hundred accounts are there at once, the rest is announced.
    let page = browser.connect(Answer::agree(Persona::Agency)).await;
    assert_eq!(page.title(), "Reading your ad accounts");
    assert!(page.has("100 of 1,307"), "{}", page.text);
    let id = browser.connection_id().await;
    assert_eq!(browser.connections().await[0]["sync"]["state"], "running");

    // A restart in the middle of reading loses nothing.
    world.restart().await;
    let steps = world.run_due_jobs().await;
    assert!(steps > 10, "{steps} steps");
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["name"], "Aylin Kaya-Öztürk");
    assert_eq!(connection["status"], "active");
    assert_eq!(connection["ad_accounts"]["total"], 1307);
    assert_eq!(connection["sync"]["state"], "idle");
    assert_eq!(browser.ad_accounts(&id, "").await.len(), 1307);

    // Chooses three and finds them chosen after a reload.
    let usable: Vec<String> = browser
        .ad_accounts(&id, "")
        .await
        .iter()
        .filter(|account| account["is_selectable"] == true)
        .take(3)
        .map(|account| account["account_id"].as_str().unwrap().to_owned())
        .collect();
    let fields: Vec<(&str, &str)> = usable.iter().map(|id| ("account_id", id.as_str())).collect();
    let page = browser.press(&format!("/connections/{id}/assets"), &fields).await;
    assert!(page.has("Your choice is saved."));
    let chosen = browser.ad_accounts(&id, "selected=true").await;
    assert_eq!(chosen.len(), 3);
    assert!(browser.get("/dashboard").await.has("3 <span>of <span data-total>1,307"));

    // Disconnects: the access is erased at once, and Meta is told.
    let page = browser.press(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    assert!(page.has("Our access is erased"), "{}", page.text);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 1);
    assert!(world.meta.grant(Persona::Agency.user_id()).is_none());
    assert_eq!(browser.connections().await[0]["status"], "revoked");

    // Connecting again brings the choices back; then the list can be cleared.
    browser.connect(Answer::agree(Persona::Agency)).await;
    assert_eq!(browser.connections().await[0]["ad_accounts"]["selected"], 3);
    browser.press(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    browser.press(&format!("/connections/{id}/remove"), &[]).await;
    assert!(browser.connections().await.is_empty());
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_ad_accounts").await, 0);
}
