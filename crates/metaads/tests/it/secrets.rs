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

#[tokio::test]
async fn a_key_that_opens_nothing_creates_no_data_key_and_the_service_refuses_to_start() {
    let world = World::new().await;
    world.connected().await;
    let before = world.number("SELECT COUNT(*) FROM data_keys").await;
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_metaads"))
        .arg("serve")
        .current_dir(world.folder.path())
        .env_clear()
        .envs(world.environment().iter().cloned())
        .env("METAADS_LISTEN", "127.0.0.1:0")
        .env("ENCRYPTION_KEY", "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && printed.contains("opens nothing of what the database holds"),
        "{printed}"
    );
    assert_eq!(world.number("SELECT COUNT(*) FROM data_keys").await, before);
}

#[tokio::test]
async fn what_is_erased_is_in_no_file_and_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    if !world.is_sqlite() {
        return;
    }
    let (browser, id) = world.connected().await;
    let token = "SELECT hex(access_token) FROM meta_connections";
    let sealed = hex_bytes(&world.text(token).await);
    let holds = |bytes: &[u8]| bytes.windows(sealed.len()).any(|window| window == sealed);
    assert!(holds(&world.stored_bytes().await));
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
    assert!(!holds(&world.stored_bytes().await), "neither in the file nor in the write-ahead log");
    let url = world.environment().iter().find(|(name, _)| name == "DATABASE_URL").unwrap().1.clone();
    let path = url.trim_start_matches("sqlite://").to_owned();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_metaads"))
        .arg("migrate")
        .current_dir(world.folder.path())
        .env_clear()
        .env("DATABASE_URL", format!("sqlite://{}", world.folder.path().join("fresh.db").display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mode = std::fs::metadata(world.folder.path().join("fresh.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{path}");
}

fn hex_bytes(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[tokio::test]
async fn calls_signed_with_the_previous_app_secret_are_accepted_while_it_changes() {
    let mut world = World::new().await;
    let (browser, _) = world.connected().await;
    let user = browser.connections().await[0]["meta_user_id"].as_str().unwrap().to_owned();
    let secret = world.environment().iter().find(|(name, _)| name == "META_APP_SECRET").unwrap().1.clone();
    for (previous, status) in [("another-old-secret", 400), (secret.as_str(), 200)] {
        let new = "a-new-app-secret-of-thirty-two-ch";
        world.restart_with(&[("META_APP_SECRET", new), ("META_APP_SECRET_PREVIOUS", previous)]).await;
        let signed = world.meta.signed_request(&user);
        let (answer, _) = crate::meta::inbound_webhooks::post_signed(&world, "deauthorize", &signed).await;
        assert_eq!(answer, status, "{previous}");
    }
    world.restart_with(&[("META_APP_SECRET", &secret)]).await;
    world.run_due_jobs().await;
}
