//! Selecting ad accounts.

use metaads_store::{AuditEvent, Completion, ConnectionId, SelectionChange};

use crate::rows;
use crate::world::{NOW, Owner, World, text_id, texts};

/// A connection that reaches accounts 1 to 3, and 4, which is unusable.
async fn connect(world: &World) -> (Owner, ConnectionId) {
    let ann = world.user("ann@example.com").await;
    let mut assets = rows::ad_accounts(&["1", "2", "3", "4"]);
    assets.ad_accounts[3].is_selectable = false;
    let new = Completion { assets, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    (ann, new.connection_id)
}

async fn select(
    world: &World,
    owner: &Owner,
    id: &ConnectionId,
    scope: Option<&[&str]>,
    ids: &[&str],
) -> SelectionChange {
    let (owner, scope) = ((&owner.workspace, &owner.user), scope.map(texts));
    let (scope, ids, audit) = (scope.as_deref(), texts(ids), text_id());
    world.store.select_ad_accounts(owner, id, scope, &ids, NOW, &audit).await.unwrap()
}

async fn selected(world: &World, id: &ConnectionId) -> Vec<String> {
    let all = world.store.list_account_statuses(id, &texts(&["1", "2", "3", "4"])).await.unwrap();
    let mut ids: Vec<String> =
        all.into_iter().filter(|row| row.is_selected).map(|row| row.account_id).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_selection_without_scope_replaces_the_whole_selection() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    let change = select(&world, &ann, &id, None, &["1", "2"]).await;
    assert_eq!(change, SelectionChange { added: 2, removed: 0, selected: 2, refused: 0 });
    let change = select(&world, &ann, &id, None, &["2", "3"]).await;
    assert_eq!(change, SelectionChange { added: 1, removed: 1, selected: 2, refused: 0 });
    assert_eq!(selected(&world, &id).await, ["2", "3"]);
    let newest = world.store.list_audit(&id, None, 1).await.unwrap();
    assert_eq!(newest[0].event, AuditEvent::AdAccountsSelected { selected: 2, added: 1, removed: 1 });
}

#[tokio::test]
async fn a_selection_within_a_scope_leaves_other_accounts_as_they_are() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    select(&world, &ann, &id, None, &["1", "2"]).await;
    let change = select(&world, &ann, &id, Some(&["2"]), &[]).await;
    assert_eq!(change, SelectionChange { added: 0, removed: 1, selected: 1, refused: 0 });
    let change = select(&world, &ann, &id, Some(&[]), &["3"]).await;
    assert_eq!(change, SelectionChange { added: 1, removed: 0, selected: 2, refused: 0 });
    assert_eq!(selected(&world, &id).await, ["1", "3"]);
}

#[tokio::test]
async fn unusable_and_unknown_accounts_are_refused_but_a_selected_one_stays() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    let change = select(&world, &ann, &id, None, &["1", "4", "unknown"]).await;
    assert_eq!(change, SelectionChange { added: 1, removed: 0, selected: 1, refused: 2 });
    world.sql("UPDATE meta_ad_accounts SET is_selectable = FALSE, is_reachable = FALSE").await;
    let change = select(&world, &ann, &id, None, &["1", "2"]).await;
    assert_eq!(change, SelectionChange { added: 0, removed: 0, selected: 1, refused: 1 });
}

#[tokio::test]
async fn an_unchanged_selection_adds_no_event() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    select(&world, &ann, &id, None, &["1"]).await;
    select(&world, &ann, &id, None, &["1", "1"]).await;
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn another_workspace_cannot_change_the_selection() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    let ben = world.user("ben@example.com").await;
    select(&world, &ann, &id, None, &["1"]).await;
    let change = select(&world, &ben, &id, None, &["2", "3"]).await;
    assert_eq!(change, SelectionChange { added: 0, removed: 0, selected: 0, refused: 2 });
    assert_eq!(selected(&world, &id).await, ["1"]);
    assert_eq!(world.store.list_audit(&id, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_two_selections_at_once_the_later_one_applies_as_a_whole() {
    let world = World::new().await;
    let (ann, id) = connect(&world).await;
    let (first, second) = tokio::join!(
        select(&world, &ann, &id, None, &["1", "2"]),
        select(&world, &ann, &id, None, &["2", "3"])
    );
    assert_eq!((first.selected, second.selected), (2, 2));
    let removed = first.removed + second.removed;
    assert_eq!((first.added + second.added, removed), (3, 1), "{first:?} {second:?}");
    let left = selected(&world, &id).await;
    assert!(left == ["1", "2"] || left == ["2", "3"], "{left:?}");
}
