//! Several replicas at work on the same due connections, some of them killed at any moment.

use std::time::Duration;

use metaads_sandbox::{TokenKind, bulk_user_id};

use super::replica::{Replica, let_leases_run_out, world_of_today};
use super::seed::{Seed, days, plant};
use crate::world::World;

/// Steps that one replica can have under way.
const UNDER_WAY: usize = 8;

/// How many: a few in the test command, 1,000 with `cargo xtask race`.
fn connections() -> usize {
    std::env::var("METAADS_RACE_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(120)
}

/// On SQLite the same code runs with one.
fn replicas(world: &World) -> usize {
    if world.database_url.starts_with("sqlite:") { 1 } else { 3 }
}

async fn due_at_once(number: usize) -> World {
    let world = world_of_today(number).await;
    let seeds: Vec<Seed> = (0..number)
        .map(|_| Seed { kind: TokenKind::User, lifetime: Some(days(60)), age: days(50) })
        .collect();
    plant(&world, &seeds).await;
    world.sql("UPDATE jobs SET run_at = 1").await;
    world
}

async fn left(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM meta_connections WHERE token_version = 1").await
}

fn exchanges(world: &World, number: usize) -> Vec<usize> {
    (0..number).map(|person| world.meta.exchange_count(&bulk_user_id(person))).collect()
}

async fn nothing_is_lost(world: &World, number: usize) {
    let whole = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND token_version = 2";
    assert_eq!(world.number(whole).await, i64::try_from(number).unwrap());
    assert_eq!(
        world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 0").await,
        0,
        "none is left claimed"
    );
    assert_eq!(
        world.number("SELECT COUNT(*) FROM jobs WHERE kind = 'check'").await,
        i64::try_from(number).unwrap()
    );
    // What is stored opens, and Meta takes it.
    world.sql("UPDATE jobs SET run_at = 1").await;
    world.run_due_jobs().await;
    assert_eq!(world.number(whole).await, i64::try_from(number).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_together_renew_each_token_exactly_once() {
    let number = connections();
    let world = due_at_once(number).await;
    let mut running = Vec::new();
    for _ in 0..replicas(&world) {
        running.push(Replica::start(&world).await);
    }
    while left(&world).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for replica in running {
        let (took, is_well) = replica.stop();
        assert!(is_well && took < Duration::from_secs(10), "stopped after {took:?}");
    }
    assert!(exchanges(&world, number).iter().all(|times| *times == 1));
    nothing_is_lost(&world, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_killed_at_any_moment_lose_nothing_and_repeat_only_what_was_under_way() {
    let number = connections();
    let world = due_at_once(number).await;
    world.meta.set_latency(Duration::from_millis(60));
    let mut running = Vec::new();
    for _ in 0..replicas(&world) {
        running.push(Replica::start(&world).await);
    }
    let kills = number / 10;
    for kill in 0..kills {
        // The moment of the kill drifts through the steps, which take 60 ms a call.
        tokio::time::sleep(Duration::from_millis(40 + 23 * (kill as u64 % 11))).await;
        running.remove(0).kill();
        running.push(Replica::start(&world).await);
    }
    // What is left now is held by the dead. Their minute passes.
    while world.number("SELECT COUNT(*) FROM jobs WHERE run_at = 1 AND leased_until = 0").await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for replica in running {
        replica.stop();
    }
    let_leases_run_out(&world).await;
    world.meta.set_latency(Duration::ZERO);
    let last = Replica::start(&world).await;
    while left(&world).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    last.stop();
    let exchanges = exchanges(&world, number);
    assert!(exchanges.iter().all(|times| *times >= 1));
    let repeated = exchanges.iter().sum::<usize>() - number;
    assert!(repeated <= kills * UNDER_WAY, "{repeated} repeated after {kills} kills");
    println!("{number} connections, {kills} kills: {repeated} renewals were repeated");
    nothing_is_lost(&world, number).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replica_told_to_stop_gives_back_what_hangs() {
    let world = due_at_once(3).await;
    world.fault_times(metaads_sandbox::Endpoint::Exchange, 3, metaads_sandbox::Effect::Hang);
    let replica = Replica::start(&world).await;
    while world.meta.count(metaads_sandbox::Endpoint::Exchange) < 3 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (took, is_well) = replica.stop();
    assert!(is_well && took < Duration::from_secs(10), "stopped after {took:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 0").await, 0);
    assert_eq!(left(&world).await, 3);
}
