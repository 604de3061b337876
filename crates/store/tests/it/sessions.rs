//! Sessions, known devices, and the sweep of expired rows.

use metaads_store::{
    AuthorizationStatus, DeletionOutcome, DeletionRequest, NewSession, NewWebhookEvent, OperatorNotice,
    QuotaRow, SessionId, StoreError, UnrecognizedError, UserId, WebhookOutcome, WorkspaceId,
};

use crate::rows;
use crate::world::{DAY, MINUTE, NOW, World, uuid};

#[tokio::test]
async fn a_session_is_found_with_its_user_until_it_expires_or_idles() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = rows::session(&ann.user);
    world.store.insert_session(&session, "device", NOW + DAY).await.unwrap();
    let find = async |now, idle_since| world.store.find_session(session.id.as_str(), now, idle_since).await;

    let found = find(NOW, NOW - 1).await.unwrap().unwrap();
    assert_eq!((&found.session_id, &found.user_id), (&session.id, &ann.user));
    assert_eq!(found.workspace_id, WorkspaceId::personal(&ann.user));
    assert_eq!((found.email.as_str(), found.is_admin, found.last_seen_at), ("ANN@EXAMPLE.COM", true, NOW));
    assert!(find(NOW, NOW).await.unwrap().is_none());
    assert!(find(session.expires_at, NOW - 1).await.unwrap().is_none());
    world.store.touch_session(&session.id, NOW + MINUTE).await.unwrap();
    assert_eq!(find(NOW, NOW).await.unwrap().unwrap().last_seen_at, NOW + MINUTE);
    assert!(world.store.find_session("another token", NOW, 0).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_of_an_unknown_user_or_with_a_taken_token_is_an_unexpected_error() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let unknown = rows::session(&UserId::new(uuid()));
    let result = world.store.insert_session(&unknown, "device", NOW + DAY).await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
    assert!(!world.store.is_known_device("device", &unknown.user_id, NOW).await.unwrap());

    let first = world.session(&ann).await;
    let same_token = NewSession { token_hash: first.as_str().to_owned(), ..rows::session(&ann.user) };
    let result = world.store.insert_session(&same_token, "device", NOW + DAY).await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
}

#[tokio::test]
async fn live_sessions_are_listed_by_last_use() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let (old, new, idle) = (world.session(&ann).await, world.session(&ann).await, world.session(&ann).await);
    world.session(&ben).await;
    world.store.touch_session(&old, NOW + 1).await.unwrap();
    world.store.touch_session(&new, NOW + 2).await.unwrap();
    world.store.touch_session(&idle, NOW - DAY).await.unwrap();
    let listed = world.store.list_sessions(&ann.user, NOW, NOW - DAY).await.unwrap();
    let ids: Vec<&SessionId> = listed.iter().map(|session| &session.id).collect();
    assert_eq!(ids, [&new, &old]);
    assert_eq!((listed[0].user_agent.as_str(), listed[0].created_at), ("Browser", NOW));
}

#[tokio::test]
async fn a_session_is_ended_once_and_only_by_its_user() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let session = world.session(&ann).await;
    assert!(!world.store.end_session(&ben.user, &session).await.unwrap());
    let (first, second) = tokio::join!(
        world.store.end_session(&ann.user, &session),
        world.store.end_session(&ann.user, &session)
    );
    assert_ne!(first.unwrap(), second.unwrap());
    assert!(world.store.find_session(session.as_str(), NOW, 0).await.unwrap().is_none());
}

#[tokio::test]
async fn other_sessions_end_and_the_kept_one_stays() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let kept = world.session(&ann).await;
    world.session(&ann).await;
    world.session(&ann).await;
    let foreign = world.session(&ben).await;
    assert_eq!(world.store.end_other_sessions(&ann.user, &kept).await.unwrap(), 2);
    assert!(world.store.find_session(kept.as_str(), NOW, 0).await.unwrap().is_some());
    assert!(world.store.find_session(foreign.as_str(), NOW, 0).await.unwrap().is_some());
}

#[tokio::test]
async fn a_device_is_known_to_the_user_who_last_signed_in_on_it_until_it_expires() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.session(&ann).await;
    assert!(world.store.is_known_device("device", &ann.user, NOW).await.unwrap());
    assert!(!world.store.is_known_device("device", &ben.user, NOW).await.unwrap());
    assert!(!world.store.is_known_device("device", &ann.user, NOW + DAY).await.unwrap());
    world.session(&ben).await;
    assert!(world.store.is_known_device("device", &ben.user, NOW).await.unwrap());
    assert!(!world.store.is_known_device("device", &ann.user, NOW).await.unwrap());
}

