//! The last write of connecting: the connection, its token, assets, jobs and history at once.

use metaads_store::{
    AuditEvent, AuthorizationStatus, Completion, CompletionOutcome, ConnectionId, ConnectionState, JobKind,
    JobPayload, Login, RevokedBy, StatusReason,
};

use crate::rows;
use crate::world::{APP, MINUTE, NOW, World, seal, text_id, uuid};

#[tokio::test]
async fn a_login_writes_the_connection_its_assets_its_jobs_and_its_history() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    let authorization = world.consumed(&ann, &session, "state").await;
    let new = Completion {
        authorization_id: Some(authorization.clone()),
        login: Some(Login::Facebook),
        business: Some(("b1".to_owned(), "Business".to_owned())),
        assets: rows::assets(),
        ..world.completion(&ann, "1")
    };
    assert_eq!(world.store.complete_authorization(&new).await.unwrap(), CompletionOutcome::Created);

    let summary = world.store.find_connection_summary(&ann.workspace, &new.connection_id).await.unwrap();
    let summary = summary.unwrap();
    assert_eq!(summary.state, ConnectionState::Active { limited_by: None, since: NOW });
    assert_eq!((summary.token_version, summary.sync_generation, summary.sync_done), (1, 1, 1));
    assert_eq!((summary.login, summary.is_imported), (Some(Login::Facebook), false));
    assert_eq!(summary.business_name.as_deref(), Some("Business"));
    assert_eq!(summary.access_token.as_deref(), Some(new.access_token.as_bytes()));
    assert_eq!((summary.assets.ad_accounts, summary.assets.pages, summary.assets.businesses), (1, 1, 1));
    let finished = world.store.find_authorization(&ann.user, &authorization).await.unwrap().unwrap();
    assert_eq!((finished.status, finished.pkce_verifier), (AuthorizationStatus::Completed, None));
    assert_eq!(finished.outcome.as_deref(), Some("connected"));
    assert_eq!(finished.connection_id.as_ref(), Some(&new.connection_id));
    let sync = world.claim(JobKind::Sync, new.connection_id.as_str()).await;
    assert_eq!(sync.payload, JobPayload::Sync("plan".to_owned()));
    world.claim(JobKind::Check, new.connection_id.as_str()).await;
    let history = world.store.list_audit(&new.connection_id, None, 10).await.unwrap();
    let events: Vec<_> = history.into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, [AuditEvent::Connected { scopes: new.scopes.0, connect_session: None }]);
}

#[tokio::test]
async fn nothing_is_written_for_an_authorization_that_is_cancelled_pending_or_without_session() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let (session, ended) = (world.session(&ann).await, world.session(&ann).await);
    let cancelled = world.consumed(&ann, &session, "cancelled").await;
    world.store.cancel_authorization(&ann.user, &cancelled, NOW).await.unwrap();
    let pending = world.authorization(&ann, &session, "pending").await;
    let signed_out = world.consumed(&ann, &ended, "signed out").await;
    world.store.end_session(&ann.user, &ended).await.unwrap();
    for authorization in [cancelled, pending, signed_out] {
        let new = Completion { authorization_id: Some(authorization), ..world.completion(&ann, "1") };
        assert_eq!(world.store.complete_authorization(&new).await.unwrap(), CompletionOutcome::Cancelled);
    }
    for table in ["meta_connections", "jobs", "audit_log"] {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_second_login_replaces_the_token_and_starts_a_new_generation() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let running = world.claim(JobKind::Check, id.as_str()).await;
    let again = Completion {
        connection_id: id.clone(),
        access_token: seal(&world.keyring, 9),
        check_job: rows::check_job(&id),
        at: NOW + MINUTE,
        limited_by: Some(StatusReason::PermissionsMissing),
        ..world.completion(&ann, "1")
    };
    assert_eq!(world.store.complete_authorization(&again).await.unwrap(), CompletionOutcome::Updated);
    let connection = world.connection(&id).await;
    assert_eq!((connection.token_version, connection.sync_generation), (2, 2));
    assert_eq!((connection.created_at, connection.connected_at), (NOW, NOW + MINUTE));
    assert_eq!(connection.access_token.as_deref(), Some(again.access_token.as_bytes()));
    assert_eq!(connection.state.reason(), Some(StatusReason::PermissionsMissing));
    assert!(!world.store.finish_job(&running).await.unwrap());
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::Reconnected { scopes: again.scopes.0, connect_session: None });
}

