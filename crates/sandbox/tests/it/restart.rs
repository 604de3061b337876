//! Grants and tokens survive a restart, and the state file contains no token.

use metaads_sandbox::{Options, PermissionStatus, Persona, TokenKind};
use serde_json::{Value, json};

use crate::world::{days, refusal, world_with};

#[tokio::test]
async fn a_token_works_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.json");
    let options = Options { state_file: Some(file.clone()), ..Options::default() };
    let before = world_with(options.clone()).await;
    let token = before.login_as(Persona::Agency).await;
    let url = before.sandbox.url();
    before.sandbox.stop().await;
    assert!(before.client.get(url).send().await.is_err(), "the socket is closed");

    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(!text.contains(&token));
    let after = world_with(options).await;
    assert_eq!(after.get(&token, "me", &[]).await.1["id"], Persona::Agency.user_id());
    assert_ne!(after.login_as(Persona::Agency).await, token, "the random counter continues");
}

#[tokio::test]
async fn token_kinds_and_permission_statuses_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { state_file: Some(folder.path().join("meta.json")), ..Options::default() };
    let aylin = Persona::Agency.user_id();
    let before = world_with(options.clone()).await;
    let system_user = before.control.issue(aylin, TokenKind::SystemUser, &["ads_read"], None);
    let instagram = before.control.issue(aylin, TokenKind::Instagram, &[], Some(days(60)));
    before.control.set_permission(aylin, "ads_read", PermissionStatus::Expired);
    before.exchange(&system_user).await;
    before.sandbox.stop().await;

    let after = world_with(options).await;
    let inspected = after.inspect(&system_user).await;
    assert_eq!(
        (&inspected["type"], &inspected["scopes"]),
        (&"SYSTEM_USER".into(), &json!(["public_profile"]))
    );
    assert_eq!(after.get(&instagram, "me", &[("fields", "username")]).await.0, 200);
    assert_eq!(after.control.grant(aylin).map(|grant| grant.live_tokens), Some(3));
    assert_eq!(after.control.exchange_count(aylin), 0, "counted since startup");
    after.control.invalidate_tokens(aylin, 459);
    assert_eq!(refusal(&after.get(&system_user, "me", &[]).await), (400, 190, Some(459)));
}

#[tokio::test]
async fn a_state_file_without_token_kinds_can_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.json");
    let options = Options { state_file: Some(file.clone()), ..Options::default() };
    let before = world_with(options.clone()).await;
    let token = before.login_as(Persona::Agency).await;
    before.control.set_permission(Persona::Agency.user_id(), "ads_read", PermissionStatus::Declined);
    before.sandbox.stop().await;

    let mut written: Value = serde_json::from_slice(&std::fs::read(&file).expect("the file")).expect("JSON");
    let grant = &written["grants"]["people"][Persona::Agency.user_id()]["permissions"];
    assert_eq!(
        (&grant["ads_read"], &grant["ads_management"]),
        (&json!(false), &json!(true)),
        "same format as before"
    );
    for kept in written["grants"]["tokens"].as_object_mut().expect("an object").values_mut() {
        kept.as_object_mut().expect("an object").remove("kind").expect("the kind");
    }
    std::fs::write(&file, written.to_string()).expect("a writable file");
    let after = world_with(options).await;
    assert_eq!(after.inspect(&token).await["type"], "USER");
    assert_eq!(after.control.grant(Persona::Agency.user_id()).expect("a grant").declined, ["ads_read"]);
}

#[tokio::test]
async fn a_corrupt_state_file_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.json");
    std::fs::write(&file, "{").expect("a writable file");
    let options = Options { state_file: Some(file), ..Options::default() };
    assert!(metaads_sandbox::Sandbox::start(options).await.is_err());
}

#[tokio::test]
async fn dropping_the_sandbox_closes_the_socket() {
    let world = world_with(Options::default()).await;
    let url = world.sandbox.url();
    assert!(world.client.get(&url).send().await.is_ok());
    drop(world.sandbox);
    tokio::task::yield_now().await;
    assert!(world.client.get(&url).send().await.is_err());
}