#[tokio::test]
async fn a_sweep_deletes_expired_rows_and_keeps_live_ones() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    world.session(&ann).await;
    world.store.hit_rate_limit("ended", NOW - DAY, MINUTE, 1).await.unwrap();
    world.store.hit_rate_limit("running", NOW, MINUTE, 1).await.unwrap();
    let quota = |seen_at| QuotaRow { quota: format!("{seen_at}"), percent: 1, blocked_until: 0, seen_at };
    world.store.upsert_quotas(&[quota(NOW - DAY), quota(NOW)]).await.unwrap();
    let error = |kind: &str, at| UnrecognizedError {
        kind: kind.to_owned(),
        times: 1,
        first_at: at,
        last_at: at,
        fbtrace_id: None,
    };
    world.store.count_unrecognized_error(&error("old", NOW - 90 * DAY)).await.unwrap();
    world.store.count_unrecognized_error(&error("new", NOW)).await.unwrap();
    let blocked = OperatorNotice::MetaPolicyBlock { error: "368".to_owned() };
    world.store.record_notice(&blocked, NOW - 2 * DAY).await.unwrap();
    let alert = OperatorNotice::MetaNotice { header: "Review".to_owned() };
    world.store.record_notice(&alert, NOW - 2 * DAY).await.unwrap();
    world.store.sweep(NOW, NOW - 1, NOW - 7 * DAY).await.unwrap();

    let count = async |table: &str| world.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    assert_eq!((count("sessions").await, count("known_devices").await), (1, 1));
    assert_eq!((count("rate_limits").await, count("meta_quotas").await), (1, 1));
    assert_eq!((count("unrecognized_errors").await, count("operator_notices").await), (1, 1));
    world.store.sweep(NOW + DAY, NOW, NOW).await.unwrap();
    assert_eq!((count("sessions").await, count("known_devices").await), (0, 0));
}

#[tokio::test]
async fn a_sweep_keeps_pending_webhook_events_and_recent_deletion_requests() {
    let world = World::new().await;
    let received_at = NOW - 41 * DAY;
    let [applied, pending] =
        [(); 2].map(|()| NewWebhookEvent { received_at, ..rows::webhook_event("user", "1") });
    let events = [applied.clone(), pending.clone()];
    world.store.insert_webhook_events(&events, &rows::webhook_job()).await.unwrap();
    world.store.complete_webhook_event(&applied.id, WebhookOutcome::Ignored, NOW).await.unwrap();
    let deletion = |hash: &str, requested_at| DeletionRequest {
        requested_at,
        completed_at: Some(requested_at),
        outcome: Some(DeletionOutcome::Test),
        ..rows::deletion_request(hash)
    };
    let (old, new) = (deletion("old", NOW - 366 * DAY), deletion("new", NOW - 365 * DAY));
    for request in [&old, &new] {
        world.store.insert_deletion(request, None, &rows::webhook_job()).await.unwrap();
    }
    world.store.sweep(NOW, 0, 0).await.unwrap();

    let left = world.store.list_webhook_events(10).await.unwrap();
    assert_eq!(left.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), [pending.id.as_str()]);
    assert!(world.store.find_deletion(&old.id).await.unwrap().is_none());
    assert!(world.store.find_deletion(&new.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_sweep_fails_authorizations_that_were_never_completed_and_erases_their_verifiers() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    world.authorization(&ann, &session, "pending").await;
    world.consumed(&ann, &session, "consumed").await;
    world.store.sweep(NOW + MINUTE, 0, 0).await.unwrap();
    let find = async |state: &str| world.store.find_authorization_by_state(state).await.unwrap();
    let failed = find("consumed").await.unwrap();
    assert_eq!(failed.status, AuthorizationStatus::Failed);
    assert_eq!(failed.outcome.as_deref(), Some("meta_unavailable"));
    assert!(failed.pkce_verifier.is_none());
    assert!(find("pending").await.unwrap().pkce_verifier.is_some());

    world.store.sweep(NOW + 10 * MINUTE, 0, NOW).await.unwrap();
    let expired = find("pending").await.unwrap();
    assert_eq!(expired.status, AuthorizationStatus::Pending);
    assert!(expired.pkce_verifier.is_none());
    world.store.sweep(NOW + DAY, 0, NOW + DAY).await.unwrap();
    assert!(find("pending").await.is_none() && find("consumed").await.is_none());
}

#[tokio::test]
async fn a_user_keeps_fifty_sessions_and_the_oldest_end() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.session(&ben).await;
    let mut ids = Vec::new();
    for number in 0..55 {
        let session = metaads_store::NewSession { created_at: NOW + number, ..rows::session(&ann.user) };
        world.store.insert_session(&session, &format!("device {number}"), NOW + DAY + number).await.unwrap();
        ids.push(session.id);
    }
    let listed = world.store.list_sessions(&ann.user, NOW, 0).await.unwrap();
    let kept: Vec<_> = listed.iter().rev().map(|session| session.id.clone()).collect();
    assert_eq!(kept, ids[5..]);
    assert_eq!(world.store.list_sessions(&ben.user, NOW, 0).await.unwrap().len(), 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM known_devices WHERE token_hash <> 'device'").await, 50);
    assert!(world.store.is_known_device("device 54", &ann.user, NOW).await.unwrap());
    assert!(!world.store.is_known_device("device 4", &ann.user, NOW).await.unwrap());
}

#[tokio::test]
async fn sign_ins_at_once_keep_to_the_limit_of_sessions() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    for _ in 0..50 {
        world.session(&ann).await;
    }
    let insert = async || {
        let session = rows::session(&ann.user);
        world.store.insert_session(&session, "device", NOW + DAY).await.unwrap();
    };
    tokio::join!(insert(), insert(), insert(), insert());
    assert_eq!(world.store.list_sessions(&ann.user, NOW, 0).await.unwrap().len(), 50);
}

#[tokio::test]
async fn a_session_knows_when_the_password_was_entered_last() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.session(&ann).await;
    let confirmed =
        async || world.store.find_session(id.as_str(), NOW, 0).await.unwrap().unwrap().confirmed_at;
    assert_eq!(confirmed().await, NOW);
    world.store.touch_session(&id, NOW + 1).await.unwrap();
    assert_eq!(confirmed().await, NOW);
    world.store.confirm_session(&id, NOW + 2).await.unwrap();
    assert_eq!(confirmed().await, NOW + 2);
}
