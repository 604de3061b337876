//! Reading assets: ad accounts by filter, businesses, Pages, Instagram accounts, unread lists.

use metaads_store::{
    AdAccountFilter, AssetBatch, Completion, ConnectionId, JobKind, Only, Relation, StoreError, SyncStep,
    UnreadList, UnreadReason,
};

use crate::rows;
use crate::world::{MINUTE, NOW, World, texts};

fn filter(id: &ConnectionId) -> AdAccountFilter {
    AdAccountFilter::all(id, 100)
}

async fn list(world: &World, filter: &AdAccountFilter) -> Vec<String> {
    let accounts = world.store.list_ad_accounts(filter).await.unwrap();
    accounts.into_iter().map(|account| account.account_id).collect()
}

async fn connect(world: &World, assets: AssetBatch) -> ConnectionId {
    let ann = world.user("ann@example.com").await;
    let new = Completion { assets, ..world.completion(&ann, "1") };
    world.store.complete_authorization(&new).await.unwrap();
    new.connection_id
}

/// Accounts 1 (selected), 2 (unusable) and 3 (in no business, "50%_off").
async fn three_accounts(world: &World) -> ConnectionId {
    let mut assets = rows::ad_accounts(&["1", "2", "3"]);
    assets.ad_accounts[1].is_selectable = false;
    assets.ad_accounts[2].name_key = "50%_off".to_owned();
    assets.ad_accounts[2].group_id = String::new();
    assets.ad_accounts[2].group_name = String::new();
    assets.ad_accounts[2].relation = Relation::Personal.as_str().to_owned();
    let id = connect(world, assets).await;
    world.sql("UPDATE meta_ad_accounts SET is_selected = TRUE WHERE account_id = '1'").await;
    id
}

#[tokio::test]
async fn ad_accounts_are_filtered_by_group_selection_and_text() {
    let world = World::new().await;
    let id = three_accounts(&world).await;
    let all = filter(&id);
    assert_eq!(list(&world, &all).await, ["3", "1", "2"]);
    assert_eq!(list(&world, &AdAccountFilter { only: Only::Selected, ..all.clone() }).await, ["1"]);
    assert_eq!(list(&world, &AdAccountFilter { only: Only::Unusable, ..all.clone() }).await, ["2"]);
    let ids = |ids: &[&str]| AdAccountFilter { account_ids: Some(texts(ids)), ..all.clone() };
    assert_eq!(list(&world, &ids(&["2", "22", "unknown"])).await, ["2"]);
    assert!(list(&world, &ids(&[])).await.is_empty(), "no id is no account");
    let group = |group: &str| AdAccountFilter { group_id: Some(group.to_owned()), ..all.clone() };
    assert_eq!(list(&world, &group("b1")).await, ["1", "2"]);
    assert_eq!(list(&world, &group("")).await, ["3"]);
    let search = |text: &str| AdAccountFilter { search: Some(text.to_owned()), ..all.clone() };
    assert_eq!(list(&world, &search("ACCOUNT 2")).await, ["2"]);
    assert_eq!(list(&world, &search("act_1")).await, ["1"]);
    assert_eq!(list(&world, &search("%_")).await, ["3"]);
    assert_eq!(list(&world, &search("\\")).await, Vec::<String>::new());
    assert_eq!(list(&world, &search(" ")).await.len(), 3);
}

#[tokio::test]
async fn a_filter_with_nul_characters_is_answered() {
    let world = World::new().await;
    let id = three_accounts(&world).await;
    let nul = || Some("\0".to_owned());
    let after = Some(("\0".to_owned(), "\0".to_owned()));
    let odd = AdAccountFilter { group_id: nul(), search: nul(), after, ..filter(&id) };
    assert_eq!(list(&world, &odd).await, ["3"]);
    world.store.count_ad_accounts(&odd).await.unwrap();
}

#[tokio::test]
async fn pages_of_ad_accounts_continue_after_the_last_row() {
    let world = World::new().await;
    let mut assets = rows::ad_accounts(&["1", "2", "3", "4", "5"]);
    for account in &mut assets.ad_accounts[1..4] {
        account.name_key = "same".to_owned();
    }
    let id = connect(&world, assets).await;
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = AdAccountFilter { after, limit: 2, ..filter(&id) };
        let accounts = world.store.list_ad_accounts(&page).await.unwrap();
        let Some(last) = accounts.last() else { break };
        after = Some((last.name_key.clone(), last.account_id.clone()));
        listed.extend(accounts.into_iter().map(|account| account.account_id));
    }
    assert_eq!(listed, ["1", "5", "2", "3", "4"]);
}

