//! Migrations: a database of an earlier version is readable as typed rows afterwards.

use std::borrow::Cow;
use std::path::Path;

use metaads_store::{
    AdAccountChange, AuditEvent, CheckPayload, ConnectionId, ConnectionState, DeletionOutcome,
    DisconnectMode, JobKind, JobPayload, Login, MetaFailure, NoticeEntry, OperatorNotice, Priority,
    StatusReason, Store, StoreError, UserId, WebhookOutcome, WorkspaceId,
};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;

use crate::world::{DAY, NOW, empty_database, execute, lease};

const USER: &str = "00000000-0000-7000-8000-000000000001";
const CONNECTION: &str = "00000000-0000-7000-8000-000000000002";
const SECOND: &str = "00000000-0000-7000-8000-000000000003";
const SESSION: &str = "00000000-0000-7000-8000-000000000004";

/// Migrates an empty database up to a version, as an earlier release of the service did.
async fn migrate_to(url: &str, version: i64) {
    let engine = if url.starts_with("sqlite:") { "sqlite" } else { "postgres" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let mut migrator = Migrator::new(folder).await.unwrap();
    let all = migrator.migrations.into_owned();
    migrator.migrations = Cow::Owned(all.into_iter().filter(|one| one.version <= version).collect());
    if engine == "sqlite" {
        migrator.run(&mut sqlx::SqliteConnection::connect(url).await.unwrap()).await.unwrap();
    } else {
        migrator.run(&mut sqlx::PgConnection::connect(url).await.unwrap()).await.unwrap();
    }
}

/// A database of version 5 with a user and two connections, and more rows.
async fn version_5(rows: &str) -> (tempfile::TempDir, String) {
    let (folder, url) = empty_database().await;
    migrate_to(&url, 5).await;
    let connection = |id: &str, person: &str, status: &str| {
        format!(
            "INSERT INTO meta_connections (id, user_id, kind, app_id, meta_user_id, name, status, status_reason,
                 status_changed_at, token_version, scopes, declined_scopes, sync_state, sync_done,
                 sync_generation, connected_at, created_at, updated_at, is_pasted, login)
             VALUES ('{id}', '{USER}', 'facebook_user', 'app', '{person}', 'Person', {status},
                 {NOW}, 1, 'ads_read', '', 'idle', 0, 1, {NOW}, {NOW}, {NOW}, TRUE, 'business');"
        )
    };
    let user = format!(
        "INSERT INTO users (id, email, email_key, password_hash, is_admin, created_at, password_changed_at)
         VALUES ('{USER}', 'Ann@example.com', 'ann@example.com', 'hash', TRUE, {NOW}, {NOW});"
    );
    let first = connection(CONNECTION, "1", "'needs_reauthorization', 'password_changed'");
    let second = connection(SECOND, "2", "'revoked', 'app_removed'");
    execute(&url, &format!("{user}{first}{second}{rows}")).await;
    (folder, url)
}

fn connection_id(text: &str) -> ConnectionId {
    ConnectionId::from_text(text).unwrap()
}

#[tokio::test]
async fn opening_twice_and_at_once_migrates_once() {
    let (_folder, url) = empty_database().await;
    drop(Store::open(&url).await.unwrap());
    let (first, second) = tokio::join!(Store::open(&url), Store::open(&url));
    first.unwrap().ping(NOW).await.unwrap();
    second.unwrap().ping(NOW).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let (_folder, url) = empty_database().await;
    Store::open(&url).await.unwrap().close().await;
    execute(
        &url,
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
         SELECT 9999, 'later', installed_on, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    )
    .await;
    let result = Store::open(&url).await;
    assert!(matches!(result, Err(StoreError::Migration(_))), "{result:?}");
}

#[tokio::test]
async fn connections_and_authorizations_belong_to_the_personal_workspace() {
    let authorization = format!(
        "INSERT INTO authorizations (id, user_id, session_id, state_hash, redirect_uri, is_popup, is_rerequest,
             status, created_at, expires_at, kind)
         VALUES ('{SESSION}', '{USER}', '{SESSION}', 'state', 'https://example.com', FALSE, FALSE, 'pending',
             {NOW}, {NOW}, 'instagram');"
    );
    let (_folder, url) = version_5(&authorization).await;
    let store = Store::open(&url).await.unwrap();
    let user = UserId::from_text(USER).unwrap();
    let workspace = WorkspaceId::personal(&user);
    let listed = store.list_connections(&workspace).await.unwrap();
    assert_eq!(listed.len(), 2);
    let first = store.find_connection(&workspace, &connection_id(CONNECTION)).await.unwrap().unwrap();
    let reason = StatusReason::PasswordChanged;
    assert_eq!(first.state, ConnectionState::NeedsReauthorization { reason, since: NOW });
    assert_eq!((first.is_imported, first.login), (true, Some(Login::Business)));
    assert_eq!((&first.workspace_id, &first.user_id), (&workspace, &user));
    let authorization = store.find_authorization_by_state("state").await.unwrap().unwrap();
    assert_eq!((authorization.workspace_id, authorization.login), (workspace, Login::Instagram));
    store.delete_user(&user).await.unwrap();
    assert!(store.find_connection_for_job(&connection_id(SECOND)).await.unwrap().is_none());
}

