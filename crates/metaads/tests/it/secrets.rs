//! No secret appears in a table, file, log line, page or error.

use metaads_sandbox::{Answer, Endpoint, Persona};

use crate::browser::PASSWORD;
use crate::effects::api_error_with;
use crate::world::{KEY, World};

/// All tokens, codes and secrets that were sent to Meta: as they are, in hex, reversed.
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

#[tokio::test]
async fn o14_o18_o20_o31_no_secret_is_found_anywhere_after_every_kind_of_login() {
    let world = World::with(&[("META_PKCE", "on")]).await;
    let browser = world.user("a@b.example").await;
    let mut pages = String::new();
    let answers = [
        Answer::agree(Persona::SoleTrader),
        Answer::declining(Persona::Nobody, &["instagram_basic"]),
        Answer::cancel(),
        Answer::app_not_active(),
    ];
    for answer in answers {
        pages.push_str(&browser.connect(answer).await.text);
        world.run_due_jobs().await;
    }
    // An error of Meta with the token in its message.
    world.fault(
        Endpoint::Exchange,
        api_error_with(400, 190, None, &format!("Malformed access token {}", "EAAcanary".repeat(12))),
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
    let (stored, log) = (world.stored_bytes().await, world.log());
    assert!(!log.contains("EAAcanary"));
    for canary in canaries {
        let bytes = canary.as_bytes();
        assert!(!stored.windows(bytes.len()).any(|window| window == bytes), "in the database");
        assert!(!pages.contains(&canary), "on a page");
        assert!(!log.contains(&canary), "in the log");
    }
}

#[tokio::test]
async fn a_sealed_value_copied_to_another_row_does_not_open() {
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
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let page = browser.get(&format!("/connections/{id}")).await;
    assert!(page.has("The stored access of this connection cannot be read"), "{}", page.text);
    assert_eq!(world.meta.calls().len(), before, "nothing is sent to Meta");
    assert!(world.log().contains("the value was moved here from another row or column"));
    // The other connection is not affected.
    let connections = browser.connections().await;
    let ben = connections.iter().find(|connection| connection["name"] == "Ben Carter").unwrap();
    assert_eq!(ben["status"], "active");
}

#[tokio::test]
async fn an_old_key_still_opens_and_a_lost_key_is_named() {
    let mut world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    let other = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    world.restart_with(&[("ENCRYPTION_KEY", &format!("{other},{KEY}"))]).await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    world.restart_with(&[("ENCRYPTION_KEY", other)]).await;
    browser.submit(&format!("/connections/{id}/sync"), &[]).await;
    world.run_due_jobs().await;
    let connection = browser.connections().await.remove(0);
    assert_eq!(connection["status_reason"], "sealed_value_unreadable");
    assert!(world.log().contains("which is not among the configured keys"));
}
