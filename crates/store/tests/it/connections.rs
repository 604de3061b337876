//! Reading connections: by workspace, by grant, by business.

use metaads_store::{Completion, ConnectionId, ConnectionKind, StatusReason, StoreError};

use crate::rows;
use crate::world::{APP, MINUTE, NOW, World, uuid};

#[tokio::test]
async fn a_workspace_sees_its_own_connections_by_name_and_no_others() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let (second, first) = (world.connect(&ann, "2").await, world.connect(&ann, "1").await);
    let foreign = world.connect(&ben, "1").await;
    let listed = world.store.list_connections(&ann.workspace).await.unwrap();
    assert_eq!(listed.iter().map(|one| &one.id).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(world.store.list_connection_states(&ann.workspace).await.unwrap().len(), 2);
    assert!(world.store.find_connection(&ann.workspace, &first).await.unwrap().is_some());
    assert!(world.store.find_connection(&ann.workspace, &foreign).await.unwrap().is_none());
    assert!(world.store.find_connection_summary(&ann.workspace, &foreign).await.unwrap().is_none());
    assert!(world.store.find_connection_for_job(&foreign).await.unwrap().is_some());
    assert!(world.store.find_connection_for_job(&ConnectionId::new(uuid())).await.unwrap().is_none());
}

#[tokio::test]
async fn a_summary_counts_assets_selected_owing_and_stopped_ad_accounts() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let mut assets = rows::assets();
    assets.ad_accounts = rows::ad_accounts(&["1", "2", "3", "4"]).ad_accounts;
    let new = Completion { assets, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    world.sql("UPDATE meta_ad_accounts SET is_selected = TRUE WHERE account_id <> '4'").await;
    world.sql("UPDATE meta_ad_accounts SET account_status = 3 WHERE account_id IN ('2', '4')").await;
    world.sql("UPDATE meta_ad_accounts SET is_selectable = FALSE WHERE account_id = '3'").await;
    let counts = world.store.list_connections(&ann.workspace).await.unwrap().remove(0).assets;
    assert_eq!((counts.ad_accounts, counts.selected, counts.owing, counts.stopped), (4, 3, 1, 1));
    assert_eq!((counts.pages, counts.instagram_accounts, counts.businesses), (1, 1, 1));
    assert_eq!(counts.first_business.as_deref(), Some("Business"));
    let one = world.store.find_connection_summary(&ann.workspace, &new.connection_id).await.unwrap();
    assert_eq!(one.unwrap().assets, counts);
}

#[tokio::test]
async fn the_id_of_a_person_is_found_per_workspace_kind_and_app_even_when_disconnected() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let id = world.connect(&ann, "1").await;
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    let find = async |workspace, kind, app: &str, person: &str| {
        world.store.find_connection_id(workspace, kind, app, person, None).await.unwrap()
    };
    let kind = ConnectionKind::FacebookUser;
    assert_eq!(find(&ann.workspace, kind, APP, "1").await, Some(id));
    assert_eq!(find(&ben.workspace, kind, APP, "1").await, None);
    assert_eq!(find(&ann.workspace, ConnectionKind::InstagramUser, APP, "1").await, None);
    assert_eq!(find(&ann.workspace, kind, "another app", "1").await, None);
    assert_eq!(find(&ann.workspace, kind, APP, "2").await, None);
}

#[tokio::test]
async fn live_connections_on_a_grant_are_listed_across_workspaces_by_either_id() {
    let world = World::new().await;
    let (ann, ben) = (world.user("ann@example.com").await, world.user("ben@example.com").await);
    let scoped = Completion { scoped_user_id: Some("scoped".to_owned()), ..world.completion(&ann, "1") };
    world.store.complete_authorization(&scoped).await.unwrap();
    let other = world.connect(&ben, "1").await;
    world.connect(&ben, "2").await;
    let list = async |person: &str| {
        let listed = world.store.list_connections_on_grant(APP, person).await.unwrap();
        listed.into_iter().map(|one| (one.id, one.workspace_id)).collect::<Vec<_>>()
    };
    let first = (scoped.connection_id, ann.workspace);
    assert_eq!(list("1").await, [first.clone(), (other.clone(), ben.workspace.clone())]);
    assert_eq!(list("scoped").await, std::slice::from_ref(&first));
    world.store.disconnect(&rows::disconnect(&ben, &other)).await.unwrap();
    assert_eq!(list("1").await, [first]);
    assert!(world.store.list_connections_on_grant("another app", "1").await.unwrap().is_empty());
}

#[tokio::test]
async fn live_connections_of_a_business_are_listed() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let business = Some(("b1".to_owned(), "Business".to_owned()));
    let new = Completion { business, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    world.connect(&ann, "2").await;
    let list = async |business: &str| world.store.list_connections_of_business(APP, business).await.unwrap();
    let id = new.connection_id;
    assert_eq!(list("b1").await, std::slice::from_ref(&id));
    assert!(list("b2").await.is_empty());
    world.store.disconnect(&rows::disconnect(&ann, &id)).await.unwrap();
    assert!(list("b1").await.is_empty());
}

#[tokio::test]
async fn a_status_that_contradicts_its_reason_is_an_inconsistent_row() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    for columns in [
        "status = 'needs_reauthorization', status_reason = NULL",
        "status = 'revoked', status_reason = 'password_changed'",
    ] {
        world.sql(&format!("UPDATE meta_connections SET {columns}")).await;
        let is_inconsistent = |error| match error {
            StoreError::Inconsistent { table, .. } => table == "meta_connections",
            StoreError::Unavailable(_) | StoreError::Unexpected(_) | StoreError::Migration(_) => false,
        };
        let error = world.store.find_connection(&ann.workspace, &id).await.unwrap_err();
        assert!(is_inconsistent(error), "{columns}");
        assert!(is_inconsistent(world.store.list_connections(&ann.workspace).await.unwrap_err()));
        assert!(is_inconsistent(world.store.list_connection_states(&ann.workspace).await.unwrap_err()));
        assert!(is_inconsistent(world.store.find_connection_for_job(&id).await.unwrap_err()));
    }
}

#[tokio::test]
async fn an_unknown_status_or_reason_is_an_unexpected_error() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    for columns in ["status = 'asleep'", "status = 'active', status_reason = 'tired'"] {
        world.sql(&format!("UPDATE meta_connections SET {columns}")).await;
        let result = world.store.find_connection(&ann.workspace, &id).await;
        assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
    }
}

#[tokio::test]
async fn every_state_is_read_back_with_its_reason_and_time() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let limited_by = Some(StatusReason::DataAccessExpired);
    let new = Completion { limited_by, at: NOW + MINUTE, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    let state = world.store.list_connection_states(&ann.workspace).await.unwrap().remove(0);
    assert_eq!((state.reason(), state.since()), (limited_by, NOW + MINUTE));
}