#[tokio::test]
async fn jobs_are_claimed_with_typed_payloads_and_new_kinds() {
    let jobs = [
        ("check", "1", "read again"),
        ("check", "2", "after a pause since 123"),
        ("check", "3", "something else"),
        ("check", "4", ""),
        ("sync", "1", "{\"todo\":[]}"),
        ("standing", "1", ""),
        ("events", "meta", ""),
        ("revoke", "app:1", ""),
    ];
    let insert = |(number, (kind, subject, progress)): (usize, (&str, &str, &str))| {
        format!(
            "INSERT INTO jobs (id, kind, subject, progress, run_at, attempts, leased_until, fence, lane, woken)
             VALUES ('00000000-0000-7000-8000-00000000010{number}', '{kind}', '{subject}', '{progress}', {NOW}, 2,
                 0, 7, 1, TRUE);"
        )
    };
    let (_folder, url) = version_5(&jobs.into_iter().enumerate().map(insert).collect::<String>()).await;
    let store = Store::open(&url).await.unwrap();
    let check = |resync, offline_since| JobPayload::Check(CheckPayload { resync, offline_since });
    for (kind, subject, payload) in [
        (JobKind::Check, "1", check(true, None)),
        (JobKind::Check, "2", check(false, Some(123))),
        (JobKind::Check, "3", JobPayload::Empty),
        (JobKind::Check, "4", JobPayload::Empty),
        (JobKind::Sync, "1", JobPayload::Empty),
        (JobKind::StatusCheck, "1", JobPayload::Empty),
        (JobKind::Webhooks, "meta", JobPayload::Empty),
        (JobKind::Revoke, "app:1", JobPayload::Empty),
    ] {
        let job = store.claim_job_of(kind, subject, lease()).await.unwrap().unwrap();
        assert_eq!(job.payload, payload, "{kind:?} {subject}");
        assert_eq!((job.attempts, job.fence, job.priority), (2, 8, Priority::Background));
    }
}

