//! Keys: counted, changed while the service runs, and refused to be forgotten while a row needs them.

use std::process::{Command, Output};

use metaads::keys::rotate::{Reach, rotate};
use metaads::keys::status::Status;
use metaads::random::Random;
use metaads_sandbox::{Answer, Persona, TokenKind};

use super::renewal::connected;
use super::seed::{Seed, days, plant};
use crate::world::{KEY, World};

const OTHER: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn metaads(world: &World, arguments: &[&str], key: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.args(arguments).current_dir(world.folder.path()).env_clear();
    command.envs(world.environment().iter().cloned()).env("ENCRYPTION_KEY", key).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn keys_are_changed_on_the_command_line_while_the_service_runs() {
    let mut world = World::new().await;
    let (browser, id) = connected(&world).await;
    let both = format!("{OTHER},{KEY}");
    world.advance(days(1));
    world.restart_with(&[("ENCRYPTION_KEY", &both)]).await;
    let said = metaads(&world, &["keys", "status"], &both);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(text(&said.stdout).contains("still needed: run `metaads keys rotate`"), "{}", text(&said.stdout));
    let said = metaads(&world, &["keys", "rotate"], &both);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let shown = text(&said.stdout);
    assert!(shown.contains("resealed 1 of 1") && shown.contains("may be removed"), "{shown}");
    // The running service learns of it by itself.
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    // And the old key is not needed any more.
    world.restart_with(&[("ENCRYPTION_KEY", OTHER)]).await;
    world.advance(days(1));
    browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(browser.connections().await[0]["status"], "active");
    let said = metaads(&world, &["keys", "status"], OTHER);
    assert!(said.status.success() && !text(&said.stdout).contains("NEEDED"), "{}", text(&said.stdout));
}

#[tokio::test]
async fn a_key_that_is_still_needed_is_named_when_it_is_missing() {
    let world = World::new().await;
    connected(&world).await;
    let said = metaads(&world, &["keys", "status"], OTHER);
    assert!(!said.status.success());
    assert!(text(&said.stdout).contains("NEEDED, NOT CONFIGURED"), "{}", text(&said.stdout));
    assert!(text(&said.stderr).contains("1 values cannot be opened"), "{}", text(&said.stderr));
    let said = metaads(&world, &["keys", "rotate"], OTHER);
    assert!(!said.status.success());
    assert!(text(&said.stderr).contains("is not among the configured keys"), "{}", text(&said.stderr));
}

#[tokio::test]
async fn changing_the_outer_key_alone_leaves_the_values_as_they_are() {
    let mut world = World::new().await;
    connected(&world).await;
    let before = world.text("SELECT access_token_key FROM meta_connections").await;
    let both = format!("{OTHER},{KEY}");
    let said = metaads(&world, &["keys", "rotate", "--data-keys-only"], &both);
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(
        text(&said.stdout).contains("wrapped 1 data keys anew, resealed 0 values"),
        "{}",
        text(&said.stdout)
    );
    assert_eq!(world.text("SELECT access_token_key FROM meta_connections").await, before);
    world.restart_with(&[("ENCRYPTION_KEY", OTHER)]).await;
    let said = metaads(&world, &["keys", "status"], OTHER);
    assert!(said.status.success(), "{}", text(&said.stdout));
}

#[tokio::test]
async fn a_rotation_that_is_cut_off_is_resumed_and_loses_nothing() {
    let world = World::of(&[], 1_000).await;
    let seeds: Vec<Seed> =
        (0..1_000).map(|_| Seed { kind: TokenKind::User, lifetime: Some(days(60)), age: days(0) }).collect();
    plant(&world, &seeds).await;
    let app = &world.app;
    let mut steps = 0;
    let cut = std::panic::AssertUnwindSafe(async {
        rotate(&app.store, &app.keys, &Random::Os, app.now() + 1, Reach::Everything, |_, _| {
            steps += 1;
            assert!(steps < 4, "cut off");
        })
        .await
    });
    assert!(futures_util::FutureExt::catch_unwind(cut).await.is_err());
    let under = "SELECT COUNT(DISTINCT access_token_key) FROM meta_connections";
    assert_eq!(world.number(under).await, 2, "some here, some there");
    let rotated = rotate(&app.store, &app.keys, &Random::Os, app.now() + 2, Reach::Everything, |_, _| {})
        .await
        .unwrap();
    assert_eq!((rotated.resealed, rotated.unreadable.len()), (600, 0));
    assert_eq!(world.number(under).await, 1);
    let status = Status::read(&app.store, &app.keys).await.unwrap();
    assert_eq!((status.data_keys.len(), status.lost()), (2, 0), "the old one is kept for an hour");
    world.advance(days(1));
    metaads::worker::sweep(app).await.unwrap();
    assert_eq!(Status::read(&app.store, &app.keys).await.unwrap().data_keys.len(), 1);
    world.advance(days(2));
    world.run_due_jobs().await;
    let active = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active'";
    assert_eq!(world.number(active).await, 1_000);
}

#[tokio::test]
async fn the_schema_refuses_to_forget_a_key_that_a_row_needs() {
    let world = World::new().await;
    connected(&world).await;
    world.advance(days(10));
    world.sql("INSERT INTO data_keys (id, kek, created_at) VALUES ('ffffffff', 'local:ffffffff', 1)").await;
    world.sql("UPDATE data_keys SET created_at = 0 WHERE id <> 'ffffffff'").await;
    metaads::worker::sweep(&world.app).await.unwrap();
    assert_eq!(world.number("SELECT COUNT(*) FROM data_keys").await, 2);
}

#[tokio::test]
async fn damaged_moved_and_unknown_are_each_told_and_end_nothing_else() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for persona in [Persona::SoleTrader, Persona::SecondSoleTrader, Persona::Nobody] {
        browser.connect(Answer::agree(persona)).await;
    }
    world.run_due_jobs().await;
    let cut = match world.database_url.starts_with("sqlite:") {
        true => "CAST(substr(access_token, 1, length(access_token) - 1) || x'00' AS BLOB)",
        false => "set_byte(access_token, length(access_token) - 1, 0)",
    };
    world.sql(&format!("UPDATE meta_connections SET access_token = {cut} WHERE name = 'Ben Carter'")).await;
    world.advance(days(2));
    world.run_due_jobs().await;
    let connections = browser.connections().await;
    let state = |name: &str| {
        let one = connections.iter().find(|one| one["name"] == name).unwrap();
        one["status_reason"].as_str().unwrap_or("well").to_owned()
    };
    assert_eq!(
        [state("Ben Carter"), state("Tom Okafor")],
        ["sealed_value_unreadable".to_owned(), "well".to_owned()]
    );
    assert!(world.log().contains("the value is damaged"));
}