#[tokio::test]
async fn ad_accounts_are_counted_per_business_and_those_in_none_come_last() {
    let world = World::new().await;
    let id = three_accounts(&world).await;
    let groups = world.store.count_ad_accounts(&filter(&id)).await.unwrap();
    let counts: Vec<_> = groups
        .iter()
        .map(|group| {
            (group.group_id.as_str(), group.name.as_str(), group.total, group.selected, group.selectable)
        })
        .collect();
    assert_eq!(counts, [("b1", "Business", 2, 1, 1), ("", "", 1, 0, 1)]);
    let selected = AdAccountFilter { only: Only::Selected, ..filter(&id) };
    assert_eq!(world.store.count_ad_accounts(&selected).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_ad_account_is_read_with_all_of_its_columns() {
    let world = World::new().await;
    let id = connect(&world, rows::ad_accounts(&["1"])).await;
    let account = world.store.list_ad_accounts(&filter(&id)).await.unwrap().remove(0);
    assert_eq!((account.account_name.as_str(), account.currency.as_str()), ("Account 1", "EUR"));
    assert_eq!((account.relation, account.tasks), (Relation::Owned, rows::scopes("ANALYZE,MANAGE")));
    assert_eq!((account.account_status, account.disable_reason), (Some(1), None));
    assert!(account.is_selectable && account.is_reachable && !account.is_selected);
    assert_eq!((account.last_validated_at, account.lost_reason), (NOW, None));
}

#[tokio::test]
async fn an_unknown_relation_is_an_unexpected_error() {
    let world = World::new().await;
    let id = connect(&world, rows::ad_accounts(&["1"])).await;
    world.sql("UPDATE meta_ad_accounts SET relation = 'cousin'").await;
    let result = world.store.list_ad_accounts(&filter(&id)).await;
    assert!(matches!(result, Err(StoreError::Unexpected(_))), "{result:?}");
}

#[tokio::test]
async fn other_assets_are_listed_and_a_page_reports_its_instagram_account() {
    let world = World::new().await;
    let mut assets = rows::assets();
    let linked = &assets.pages[0];
    let second =
        metaads_store::NewPage { page_id: "p2".to_owned(), name: "Other".to_owned(), ..linked.clone() };
    assets.pages.push(second);
    let id = connect(&world, assets).await;
    let pages = world.store.list_pages(&id, "", "", 1_000).await.unwrap();
    let pages: Vec<_> = pages
        .iter()
        .map(|page| (page.page_id.as_str(), page.has_linked_instagram, page.has_instagram))
        .collect();
    assert_eq!(pages, [("p2", true, false), ("p1", true, true)]);
    assert_eq!(world.store.list_businesses(&id).await.unwrap()[0].name, "Business");
    assert_eq!(world.store.list_instagram_accounts(&id, "", "", 1_000).await.unwrap()[0].username, "shop");
}

#[tokio::test]
async fn ids_that_a_generation_does_not_contain_are_returned() {
    let world = World::new().await;
    let id = connect(&world, rows::assets()).await;
    let ids = texts(&["1", "2", "p1", "i1", "b1"]);
    assert_eq!(world.store.list_unseen(&id, 1, &ids).await.unwrap(), ["2", "b1"]);
    assert_eq!(world.store.list_unseen(&id, 2, &ids).await.unwrap(), ids);
    assert!(world.store.list_unseen(&id, 1, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_list_that_could_not_be_read_is_listed_with_its_latest_reason() {
    let world = World::new().await;
    let id = connect(&world, AssetBatch::default()).await;
    let unread = |reason| UnreadList {
        list: "client_ad_accounts".to_owned(),
        business_id: "b1".to_owned(),
        business_name: "Business".to_owned(),
        reason,
    };
    for reason in [UnreadReason::Refused, UnreadReason::Permission] {
        let job = world.claim(JobKind::Sync, id.as_str()).await;
        let next = Some(("plan".to_owned(), NOW));
        let step = SyncStep { unread: Some(unread(reason)), next, at: NOW + MINUTE, ..rows::sync_step(&id) };
        assert!(world.store.record_sync_step(&job, &step).await.unwrap());
        assert_eq!(world.store.list_unread_lists(&id).await.unwrap(), [unread(reason)]);
    }
}
