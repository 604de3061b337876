//! Syncing assets: generations, steps, and the end of a sync.

use metaads_store::{
    AssetBatch, AuditEvent, Completion, ConnectionId, IfSyncing, JobKind, JobPayload, NewAdAccount, NewJob,
    Priority, ProfileUpdate, Relation, SyncState, SyncStep, UnreadList, UnreadReason,
};

use crate::rows::{self, stale};
use crate::world::{MINUTE, NOW, Owner, World, texts, uuid};

async fn connect(world: &World, assets: AssetBatch) -> (Owner, ConnectionId) {
    let ann = world.user("ann@example.com").await;
    let new = Completion { assets, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    (ann, new.connection_id)
}

/// Starts the second generation.
async fn start(world: &World, id: &ConnectionId) {
    let payload = JobPayload::Sync("second plan".to_owned());
    let job = NewJob { payload, ..rows::job(JobKind::Sync, id.as_str()) };
    assert!(world.store.start_sync(id, &job, IfSyncing::Restart).await.unwrap());
}

/// Runs the second generation as one step.
async fn sync(world: &World, id: &ConnectionId, assets: AssetBatch, unread: Option<UnreadList>) {
    start(world, id).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    let step = SyncStep { generation: 2, assets, unread, ..rows::sync_step(id) };
    assert!(world.store.record_sync_step(&job, &step).await.unwrap());
}

#[tokio::test]
async fn starting_a_sync_begins_a_generation_and_takes_the_job_from_its_holder() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::assets()).await;
    let running = world.claim(JobKind::Sync, id.as_str()).await;
    start(&world, &id).await;
    let connection = world.connection(&id).await;
    assert_eq!((connection.sync_generation, connection.sync_state), (2, SyncState::Running));
    assert_eq!((connection.sync_done, connection.sync_total), (0, None));
    assert!(!world.store.record_sync_step(&running, &rows::sync_step(&id)).await.unwrap());
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    assert_eq!(job.payload, JobPayload::Sync("second plan".to_owned()));
}

