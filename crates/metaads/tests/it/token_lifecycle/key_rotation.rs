//! Key rotation: while the service runs, interrupted, and with keys that are missing or still needed.

use std::process::{Command, Output};

use metaads::keys::rotate::{Reach, rotate};
use metaads::keys::status::Status;
use metaads_sandbox::{Answer, Persona, TokenKind};

use crate::bulk_connections::{BulkConnection, insert_connections};
use crate::world::{KEY, World, days};

const NEW_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn metaads(world: &World, arguments: &[&str], key: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.args(arguments).current_dir(world.folder.path()).env_clear();
    command.envs(world.environment().iter().cloned()).env("ENCRYPTION_KEY", key).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn keys_are_rotated_on_the_command_line_while_the_service_runs() {
    let mut world = World::new().await;
    let (browser, id) = world.connected().await;
    let both = format!("{NEW_KEY},{KEY}");
    world.advance(days(1));
    world.restart_with(&[("ENCRYPTION_KEY", &both)]).await;
    let output = metaads(&world, &["keys", "status"], &both);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("still needed: run `metaads keys rotate`"),
        "{}",
        text(&output.stdout)
    );
    let output = metaads(&world, &["keys", "rotate"], &both);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.contains("resealed 1 of 1") && report.contains("may be removed"), "{report}");
    // The running service loads the new data key by itself.
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    // The old key is no longer needed.
    world.restart_with(&[("ENCRYPTION_KEY", NEW_KEY)]).await;
    world.advance(days(1));
    browser.submit(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    let output = metaads(&world, &["keys", "status"], NEW_KEY);
    assert!(output.status.success() && !text(&output.stdout).contains("NEEDED"), "{}", text(&output.stdout));
}

#[tokio::test]
async fn a_missing_key_that_is_still_needed_is_named() {
    let world = World::new().await;
    world.connected().await;
    let output = metaads(&world, &["keys", "status"], NEW_KEY);
    assert!(!output.status.success());
    assert!(text(&output.stdout).contains("NEEDED, NOT CONFIGURED"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("1 values cannot be opened"), "{}", text(&output.stderr));
    let output = metaads(&world, &["keys", "rotate"], NEW_KEY);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("is not among the configured keys"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn rewrapping_data_keys_reseals_no_value() {
    let mut world = World::new().await;
    world.connected().await;
    let before = world.text("SELECT access_token_key FROM meta_connections").await;
    let both = format!("{NEW_KEY},{KEY}");
    let output = metaads(&world, &["keys", "rotate", "--data-keys-only"], &both);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("rewrapped 1 data keys, resealed 0 values"),
        "{}",
        text(&output.stdout)
    );
    assert_eq!(world.text("SELECT access_token_key FROM meta_connections").await, before);
    world.restart_with(&[("ENCRYPTION_KEY", NEW_KEY)]).await;
    let output = metaads(&world, &["keys", "status"], NEW_KEY);
    assert!(output.status.success(), "{}", text(&output.stdout));
}

#[tokio::test]
async fn an_interrupted_rotation_resumes_and_loses_nothing() {
    let world = World::with_bulk_users(&[], 1_000).await;
    let connections: Vec<BulkConnection> = (0..1_000)
        .map(|_| BulkConnection { kind: TokenKind::User, lifetime: Some(days(60)), age: days(0) })
        .collect();
    insert_connections(&world, &connections).await;
    let app = &world.app;
    let mut steps = 0;
    let interrupted = std::panic::AssertUnwindSafe(async {
        rotate(&app.store, &app.keys, &app.random, app.now() + 1, Reach::Everything, |_, _| {
            steps += 1;
            assert!(steps < 4, "interrupted");
        })
        .await
    });
    assert!(futures_util::FutureExt::catch_unwind(interrupted).await.is_err());
    let keys_in_use = "SELECT COUNT(DISTINCT access_token_key) FROM meta_connections";
    assert_eq!(world.number(keys_in_use).await, 2, "the rotation is half done");
    let rotated = rotate(&app.store, &app.keys, &app.random, app.now() + 2, Reach::Everything, |_, _| {})
        .await
        .unwrap();
    assert_eq!((rotated.resealed, rotated.unreadable.len()), (600, 0));
    assert_eq!(world.number(keys_in_use).await, 1);
    let status = Status::read(&app.store, &app.keys).await.unwrap();
    assert_eq!((status.data_keys.len(), status.lost()), (2, 0), "the old data key is kept for an hour");
    world.advance(days(1));
    metaads::worker::sweep(app).await.unwrap();
    assert_eq!(Status::read(&app.store, &app.keys).await.unwrap().data_keys.len(), 1);
    world.advance(days(2));
    world.run_due_jobs().await;
    let active = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active'";
    assert_eq!(world.number(active).await, 1_000);
}

#[tokio::test]
async fn a_data_key_in_use_is_never_deleted() {
    let world = World::new().await;
    world.connected().await;
    world.advance(days(10));
    world
        .sql(
            "INSERT INTO data_keys (id, kek, number, created_at) VALUES ('ffffffff', 'local:ffffffff', 2, 1)",
        )
        .await;
    world.sql("UPDATE data_keys SET created_at = 0 WHERE id <> 'ffffffff'").await;
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM data_keys").await, 2);
}

#[tokio::test]
async fn a_damaged_value_affects_only_its_own_connection() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for persona in [Persona::SoleTrader, Persona::SecondSoleTrader, Persona::Nobody] {
        browser.connect(Answer::agree(persona)).await;
    }
    world.run_due_jobs().await;
    let damaged = match world.is_sqlite() {
        true => "CAST(substr(access_token, 1, length(access_token) - 1) || x'00' AS BLOB)",
        false => "set_byte(access_token, length(access_token) - 1, 0)",
    };
    world
        .sql(&format!("UPDATE meta_connections SET access_token = {damaged} WHERE name = 'Ben Carter'"))
        .await;
    world.advance(days(2));
    world.run_due_jobs().await;
    let connections = browser.connections().await;
    let state = |name: &str| {
        let one = connections.iter().find(|one| one["name"] == name).unwrap();
        one["status_reason"].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(
        [state("Ben Carter"), state("Tom Okafor")],
        ["sealed_value_unreadable".to_owned(), "none".to_owned()]
    );
    assert!(world.log().contains("the value is damaged"));
}
