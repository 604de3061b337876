//! Things that happen while Meta is answering.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::browser::PASSWORD;
use crate::world::World;

#[tokio::test]
async fn cancelling_while_meta_answers_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let coming_back = browser.get(&callback);
    let cancelling = async {
        world.meta.wait_until_held("batch").await;
        let page = browser.get("/dashboard").await;
        assert_eq!(page.status, 200);
        assert!(page.has("A connection is being made."));
        let attempt = latest_attempt(&world).await;
        assert!(browser.get(&format!("/connect/attempts/{attempt}")).await.has("We check the permissions"));
        let page = browser.press(&format!("/connect/attempts/{attempt}/cancel"), &[]).await;
        assert_eq!(page.title(), "You chose not to connect");
        world.meta.release("batch");
    };
    let (seen, ()) = tokio::join!(coming_back, cancelling);
    assert_eq!(browser.get(&seen.location).await.title(), "You chose not to connect");
    assert!(browser.connections().await.is_empty());
}

#[tokio::test]
async fn signing_out_while_meta_answers_stores_nothing() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
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
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let deleting = async {
        world.meta.wait_until_held("batch").await;
        browser.post("/settings/delete", &[("password", PASSWORD)]).await;
        world.meta.release("batch");
    };
    tokio::join!(browser.get(&callback), deleting);
    for table in ["users", "meta_connections"] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    // Nothing here rests on what was agreed: Meta is told to forget it.
    world.run_due_jobs().await;
    assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none());
}

#[tokio::test]
async fn a_browser_that_leaves_is_connected_all_the_same() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    tokio::select! {
        _ = browser.get(&callback) => panic!("Meta is still being asked"),
        () = world.meta.wait_until_held("batch") => {}
    }
    world.meta.release("batch");
    while world.number("SELECT COUNT(*) FROM authorizations WHERE status = 'completed'").await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(browser.connections().await.len(), 1);
}

#[tokio::test]
async fn two_tabs_that_connect_the_same_person_make_one_connection() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let one = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let two = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    let (one, two) = tokio::join!(browser.come_back(&one), browser.come_back(&two));
    assert_eq!(
        (one.title(), two.title()),
        ("Reading your ad accounts".to_owned(), "Reading your ad accounts".to_owned())
    );
    assert_eq!(browser.connections().await.len(), 1);
    assert!(world.run_due_jobs().await > 0);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn an_attempt_that_a_crash_broke_off_says_so_and_ends() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    world.fault(Endpoint::Batch, Effect::Hold("batch".to_owned()));
    let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
    tokio::select! {
        _ = browser.get(&callback) => panic!("Meta is still being asked"),
        () = world.meta.wait_until_held("batch") => {}
    }
    let attempt = latest_attempt(&world).await;
    // The answer never reaches the write: as if the process had died.
    world.sql("UPDATE authorizations SET session_id = '00000000-0000-7000-8000-000000000000'").await;
    world.restart().await;
    assert_eq!(browser.get(&format!("/connect/attempts/{attempt}")).await.title(), "Connecting to Meta");
    world.advance(std::time::Duration::from_secs(61));
    metaads::worker::sweep(&world.app).await.unwrap();
    let page = browser.get(&format!("/connect/attempts/{attempt}")).await;
    assert_eq!(page.title(), "Meta isn’t answering right now");
    assert!(browser.connections().await.is_empty());
    world.meta.release("batch");
}

async fn latest_attempt(world: &World) -> String {
    use sqlx::Connection as _;
    let newest = "SELECT id FROM authorizations ORDER BY created_at DESC, id DESC LIMIT 1";
    if world.database_url.starts_with("sqlite:") {
        let mut database = sqlx::SqliteConnection::connect(&world.database_url).await.unwrap();
        sqlx::query_scalar(newest).fetch_one(&mut database).await.unwrap()
    } else {
        let mut database = sqlx::PgConnection::connect(&world.database_url).await.unwrap();
        sqlx::query_scalar(newest).fetch_one(&mut database).await.unwrap()
    }
}