#[tokio::test]
async fn a_running_sync_is_not_restarted_by_a_press_and_runs_again_after_a_change() {
    let world = World::new().await;
    let (_, id) = connect(&world, AssetBatch::default()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    let new = NewJob { payload: JobPayload::Sync("new".to_owned()), ..rows::job(JobKind::Sync, id.as_str()) };
    let ask = async |if_syncing| world.store.start_sync(&id, &new, if_syncing).await.unwrap();
    assert!(ask(IfSyncing::Continue).await);
    assert!(ask(IfSyncing::RunAgain).await);
    assert_eq!(world.connection(&id).await.sync_generation, 1);
    assert!(world.store.record_sync_step(&job, &rows::sync_step(&id)).await.unwrap(), "it keeps its lease");
    let again = world.claim(JobKind::Sync, id.as_str()).await;
    assert_eq!(again.payload, JobPayload::Empty, "it starts over");
    let stuck = SyncStep { is_stuck: true, next: Some(("rest".to_owned(), NOW)), ..rows::sync_step(&id) };
    assert!(world.store.record_sync_step(&again, &stuck).await.unwrap());
    assert_eq!(world.connection(&id).await.sync_state, SyncState::Failed);
    assert!(ask(IfSyncing::Continue).await);
    assert_eq!(world.connection(&id).await.sync_generation, 2, "one that is stuck is restarted");
}

#[tokio::test]
async fn name_and_picture_follow_and_the_limits_that_worked_are_kept() {
    let world = World::new().await;
    let (_, id) = connect(&world, AssetBatch::default()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    let before = world.connection(&id).await;
    let profile = ProfileUpdate { name: Some("New Name".to_owned()), ..ProfileUpdate::default() };
    let limits = Some(r#"{"adaccounts":25}"#.to_owned());
    let step = SyncStep { profile: Some(profile), limits: limits.clone(), ..rows::sync_step(&id) };
    assert!(world.store.record_sync_step(&job, &step).await.unwrap());
    let after = world.connection(&id).await;
    assert_eq!((after.name.as_str(), after.picture_url), ("New Name", before.picture_url));
    assert_eq!(Some(after.sync_limits), limits);
}

#[tokio::test]
async fn a_disconnected_or_unknown_connection_is_not_synced() {
    let world = World::new().await;
    let (ann, id) = connect(&world, AssetBatch::default()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    let new = rows::job(JobKind::Sync, id.as_str());
    assert!(!world.store.start_sync(&id, &new, IfSyncing::Restart).await.unwrap());
    assert!(!world.store.start_sync(&ConnectionId::new(uuid()), &new, IfSyncing::Restart).await.unwrap());
    assert!(!world.store.record_sync_step(&job, &rows::sync_step(&id)).await.unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE kind <> 'events'").await, 0);
}

#[tokio::test]
async fn a_step_writes_its_assets_its_progress_and_the_rest_of_the_plan() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::ad_accounts(&["1"])).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    let step = SyncStep {
        assets: rows::ad_accounts(&["2", "3"]),
        total: Some(10),
        next: Some(("rest".to_owned(), NOW)),
        ..rows::sync_step(&id)
    };
    assert!(world.store.record_sync_step(&job, &step).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!((connection.sync_done, connection.sync_total), (3, Some(10)));
    assert_eq!((connection.sync_state, connection.last_synced_at), (SyncState::Running, None));
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    assert_eq!(job.payload, JobPayload::Sync("rest".to_owned()));
}

#[tokio::test]
async fn a_lost_fence_writes_nothing() {
    let world = World::new().await;
    let (_, id) = connect(&world, AssetBatch::default()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    for next in [Some(("rest".to_owned(), NOW)), None] {
        let step = SyncStep { assets: rows::assets(), next, ..rows::sync_step(&id) };
        assert!(!world.store.record_sync_step(&stale(&job), &step).await.unwrap());
    }
    assert!(world.store.list_pages(&id, "", "", 1_000).await.unwrap().is_empty());
    assert_eq!(world.connection(&id).await.sync_done, 0);
    assert!(world.store.finish_job(&job).await.unwrap());
}

#[tokio::test]
async fn of_one_step_written_twice_at_once_one_is_kept() {
    let world = World::new().await;
    let (_, id) = connect(&world, AssetBatch::default()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    let (one, other) = (rows::sync_step(&id), rows::sync_step(&id));
    let (first, second) =
        tokio::join!(world.store.record_sync_step(&job, &one), world.store.record_sync_step(&job, &other));
    assert_ne!(first.unwrap(), second.unwrap());
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_last_step_ends_the_sync_and_starts_the_status_checks() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::assets()).await;
    let job = world.claim(JobKind::Sync, id.as_str()).await;
    assert!(world.store.record_sync_step(&job, &rows::sync_step(&id)).await.unwrap());
    let connection = world.connection(&id).await;
    assert_eq!((connection.sync_state, connection.sync_total), (SyncState::Idle, Some(1)));
    assert_eq!(connection.last_synced_at, Some(NOW + MINUTE));
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::AssetsSynced { ad_accounts: 1 });
    let next = world.claim(JobKind::StatusCheck, id.as_str()).await;
    assert_eq!(next.priority, Priority::Background);
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE kind = 'sync'").await, 0);
}

#[tokio::test]
async fn assets_that_a_sync_did_not_find_are_removed_and_ad_accounts_marked() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::assets()).await;
    sync(&world, &id, rows::ad_accounts(&["2"]), None).await;
    assert!(world.store.list_pages(&id, "", "", 1_000).await.unwrap().is_empty());
    assert!(world.store.list_businesses(&id).await.unwrap().is_empty());
    assert!(world.store.list_instagram_accounts(&id, "", "", 1_000).await.unwrap().is_empty());
    let accounts = world.store.list_account_statuses(&id, &texts(&["1", "2"])).await.unwrap();
    for account in accounts {
        let is_found = account.account_id == "2";
        assert_eq!((account.is_reachable, account.is_selectable), (is_found, is_found));
    }
}

#[tokio::test]
async fn a_selected_account_that_a_sync_did_not_find_becomes_due_for_a_check() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::assets()).await;
    world
        .sql(&format!("UPDATE meta_ad_accounts SET is_selected = TRUE, next_check_at = {}", NOW + MINUTE))
        .await;
    sync(&world, &id, AssetBatch::default(), None).await;
    let due = world.store.list_due_accounts(&id, NOW, 10).await.unwrap();
    assert_eq!((due.len(), due[0].is_reachable, due[0].is_selectable), (1, true, true));
}

