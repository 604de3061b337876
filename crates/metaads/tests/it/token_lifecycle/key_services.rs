//! The key-encryption key in AWS KMS and in OpenBao, which METAADS_TEST_KMS_URL and METAADS_TEST_TRANSIT_URL name.
//! `cargo xtask key-services` runs these tests.

use std::process::Command;

use metaads::config::{Config, source::Source};
use metaads::keys::dek::{IfNothingOpens, Keys};
use metaads::keys::kek::KeyEncryptionKey;
use metaads::keys::rotate::{Reach, rotate};
use metaads::keys::status::Status;
use serde_json::{Value, json};

use crate::world::{World, days};

/// Creates a key in AWS KMS. Returns its id.
async fn aws_key() -> String {
    let url = std::env::var("METAADS_TEST_KMS_URL").expect("METAADS_TEST_KMS_URL names AWS KMS");
    let answer = reqwest::Client::new()
        .post(url)
        .header("x-amz-target", "TrentService.CreateKey")
        .header("content-type", "application/x-amz-json-1.1")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/eu-central-1/kms/aws4_request, SignedHeaders=host, Signature=0")
        .body("{}")
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

/// Creates a transit key.
async fn transit_key(name: &str) {
    let url = std::env::var("METAADS_TEST_TRANSIT_URL").expect("METAADS_TEST_TRANSIT_URL names OpenBao");
    let http = reqwest::Client::new();
    let send = |path: String, body: Value| {
        http.post(format!("{url}/v1/{path}")).header("x-vault-token", "test-root-token").json(&body).send()
    };
    // Another test may have mounted it.
    let _ = send("sys/mounts/transit".to_owned(), json!({"type": "transit"})).await.unwrap();
    assert!(send(format!("transit/keys/{name}"), json!({})).await.unwrap().status().is_success());
}

fn transit_settings() -> [(&'static str, String); 2] {
    let url = std::env::var("METAADS_TEST_TRANSIT_URL").unwrap();
    [("VAULT_ADDR", url), ("VAULT_TOKEN", "test-root-token".to_owned())]
}

/// Moves the data keys from ENCRYPTION_KEY to a key service and to another key of it without resealing a value, then
/// rotates everything. ENCRYPTION_KEY is no longer needed.
async fn move_to_key_service(first: String, second: String, settings: &[(&str, String)]) {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    let before = world.text("SELECT access_token_key FROM meta_connections").await;
    let mut all: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.push(("KEY_ENCRYPTION_KEY", &first));
    world.restart_with(&all).await;
    rotate_keys(&world, Reach::DataKeysOnly).await;
    assert_eq!(world.text("SELECT access_token_key FROM meta_connections").await, before);
    world.restart_with(&[("ENCRYPTION_KEY", ""), ("KEY_ENCRYPTION_KEY", &second)]).await;
    rotate_keys(&world, Reach::DataKeysOnly).await;
    let kek = format!("SELECT COUNT(*) FROM data_keys WHERE kek <> '{second}'");
    assert_eq!(world.number(&kek).await, 0);
    assert_eq!(world.text("SELECT access_token_key FROM meta_connections").await, before);
    world.advance(days(2));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    rotate_keys(&world, Reach::Everything).await;
    assert_ne!(world.text("SELECT access_token_key FROM meta_connections").await, before);
    let status = Status::read(&world.app.store, &world.app.keys).await.unwrap();
    assert_eq!(status.lost(), 0, "{}", status.to_text());
    world.advance(days(2));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    assert_swapped_data_key_is_refused(&world, settings, &second).await;
}

async fn rotate_keys(world: &World, reach: Reach) {
    let app = &world.app;
    rotate(&app.store, &app.keys, &world.app.random, app.now(), reach, |_, _| {}).await.unwrap();
}

/// Asserts that a wrapped data key opens only under its own id.
async fn assert_swapped_data_key_is_refused(world: &World, settings: &[(&str, String)], kek: &str) {
    world
        .sql(&format!(
            "INSERT INTO data_keys (id, kek, wrapped_key, number, created_at)
             SELECT '0badc0de', kek, wrapped_key, number + 1, created_at + 1 FROM data_keys
             WHERE kek = '{kek}' ORDER BY number DESC LIMIT 1"
        ))
        .await;
    let mut source = Source::of([("KEY_ENCRYPTION_KEY", kek)]);
    for (name, value) in settings {
        source.set(name, value);
    }
    let config = Config::read(&source).unwrap();
    let opened = KeyEncryptionKey::open(&config.keys.kek, None, config.keys.vault.as_ref()).await.unwrap();
    let keys =
        Keys::load(&world.app.store, opened, &world.app.random, world.app.now(), IfNothingOpens::Refuse)
            .await
            .unwrap();
    let status = Status::read(&world.app.store, &keys).await.unwrap();
    let swapped = status.data_keys.iter().find(|key| key.id == "0badc0de").unwrap();
    assert!(!swapped.is_usable);
}

#[tokio::test]
async fn aws_kms_wraps_data_keys() {
    let (first, second) = (aws_key().await, aws_key().await);
    move_to_key_service(format!("aws-kms:{first}"), format!("aws-kms:{second}"), &[]).await;
}

#[tokio::test]
async fn transit_wraps_data_keys() {
    transit_key("first").await;
    transit_key("second").await;
    move_to_key_service("transit:first".to_owned(), "transit:transit/second".to_owned(), &transit_settings())
        .await;
}

#[tokio::test]
async fn an_unavailable_or_refusing_key_service_is_one_clear_sentence() {
    let world = World::new().await;
    let status = |kek: &str, more: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
        command.args(["keys", "status"]).current_dir(world.folder.path()).env_clear();
        command.envs(world.environment().iter().cloned()).env("KEY_ENCRYPTION_KEY", kek);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL_KMS"] {
            command.env(name, std::env::var(name).unwrap());
        }
        let output = command.envs(more.iter().copied()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (succeeded, printed) =
        status("aws-kms:alias/none", &[("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")]);
    assert!(!succeeded && printed.contains("the key service is unavailable"), "{printed}");
    let (succeeded, printed) = status("aws-kms:alias/none", &[]);
    assert!(!succeeded && printed.contains("AWS KMS answered NotFoundException"), "{printed}");
    let [(_, address), _] = transit_settings();
    let (succeeded, printed) =
        status("transit:first", &[("VAULT_ADDR", &address), ("VAULT_TOKEN", "wrong-token")]);
    assert!(
        !succeeded && printed.contains("transit answered HTTP 403") && !printed.contains("wrong-token"),
        "{printed}"
    );
    let (succeeded, printed) = status("transit:first", &[("VAULT_ADDR", &address)]);
    assert!(!succeeded && printed.contains("VAULT_TOKEN is missing"), "{printed}");
}
