//! The main use of the product, from sign-up to disconnect. Read this test first.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::world::World;

#[tokio::test]
async fn a_user_signs_up_connects_selects_three_accounts_and_disconnects() {
    let mut world = World::new().await;
    let browser = world.user("lena@nordlicht.example").await;
    assert_eq!(browser.get("/dashboard").await.title(), "Connect your first Meta account");

    // The user agrees on Facebook. The first hundred accounts are stored at once; a job syncs the rest.
    let page = browser.connect(Answer::agree(Persona::Agency)).await;
    assert_eq!(page.title(), "Syncing your ad accounts");
    assert!(page.has("100 of 1,307"), "{}", page.text);
    let id = browser.connection_id().await;
    assert_eq!(browser.connections().await[0]["sync"]["state"], "running");

    // A restart during the sync loses nothing.
    world.restart().await;
    let steps = world.run_due_jobs().await;
    assert!(steps > 10, "{steps} steps");
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["name"], "Aylin Kaya-Öztürk");
    assert_eq!(connection["status"], "active");
    assert_eq!(connection["ad_accounts"]["total"], 1307);
    assert_eq!(connection["sync"]["state"], "idle");
    assert_eq!(browser.ad_accounts(&id, "").await.len(), 1307);

    // The user selects three accounts.
    let usable: Vec<String> = browser
        .ad_accounts(&id, "")
        .await
        .iter()
        .filter(|account| account["is_selectable"] == true)
        .take(3)
        .map(|account| account["account_id"].as_str().unwrap().to_owned())
        .collect();
    let fields: Vec<(&str, &str)> = usable.iter().map(|id| ("account_id", id.as_str())).collect();
    let page = browser.submit(&format!("/connections/{id}/assets"), &fields).await;
    assert!(page.has("Your selection is saved."));
    let selected = browser.ad_accounts(&id, "selected=true").await;
    assert_eq!(selected.len(), 3);
    assert!(browser.get("/dashboard").await.has("3 <span>of <span data-total>1,307"));

    // The user disconnects: the token is erased at once, then a job revokes the grant at Meta.
    let page = browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    assert!(page.has("Our access is erased"), "{}", page.text);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL").await, 0);
    world.run_due_jobs().await;
    assert_eq!(world.meta.count(Endpoint::RevokePermissions), 1);
    assert!(world.meta.grant(Persona::Agency.user_id()).is_none());
    assert_eq!(browser.connections().await[0]["status"], "revoked");

    // Reconnecting restores the selection; a removed connection leaves no rows.
    browser.connect(Answer::agree(Persona::Agency)).await;
    assert_eq!(browser.connections().await[0]["ad_accounts"]["selected"], 3);
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    browser.submit(&format!("/connections/{id}/remove"), &[]).await;
    assert!(browser.connections().await.is_empty());
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_ad_accounts").await, 0);
}
