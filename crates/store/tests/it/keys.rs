//! Data keys: inserted, rewrapped, used for resealing, and pruned.

use metaads_store::{DataKey, KeyUse, SealedAt, SealedTable};

use crate::world::{DAY, NOW, World, data_key, seal};

#[tokio::test]
async fn data_keys_are_listed_newest_first_and_inserted_once() {
    let world = World::new().await;
    let (old, new) = (data_key(&world.keyring, NOW - 2 * DAY), data_key(&world.other_keyring, NOW - DAY));
    assert_eq!(world.store.list_data_keys().await.unwrap(), [new.clone(), old.clone()]);
    let taken = DataKey { wrapped_key: None, ..old.clone() };
    assert!(!world.store.insert_data_key(&taken).await.unwrap());
    assert_eq!(world.store.list_data_keys().await.unwrap(), [new, old]);
}

#[tokio::test]
async fn of_two_rewraps_at_once_one_is_written() {
    let world = World::new().await;
    let before = data_key(&world.keyring, NOW - 2 * DAY);
    let to = |kek: &str| DataKey { kek: kek.to_owned(), wrapped_key: Some(kek.into()), ..before.clone() };
    let (one, other) = (to("local:second"), to("local:third"));
    let (first, second) = tokio::join!(
        world.store.rewrap_data_key(&before, &one),
        world.store.rewrap_data_key(&before, &other)
    );
    let first = first.unwrap();
    assert_ne!(first, second.unwrap());
    let stored = world.store.list_data_keys().await.unwrap().remove(1);
    assert_eq!(stored, if first { one } else { other });
    assert!(!world.store.rewrap_data_key(&before, &before).await.unwrap());
}

#[tokio::test]
async fn sealed_values_are_counted_per_key_over_both_tables() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    assert!(world.store.count_sealed().await.unwrap().is_empty());
    world.connect(&ann, "1").await;
    world.connect(&ann, "2").await;
    world.authorization(&ann, &session, "state").await;
    let key_id = world.keyring.sealing_key().to_string();
    assert_eq!(world.store.count_sealed().await.unwrap(), [KeyUse { key_id, number: 3 }]);
}

#[tokio::test]
async fn sealed_values_are_listed_by_row_within_a_limit() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    let (first, second) = (world.connect(&ann, "1").await, world.connect(&ann, "2").await);
    let authorization = world.authorization(&ann, &session, "state").await;
    let list = async |keyring: &metaads_vault::Keyring, table, after: &str, limit| {
        let rows = world.store.list_sealed(keyring.sealing_key(), table, after, limit).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    let connections = SealedTable::Connections;
    assert_eq!(list(&world.keyring, connections, "", 10).await, [first.as_str(), second.as_str()]);
    assert_eq!(list(&world.keyring, connections, "", 1).await, [first.as_str()]);
    assert_eq!(list(&world.keyring, connections, first.as_str(), 10).await, [second.as_str()]);
    assert!(list(&world.other_keyring, connections, "", 10).await.is_empty());
    let table = SealedTable::Authorizations;
    assert_eq!(list(&world.keyring, table, "", 10).await, [authorization.as_str()]);
    let row = world.store.list_sealed(world.keyring.sealing_key(), table, "", 1).await.unwrap().remove(0);
    assert_eq!(row.workspace_id, ann.workspace);
    assert_eq!(row.sealed, seal(&world.keyring, 1).as_bytes());
}

#[tokio::test]
async fn a_value_is_resealed_unless_it_has_changed() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let session = world.session(&ann).await;
    let id = world.connect(&ann, "1").await;
    world.authorization(&ann, &session, "state").await;
    for table in [SealedTable::Connections, SealedTable::Authorizations] {
        let row = world.store.list_sealed(world.keyring.sealing_key(), table, "", 1).await.unwrap().remove(0);
        let after = seal(&world.other_keyring, 5);
        let reseal = || SealedAt { id: row.id.clone(), before: row.sealed.clone(), after: after.clone() };
        let unknown = SealedAt { id: "unknown".to_owned(), ..reseal() };
        assert_eq!(world.store.reseal(table, &[reseal(), unknown]).await.unwrap(), 1);
        assert_eq!(world.store.reseal(table, &[reseal()]).await.unwrap(), 0);
    }
    let connection = world.connection(&id).await;
    assert_eq!(connection.access_token.as_deref(), Some(seal(&world.other_keyring, 5).as_bytes()));
    assert_eq!(connection.token_version, 1);
    let key_id = world.other_keyring.sealing_key().to_string();
    assert_eq!(world.store.count_sealed().await.unwrap(), [KeyUse { key_id, number: 2 }]);
}

#[tokio::test]
async fn of_two_reseals_of_one_value_at_once_one_is_written() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    world.connect(&ann, "1").await;
    let table = SealedTable::Connections;
    let row = world.store.list_sealed(world.keyring.sealing_key(), table, "", 1).await.unwrap().remove(0);
    let to = |nonce| {
        let after = seal(&world.other_keyring, nonce);
        [SealedAt { id: row.id.clone(), before: row.sealed.clone(), after }]
    };
    let (one, other) = (to(5), to(6));
    let (first, second) = tokio::join!(world.store.reseal(table, &one), world.store.reseal(table, &other));
    assert_eq!(first.unwrap() + second.unwrap(), 1);
}

#[tokio::test]
async fn only_unused_keys_that_were_replaced_long_ago_are_deleted() {
    let world = World::new().await;
    let ann = world.user("ann@example.com").await;
    let id = world.connect(&ann, "1").await;
    let (old, new) = (world.keyring.sealing_key(), world.other_keyring.sealing_key());
    let prune = async |sealing, before| world.store.delete_unused_data_keys(sealing, before).await.unwrap();
    assert_eq!(prune(new, NOW).await, 0, "the old key still seals a value");
    let before = world.connection(&id).await.access_token.unwrap();
    let after = seal(&world.other_keyring, 5);
    let resealed = [SealedAt { id: id.as_str().to_owned(), before, after }];
    world.store.reseal(SealedTable::Connections, &resealed).await.unwrap();
    assert_eq!(prune(new, NOW - DAY).await, 0, "the newer key is too new");
    assert_eq!(prune(old, NOW).await, 0, "this replica still seals with the old key");
    assert_eq!(prune(new, NOW).await, 1);
    assert_eq!(prune(new, NOW).await, 0, "the newest key has no successor");
    let left = world.store.list_data_keys().await.unwrap();
    assert_eq!(left.iter().map(|key| key.id.clone()).collect::<Vec<_>>(), [new.to_string()]);
}