#[tokio::test]
async fn reconnecting_a_broken_or_disconnected_connection_makes_it_active() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    world
        .sql("UPDATE meta_connections SET status = 'needs_reauthorization', status_reason = 'password_changed'")
        .await;
    let again = || Completion { connection_id: id.clone(), ..world.completion(&ann, "1") };
    assert_eq!(world.store.complete_authorization(&again()).await.unwrap(), CompletionOutcome::Updated);
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::Recovered { reason: Some(StatusReason::PasswordChanged) });

    assert!(world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap());
    let state = world.connection(&id).await.state;
    assert_eq!(state, ConnectionState::Revoked { by: RevokedBy::User, since: NOW + MINUTE });
    assert_eq!(world.store.complete_authorization(&again()).await.unwrap(), CompletionOutcome::Updated);
    assert_eq!(world.connection(&id).await.state, ConnectionState::Active { limited_by: None, since: NOW });
}

#[tokio::test]
async fn a_person_connected_under_another_id_is_a_conflict_and_nothing_is_written() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let other = world.completion(&ann, "1");
    assert_ne!(other.connection_id, id);
    assert_eq!(world.store.complete_authorization(&other).await.unwrap(), CompletionOutcome::Conflict);
    assert_eq!(world.connection(&id).await.token_version, 1);
    assert!(world.store.find_connection_for_job(&other.connection_id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_id_of_another_workspaces_connection_is_a_conflict_and_nothing_is_written() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let id = world.connect(&ann, "1").await;
    let theft = Completion { connection_id: id.clone(), ..world.completion(&ben, "1") };
    assert_eq!(world.store.complete_authorization(&theft).await.unwrap(), CompletionOutcome::Conflict);
    let connection = world.connection(&id).await;
    assert_eq!((&connection.workspace_id, connection.token_version), (&ann.workspace, 1));
}

#[tokio::test]
async fn of_two_first_logins_of_one_person_at_once_one_is_created() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let (one, other) = (world.completion(&ann, "1"), world.completion(&ann, "1"));
    let (first, second) =
        tokio::join!(world.store.complete_authorization(&one), world.store.complete_authorization(&other));
    let outcomes = [first.unwrap(), second.unwrap()];
    assert!(outcomes.contains(&CompletionOutcome::Created), "{outcomes:?}");
    assert!(outcomes.contains(&CompletionOutcome::Conflict), "{outcomes:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM meta_connections").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM audit_log").await, 1);
}

#[tokio::test]
async fn two_reconnects_at_once_are_both_written_one_after_the_other() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let again = || Completion { connection_id: id.clone(), ..world.completion(&ann, "1") };
    let (one, other) = (again(), again());
    let (first, second) =
        tokio::join!(world.store.complete_authorization(&one), world.store.complete_authorization(&other));
    assert_eq!((first.unwrap(), second.unwrap()), (CompletionOutcome::Updated, CompletionOutcome::Updated));
    assert_eq!(world.connection(&id).await.token_version, 3);
}

#[tokio::test]
async fn a_login_cancels_the_queued_revocation_and_checks_others_on_the_grant() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let first = world.connect(&ann, "1").await;
    let check = world.claim(JobKind::Check, first.as_str()).await;
    assert!(world.store.finish_job(&check).await.unwrap());
    let revoke = rows::job(JobKind::Revoke, &format!("{APP}:1"));
    world.store.enqueue_job(&revoke).await.unwrap();
    assert!(world.store.is_revocation_pending(APP, "1").await.unwrap());
    world.connect(&ben, "1").await;
    assert!(!world.store.is_revocation_pending(APP, "1").await.unwrap());
    let check = world.claim(JobKind::Check, first.as_str()).await;
    assert!(check.check_payload().resync);
    assert_eq!(check.id.as_str(), first.as_str());
}

#[tokio::test]
async fn a_token_sealed_with_an_unknown_data_key_is_refused() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    world.sql("DELETE FROM data_keys").await;
    let new = Completion {
        connection_id: ConnectionId::new(uuid()),
        audit_ids: [text_id(), text_id()],
        ..world.completion(&ann, "1")
    };
    assert!(world.store.complete_authorization(&new).await.is_err());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs").await, 0);
}