#[tokio::test]
async fn a_temporarily_refused_list_keeps_the_assets_that_it_may_contain() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::assets()).await;
    let unread = UnreadList {
        list: "adaccounts".to_owned(),
        business_id: String::new(),
        business_name: String::new(),
        reason: UnreadReason::Refused,
    };
    sync(&world, &id, AssetBatch::default(), Some(unread.clone())).await;
    assert_eq!(world.store.list_pages(&id, "", "", 1_000).await.unwrap().len(), 1);
    assert_eq!(world.store.list_businesses(&id).await.unwrap().len(), 1);
    let account = world.store.list_account_statuses(&id, &texts(&["1"])).await.unwrap().remove(0);
    assert!(account.is_reachable);
    assert_eq!(world.store.list_unread_lists(&id).await.unwrap(), [unread]);
}

#[tokio::test]
async fn a_list_does_not_change_the_status_of_a_selected_account_but_makes_it_due() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::ad_accounts(&["1", "2"])).await;
    let due_later = NOW + MINUTE;
    world
        .sql(&format!(
            "UPDATE meta_ad_accounts SET next_check_at = {due_later}, is_selected = (account_id = '1')"
        ))
        .await;
    let mut assets = rows::ad_accounts(&["1", "2"]);
    for account in &mut assets.ad_accounts {
        account.account_status = Some(2);
        account.is_selectable = false;
    }
    sync(&world, &id, assets, None).await;
    let mut accounts = world.store.list_account_statuses(&id, &texts(&["1", "2"])).await.unwrap();
    accounts.sort_by(|a, b| a.account_id.cmp(&b.account_id));
    let states: Vec<_> =
        accounts.iter().map(|row| (row.account_status, row.is_selectable, row.next_check_at)).collect();
    assert_eq!(states, [(Some(1), true, 0), (Some(2), false, 0)]);
}

#[tokio::test]
async fn an_account_keeps_the_group_of_its_business_within_a_generation() {
    let world = World::new().await;
    let (_, id) = connect(&world, rows::ad_accounts(&["1"])).await;
    let personal = NewAdAccount {
        group_id: String::new(),
        group_name: String::new(),
        relation: Relation::Personal.as_str().to_owned(),
        ..rows::ad_account("1")
    };
    world.store.add_ad_account(&id, &personal, NOW).await.unwrap();
    let grouped = "SELECT COUNT(*) FROM meta_ad_accounts WHERE group_id = 'b1' AND relation = 'owned'";
    assert_eq!(world.number(grouped).await, 1);
    start(&world, &id).await;
    world.store.add_ad_account(&id, &personal, NOW).await.unwrap();
    assert_eq!(world.number(grouped).await, 0);
}

#[tokio::test]
async fn a_single_account_is_added_unless_disconnected() {
    let world = World::new().await;
    let (ann, id) = connect(&world, AssetBatch::default()).await;
    world.store.add_ad_account(&id, &rows::ad_account("1"), NOW).await.unwrap();
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    world.store.add_ad_account(&id, &rows::ad_account("2"), NOW).await.unwrap();
    let accounts = world.store.list_account_statuses(&id, &texts(&["1", "2"])).await.unwrap();
    assert_eq!(accounts.iter().map(|row| row.account_id.as_str()).collect::<Vec<_>>(), ["1"]);
}

#[tokio::test]
async fn the_state_of_a_sync_is_set() {
    let world = World::new().await;
    let (_, id) = connect(&world, AssetBatch::default()).await;
    for state in [SyncState::Failed, SyncState::Running, SyncState::Idle] {
        world.store.set_sync_state(&id, state).await.unwrap();
        assert_eq!(world.connection(&id).await.sync_state, state);
    }
}
