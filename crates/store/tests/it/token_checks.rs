//! Token checks: the result, a refreshed token and the next check, in one write.

use metaads_store::{
    AuditEvent, CheckPayload, ClaimOrder, Completion, ConnectionState, Expiry, JobKind, JobPayload, NewJob,
    Priority, StatusReason, StoreError, TokenCheck,
};

use crate::rows::{self, stale};
use crate::world::{DAY, MINUTE, NOW, World, seal};

const BROKEN: ConnectionState =
    ConnectionState::NeedsReauthorization { reason: StatusReason::PasswordChanged, since: NOW + MINUTE };

#[tokio::test]
async fn a_check_writes_the_state_scopes_and_expiries_and_schedules_the_next() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let check = TokenCheck {
        state: Some(BROKEN),
        scopes: Some((rows::scopes("ads_read"), rows::scopes("business_management"))),
        expired_scopes: Some(rows::scopes("pages_show_list")),
        granular_scopes: Some("[[\"ads_read\",[\"1\"]]]".to_owned()),
        expires_at: Expiry::Never,
        data_access_expires_at: Expiry::At(NOW + 5),
        events: vec![rows::event(AuditEvent::RefreshUnchanged)],
        ..rows::token_check(&id)
    };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!(connection.state, BROKEN);
    assert_eq!(connection.scopes, rows::scopes("ads_read"));
    assert_eq!(connection.declined_scopes, rows::scopes("business_management"));
    assert_eq!(connection.expired_scopes, rows::scopes("pages_show_list"));
    assert_eq!(connection.granular_scopes, "[[\"ads_read\",[\"1\"]]]");
    assert_eq!((connection.expires_at, connection.data_access_expires_at), (None, Some(NOW + 5)));
    assert_eq!((connection.token_version, connection.last_checked_at), (1, Some(NOW + MINUTE)));
    let history = world.store.list_audit(&id, None, 2).await.unwrap();
    let events: Vec<_> = history.into_iter().map(|entry| entry.event).collect();
    let reason = StatusReason::PasswordChanged;
    assert!(events.contains(&AuditEvent::NeedsReauthorization { reason }), "{events:?}");
    assert!(events.contains(&AuditEvent::RefreshUnchanged), "{events:?}");
    assert_eq!(world.store.next_job_at(NOW, ClaimOrder::InteractiveFirst).await.unwrap(), Some(NOW));
    let next = world.claim(JobKind::Check, id.as_str()).await;
    assert_eq!((next.priority, next.attempts), (Priority::Background, 0));
}

#[tokio::test]
async fn a_check_that_learned_nothing_leaves_the_connection_as_it_was() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let before = world.connection(&id).await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let check = TokenCheck { attempts: 3, ..rows::token_check(&id) };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    let after = world.connection(&id).await;
    assert_eq!(
        (after.state, &after.scopes, after.expires_at),
        (before.state, &before.scopes, before.expires_at)
    );
    assert_eq!((after.access_token, after.last_checked_at), (before.access_token, before.last_checked_at));
    assert_eq!(world.claim(JobKind::Check, id.as_str()).await.attempts, 3);
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_unchanged_state_keeps_its_time_and_adds_no_event() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let state = Some(ConnectionState::Active { limited_by: None, since: NOW + MINUTE });
    let check = TokenCheck { state, ..rows::token_check(&id) };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    assert_eq!(world.connection(&id).await.state.since(), NOW);
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refreshed_token_replaces_the_old_one_and_an_erased_one_is_gone() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let refreshed = seal(&world.other_keyring, 7);
    let check = TokenCheck { refreshed: Some(refreshed.clone()), ..rows::token_check(&id) };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!(connection.access_token.as_deref(), Some(refreshed.as_bytes()));
    assert_eq!((connection.token_version, connection.last_refreshed_at), (2, Some(NOW + MINUTE)));
    let used = world.store.count_sealed().await.unwrap();
    assert_eq!(used[0].key_id, world.other_keyring.sealing_key().to_string());

    let job = world.claim(JobKind::Check, id.as_str()).await;
    let check = TokenCheck { is_erasing: true, token_version: 2, ..rows::token_check(&id) };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    assert_eq!(world.connection(&id).await.access_token, None);
    assert!(world.store.count_sealed().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_check_of_a_replaced_token_only_schedules_the_next_check() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let before = world.connection(&id).await;
    let check = TokenCheck {
        token_version: 7,
        state: Some(BROKEN),
        refreshed: Some(seal(&world.keyring, 9)),
        is_erasing: true,
        events: vec![rows::event(AuditEvent::RefreshUnchanged)],
        attempts: 2,
        ..rows::token_check(&id)
    };
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
    let after = world.connection(&id).await;
    assert_eq!((after.state, after.access_token), (before.state, before.access_token));
    assert_eq!(after.token_version, 1);
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 1);
    assert_eq!(world.claim(JobKind::Check, id.as_str()).await.attempts, 2);
}

