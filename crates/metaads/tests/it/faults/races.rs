//! What users do while Meta is answering. Barriers in the sandbox hold the answer until the test releases it.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::browser::PASSWORD;
use crate::world::{SECOND, World, days, minutes};

#[tokio::test]
async fn cancelling_while_meta_answers_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let callback_done = browser.get(&callback);
    let cancelling = async {
        world.meta.wait_until_held("batch").await;
        let page = browser.get("/dashboard").await;
        assert_eq!(page.status, 200);
        assert!(page.has("A connection is in progress."));
        let id = latest_authorization(&world).await;
        assert!(browser.get(&format!("/connect/attempts/{id}")).await.has("We check the permissions"));
        let page = browser.submit(&format!("/connect/attempts/{id}/cancel"), &[]).await;
        assert_eq!(page.title(), "You chose not to connect");
        world.meta.release("batch");
    };
    let (response, ()) = tokio::join!(callback_done, cancelling);
    assert_eq!(browser.get(&response.location).await.title(), "You chose not to connect");
    assert!(browser.connections().await.is_empty());
}

#[tokio::test]
async fn signing_out_while_meta_answers_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let leaving = async {
        world.meta.wait_until_held("batch").await;
        browser.post("/logout", &[]).await;
        world.meta.release("batch");
    };
    tokio::join!(browser.get(&callback), leaving);
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections").await, 0);
}

#[tokio::test]
async fn deleting_the_account_while_meta_answers_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let deleting = async {
        world.meta.wait_until_held("batch").await;
        browser.post("/settings/delete", &[("password", PASSWORD), ("last_admin", "1")]).await;
        world.meta.release("batch");
    };
    tokio::join!(browser.get(&callback), deleting);
    for table in ["users", "meta_connections"] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    // No connection uses the grant, so it is revoked at Meta.
    world.run_due_jobs().await;
    assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none());
}

#[tokio::test]
async fn a_browser_that_leaves_during_the_callback_is_still_connected() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    tokio::select! {
        _ = browser.get(&callback) => panic!("Meta has not answered yet"),
        () = world.meta.wait_until_held("batch") => {}
    }
    world.meta.release("batch");
    while world.number("SELECT COUNT(*) FROM authorizations WHERE status = 'completed'").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(browser.connections().await.len(), 1);
}

#[tokio::test]
async fn two_tabs_connecting_the_same_person_make_one_connection() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let one =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let two =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let (one, two) = tokio::join!(browser.follow_callback(&one), browser.follow_callback(&two));
    assert_eq!(
        (one.title(), two.title()),
        ("Syncing your ad accounts".to_owned(), "Syncing your ad accounts".to_owned())
    );
    assert_eq!(browser.connections().await.len(), 1);
    assert!(world.run_due_jobs().await > 0);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn an_authorization_interrupted_by_a_crash_fails_after_a_minute() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback =
        browser.answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    tokio::select! {
        _ = browser.get(&callback) => panic!("Meta has not answered yet"),
        () = world.meta.wait_until_held("batch") => {}
    }
    let id = latest_authorization(&world).await;
    // The write must not succeed, as if the process had died before it.
    world.sql("UPDATE authorizations SET session_id = '00000000-0000-7000-8000-000000000000'").await;
    world.restart().await;
    assert_eq!(browser.get(&format!("/connect/attempts/{id}")).await.title(), "Connecting to Meta");
    world.advance(SECOND * 61);
    metaads::worker::sweep(&world.app).await.unwrap();
    let page = browser.get(&format!("/connect/attempts/{id}")).await;
    assert_eq!(page.title(), "Meta isn’t answering right now");
    assert!(browser.connections().await.is_empty());
    world.meta.release("batch");
}

async fn latest_authorization(world: &World) -> String {
    world.text("SELECT id FROM authorizations ORDER BY created_at DESC, id DESC LIMIT 1").await
}

#[tokio::test]
async fn a_login_during_a_refresh_wins() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.advance(days(3));
    world.fault(Endpoint::Exchange, Effect::Hold("refresh".to_owned()));
    let path = format!("/connections/{id}/refresh");
    let refreshing = browser.post(&path, &[]);
    let reconnecting = async {
        world.meta.wait_until_held("refresh").await;
        browser.connect_with(Answer::agree(Persona::SoleTrader), &[("connection", &id)]).await;
        world.meta.release("refresh");
    };
    tokio::join!(refreshing, reconnecting);
    let version = world.number("SELECT token_version FROM meta_connections").await;
    assert_eq!(version, 2, "the refresh did not overwrite the token of the login");
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_disconnect_during_a_refresh_wins() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.advance(days(3));
    world.fault(Endpoint::DebugToken, Effect::Hold("inspection".to_owned()));
    let path = format!("/connections/{id}/refresh");
    let refreshing = browser.post(&path, &[]);
    let disconnecting = async {
        world.meta.wait_until_held("inspection").await;
        browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
        world.meta.release("inspection");
    };
    tokio::join!(refreshing, disconnecting);
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await[0]["status"], "revoked");
    let stored = "SELECT COUNT(*) FROM meta_connections WHERE access_token IS NOT NULL";
    assert_eq!(world.number(stored).await, 0);
}

#[tokio::test]
async fn a_change_that_has_begun_is_finished_although_its_client_is_gone() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    world.advance(minutes(300));
    let calls = world.meta.count(Endpoint::Exchange);
    world.fault(Endpoint::Exchange, Effect::Hold("refresh".to_owned()));
    let path = format!("/connections/{id}/refresh");
    tokio::select! {
        _ = browser.post(&path, &[]) => panic!("Meta has not answered"),
        () = async {
            while world.meta.count(Endpoint::Exchange) == calls {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    world.meta.release("refresh");
    let refreshed = "SELECT COUNT(*) FROM audit_log WHERE action = 'refreshed'";
    while world.number(refreshed).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 0").await, 0);
}
