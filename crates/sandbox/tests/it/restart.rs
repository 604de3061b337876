//! Grants and tokens outlive the process; the file holds no token.

use metaads_sandbox::{Options, Persona};

use crate::world::world_with;

#[tokio::test]
async fn a_token_works_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.json");
    let options = Options { state_file: Some(file.clone()), ..Options::default() };
    let before = world_with(options.clone()).await;
    let token = before.login_as(Persona::Agency).await;
    let url = before.sandbox.url();
    before.sandbox.stop().await;
    assert!(before.client.get(url).send().await.is_err(), "nobody listens any more");

    let text = std::fs::read_to_string(&file).expect("the file");
    assert!(!text.contains(&token));
    let after = world_with(options).await;
    assert_eq!(after.get(&token, "me", &[]).await.1["id"], Persona::Agency.user_id());
    assert_ne!(after.login_as(Persona::Agency).await, token, "the counter goes on");
}

#[tokio::test]
async fn a_broken_state_file_is_an_error_not_a_fresh_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("meta.json");
    std::fs::write(&file, "{").expect("written");
    let options = Options { state_file: Some(file), ..Options::default() };
    assert!(metaads_sandbox::Sandbox::start(options).await.is_err());
}

#[tokio::test]
async fn a_dropped_sandbox_is_gone() {
    let world = world_with(Options::default()).await;
    let url = world.sandbox.url();
    assert!(world.client.get(&url).send().await.is_ok());
    drop(world.sandbox);
    tokio::task::yield_now().await;
    assert!(world.client.get(&url).send().await.is_err());
}
