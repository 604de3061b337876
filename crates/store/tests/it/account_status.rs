//! Status checks of ad accounts.

use metaads_store::{
    AccountCheck, AdAccountChange, AuditEvent, Completion, ConnectionId, JobKind, ObservedStatus,
};

use crate::rows::{self, stale};
use crate::world::{DAY, MINUTE, NOW, Owner, World, texts};

/// A connection with the selected accounts 1 and 2, due now, and account 3, not selected.
async fn connect(world: &World) -> (Owner, ConnectionId) {
    let ann = world.user("ann@example.com").await;
    let new = Completion { assets: rows::ad_accounts(&["1", "2", "3"]), ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    world.sql("UPDATE meta_ad_accounts SET is_selected = TRUE WHERE account_id <> '3'").await;
    (ann, new.connection_id)
}

async fn due(world: &World, id: &ConnectionId, now: i64) -> Vec<String> {
    let rows = world.store.list_due_accounts(id, now, 10).await.unwrap();
    rows.into_iter().map(|row| row.account_id).collect()
}

#[tokio::test]
async fn selected_accounts_are_due_by_time_and_a_far_future_check_is_due_now() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    world.sql(&format!("UPDATE meta_ad_accounts SET next_check_at = {NOW}")).await;
    world.sql("UPDATE meta_ad_accounts SET next_check_at = 5 WHERE account_id = '2'").await;
    assert_eq!(due(&world, &id, NOW).await, ["2", "1"]);
    assert_eq!(due(&world, &id, NOW - 1).await, ["2"]);
    assert_eq!(world.store.list_due_accounts(&id, NOW, 1).await.unwrap().len(), 1);
    world.sql(&format!("UPDATE meta_ad_accounts SET next_check_at = {}", NOW + 2 * DAY)).await;
    assert!(due(&world, &id, NOW).await.is_empty());
    assert_eq!(due(&world, &id, NOW - 1).await.len(), 2);
}

#[tokio::test]
async fn unknown_accounts_are_left_out() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let found = world.store.list_account_statuses(&id, &texts(&["1", "unknown"])).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].account_name.as_str(), found[0].account_status), ("Account 1", Some(1)));
    assert!(world.store.list_account_statuses(&id, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_check_writes_the_status_its_event_and_the_next_check() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let job = world.claimed(&rows::job(JobKind::StatusCheck, id.as_str())).await;
    let change = AdAccountChange {
        id: "1".to_owned(),
        name: "Account 1".to_owned(),
        from: "active".to_owned(),
        to: "disabled".to_owned(),
        reason: None,
        disable_reason: Some(4),
    };
    let changed = rows::event(AuditEvent::AdAccountStatusChanged(change.clone()));
    let checks = [
        AccountCheck { changed: Some(changed), ..rows::account_check("1", 2) },
        AccountCheck { next_check_at: NOW + 2 * DAY - 1, ..rows::account_check("2", 1) },
    ];
    assert!(world.store.record_account_checks(&job, &id, &checks, NOW).await.unwrap());
    let mut rows = world.store.list_account_statuses(&id, &texts(&["1", "2"])).await.unwrap();
    rows.sort_by(|a, b| a.account_id.cmp(&b.account_id));
    assert_eq!((rows[0].account_status, rows[0].is_selectable), (Some(2), false));
    assert_eq!((rows[0].status_changed_at, rows[1].status_changed_at), (NOW, 0));
    assert_eq!(rows[0].next_check_at, NOW + DAY);
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::AdAccountStatusChanged(change));
    assert_eq!(world.number("SELECT run_at FROM jobs WHERE kind = 'status_check'").await, NOW + DAY);
}

#[tokio::test]
async fn an_unreachable_account_keeps_its_last_known_status() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let observed = ObservedStatus {
        account_status: None,
        disable_reason: None,
        is_selectable: false,
        lost_reason: Some("asset_unreachable".to_owned()),
    };
    let lost = AccountCheck { observed: Some(observed), ..rows::account_check("1", 1) };
    assert!(world.store.store_account_checks(&id, &[lost], NOW + MINUTE).await.unwrap());
    let row = world.store.list_account_statuses(&id, &texts(&["1"])).await.unwrap().remove(0);
    assert_eq!((row.is_reachable, row.is_selectable, row.account_status), (false, false, Some(1)));
    let validated = "SELECT last_validated_at FROM meta_ad_accounts WHERE account_id = '1'";
    assert_eq!(world.number(validated).await, NOW);
}

#[tokio::test]
async fn a_check_without_result_only_schedules_the_next_and_a_requested_check_stays_due() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let unanswered = |account| AccountCheck { observed: None, ..rows::account_check(account, 2) };
    let requested = world.store.request_account_check("2", NOW - 1).await.unwrap();
    assert_eq!(requested, std::slice::from_ref(&id));
    let checks = [unanswered("1"), unanswered("2")];
    assert!(world.store.store_account_checks(&id, &checks, NOW).await.unwrap());
    assert_eq!(due(&world, &id, NOW).await, ["2"]);
    let row = world.store.list_account_statuses(&id, &texts(&["1"])).await.unwrap().remove(0);
    assert_eq!((row.account_status, row.next_check_at), (Some(1), NOW + DAY));
}

#[tokio::test]
async fn a_check_is_requested_in_every_connection_that_selected_the_account() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let ben = world.user("ben@example.com").await;
    let other = Completion { assets: rows::ad_accounts(&["1", "3"]), ..world.completion(&ben, "2") };
    world.store.complete_authorization(&other).await.unwrap();
    assert_eq!(world.store.request_account_check("1", NOW).await.unwrap(), [id]);
    assert!(world.store.request_account_check("3", NOW).await.unwrap().is_empty());
    assert!(world.store.request_account_check("unknown", NOW).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_job_ends_when_nothing_is_selected() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    world.sql("UPDATE meta_ad_accounts SET is_selected = FALSE").await;
    let job = world.claimed(&rows::job(JobKind::StatusCheck, id.as_str())).await;
    assert!(world.store.record_account_checks(&job, &id, &[], NOW).await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE kind = 'status_check'").await, 0);
}

#[tokio::test]
async fn a_lost_fence_or_a_disconnected_connection_writes_nothing() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    let job = world.claimed(&rows::job(JobKind::StatusCheck, id.as_str())).await;
    let checks = [rows::account_check("1", 2)];
    assert!(!world.store.record_account_checks(&stale(&job), &id, &checks, NOW).await.unwrap());
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    assert!(!world.store.record_account_checks(&job, &id, &checks, NOW).await.unwrap());
    assert!(!world.store.store_account_checks(&id, &checks, NOW).await.unwrap());
    let row = world.store.list_account_statuses(&id, &texts(&["1"])).await.unwrap().remove(0);
    assert_eq!(row.account_status, Some(1));
}

#[tokio::test]
async fn checks_of_the_job_and_of_a_selection_at_once_are_both_written() {
    let world = World::new().await;
    let (_, id) = connect(&world).await;
    let job = world.claimed(&rows::job(JobKind::StatusCheck, id.as_str())).await;
    let (one, other) = ([rows::account_check("1", 2)], [rows::account_check("2", 2)]);
    let (first, second) = tokio::join!(
        world.store.record_account_checks(&job, &id, &one, NOW),
        world.store.store_account_checks(&id, &other, NOW)
    );
    assert!(first.unwrap() && second.unwrap());
    let rows = world.store.list_account_statuses(&id, &texts(&["1", "2"])).await.unwrap();
    assert!(rows.iter().all(|row| row.account_status == Some(2)));
}
