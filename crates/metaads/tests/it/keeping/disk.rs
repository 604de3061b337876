//! A database that takes nothing any more: full, or read-only.

use std::path::{Path, PathBuf};
use std::process::Command;

use metaads_sandbox::{Answer, Persona};
use sqlx::Connection as _;
use tempfile::TempDir;

use super::seed::days;
use crate::browser::{Browser, PASSWORD};
use crate::world::World;

/// A file system of its own, a few MiB large.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None where this machine lets nobody mount one.
    fn mount() -> Option<SmallDisk> {
        let folder = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=6m", "none"]).arg(folder.path());
        is_done(&mut mount).then(|| SmallDisk(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, how: &str) {
        assert!(is_done(Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(self.path())));
    }

    /// Takes all the room there is.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("heap");
        is_done(Command::new("dd").args(["if=/dev/zero", "bs=1k"]).arg(format!("of={}", path.display())));
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        is_done(Command::new("umount").args(["-l"]).arg(self.0.path()));
    }
}

fn is_done(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

async fn connected(world: &World) -> (Browser, String) {
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let id = browser.connection_id().await;
    world.advance(days(3));
    (browser, id)
}

/// What everybody sees while nothing can be written: a clear answer, and nothing is lost.
async fn nothing_goes(world: &World, browser: &Browser, id: &str, reason: &str) {
    let ready = browser.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.has(reason), "{}", ready.text);
    assert_eq!(browser.get("/healthz").await.status, 200, "the process is up all the same");
    let page = browser.post(&format!("/connections/{id}/refresh"), &[]).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(page.has("We cannot reach our memory right now"), "{}", page.text);
    let page = browser.post("/connect/meta", &[]).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(metaads::worker::run_due(&world.app).await.is_err(), "work is not done by halves");
}

async fn all_goes_on(world: &World, browser: &Browser, id: &str) {
    assert_eq!(browser.get("/readyz").await.status, 200);
    world.run_due_jobs().await;
    browser.login("a@b.example", PASSWORD).await;
    let page = browser.press(&format!("/connections/{id}/refresh"), &[]).await;
    assert!(page.has("The access"), "{}", page.text);
    assert_eq!(browser.connections().await[0]["status"], "active");
}

#[tokio::test]
async fn a_full_disk_says_so_and_is_green_again_afterwards() {
    let Some(disk) = SmallDisk::mount() else { return };
    let url = format!("sqlite://{}/metaads.db", disk.path().display());
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    let (browser, id) = connected(&world).await;
    let heap = disk.fill();
    nothing_goes(&world, &browser, &id, "full").await;
    std::fs::remove_file(heap).unwrap();
    all_goes_on(&world, &browser, &id).await;
}

#[tokio::test]
async fn a_read_only_disk_says_so_and_is_green_again_afterwards() {
    let Some(disk) = SmallDisk::mount() else { return };
    let url = format!("sqlite://{}/metaads.db", disk.path().display());
    let world = World::with(&[("DATABASE_URL", &url)]).await;
    let (browser, id) = connected(&world).await;
    // Open files keep their right to write while a disk is remounted only if nobody writes; so the
    // service is made to open them anew.
    let mut world = world;
    world.app.store.close().await;
    disk.remount("ro");
    let refused = metaads_store::Store::open(&url).await.unwrap_err();
    assert!(refused.why().contains("read-only"), "{refused:?}");
    disk.remount("rw");
    world.restart_with(&[("DATABASE_URL", &url)]).await;
    all_goes_on(&world, &browser, &id).await;
}

#[tokio::test]
async fn a_read_only_postgresql_says_so_and_is_green_again_afterwards() {
    let world = World::new().await;
    if world.database_url.starts_with("sqlite:") {
        return;
    }
    let (browser, id) = connected(&world).await;
    let name = world.database_url.rsplit('/').next().unwrap().to_owned();
    world.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    end_sessions(&world).await;
    nothing_goes(&world, &browser, &id, "read-only").await;
    // Its own sessions may not even change that back.
    let server = std::env::var("METAADS_TEST_POSTGRES_URL").unwrap();
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    let reset = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    sqlx::query(sqlx::AssertSqlSafe(reset)).execute(&mut admin).await.unwrap();
    end_sessions(&world).await;
    all_goes_on(&world, &browser, &id).await;
}

/// The service's connections are cut, as by a failover: it makes new ones.
async fn end_sessions(world: &World) {
    world
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
}
