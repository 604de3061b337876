//! Disconnecting, revocations at Meta, and deletion.

use metaads_store::{
    AuditEvent, Completion, CompletionOutcome, ConnectionState, DisconnectMode, DisconnectRequest, JobKind,
    RevokedBy,
};

use crate::rows;
use crate::world::{APP, MINUTE, NOW, World, text_id};

#[tokio::test]
async fn disconnecting_erases_the_token_and_the_jobs_and_queues_the_revocation() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let request = DisconnectRequest {
        revoke_job: Some(rows::job(JobKind::Revoke, &format!("{APP}:1"))),
        mode: DisconnectMode::Revoke,
        ..rows::disconnect(&ann, &id)
    };
    assert!(!world.store.is_revocation_pending(APP, "1").await.unwrap());
    assert!(world.store.disconnect(&request).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!(connection.state, ConnectionState::Revoked { by: RevokedBy::User, since: NOW + MINUTE });
    assert_eq!((connection.access_token, connection.expires_at), (None, None));
    assert_eq!(connection.token_version, 2);
    assert!(world.store.is_revocation_pending(APP, "1").await.unwrap());
    assert!(!world.store.is_revocation_pending(APP, "2").await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE kind NOT IN ('revoke', 'events')").await, 0);
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::Disconnected { mode: DisconnectMode::Revoke });
    assert!(world.store.count_sealed().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_connection_is_disconnected_once_and_only_in_its_workspace() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let id = world.connect(&ann, "1").await;
    assert!(!world.store.disconnect(&rows::disconnect(&ben, &id)).await.unwrap());
    assert!(world.connection(&id).await.access_token.is_some());
    let (one, other) = (rows::disconnect(&ann, &id), rows::disconnect(&ann, &id));
    let (first, second) = tokio::join!(world.store.disconnect(&one), world.store.disconnect(&other));
    assert_ne!(first.unwrap(), second.unwrap());
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn only_a_disconnected_connection_of_the_workspace_is_purged() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let new = Completion { assets: rows::assets(), ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    let id = new.connection_id;
    assert!(!world.store.purge_connection(&ann.workspace, &id).await.unwrap());
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    assert!(!world.store.purge_connection(&ben.workspace, &id).await.unwrap());
    assert!(world.store.purge_connection(&ann.workspace, &id).await.unwrap());
    assert!(!world.store.purge_connection(&ann.workspace, &id).await.unwrap());
    for table in
        ["meta_connections", "meta_ad_accounts", "meta_pages", "audit_log", "jobs WHERE kind <> 'events'"]
    {
        assert_eq!(world.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_login_at_the_moment_of_a_purge_leaves_a_live_connection() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    for person in 0..20 {
        let person = person.to_string();
        let id = world.connect(&ann, &person).await;
        world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
        let again = Completion { connection_id: id.clone(), ..world.completion(&ann, &person) };
        let (purged, completed) = tokio::join!(
            world.store.purge_connection(&ann.workspace, &id),
            world.store.complete_authorization(&again),
        );
        let outcome = if purged.unwrap() { CompletionOutcome::Created } else { CompletionOutcome::Updated };
        assert_eq!(completed.unwrap(), outcome);
        assert!(world.connection(&id).await.access_token.is_some());
    }
}

#[tokio::test]
async fn ending_a_grant_revokes_its_older_connections_in_every_workspace() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let (first, second) = (world.connect(&ann, "1").await, world.connect(&ben, "1").await);
    let other = world.connect(&ann, "2").await;
    let ids: Vec<String> = (0..3).map(|_| text_id()).collect();
    let ended = world.store.end_grant(&rows::revocation("1"), &ids).await.unwrap();
    assert_eq!(ended, 2);
    for id in [&first, &second] {
        let connection = world.connection(id).await;
        let state = ConnectionState::Revoked { by: RevokedBy::Person, since: NOW + 2 * MINUTE };
        assert_eq!((connection.state, connection.access_token), (state, None));
        assert_eq!(world.store.list_audit(id, None, 1).await.unwrap()[0].event, AuditEvent::AppRemoved);
    }
    assert!(world.connection(&other).await.access_token.is_some());
    assert_eq!(world.store.end_grant(&rows::revocation("1"), &ids).await.unwrap(), 0);
}

#[tokio::test]
async fn a_grant_ends_in_several_calls_and_newer_connections_stay() {
    let world = World::new().await;
    let users = [world.user("ann@example.com").await, world.user("ben@example.com").await];
    for owner in &users {
        world.connect(owner, "1").await;
    }
    let eve = world.user("eve@example.com").await;
    let newer = Completion { at: NOW + MINUTE + 1, ..world.completion(&eve, "1") };
    world.store.complete_authorization(&newer).await.unwrap();
    let mut ended = Vec::new();
    for _ in 0..3 {
        ended.push(world.store.end_grant(&rows::revocation("1"), &[text_id()]).await.unwrap());
    }
    assert_eq!(ended, [1, 1, 0]);
    assert!(world.connection(&newer.connection_id).await.access_token.is_some());
}

#[tokio::test]
async fn a_grant_that_is_ended_twice_at_once_ends_each_connection_once() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    world.connect(&ann, "1").await;
    world.connect(&ben, "1").await;
    let revocation = rows::revocation("1");
    let ids: Vec<String> = (0..4).map(|_| text_id()).collect();
    let (first, second) = tokio::join!(
        world.store.end_grant(&revocation, &ids[..2]),
        world.store.end_grant(&revocation, &ids[2..])
    );
    assert_eq!(first.unwrap() + second.unwrap(), 2);
}

#[tokio::test]
async fn deleting_a_grant_deletes_older_connections_and_the_persons_events() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let old = world.connect(&ann, "1").await;
    let newer = Completion { at: NOW + 2 * MINUTE, ..world.completion(&ben, "1") };
    world.store.complete_authorization(&newer).await.unwrap();
    let other = world.connect(&ann, "2").await;
    let events = [
        rows::webhook_event("permissions", "1"),
        rows::webhook_event("data_deletion", "1"),
        rows::webhook_event("permissions", "2"),
    ];
    world.store.insert_webhook_events(&events, &rows::webhook_job()).await.unwrap();
    assert_eq!(world.store.delete_grant(&rows::revocation("1")).await.unwrap(), (1, 1));
    assert!(world.store.find_connection_for_job(&old).await.unwrap().is_none());
    assert!(world.store.list_audit(&old, None, 10).await.unwrap().is_empty());
    for id in [&newer.connection_id, &other] {
        assert!(world.connection(id).await.access_token.is_some());
    }
    let stored = world.store.list_webhook_events(10).await.unwrap();
    let mut subjects: Vec<_> =
        stored.iter().map(|event| (event.object.as_str(), event.subject.as_str())).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, [("data_deletion", "1"), ("permissions", ""), ("permissions", "2")]);
    assert_eq!(world.store.delete_grant(&rows::revocation("3")).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_disconnected_connection_is_deleted_with_its_grant_whenever_it_was_made() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let new = Completion { at: NOW + 2 * MINUTE, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    world.store.disconnect(&rows::disconnect(&ann, &new.connection_id)).await.unwrap();
    assert_eq!(world.store.delete_grant(&rows::revocation("1")).await.unwrap(), (1, 0));
}
