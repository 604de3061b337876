//! Nothing of a secret in any table, file, log, page or error.

use metaads_sandbox::{Answer, Endpoint, Persona};
use sqlx::{Connection as _, Row as _};

use crate::browser::PASSWORD;
use crate::world::{KEY, World};

/// All tokens, codes and secrets that travelled to Meta, in the shapes they could hide in.
fn canaries(world: &World) -> Vec<String> {
    let names =
        ["access_token", "fb_exchange_token", "input_token", "code", "client_secret", "code_verifier"];
    let mut secrets: Vec<String> = world
        .meta
        .calls()
        .iter()
        .flat_map(|call| call.params.clone())
        .filter(|(name, _)| names.contains(&name.as_str()))
        .map(|(_, value)| value)
        .collect();
    secrets.extend([
        PASSWORD.to_owned(),
        KEY.to_owned(),
        world.app.graph().app().app_secret.expose().to_owned(),
    ]);
    secrets.sort();
    secrets.dedup();
    secrets
        .iter()
        .flat_map(|secret| [secret.clone(), hex::encode(secret), secret.chars().rev().collect()])
        .collect()
}

async fn everything_stored(world: &World) -> Vec<u8> {
    if world.database_url.starts_with("sqlite:") {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(world.folder.path()).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        return all;
    }
    let mut database = sqlx::PgConnection::connect(&world.database_url).await.unwrap();
    let tables =
        sqlx::query("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'");
    let mut all = Vec::new();
    for table in tables.fetch_all(&mut database).await.unwrap() {
        let table: String = table.get(0);
        let rows = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
        for row in sqlx::query(rows).fetch_all(&mut database).await.unwrap() {
            all.extend(row.get::<String, _>(0).into_bytes());
        }
    }
    all
}

#[tokio::test]
async fn o14_o18_o20_o31_after_every_kind_of_trip_no_secret_is_found_anywhere() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    let browser = world.user("a@b.example").await;
    let mut pages = String::new();
    let trips = [
        Answer::agree(Persona::SoleTrader),
        Answer::declining(Persona::Nobody, &["instagram_basic"]),
        Answer::cancel(),
        Answer::app_not_active(),
    ];
    for answer in trips {
        pages.push_str(&browser.connect(answer).await.text);
        world.run_due_jobs().await;
    }
    // A trip that Meta breaks off, with the token in its message.
    world.fault(
        Endpoint::Exchange,
        metaads_sandbox::Effect::Graph {
            status: 400,
            code: 190,
            subcode: None,
            kind: "OAuthException".to_owned(),
            message: format!("Malformed access token {}", "EAAcanary".repeat(12)),
        },
    );
    pages.push_str(&browser.connect(Answer::agree(Persona::SecondSoleTrader)).await.text);
    for connection in browser.connections().await {
        let id = connection["id"].as_str().unwrap().to_owned();
        for path in ["", "?tab=history", "/accounts", "/disconnect"] {
            pages.push_str(&browser.get(&format!("/connections/{id}{path}")).await.text);
        }
    }
    pages.push_str(&browser.get("/dashboard").await.text);

    let canaries = canaries(&world);
    assert!(canaries.len() > 20, "{} canaries", canaries.len());
    let (stored, log) = (everything_stored(&world).await, world.log());
    assert!(!log.contains("EAAcanary"));
    for canary in canaries {
        let bytes = canary.as_bytes();
        assert!(!stored.windows(bytes.len()).any(|window| window == bytes), "in the database");
        assert!(!pages.contains(&canary), "on a page");
        // Other tests of this process log too, but never a secret of theirs or ours.
        assert!(!log.contains(&canary), "in the log");
    }
}

#[tokio::test]
async fn a_sealed_value_copied_into_another_row_does_not_open_and_says_so() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    browser.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    world.run_due_jobs().await;
    world
        .sql("UPDATE meta_connections SET access_token =
              (SELECT access_token FROM meta_connections WHERE name = 'Ben Carter') WHERE name = 'Tom Okafor'")
        .await;
    let before = world.meta.calls().len();
    let connections = browser.connections().await;
    let tom = connections.iter().find(|connection| connection["name"] == "Tom Okafor").unwrap();
    let id = tom["id"].as_str().unwrap();
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("The stored access of this connection cannot be read"), "{}", page.text);
    assert_eq!(world.meta.calls().len(), before, "nothing was sent to Meta");
    assert!(world.log().contains("the value was moved here from another row or column"));
    // The neighbour is untouched.
    let connections = browser.connections().await;
    let ben = connections.iter().find(|connection| connection["name"] == "Ben Carter").unwrap();
    assert_eq!(ben["status"], "active");
}

#[tokio::test]
async fn after_a_change_of_key_the_old_one_still_opens_and_a_lost_one_is_named() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let other = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    world.restart_with(&[("ENCRYPTION_KEY", &format!("{other},{KEY}"))]).await;
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    world.restart_with(&[("ENCRYPTION_KEY", other)]).await;
    browser.press(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["status_reason"], "sealed_value_unreadable");
    assert!(world.log().contains("which is not among the configured keys"));
}
