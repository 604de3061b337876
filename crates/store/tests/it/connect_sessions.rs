//! Connect sessions: made once, bound to one browser, completed once.

use metaads_store::{
    CompletionOutcome, ConnectSessionId, ConnectSessionInsert, ConnectSessionState, DialogHost, Login,
    NewApiKey, NewAuthorization, NewConnectSession, NewSecret,
};

use crate::world::{DAY, MINUTE, NOW, Owner, World, seal, uuid};

const HOUR: i64 = 60 * MINUTE;

async fn key(world: &World, owner: &Owner) -> String {
    let id = uuid().to_string();
    let key = NewApiKey {
        id: id.clone(),
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        name: "Shop".to_owned(),
        key_hash: id.clone(),
        hint: "mak_".to_owned(),
        scopes: Vec::new(),
        limits: metaads_store::ApiKeyLimits::default(),
        created_at: NOW,
        expires_at: None,
    };
    world.store.insert_api_key(&key).await.unwrap();
    id
}

fn session(world: &World, owner: &Owner, api_key_id: &str) -> NewConnectSession {
    let id = ConnectSessionId::new(uuid());
    NewConnectSession {
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        api_key_id: api_key_id.to_owned(),
        token_hash: id.to_string(),
        secret: NewSecret {
            id: uuid().to_string(),
            workspace_id: owner.workspace.clone(),
            owner_id: id.to_string(),
            sealed: seal(&world.keyring, 3),
        },
        external_user_id: "user-42".to_owned(),
        return_url: "https://app.example.com/".to_owned(),
        login: Login::Facebook,
        code_challenge: None,
        repairs: None,
        idempotency_key: Some("one".to_owned()),
        request_hash: "request".to_owned(),
        created_at: NOW,
        expires_at: NOW + HOUR,
        id,
    }
}

async fn state(world: &World, id: &ConnectSessionId) -> ConnectSessionState {
    world.store.find_connect_session(id, NOW).await.unwrap().unwrap().state
}

/// An attempt whose callback has arrived.
async fn attempt(world: &World, owner: &Owner, id: &ConnectSessionId, state: &str) -> NewAuthorization {
    let new = NewAuthorization {
        connect_session: Some(id.clone()),
        ..world.new_authorization(owner, &id.browser_session(), state)
    };
    world.store.insert_authorization(&new).await.unwrap();
    let consumed =
        world.store.consume_authorization(state, &id.browser_session(), DialogHost::Facebook, NOW).await;
    assert!(consumed.unwrap().is_some());
    new
}

#[tokio::test]
async fn an_idempotency_key_makes_one_session_of_a_key() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let (one, two) = (key(&world, &ann).await, key(&world, &ann).await);
    let first = session(&world, &ann, &one);
    let inserted = world.store.insert_connect_session(&first).await.unwrap();
    assert!(matches!(inserted, ConnectSessionInsert::Inserted));
    let again = world.store.insert_connect_session(&session(&world, &ann, &one)).await.unwrap();
    assert!(matches!(again, ConnectSessionInsert::Exists(known) if known.id == first.id));
    let other = world.store.insert_connect_session(&session(&world, &ann, &two)).await.unwrap();
    assert!(matches!(other, ConnectSessionInsert::Inserted));
    assert!(world.store.find_secret(&first.secret.id).await.unwrap().is_some());
    world.store.sweep(NOW + 31 * DAY + HOUR, NOW, NOW).await.unwrap();
    assert!(world.store.find_connect_session(&first.id, NOW).await.unwrap().is_none());
    assert!(world.store.find_secret(&first.secret.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_is_bound_to_the_first_browser_until_it_expires() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let new = session(&world, &ann, &key(&world, &ann).await);
    world.store.insert_connect_session(&new).await.unwrap();
    let bind = |browser: &'static str, at| world.store.bind_connect_session(&new.id, browser, at);
    assert!(!bind("late", NOW + HOUR).await.unwrap());
    assert_eq!(state(&world, &new.id).await, ConnectSessionState::Pending);
    let (first, second) = tokio::join!(bind("one", NOW), bind("two", NOW));
    assert_ne!(first.unwrap(), second.unwrap());
    assert_eq!(state(&world, &new.id).await, ConnectSessionState::Opened);
}

#[tokio::test]
async fn a_session_completes_once_and_no_session_of_a_browser_is_needed() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let new = session(&world, &ann, &key(&world, &ann).await);
    world.store.insert_connect_session(&new).await.unwrap();
    let first = attempt(&world, &ann, &new.id, "first").await;
    world.store.fail_authorization(&first.id, "cancelled", None, NOW + 1).await.unwrap();
    let failed = ConnectSessionState::Failed { code: "cancelled".to_owned(), at: NOW + 1 };
    assert_eq!(state(&world, &new.id).await, failed);

    let second = attempt(&world, &ann, &new.id, "second").await;
    let third = attempt(&world, &ann, &new.id, "third").await;
    let mut completion = world.completion(&ann, "1");
    completion.authorization_id = Some(second.id);
    let connection = completion.connection_id.clone();
    let outcome = world.store.complete_authorization(&completion).await.unwrap();
    assert_eq!(outcome, CompletionOutcome::Created);
    let mut other = world.completion(&ann, "2");
    other.authorization_id = Some(third.id.clone());
    assert_eq!(world.store.complete_authorization(&other).await.unwrap(), CompletionOutcome::Cancelled);
    world.store.fail_authorization(&third.id, "cancelled", None, NOW + 2).await.unwrap();
    let completed = ConnectSessionState::Completed { connection, at: completion.at };
    assert_eq!(state(&world, &new.id).await, completed);
    assert!(!world.store.bind_connect_session(&new.id, "one", NOW).await.unwrap());
}

#[tokio::test]
async fn a_session_that_repairs_creates_nothing() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let connection = world.connect(&ann, "1").await;
    let mut new = session(&world, &ann, &key(&world, &ann).await);
    new.repairs = Some(connection.clone());
    world.store.insert_connect_session(&new).await.unwrap();
    let refused = attempt(&world, &ann, &new.id, "first").await;
    let mut completion = world.completion(&ann, "2");
    completion.authorization_id = Some(refused.id);
    assert_eq!(world.store.complete_authorization(&completion).await.unwrap(), CompletionOutcome::Cancelled);
    let repairing = attempt(&world, &ann, &new.id, "second").await;
    let mut completion = world.completion(&ann, "1");
    (completion.authorization_id, completion.connection_id) = (Some(repairing.id), connection);
    assert_eq!(world.store.complete_authorization(&completion).await.unwrap(), CompletionOutcome::Updated);
}

#[tokio::test]
async fn an_attempt_that_a_crash_left_behind_fails_its_session() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let new = session(&world, &ann, &key(&world, &ann).await);
    world.store.insert_connect_session(&new).await.unwrap();
    attempt(&world, &ann, &new.id, "first").await;
    let at = NOW + 2 * MINUTE;
    world.store.sweep(at, 0, 0).await.unwrap();
    let failed = ConnectSessionState::Failed { code: "meta_unavailable".to_owned(), at };
    assert_eq!(state(&world, &new.id).await, failed);
}