#[tokio::test]
async fn audit_lines_are_read_as_typed_events() {
    let account = r#"{"id":"1","name":"A","from":"active","to":"disabled","reason":"account_disabled","disable_reason":1}"#;
    let change = AdAccountChange {
        id: "1".to_owned(),
        name: "A".to_owned(),
        from: "active".to_owned(),
        to: "disabled".to_owned(),
        reason: Some("account_disabled".to_owned()),
        disable_reason: Some(1),
    };
    let reason = StatusReason::PasswordChanged;
    let scopes = vec!["ads_read".to_owned(), "pages_show_list".to_owned()];
    let meta = MetaFailure::Text("no answer in time".to_owned());
    let missing = StatusReason::PermissionsMissing;
    let lines = [
        ("connected", "ads_read,pages_show_list", AuditEvent::Connected { scopes, connect_session: None }),
        ("reconnected", "", AuditEvent::Reconnected { scopes: Vec::new(), connect_session: None }),
        ("accounts_read", "12", AuditEvent::AssetsSynced { ad_accounts: 12 }),
        ("selected", "3,2,10", AuditEvent::AdAccountsSelected { selected: 3, added: 2, removed: 10 }),
        ("account_status", account, AuditEvent::AdAccountStatusChanged(change.clone())),
        ("account_lost", account, AuditEvent::AdAccountUnreachable(change)),
        ("disconnected", "forget", AuditEvent::Disconnected { mode: DisconnectMode::Forget }),
        ("app_removed", "", AuditEvent::AppRemoved),
        ("active", "", AuditEvent::Recovered { reason: None }),
        ("recovered", "password_changed", AuditEvent::Recovered { reason: Some(reason) }),
        ("incomplete", "permissions_missing", AuditEvent::Limited { reason: missing }),
        ("needs_reauthorization", "password_changed", AuditEvent::NeedsReauthorization { reason }),
        ("after_pause", "123", AuditEvent::CheckedAfterDowntime { since: 123 }),
        ("refreshed", r#"{"until":456}"#, AuditEvent::Refreshed { until: Some(456) }),
        ("refreshed", r#"{"until":null}"#, AuditEvent::Refreshed { until: None }),
        ("refresh_unchanged", "{}", AuditEvent::RefreshUnchanged),
        ("check_failed", r#"{"meta":"no answer in time"}"#, AuditEvent::CheckFailed { meta: meta.clone() }),
        (
            "refresh_failed",
            r#"{"meta":"no answer in time"}"#,
            AuditEvent::RefreshFailed { meta: meta.clone() },
        ),
        ("refresh_refused", r#"{"meta":"no answer in time"}"#, AuditEvent::RefreshRefused { meta }),
    ];
    let insert = |(number, (action, detail, _)): (usize, &(&str, &str, AuditEvent))| {
        format!(
            "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
             VALUES ('{:03}', {NOW}, '{USER}', '{CONNECTION}', '{action}', '{detail}');",
            999 - number
        )
    };
    let (_folder, url) = version_5(&lines.iter().enumerate().map(insert).collect::<String>()).await;
    let store = Store::open(&url).await.unwrap();
    let history = store.list_audit(&connection_id(CONNECTION), None, 100).await.unwrap();
    assert_eq!(history.len(), lines.len());
    for (entry, (action, _, event)) in history.iter().zip(&lines) {
        assert_eq!(&entry.event, event, "{action}");
    }
}

#[tokio::test]
async fn webhook_events_and_deletion_requests_have_typed_outcomes() {
    let outcomes = [
        ("checked", WebhookOutcome::Checking),
        ("read again", WebhookOutcome::Syncing),
        ("looked at", WebhookOutcome::StatusChecking),
        ("ended", WebhookOutcome::Revoked),
        ("nothing to end", WebhookOutcome::NothingStored),
        ("deleted", WebhookOutcome::Deleted),
        ("nothing", WebhookOutcome::NothingStored),
        ("connected_again", WebhookOutcome::ConnectedAgain),
        ("told the operator", WebhookOutcome::OperatorNotified),
        ("not for us", WebhookOutcome::Ignored),
        ("failed", WebhookOutcome::Failed),
    ];
    let insert = |(number, (outcome, _)): (usize, &(&str, WebhookOutcome))| {
        format!(
            "INSERT INTO meta_events (id, digest, app_id, object, subject, field, value, sent_at, received_at,
                 applied_at, outcome)
             VALUES ('{number}', '{number}', 'app', 'user', '1', '', '{{}}', {NOW}, {}, {NOW}, '{outcome}');",
            NOW - i64::try_from(number).unwrap()
        )
    };
    let mut rows: String = outcomes.iter().enumerate().map(insert).collect();
    rows += &format!(
        "INSERT INTO meta_events (id, digest, app_id, object, subject, field, value, sent_at, received_at)
         VALUES ('pending', 'pending', 'app', 'user', '1', '', '{{}}', {NOW}, {});
         INSERT INTO deletion_requests (id, app_id, user_hash, issued_at, requested_at, completed_at, outcome)
         VALUES ('deletion', 'app', 'hash', {NOW}, {NOW}, {NOW}, 'connected_again');",
        NOW - DAY
    );
    let (_folder, url) = version_5(&rows).await;
    let store = Store::open(&url).await.unwrap();
    let events = store.list_webhook_events(100).await.unwrap();
    let read: Vec<_> = events.iter().map(|event| event.outcome).collect();
    let mut expected: Vec<_> = outcomes.iter().map(|(_, outcome)| Some(*outcome)).collect();
    expected.push(None);
    assert_eq!(read, expected);
    assert_eq!(
        store.list_due_webhook_events(metaads_store::Urgency::Others, i64::MAX, 10).await.unwrap()[0].id,
        "pending"
    );
    let deletion = store.find_deletion("deletion").await.unwrap().unwrap();
    assert_eq!(deletion.outcome, Some(DeletionOutcome::ConnectedAgain));
}

#[tokio::test]
async fn alerts_of_meta_and_quotas_are_kept_and_untyped_operator_notices_dropped() {
    let rows = format!(
        "INSERT INTO operator_notices (code, detail, since, last_at, times)
         VALUES ('meta_policy_block', 'prose', {NOW}, {NOW}, 1), ('meta_notice', 'A \"quoted\" title', {NOW}, {NOW}, 2);
         INSERT INTO meta_limits (budget, percent, blocked_until, seen_at) VALUES ('app', 50, 0, {NOW});
         INSERT INTO unknown_answers (kind, times, first_at, last_at) VALUES ('me 400 9/9', 3, {NOW}, {NOW});
         INSERT INTO throttles (bucket, hits, ends_at) VALUES ('a', 4, {});",
        NOW + DAY
    );
    let (_folder, url) = version_5(&rows).await;
    let store = Store::open(&url).await.unwrap();
    let notices = store.list_notices().await.unwrap();
    let alert = OperatorNotice::MetaNotice { header: "A \"quoted\" title".to_owned() };
    assert_eq!(notices, [NoticeEntry { notice: alert, since: NOW, last_at: NOW, times: 2 }]);
    assert_eq!(store.list_quotas(0).await.unwrap()[0].percent, 50);
    assert_eq!(store.list_unrecognized_errors(1).await.unwrap()[0].times, 3);
    assert_eq!(store.hit_rate_limit("a", NOW, DAY, 1).await.unwrap().hits, 5);
}
