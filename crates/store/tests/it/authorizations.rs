//! Authorizations: pending, consumed once, failed or cancelled.

use metaads_store::{
    AuthorizationId, AuthorizationStatus, ConnectionId, DialogHost, Login, NewAuthorization, StoreError,
};

use crate::world::{DAY, MINUTE, NOW, World, seal, uuid};

#[tokio::test]
async fn a_pending_authorization_is_found_by_state_and_by_its_user() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let session = world.session(&ann).await;
    let reconnects = Some(ConnectionId::new(uuid()));
    let new = NewAuthorization {
        is_popup: true,
        reconnects: reconnects.clone(),
        ..world.new_authorization(&ann, &session, "state")
    };
    world.store.insert_authorization(&new).await.unwrap();

    let found = world.store.find_authorization(&ann.user, &new.id).await.unwrap().unwrap();
    assert_eq!((&found.workspace_id, &found.user_id), (&ann.workspace, &ann.user));
    assert_eq!((&found.session_id, found.login), (&session, Login::Facebook));
    assert_eq!((found.status, found.is_popup), (AuthorizationStatus::Pending, true));
    assert_eq!(found.reconnects, reconnects);
    assert_eq!(found.pkce_verifier.as_deref(), Some(seal(&world.keyring, 1).as_bytes()));
    assert_eq!((found.expires_at, found.finished_at), (NOW + 10 * MINUTE, None));
    let by_state = world.store.find_authorization_by_state("state").await.unwrap().unwrap();
    assert_eq!(by_state.id, new.id);
    assert!(world.store.find_authorization(&ben.user, &new.id).await.unwrap().is_none());
    assert!(world.store.find_authorization_by_state("other").await.unwrap().is_none());
}

#[tokio::test]
async fn a_state_is_consumed_once() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    let id = world.authorization(&ann, &session, "state").await;
    let consume = || world.store.consume_authorization("state", &session, DialogHost::Facebook, NOW + 5);
    let consumed = consume().await.unwrap().unwrap();
    assert_eq!((&consumed.id, consumed.status), (&id, AuthorizationStatus::Consumed));
    assert_eq!(consumed.expires_at, NOW + 5 + MINUTE);
    assert!(consumed.pkce_verifier.is_some());
    assert!(consume().await.unwrap().is_none());
}

#[tokio::test]
async fn of_two_callbacks_at_once_one_consumes_the_state() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "state").await;
    let consume = || world.store.consume_authorization("state", &session, DialogHost::Facebook, NOW);
    let (first, second) = tokio::join!(consume(), consume());
    assert_ne!(first.unwrap().is_some(), second.unwrap().is_some());
}

#[tokio::test]
async fn a_state_is_not_consumed_by_another_session_another_dialog_or_too_late() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let (session, other) = (world.session(&ann).await, world.session(&ann).await);
    world.authorization(&ann, &session, "state").await;
    let instagram =
        NewAuthorization { login: Login::Instagram, ..world.new_authorization(&ann, &session, "instagram") };
    world.store.insert_authorization(&instagram).await.unwrap();
    let consume = async |state: &str, session, host, now| {
        world.store.consume_authorization(state, session, host, now).await.unwrap().is_some()
    };
    assert!(!consume("state", &other, DialogHost::Facebook, NOW).await);
    assert!(!consume("state", &session, DialogHost::Instagram, NOW).await);
    assert!(!consume("instagram", &session, DialogHost::Facebook, NOW).await);
    assert!(!consume("state", &session, DialogHost::Facebook, NOW + 10 * MINUTE).await);
    assert!(!consume("unknown", &session, DialogHost::Facebook, NOW).await);
    assert!(consume("instagram", &session, DialogHost::Instagram, NOW).await);
}

#[tokio::test]
async fn a_repeated_state_is_an_unexpected_error() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "state").await;
    let repeated = world.new_authorization(&ann, &session, "state");
    let result = world.store.insert_authorization(&repeated).await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
}

#[tokio::test]
async fn the_newest_open_authorization_is_found_until_it_expires() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "first").await;
    let second = world.authorization(&ann, &session, "second").await;
    let open = async |now| world.store.find_open_authorization(&ann.user, now).await.unwrap();
    assert_eq!(open(NOW).await.unwrap().id, second);
    assert!(open(NOW + 10 * MINUTE).await.is_none());
    world.store.cancel_authorization(&ann.user, &second, NOW).await.unwrap();
    assert_ne!(open(NOW).await.unwrap().id, second);
}

#[tokio::test]
async fn only_a_consumed_authorization_fails_and_its_verifier_is_erased() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    let pending = world.authorization(&ann, &session, "pending").await;
    let consumed = world.consumed(&ann, &session, "consumed").await;
    let find =
        async |id: &AuthorizationId| world.store.find_authorization(&ann.user, id).await.unwrap().unwrap();
    for id in [&pending, &consumed] {
        world.store.fail_authorization(id, "meta_unavailable", Some("{}"), NOW + 1).await.unwrap();
    }
    assert_eq!(find(&pending).await.status, AuthorizationStatus::Pending);
    let failed = find(&consumed).await;
    assert_eq!(failed.status, AuthorizationStatus::Failed);
    assert_eq!((failed.outcome.as_deref(), failed.detail.as_deref()), (Some("meta_unavailable"), Some("{}")));
    assert_eq!((failed.pkce_verifier, failed.finished_at), (None, Some(NOW + 1)));
}

#[tokio::test]
async fn an_open_authorization_is_cancelled_once_and_only_by_its_user() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let session = world.session(&ann).await;
    let pending = world.authorization(&ann, &session, "pending").await;
    let consumed = world.consumed(&ann, &session, "consumed").await;
    for id in [&pending, &consumed] {
        assert!(!world.store.cancel_authorization(&ben.user, id, NOW).await.unwrap());
        assert!(world.store.cancel_authorization(&ann.user, id, NOW).await.unwrap());
        assert!(!world.store.cancel_authorization(&ann.user, id, NOW).await.unwrap());
        let found = world.store.find_authorization(&ann.user, id).await.unwrap().unwrap();
        assert_eq!((found.status, found.pkce_verifier), (AuthorizationStatus::Cancelled, None));
    }
    let session = &session;
    let again = world.store.consume_authorization("pending", session, DialogHost::Facebook, NOW).await;
    assert!(again.unwrap().is_none());
}

#[tokio::test]
async fn a_user_has_at_most_ten_pending_authorizations_and_fifty_rows() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    for number in 0..60 {
        let new = NewAuthorization {
            created_at: NOW + number,
            expires_at: NOW + DAY,
            ..world.new_authorization(&ann, &session, &format!("state {number}"))
        };
        world.store.insert_authorization(&new).await.unwrap();
    }
    let pending = "SELECT COUNT(*) FROM authorizations WHERE status = 'pending'";
    assert_eq!(world.number(pending).await, 10);
    assert_eq!(world.number("SELECT COUNT(*) FROM authorizations").await, 51);
    let newest = world.store.find_open_authorization(&ann.user, NOW).await.unwrap().unwrap();
    assert_eq!(newest.created_at, NOW + 59);
    let cancelled = world.store.find_authorization_by_state("state 49").await.unwrap().unwrap();
    assert_eq!((cancelled.status, cancelled.pkce_verifier), (AuthorizationStatus::Cancelled, None));
}

#[tokio::test]
async fn an_unknown_status_is_an_unexpected_error() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "state").await;
    world.sql("UPDATE authorizations SET status = 'lost'").await;
    let result = world.store.find_authorization_by_state("state").await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
}
