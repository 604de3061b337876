//! Usage of Meta's quotas, and counts of unrecognized errors.

use metaads_store::{QuotaRow, UnrecognizedError};

use crate::world::{MINUTE, NOW, World};

fn quota(name: &str, percent: i64, blocked_until: i64, seen_at: i64) -> QuotaRow {
    QuotaRow { quota: name.to_owned(), percent, blocked_until, seen_at }
}

async fn stored(world: &World, name: &str) -> QuotaRow {
    let listed = world.store.list_quotas(0).await.unwrap();
    listed.into_iter().find(|row| row.quota == name).unwrap()
}

#[tokio::test]
async fn recently_observed_quotas_are_listed_most_used_first() {
    let world = World::new().await;
    let quotas = [quota("app", 10, 0, NOW), quota("person:1", 90, 0, NOW), quota("old", 99, 0, NOW - 5)];
    world.store.upsert_quotas(&quotas).await.unwrap();
    world.store.upsert_quotas(&[]).await.unwrap();
    let listed = world.store.list_quotas(NOW - 5).await.unwrap();
    assert_eq!(listed, [quotas[1].clone(), quotas[0].clone()]);
}

#[tokio::test]
async fn an_older_observation_does_not_replace_a_newer_one_unless_its_clock_is_wrong() {
    let world = World::new().await;
    let upsert = async |row: &QuotaRow| world.store.upsert_quotas(std::slice::from_ref(row)).await.unwrap();
    upsert(&quota("app", 50, 0, NOW)).await;
    upsert(&quota("app", 20, 0, NOW - 1)).await;
    assert_eq!(stored(&world, "app").await.percent, 50);
    upsert(&quota("app", 60, 0, NOW + 1)).await;
    assert_eq!(stored(&world, "app").await.percent, 60);
    upsert(&quota("app", 5, 0, NOW - 2 * MINUTE)).await;
    assert_eq!(stored(&world, "app").await.percent, 5);
}

#[tokio::test]
async fn a_block_lasts_until_it_ends_and_at_most_two_hours() {
    let world = World::new().await;
    let hour = 60 * MINUTE;
    let upsert = async |row: QuotaRow| world.store.upsert_quotas(&[row]).await.unwrap();
    upsert(quota("app", 100, NOW + hour, NOW)).await;
    upsert(quota("app", 10, 0, NOW + 1)).await;
    assert_eq!(stored(&world, "app").await, quota("app", 10, NOW + hour, NOW + 1));
    upsert(quota("far", 100, NOW + 24 * hour, NOW)).await;
    upsert(quota("far", 10, 0, NOW + 1)).await;
    assert_eq!(stored(&world, "far").await.blocked_until, 0);
}

#[tokio::test]
async fn two_replicas_that_write_the_same_quotas_at_once_both_succeed() {
    let world = World::new().await;
    let one = [quota("app", 10, 0, NOW), quota("person:1", 10, 0, NOW)];
    let other = [quota("person:1", 20, 0, NOW), quota("app", 20, 0, NOW)];
    let (first, second) = tokio::join!(world.store.upsert_quotas(&one), world.store.upsert_quotas(&other));
    first.unwrap();
    second.unwrap();
    let (app, person) = (stored(&world, "app").await, stored(&world, "person:1").await);
    assert_eq!(app.percent, person.percent);
}

#[tokio::test]
async fn unrecognized_errors_are_counted_per_kind_and_listed_newest_first() {
    let world = World::new().await;
    let error = |kind: &str, times, at, fbtrace_id: Option<&str>| UnrecognizedError {
        kind: kind.to_owned(),
        times,
        first_at: at,
        last_at: at,
        fbtrace_id: fbtrace_id.map(str::to_owned),
    };
    let (one, other) =
        (error("me 400 9/9", 1, NOW, Some("trace")), error("me 400 9/9", 2, NOW, Some("trace")));
    let count = async |error: &UnrecognizedError| world.store.count_unrecognized_error(error).await;
    let (first, second) = tokio::join!(count(&one), count(&other));
    first.unwrap();
    second.unwrap();
    count(&error("me 400 9/9", 1, NOW + 2, None)).await.unwrap();
    count(&error("me 400 8/8", 1, NOW + 1, None)).await.unwrap();
    let listed = world.store.list_unrecognized_errors(10).await.unwrap();
    assert_eq!(listed.len(), 2);
    let expected = UnrecognizedError { last_at: NOW + 2, ..error("me 400 9/9", 4, NOW, Some("trace")) };
    assert_eq!(listed[0], expected);
    assert_eq!(world.store.list_unrecognized_errors(1).await.unwrap(), listed[..1]);
}
