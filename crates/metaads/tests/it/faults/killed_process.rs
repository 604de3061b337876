//! SIGKILL in each numbered phase, then a restart: nothing is lost and nothing is left half done.
//!
//! The phases are those of `connections/connect/authorize.rs`, `connections/token/check.rs`, `keys/rotate.rs` and
//! `connections/disconnect.rs`. Where a phase waits for Meta, a barrier holds Meta's answer; where it waits for the
//! database, another connection holds a lock; so the kill hits exactly that phase.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Persona, TokenKind};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::browser::Browser;
use crate::bulk_connections::{BulkConnection, insert_connections};
use crate::replica::{Replica, expire_leases, real_time_world};
use crate::world::{World, days};

/// Blocks every write to the connections until it is dropped.
enum WriteLock {
    Sqlite(#[expect(dead_code, reason = "held, not used")] sqlx::SqliteConnection),
    Postgres(#[expect(dead_code, reason = "held, not used")] sqlx::PgConnection),
}

async fn lock_writes(world: &World) -> WriteLock {
    let run = |sql: &str| AssertSqlSafe(sql.to_owned());
    if world.is_sqlite() {
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

/// Waits until all calls of an endpoint are answered and the service is about to write.
async fn wait_until_answered(world: &World, endpoint: Endpoint) {
    while world.meta.calls().iter().any(|call| call.endpoint == endpoint && call.status == 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Nothing can be observed between the answer and the write.
    tokio::time::sleep(Duration::from_millis(150)).await;
}

/// Sends a request in the background; the kill interrupts it.
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
    /// While this endpoint's answer is held.
    At(Endpoint),
    /// After Meta's last answer, before the write.
    BeforeWrite(Endpoint),
    /// After the write.
    AfterWrite,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_while_connecting() {
    for moment in [
        // Phases: (1) consumed, (2) some calls made, (3) sealed but not written, (4) written.
        Moment::At(Endpoint::Token),
        Moment::At(Endpoint::Batch),
        Moment::BeforeWrite(Endpoint::Batch),
        Moment::AfterWrite,
    ] {
        let world = real_time_world(0).await;
        let replica = Replica::start(&world).await;
        let browser = Arc::new(Browser::at(&world, &replica.base));
        browser.register("a@b.example").await;
        let callback = browser
            .answer_dialog(&browser.start_connect(&[]).await, Answer::agree(Persona::SoleTrader))
            .await;
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
            wait_until_answered(&world, endpoint).await;
        }
        let port = replica.port;
        replica.kill();
        drop(lock);
        world.meta.release("here");
        let replica = Replica::start_at(&world, port).await;
        let browser = Browser::signed_in(&world, &replica.base, "a@b.example").await;
        if moment == Moment::AfterWrite {
            expire_leases(&world).await;
        } else {
            assert!(browser.connections().await.is_empty(), "{moment:?}: nothing is stored");
            let again = browser.get(&callback).await;
            assert!(
                browser.get(&again.location).await.status < 500,
                "{moment:?}: the old callback is refused"
            );
            browser.connect(Answer::agree(Persona::SoleTrader)).await;
        }
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE sync_state = 'idle'").await;
        let connection = browser.connections().await.remove(0);
        assert_eq!(connection["status"], "active", "{moment:?}");
        assert!(connection["ad_accounts"]["total"].as_i64().unwrap() > 0, "{moment:?}");
        replica.stop();
        // The replica that was killed may have held one until now.
        expire_leases(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_while_refreshing() {
    for moment in [
        // Phases: (1) leased, (2) some calls made, (3) sealed but not written, (4) written.
        Moment::At(Endpoint::Exchange),
        Moment::At(Endpoint::DebugToken),
        Moment::BeforeWrite(Endpoint::DebugToken),
        Moment::AfterWrite,
    ] {
        let world = real_time_world(1).await;
        let connection = BulkConnection { kind: TokenKind::User, lifetime: Some(days(60)), age: days(50) };
        insert_connections(&world, &[connection]).await;
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
                wait_until_answered(&world, endpoint).await;
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
        expire_leases(&world).await;
        let replica = Replica::start(&world).await;
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE token_version = 2").await;
        replica.stop();
        let intact = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND token_version = 2";
        assert_eq!(world.number(intact).await, 1, "{moment:?}");
        assert_eq!(world.number("SELECT COUNT(*) FROM jobs WHERE leased_until > 1").await, 0, "{moment:?}");
        // The stored token opens and is valid.
        world.sql("UPDATE jobs SET run_at = 1").await;
        world.run_due_jobs().await;
        assert_eq!(world.number(intact).await, 1, "{moment:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_while_rotating_keys() {
    // Killed after this many steps of 100 values.
    for steps in [0, 1, 3] {
        let world = real_time_world(400).await;
        let connections: Vec<BulkConnection> = (0..400)
            .map(|_| BulkConnection { kind: TokenKind::User, lifetime: Some(days(60)), age: days(0) })
            .collect();
        insert_connections(&world, &connections).await;
        let old = world.text("SELECT id FROM data_keys").await;
        let rotate = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
            command.args(["keys", "rotate"]).current_dir(world.folder.path()).env_clear();
            command.envs(world.environment().iter().cloned());
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command
        };
        let mut running = rotate().spawn().unwrap();
        let under_new = &format!("SELECT COUNT(*) FROM meta_connections WHERE access_token_key <> '{old}'");
        let keys = &format!("SELECT COUNT(*) FROM data_keys WHERE id <> '{old}'");
        while world.number(under_new).await < steps * 100 || world.number(keys).await == 0 {
            assert!(running.try_wait().unwrap().is_none_or(|status| status.success()), "the rotation failed");
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
        let intact = "SELECT COUNT(*) FROM meta_connections WHERE status = 'active'";
        assert_eq!(world.number(intact).await, 400, "after {steps} steps");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_while_disconnecting() {
    for is_revoked_at_meta in [false, true] {
        let world = real_time_world(0).await;
        let replica = Replica::start(&world).await;
        let browser = Browser::at(&world, &replica.base);
        browser.register("a@b.example").await;
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        wait_until(&world, "SELECT COUNT(*) FROM meta_connections WHERE sync_state = 'idle'").await;
        let id = browser.connection_id().await;
        // The revocation is on its way to Meta, or Meta has revoked and its answer is lost.
        let effect = if is_revoked_at_meta { Effect::LoseAnswer } else { Effect::Hold("here".to_owned()) };
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
        expire_leases(&world).await;
        world.sql("UPDATE jobs SET run_at = 1").await;
        let replica = Replica::start(&world).await;
        wait_until(&world, "SELECT 1 - COUNT(*) FROM jobs WHERE kind = 'revoke'").await;
        assert!(world.meta.grant(Persona::SoleTrader.user_id()).is_none(), "the grant is revoked at Meta");
        replica.stop();
    }
}