#[tokio::test]
async fn a_lost_fence_writes_nothing() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let check = TokenCheck {
        state: Some(BROKEN),
        refreshed: Some(seal(&world.keyring, 9)),
        ..rows::token_check(&id)
    };
    assert!(!world.store.record_token_check(&stale(&job), &check).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!((connection.token_version, connection.state.reason()), (1, None));
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 1);
    assert!(world.store.record_token_check(&job, &check).await.unwrap());
}

#[tokio::test]
async fn a_disconnected_connection_is_not_written_and_its_check_is_lost() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    let check = TokenCheck { refreshed: Some(seal(&world.keyring, 9)), ..rows::token_check(&id) };
    assert!(!world.store.record_token_check(&job, &check).await.unwrap());
    assert_eq!(world.connection(&id).await.access_token, None);
}

#[tokio::test]
async fn of_a_check_and_a_login_at_once_the_token_of_the_login_stays() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let check = TokenCheck { refreshed: Some(seal(&world.keyring, 9)), ..rows::token_check(&id) };
    let login = Completion {
        connection_id: id.clone(),
        access_token: seal(&world.keyring, 8),
        check_job: rows::check_job(&id),
        ..world.completion(&ann, "1")
    };
    let (checked, connected) = tokio::join!(
        world.store.record_token_check(&job, &check),
        world.store.complete_authorization(&login)
    );
    checked.unwrap();
    connected.unwrap();
    let stored = world.connection(&id).await.access_token;
    assert_eq!(stored.as_deref(), Some(login.access_token.as_bytes()));
}

#[tokio::test]
async fn a_rerun_requested_meanwhile_keeps_its_time_and_payload() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    let payload = JobPayload::Check(CheckPayload { resync: true, offline_since: None });
    let rerun = NewJob { payload: payload.clone(), ..rows::check_job(&id) };
    world.store.enqueue_job(&rerun).await.unwrap();
    assert!(world.store.record_token_check(&job, &rows::token_check(&id)).await.unwrap());
    let again = world.store.claim_job(ClaimOrder::InteractiveOnly, crate::world::lease()).await.unwrap();
    let again = again.filter(|job| job.kind == JobKind::Check).unwrap();
    assert_eq!(again.payload, payload);
    assert!(world.store.record_token_check(&again, &rows::token_check(&id)).await.unwrap());
    let next = world.claim(JobKind::Check, id.as_str()).await;
    assert_eq!(next.payload, JobPayload::Empty);
    assert_eq!(world.number("SELECT run_at FROM jobs WHERE kind = 'check'").await, NOW + DAY);
}

#[tokio::test]
async fn an_inconsistent_connection_is_reported_and_its_check_not_written() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let job = world.claim(JobKind::Check, id.as_str()).await;
    world.sql("UPDATE meta_connections SET status = 'needs_reauthorization', status_reason = NULL").await;
    let result = world.store.record_token_check(&job, &rows::token_check(&id)).await;
    assert!(matches!(result, Err(StoreError::Inconsistent { table: "meta_connections", .. })), "{result:?}");
    assert!(world.store.finish_job(&job).await.unwrap());
}
