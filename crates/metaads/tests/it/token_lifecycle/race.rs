//! Several replicas that work on the same due connections, some killed at any moment.

use std::time::Duration;

use metaads_sandbox::{TokenKind, bulk_user_id};

use crate::bulk_connections::{BulkConnection, insert_connections};
use crate::replica::{Replica, expire_leases, real_time_world};
use crate::world::{World, days};

/// Jobs that one replica runs at the same time.
const CONCURRENT_JOBS: usize = 8;

/// How many connections: a few in the test command, 1,000 with `cargo xtask race`.
fn connections() -> usize {
    std::env::var("METAADS_RACE_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(120)
}

/// SQLite allows one.
fn replicas(world: &World) -> usize {
    if world.is_sqlite() { 1 } else { 3 }
}

/// A world with this many connections whose token check is due.
async fn world_with_due_checks(number: usize) -> World {
    let world = real_time_world(number).await;
    let connections: Vec<BulkConnection> = (0..number)
        .map(|_| BulkConnection { kind: TokenKind::User, lifetime: Some(days(60)), age: days(50) })
        .collect();
    insert_connections(&world, &connections).await;
    world.sql("UPDATE jobs SET run_at = 1").await;
    world
}

async fn not_refreshed(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM meta_connections WHERE token_version = 1").await
}

/// How often the token of each person was refreshed.
fn exchanges(world: &World, number: usize) -> Vec<usize> {
    (0..number).map(|person| world.meta.exchange_count(&bulk_user_id(person))).collect()
}

async fn assert_nothing_is_lost(world: &World, number: usize) {
    let intact = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND token_version = 2";
    assert_eq!(world.number(intact).await, i64::try_from(number).unwrap());
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 0").await, 0, "no lease is held");
    assert_eq!(
        world.number("SELECT COUNT(*) FROM jobs WHERE kind = 'check'").await,
        i64::try_from(number).unwrap()
    );
    // The stored tokens open and are valid.
    world.sql("UPDATE jobs SET run_at = 1").await;
    world.run_due_jobs().await;
    assert_eq!(world.number(intact).await, i64::try_from(number).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_together_refresh_each_token_exactly_once() {
    let number = connections();
    let world = world_with_due_checks(number).await;
    let mut running = Vec::new();
    for _ in 0..replicas(&world) {
        running.push(Replica::start(&world).await);
    }
    while not_refreshed(&world).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for replica in running {
        let (took, succeeded) = replica.stop();
        assert!(succeeded && took < Duration::from_secs(10), "stopped after {took:?}");
    }
    assert!(exchanges(&world, number).iter().all(|times| *times == 1));
    assert_nothing_is_lost(&world, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_replicas_lose_nothing_and_repeat_only_running_refreshes() {
    let number = connections();
    let world = world_with_due_checks(number).await;
    world.meta.set_latency(Duration::from_millis(60));
    let mut running = Vec::new();
    for _ in 0..replicas(&world) {
        running.push(Replica::start(&world).await);
    }
    let kills = number / 10;
    for kill in 0..kills {
        // Each call takes 60 ms; the varying pause makes kills hit every phase.
        tokio::time::sleep(Duration::from_millis(40 + 23 * (kill as u64 % 11))).await;
        running.remove(0).kill();
        running.push(Replica::start(&world).await);
    }
    // What remains is leased by killed replicas.
    while world.number("SELECT COUNT(*) FROM jobs WHERE run_at = 1 AND leased_until = 0").await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for replica in running {
        replica.stop();
    }
    expire_leases(&world).await;
    world.meta.set_latency(Duration::ZERO);
    let last = Replica::start(&world).await;
    while not_refreshed(&world).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    last.stop();
    let exchanges = exchanges(&world, number);
    assert!(exchanges.iter().all(|times| *times >= 1));
    let repeated = exchanges.iter().sum::<usize>() - number;
    assert!(repeated <= kills * CONCURRENT_JOBS, "{repeated} repeated after {kills} kills");
    println!("{number} connections, {kills} kills: {repeated} refreshes were repeated");
    assert_nothing_is_lost(&world, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stopping_replica_releases_the_leases_of_hanging_jobs() {
    let world = world_with_due_checks(3).await;
    world.fault_times(metaads_sandbox::Endpoint::Exchange, 3, metaads_sandbox::Effect::Hang);
    let replica = Replica::start(&world).await;
    while world.meta.count(metaads_sandbox::Endpoint::Exchange) < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (took, succeeded) = replica.stop();
    assert!(succeeded && took < Duration::from_secs(10), "stopped after {took:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 0").await, 0);
    assert_eq!(not_refreshed(&world).await, 3);
}
