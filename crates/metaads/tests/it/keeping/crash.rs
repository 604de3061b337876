//! SIGKILL after each numbered phase; start again; everything is whole and the story goes on.
//!
//! The phases are those of `connections/authorize.rs`, `connections/upkeep.rs`, `keys/rotate.rs` and
//! `connections/disconnect.rs`. Where a phase waits for Meta, Meta is held; where it waits for the database,
//! another connection holds its lock; so the kill meets exactly that phase.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona, TokenKind};
use sqlx::{AssertSqlSafe, Connection as _};

use super::replica::{Replica, let_leases_run_out, world_of_today};
use super::seed::{Seed, days, plant};
use crate::browser::Browser;
use crate::world::World;

/// Holds the database's lock for writing until it is dropped.
enum WriteLock {
    Sqlite(#[expect(dead_code, reason = "held, not used")] sqlx::SqliteConnection),
    Postgres(#[expect(dead_code, reason = "held, not used")] sqlx::PgConnection),
}

async fn lock_writes(world: &World) -> WriteLock {
    let run = |sql: &str| AssertSqlSafe(sql.to_owned());
    if world.database_url.starts_with("sqlite:") {
        let mut database = sqlx::SqliteConnection::connect(&world.database_url).await.unwrap();
        sqlx::query(run("PRAGMA busy_timeout = 20000")).execute(&mut database).await.unwrap();
        sqlx::query(run("BEGIN IMMEDIATE")).execute(&mut database).await.unwrap();
        return WriteLock::Sqlite(database);
    }
    let mut database = sqlx::PgConnection::connect(&world.database_url).await.unwrap();
    sqlx::query(run("BEGIN")).execute(&mut database).await.unwrap();
    sqlx::query(run("LOCK TABLE meta_connections IN EXCLUSIVE MODE")).execute(&mut database).await.unwrap();
    WriteLock::Postgres(database)
}

/// All calls of an endpoint are answered.
async fn answered(world: &World, endpoint: Endpoint) {
    while world.meta.calls().iter().any(|call| call.endpoint == endpoint && call.status == 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // From the answer to the write there is nothing that could be waited for.
    tokio::time::sleep(Duration::from_millis(150)).await;
}

/// Sends a request that the kill will break off.
fn send(browser: &Arc<Browser>, path: String) {
    let browser = browser.clone();
    tokio::spawn(async move { browser.try_get(&path).await.map(|_| ()) });
}

async fn wait_until(world: &World, sql: &str) {
    while world.number(sql).await == 0 {
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    /// While Meta is held at this endpoint.
    At(Endpoint),
    /// After the last answer of Meta's, before the write.
    BeforeWrite(Endpoint),
    /// Right after the write.
    AfterWrite,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connecting() {
    for moment in [
        // (1) consumed; (2) Meta has been asked in part; (3) sealed, not written; (4) written.
        Moment::At(Endpoint::Token),
        Moment::At(Endpoint::Batch),
        Moment::BeforeWrite(Endpoint::Batch),
        Moment::AfterWrite,
    ] {
        let world = world_of_today(0).await;
        let replica = Replica::start(&world).await;
        let browser = Arc::new(Browser::at(&world, &replica.base));
        browser.register("a@b.example").await;
        let callback = browser.answer(&browser.start(&[]).await, Answer::agree(Persona::SoleTrader)).await;
        let held = match moment {
            Moment::At(endpoint) | Moment::BeforeWrite(endpoint) => {
                world.fault(endpoint, Effect::Hold("here".to_owned()));
                send(&browser, callback.clone());
                world.meta.wait_until_held("here").await;
                Some(endpoint)
            }
            Moment::AfterWrite => {
                browser.get(&callback).await;
                None
            }
        };
        let lock = match moment {
            Moment::BeforeWrite(_) => Some(lock_writes(&world).await),
            Moment::At(_) | Moment::AfterWrite => None,
        };
        if let (Moment::BeforeWrite(_), Some(endpoint)) = (moment, held) {
            world.meta.release("here");
            answered(&world, endpoint).await;
        }
        let port = replica.port;
        replica.kill();
        drop(lock);
        world.meta.release("here");
        let replica = Replica::start_at(&world, port).await;
        let browser = Browser::signed_in(&world, &replica.base, "a@b.example").await;
        if moment == Moment::AfterWrite {
            let_leases_run_out(&world).await;
        } else {
            assert!(browser.connections().await.is_empty(), "{moment:?}: nothing half made");
            let again = browser.get(&callback).await;
            assert!(browser.get(&again.location).await.status < 500, "{moment:?}: the old callback is spent");
            browser.connect(Answer::agree(Persona::SoleTrader)).await;
        }
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE sync_state = 'idle'").await;
        let connection = browser.connections().await.remove(0);
        assert_eq!(connection["status"], "active", "{moment:?}");
        assert!(connection["ad_accounts"]["total"].as_i64().unwrap() > 0, "{moment:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refreshing() {
    for moment in [
        // (1) held; (2) Meta has been asked in part; (3) sealed, not written; (4) written.
        Moment::At(Endpoint::Exchange),
        Moment::At(Endpoint::DebugToken),
        Moment::BeforeWrite(Endpoint::DebugToken),
        Moment::AfterWrite,
    ] {
        let world = world_of_today(1).await;
        let seed = Seed { kind: TokenKind::User, lifetime: Some(days(60)), age: days(50) };
        plant(&world, &[seed]).await;
        match moment {
            Moment::At(endpoint) | Moment::BeforeWrite(endpoint) => {
                world.fault(endpoint, Effect::Hold("here".to_owned()));
            }
            Moment::AfterWrite => {}
        }
        world.sql("UPDATE jobs SET run_at = 1").await;
        let replica = Replica::start(&world).await;
        let mut lock = None;
        match moment {
            Moment::At(_) => world.meta.wait_until_held("here").await,
            Moment::BeforeWrite(endpoint) => {
                world.meta.wait_until_held("here").await;
                lock = Some(lock_writes(&world).await);
                world.meta.release("here");
                answered(&world, endpoint).await;
            }
            Moment::AfterWrite => {
                wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE token_version = 2").await;
            }
        }
        replica.kill();
        drop(lock);
        world.meta.release("here");
        let stored = world.number("SELECT token_version FROM meta_connections").await;
        assert_eq!(stored, 1 + i64::from(moment == Moment::AfterWrite), "{moment:?}");
        let_leases_run_out(&world).await;
        let replica = Replica::start(&world).await;
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE token_version = 2").await;
        replica.stop();
        let whole = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND token_version = 2";
        assert_eq!(world.number(whole).await, 1, "{moment:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 1").await, 0, "{moment:?}");
        // The token that is stored opens and lives.
        world.sql("UPDATE jobs SET run_at = 1").await;
        world.run_due_jobs().await;
        assert_eq!(world.number(whole).await, 1, "{moment:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotating_keys() {
    // Killed when so many steps of 100 values are done.
    for steps in [0, 1, 3] {
        let world = world_of_today(400).await;
        let seeds: Vec<Seed> = (0..400)
            .map(|_| Seed { kind: TokenKind::User, lifetime: Some(days(60)), age: days(0) })
            .collect();
        plant(&world, &seeds).await;
        world.sql("UPDATE data_keys SET created_at = 1").await;
        let rotate = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
            command.args(["keys", "rotate"]).current_dir(world.folder.path()).env_clear();
            command.envs(world.environment().iter().cloned());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let mut running = rotate().spawn().unwrap();
        let under_new =
            "SELECT COUNT(*) FROM meta_connections c JOIN data_keys k ON k.id = c.access_token_key
                         WHERE k.created_at > 1";
        let keys = "SELECT COUNT(*) FROM data_keys WHERE created_at > 1";
        while world.number(under_new).await < steps * 100 || world.number(keys).await == 0 {
            tokio::task::yield_now().await;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        let finished = rotate().output().unwrap();
        assert!(finished.status.success(), "{}", String::from_utf8_lossy(&finished.stderr));
        assert_eq!(world.number("SELECT COUNT(DISTINCT access_token_key) FROM meta_connections").await, 1);
        assert_eq!(world.number(under_new).await, 400);
        world.sql("UPDATE jobs SET run_at = 1").await;
        world.run_due_jobs().await;
        let whole = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active'";
        assert_eq!(world.number(whole).await, 400, "after {steps} steps");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn disconnecting() {
    for is_meta_told in [false, true] {
        let world = world_of_today(0).await;
        let replica = Replica::start(&world).await;
        let browser = Browser::at(&world, &replica.base);
        browser.register("a@b.example").await;
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE sync_state = 'idle'").await;
        let id = browser.connection_id().await;
        // Erased here, and Meta is being told; or Meta has been told, and nobody knows it yet.
        let effect = if is_meta_told { Effect::LoseAnswer } else { Effect::Hold("here".to_owned()) };
        world.fault(Endpoint::RevokePermissions, effect);
        browser.post(&format!("/connections/{id}/disconnect"), &[("how", "revoke")]).await;
        while world.meta.count(Endpoint::RevokePermissions) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        replica.kill();
        world.meta.release("here");
        let erased =
            "SELECT COUNT(*) FROM meta_connections WHERE status = 'revoked' AND access_token IS NULL";
        assert_eq!(world.number(erased).await, 1);
        let_leases_run_out(&world).await;
        world.sql("UPDATE jobs SET run_at = 1").await;
        let replica = Replica::start(&world).await;
        wait_until(&world, "SELECT 1 - COUNT(*) FROM jobs WHERE kind = 'revoke'").await;
        assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none(), "Meta knows");
        replica.stop();
    }
}
